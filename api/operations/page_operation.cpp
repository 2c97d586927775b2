// PageOperation: reading and writing the pages of Query and Scan. Pure.
#include "api/operations/page_operation.h"

#include <algorithm>
#include <limits>

#include "api/operations/legacy_conditions.h"
#include "api/operations/legacy_parameters.h"
#include "api/operations/page_target.h"
#include "api/operations/passed_entries.h"
#include "model/assert.h"
#include "model/index.h"
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

// One partition's part of a page, entry by entry.
class PageBuilder {
 public:
  PageBuilder(const model::Table& table, const ItemView& items, const PageRequest& request,
              const PageProgress& before)
      : table_(table),
        items_(items),
        request_(request),
        before_(before),
        target_(reading_target(table, request)),
        fetches_(fetches_items(table, target_, request)) {}

  // Takes what stands under `key`; false where the page is full or reading failed.
  bool take(std::string_view key, const StoredItemPtr& entry) {
    ++page_.scanned_count;
    page_.bytes_evaluated += entry->size_bytes;
    entry_bytes_ += entry->size_bytes;
    // Before the filter: a filter changes nothing of what a read costs (DG: filter expressions for Query).
    const StoredItemPtr fetched = fetches_ ? fetch(*entry) : nullptr;
    if (failure_) return false;
    const StoredItem* behind = fetches_ ? fetched.get() : entry.get();
    if (behind != nullptr && (!request_.filter || request_.filter->matches(entry->item))) {
      ++page_.count;
      if (!request_.count_only) page_.items.push_back(shown(behind->item));
    }
    // Full exactly here, even where nothing follows: the service looks no further either.
    page_.stopped =
        before_.scanned_count + page_.scanned_count >=
            request_.limit.value_or(std::numeric_limits<uint64_t>::max()) ||
        before_.bytes_evaluated + page_.bytes_evaluated >= model::kPageSizeMax;
    if (!page_.stopped) return true;
    page_.last_key = key;
    page_.last_evaluated_key = page_key(table_, target_, entry->item);
    return false;
  }

  Result<void> read(const model::KeyRange& range, bool forward) {
    if (is_empty(range)) return {};
    const auto visit = [this](std::string_view key, const StoredItemPtr& entry) { return take(key, entry); };
    auto done = target_.local ? read_local(range, forward) : items_.scan(range, forward, visit);
    if (!done) return done;
    if (failure_) return Failure(std::move(*failure_));
    return {};
  }

  PageAnswer finish() {
    const double units = read_units(entry_bytes_, request_.consistent);
    page_.capacity.read_units = units + item_units_;
    if (target_.is_index() && request_.capacity == ReturnConsumedCapacity::kIndexes)
      page_.capacity.indexes.push_back({*request_.index_name, target_.local != nullptr, units});
    return std::move(page_);
  }

 private:
  // The entries of all local indexes of a table lie together: those of the others are passed over.
  Result<void> read_local(model::KeyRange range, bool forward) {
    PassedEntries passed(table_, *target_.local, range);
    std::optional<std::string> seek;
    const auto visit = [&](std::string_view key, const StoredItemPtr& entry) {
      if (model::local_index_number(key) == target_.local->number) {
        passed.own(key, entry);
        return take(key, entry);
      }
      seek = passed.pass(key, entry);
      return !seek && !passed.enough();
    };
    do {
      seek.reset();
      if (auto done = items_.scan_local(range, forward, visit); !done) return done;
      if (seek) range.from = std::move(*seek);
    } while (seek && !passed.enough() && !is_empty(range));
    if (!passed.enough() || page_.stopped || failure_) return {};
    page_.stopped = true;
    page_.last_evaluated_key = passed.place();
    page_.last_key = *model::index_key(table_, *target_.local, *page_.last_evaluated_key);
    return {};
  }

  // The item that the entry is of; null where it was deleted since the entry was read, or where reading failed.
  StoredItemPtr fetch(const StoredItem& entry) {
    auto key = model::item_key(table_.key, entry.item);
    STATOR_ASSERT(key.ok(), "entries have the table's keys");
    auto item = items_.get(*key);
    if (!item) {
      failure_ = std::move(item).error();
      return nullptr;
    }
    if (!*item) return nullptr;
    page_.bytes_evaluated += (*item)->size_bytes;
    item_units_ += read_units((*item)->size_bytes, request_.consistent);
    return std::move(*item);
  }

  model::Item shown(const model::Item& item) const {
    return request_.projection ? request_.projection->apply(item) : item;
  }

  const model::Table& table_;
  const ItemView& items_;
  const PageRequest& request_;
  const PageProgress& before_;
  const PageTarget target_;
  const bool fetches_;  // the items behind the entries
  PageAnswer page_;
  uint64_t entry_bytes_ = 0;
  double item_units_ = 0;  // of items that were fetched: each is rounded by itself
  std::optional<Error> failure_;
};

}  // namespace

bool PageReader::consistent(const Request& request) const { return typed(request).consistent; }

Result<const model::GlobalIndex*> PageReader::global_index(const model::Table& table,
                                                           const Request& request) const {
  const auto target = page_target(table, typed(request));
  if (!target) return Failure(target.error());
  return target->global;
}

Result<PageAnswer> PageReader::evaluate(const model::Table& table, const ItemView& items,
                                        const Request& request, const model::KeyRange& range,
                                        const PageProgress& before) const {
  const PageRequest& page_request = typed(request);
  STATOR_ASSERT(before.scanned_count < page_request.limit.value_or(std::numeric_limits<uint64_t>::max()) &&
                    before.bytes_evaluated < model::kPageSizeMax,
                "a full page is not read on");
  PageBuilder builder(table, items, page_request, before);
  if (auto done = builder.read(range, forward(request)); !done) return Failure(done.error());
  return builder.finish();
}

void PageReader::merge(PageAnswer& page, PageAnswer next) const {
  STATOR_ASSERT(!page.stopped, "nothing follows a page that stopped");
  // The least that a read costs is charged once, not for each partition that held nothing.
  if (page.scanned_count == 0)
    page.capacity = std::move(next.capacity);
  else if (next.scanned_count != 0)
    add_capacity(page.capacity, next.capacity);
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
  write_consumed_capacity(request, page->capacity, page_request.capacity, out);
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
  request.all_attributes = *select == "ALL_ATTRIBUTES";
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
