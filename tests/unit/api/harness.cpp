// Harness: what gateway, router and replica do around an operation, without any of their machinery.
#include "tests/unit/api/harness.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "api/registry.h"

namespace stator::api::testing {
namespace {

void append_canonical(const simdjson::dom::element& value, std::string& out) {
  if (value.is_object()) {
    std::vector<std::pair<std::string, simdjson::dom::element>> members;
    for (const auto& [name, member] : json::object_of(value)) members.emplace_back(std::string(name), member);
    std::ranges::sort(members, {}, [](const auto& member) { return member.first; });
    out.push_back('{');
    for (size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out.push_back(',');
      json::Writer(out).string(members[i].first);
      out.push_back(':');
      append_canonical(members[i].second, out);
    }
    out.push_back('}');
  } else if (value.is_array()) {
    out.push_back('[');
    bool first = true;
    for (const auto element : json::array_of(value)) {
      if (!first) out.push_back(',');
      first = false;
      append_canonical(element, out);
    }
    out.push_back(']');
  } else if (value.is_double()) {
    json::Writer(out).number(value.get_double().value_unsafe());
  } else {
    out.append(simdjson::minify(value));
  }
}

}  // namespace

std::string canonical(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(simdjson::padded_string(text)).get(root) != simdjson::SUCCESS) return std::string(text);
  std::string out;
  append_canonical(root, out);
  return out;
}

Result<std::string> Harness::run(std::string_view name, std::string_view body) {
  now.micros += 1'000'000;
  const Operation* operation = find_operation(name);
  if (operation == nullptr) return unknown_operation();
  auto document = parser_.parse(body);
  if (!document) return Failure(std::move(document).error());
  auto request = operation->parse(*document);
  if (!request) return Failure(std::move(request).error());
  Evaluation evaluation = evaluate(**request);
  if (auto* error = std::get_if<Error>(&evaluation)) return Failure(std::move(*error));
  Answer answer;
  if (auto* effects = std::get_if<Effects>(&evaluation)) {
    for (const ItemChange& change : effects->items) tables.apply((*request)->table_name, change);
    for (TableChange& change : effects->tables) tables.apply(std::move(change));
    answer = std::move(effects->answer);
  } else {
    answer = std::get<Answer>(std::move(evaluation));
  }
  std::string out;
  json::Writer writer(out);
  operation->write_answer(**request, answer, writer);
  return out;
}

std::string Harness::text(std::string_view operation, std::string_view body) {
  auto answer = run(operation, body);
  if (answer) return std::move(answer).value();
  const Error& error = answer.error();
  std::string out(error_shape(error.code).name);
  if (!error.message.empty()) out.append(": ").append(error.message);
  if (error.item) {
    out.push_back('\n');
    json::Writer(out).item(*error.item);
  }
  return out;
}

MemoryTables::Entry* Harness::find(const Request& request) {
  const auto found = tables.tables.find(request.table_name);
  return found == tables.tables.end() ? nullptr : &found->second;
}

Evaluation Harness::evaluate(const Request& request) {
  switch (request.operation->owner()) {
    case Owner::kStatic: {
      auto answer = static_cast<const StaticOperation&>(*request.operation).answer(request);
      if (!answer) return std::move(answer).error();
      return std::move(answer).value();
    }
    case Owner::kTables:
      return static_cast<const TableOperation&>(*request.operation).evaluate(tables, request, now);
    case Owner::kItem:
      return item(static_cast<const ItemOperation&>(*request.operation), request);
    case Owner::kPage:
      return page(static_cast<const PageOperation&>(*request.operation), request);
    case Owner::kBatch:
      return batch(static_cast<const BatchOperation&>(*request.operation), request);
  }
  return internal_error("an unknown owner").error;
}

Evaluation Harness::item(const ItemOperation& operation, const Request& request) {
  const MemoryTables::Entry* entry = find(request);
  if (entry == nullptr) return resource_not_found().error;
  if (auto key = operation.key(entry->table, request); !key) return std::move(key).error();
  return operation.evaluate(entry->table, entry->items, request, now);
}

Evaluation Harness::page(const PageOperation& operation, const Request& request) {
  const MemoryTables::Entry* entry = find(request);
  if (entry == nullptr) return resource_not_found().error;
  const auto index = operation.global_index(entry->table, request);
  if (!index) return index.error();
  const auto range = operation.range(entry->table, request);
  if (!range) return range.error();
  if (*index != nullptr) entry = &tables.index_table(entry->table, (*index)->number);
  if (is_empty(*range)) {
    auto page = operation.evaluate(entry->table, entry->items, request, *range, {});
    if (!page) return std::move(page).error();
    return Answer(std::move(page).value());
  }
  std::vector<model::KeyRange> parts;
  for (uint32_t i = 0; i < partitions; ++i) {
    if (auto part = model::intersect(*range, model::segment_range(i, partitions))) parts.push_back(*part);
  }
  if (!operation.forward(request)) std::ranges::reverse(parts);
  std::optional<PageAnswer> page;
  for (const model::KeyRange& part : parts) {
    PageProgress before;
    if (page) before = {page->scanned_count, page->bytes_evaluated};
    auto next = operation.evaluate(entry->table, entry->items, request, part, before);
    if (!next) return std::move(next).error();
    if (page)
      operation.merge(*page, std::move(next).value());
    else
      page = std::move(next).value();
    if (page->stopped) break;
  }
  return Answer(std::move(*page));
}

Evaluation Harness::batch(const BatchOperation& operation, const Request& request) {
  std::vector<std::string> keys;
  std::vector<model::TableId> ids;
  for (const RequestPtr& part : operation.parts(request)) {
    const MemoryTables::Entry* entry = find(*part);
    if (entry == nullptr) return resource_not_found().error;
    auto key = static_cast<const ItemOperation&>(*part->operation).key(entry->table, *part);
    if (!key) return std::move(key).error();
    keys.push_back(std::move(key).value());
    ids.push_back(entry->table.id);
  }
  if (auto done = operation.check_keys(request, keys, ids); !done) return std::move(done).error();
  BatchAnswer answers;
  for (const RequestPtr& part : operation.parts(request)) {
    Evaluation evaluation = evaluate(*part);
    if (auto* effects = std::get_if<Effects>(&evaluation)) {
      for (const ItemChange& change : effects->items) tables.apply(part->table_name, change);
      answers.parts.emplace_back(std::get<ItemAnswer>(std::move(effects->answer)));
    } else if (auto* error = std::get_if<Error>(&evaluation)) {
      answers.parts.emplace_back(std::move(*error));
    } else {
      answers.parts.emplace_back(std::get<ItemAnswer>(std::get<Answer>(std::move(evaluation))));
    }
  }
  auto answer = operation.combine(request, std::move(answers));
  if (!answer) return std::move(answer).error();
  return std::move(answer).value();
}

}  // namespace stator::api::testing
