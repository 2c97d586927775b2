// PageOperation: reading and writing the pages of Query and Scan. Pure.
#include "api/operations/page_operation.h"

#include <algorithm>
#include <limits>

#include "api/operations/legacy_conditions.h"
#include "api/operations/legacy_parameters.h"
#include "model/assert.h"
#include "model/limits.h"

namespace stator::api {
namespace {

const PageRequest& typed(const Request& request) { return static_cast<const PageRequest&>(request); }

// The service says of which key an error is only where it has read the value: not of numbers and sets that
// cannot be (measured, dynalite's tests for Scan).
bool is_of_starting_key(std::string_view message) {
  constexpr std::string_view kUnread[] = {"contains duplicates", "number set", "numeric value",
                                          "significant digits", "number with magnitude"};
  return std::ranges::none_of(
      kUnread, [&](std::string_view text) { return message.find(text) != std::string_view::npos; });
}

}  // namespace

bool PageReader::consistent(const Request& request) const { return typed(request).consistent; }

Result<const model::GlobalIndex*> PageReader::global_index(const model::Table& table,
                                                           const Request& request) const {
  const PageRequest& page_request = typed(request);
  if (!page_request.index_name) return nullptr;
  if (const model::GlobalIndex* index = table.find_global(*page_request.index_name)) return index;
  if (table.find_local(*page_request.index_name) != nullptr) return nullptr;
  return validation_error("The table does not have the specified index: " + *page_request.index_name);
}

Result<PageAnswer> PageReader::evaluate(const model::Table& table, const ItemView& items,
                                        const Request& request, const model::KeyRange& range,
                                        const PageProgress& before) const {
  const PageRequest& page_request = typed(request);
  const uint64_t limit = page_request.limit.value_or(std::numeric_limits<uint64_t>::max());
  STATOR_ASSERT(before.scanned_count < limit && before.bytes_evaluated < model::kPageSizeMax,
                "a full page is not read on");
  PageAnswer page;
  StoredItemPtr last;
  const auto visit = [&](std::string_view key, StoredItemPtr stored) {
    ++page.scanned_count;
    page.bytes_evaluated += stored->size_bytes;
    if (!page_request.filter || page_request.filter->matches(stored->item)) {
      ++page.count;
      if (!page_request.count_only)
        page.items.push_back(page_request.projection ? page_request.projection->apply(stored->item)
                                                     : stored->item);
    }
    // Full exactly here, even where nothing follows: the service looks no further either.
    page.stopped = before.scanned_count + page.scanned_count >= limit ||
                   before.bytes_evaluated + page.bytes_evaluated >= model::kPageSizeMax;
    if (page.stopped) page.last_key = key;
    last = std::move(stored);
    return !page.stopped;
  };
  if (!is_empty(range)) {
    if (auto done = items.scan(range, forward(request), visit); !done) return Failure(done.error());
  }
  if (page.stopped) page.last_evaluated_key = key_attributes(table.key, last->item);
  page.capacity.read_units = read_units(page.bytes_evaluated, page_request.consistent);
  return page;
}

void PageReader::merge(PageAnswer& page, PageAnswer next) const {
  STATOR_ASSERT(!page.stopped, "nothing follows a page that stopped");
  // The least that a read costs is charged once, not for each partition that held nothing.
  if (page.scanned_count == 0)
    page.capacity = next.capacity;
  else if (next.scanned_count != 0)
    page.capacity.read_units += next.capacity.read_units;
  page.items.insert(page.items.end(), std::make_move_iterator(next.items.begin()),
                    std::make_move_iterator(next.items.end()));
  page.count += next.count;
  page.scanned_count += next.scanned_count;
  page.bytes_evaluated += next.bytes_evaluated;
  page.stopped = next.stopped;
  page.last_key = std::move(next.last_key);
  page.last_evaluated_key = std::move(next.last_evaluated_key);
}

void PageReader::write_answer(const Request& request, const Answer& answer, json::Writer& out) const {
  const PageRequest& page_request = typed(request);
  const auto* page = std::get_if<PageAnswer>(&answer);
  STATOR_ASSERT(page != nullptr, "Query and Scan give pages");
  out.begin_object();
  if (!page_request.count_only) {
    out.key("Items").begin_array();
    for (const model::Item& item : page->items) out.item(item);
    out.end_array();
  }
  out.key("Count").integer(static_cast<int64_t>(page->count));
  out.key("ScannedCount").integer(static_cast<int64_t>(page->scanned_count));
  if (page->last_evaluated_key) out.key("LastEvaluatedKey").item(*page->last_evaluated_key);
  write_consumed_capacity(request, page->capacity.read_units, page_request.capacity, out);
  out.end_object();
}

Result<void> read_select(const json::Value& body, SelectWording wording, PageRequest& request) {
  const auto select = read_text(body, "Select");
  const bool lists = json::member(body, "AttributesToGet").has_value();
  const bool projects = json::member(body, "ProjectionExpression").has_value() || lists;
  const auto refuse = [&](std::string_view text) {
    const std::string_view prefix = wording == SelectWording::kQuery ? "1 validation error detected: " : "";
    return validation_error(std::string(prefix) + std::string(text));
  };
  if (!select) return {};
  if (*select == "ALL_PROJECTED_ATTRIBUTES" && !request.index_name)
    return refuse("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
  if (*select == "SPECIFIC_ATTRIBUTES" && !projects)
    return refuse(
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES");
  if (*select != "SPECIFIC_ATTRIBUTES" && projects)
    return refuse("Cannot specify the " + std::string(lists ? "AttributesToGet" : "ProjectionExpression") +
                  " when choosing to get " + (*select == "COUNT" ? "only the Count" : std::string(*select)));
  request.count_only = *select == "COUNT";
  return {};
}

Result<void> read_page_filter(const json::Value& body, std::string_view member, PageRequest& request) {
  auto condition = read_legacy_filter(body, member);
  if (!condition) return Failure(std::move(condition).error());
  request.filter = std::move(condition).value();
  request.legacy_filter = request.filter.has_value();
  return {};
}

Result<void> read_page_attributes(const json::Value& body, PageRequest& request) {
  auto attributes = read_attributes_to_get(body);
  if (!attributes) return Failure(std::move(attributes).error());
  request.projection = std::move(attributes).value();
  return {};
}

void read_page_members(const json::Value& body, PageRequest& request) {
  if (const auto index = read_text(body, "IndexName")) request.index_name = *index;
  if (const auto limit = read_integer(body, "Limit")) request.limit = static_cast<uint64_t>(*limit);
  request.consistent = read_boolean(body, "ConsistentRead", false);
  request.capacity = read_return_consumed_capacity(body);
}

Result<void> read_start_key(const json::Value& body, PageRequest& request) {
  const auto key = json::member(body, "ExclusiveStartKey");
  if (!key) return {};
  auto item = read_key(*key);
  if (!item) {
    Error error = std::move(item).error();
    if (error.code == ErrorCode::kValidation && is_of_starting_key(error.message))
      error.message = "The provided starting key is invalid: " + error.message;
    return Failure(std::move(error));
  }
  request.start_key = std::move(item).value();
  return {};
}

Result<void> read_page_expressions(const json::Value& body, expressions::Substitutions& substitutions,
                                   PageRequest& request) {
  if (const auto text = read_text(body, "FilterExpression")) {
    auto filter = expressions::parse_condition(expressions::ExpressionKind::kFilter, *text, substitutions);
    if (!filter) return expression_error(std::move(filter).error());
    request.filter = std::move(filter).value();
  }
  if (const auto text = read_text(body, "ProjectionExpression")) {
    auto projection = expressions::parse_projection(*text, substitutions);
    if (!projection) return expression_error(std::move(projection).error());
    request.projection = std::move(projection).value();
  }
  return {};
}

Result<void> check_projection_paths(const model::Table& table, const PageRequest& request) {
  if (!request.projection) return {};
  return check_key_paths(table, request.projection->nested_attributes());
}

Result<void> check_filter_paths(const model::Table& table, const PageRequest& request) {
  if (!request.filter) return {};
  return check_key_paths(table, request.filter->nested_attributes());
}

Result<void> check_index(const PageRequest& request) {
  if (!request.index_name) return {};
  return validation_error("The table does not have the specified index: " + *request.index_name);
}

model::KeyRange after_start(model::KeyRange range, const std::string& start, bool forward) {
  if (forward)
    range.from = std::max(range.from, start + '\0');  // the smallest key above it
  else if (range.to.empty() || start < range.to)
    range.to = start;
  return is_empty(range) ? empty_range() : range;
}

model::KeyRange empty_range() {
  const std::string least(1, '\0');
  return {least, least};
}

}  // namespace stator::api
