// What Query and Scan share: Select, Limit, filter, projection, start key, and reading a page partition by
// partition.
//
//   range()   which keys, from the request and the table
//   evaluate  one partition's part of the range, until it ends, or Limit items or 1 MB are evaluated (both
//   counted over all
//             partitions of the page, before the filter)
//   merge     the parts, in the order of reading
// Pure.
#pragma once

#include <optional>
#include <string>

#include "api/expressions/condition.h"
#include "api/expressions/projection.h"
#include "api/operation.h"
#include "api/operations/common.h"

namespace stator::api {

struct PageRequest : Request {
  std::optional<std::string> index_name;
  bool consistent = false;
  bool count_only = false;  // Select=COUNT
  bool all_attributes = false;  // Select=ALL_ATTRIBUTES
  std::optional<uint64_t> limit;
  std::optional<expressions::Condition> filter;
  bool legacy_filter = false;  // the filter is a QueryFilter or ScanFilter
  std::optional<expressions::Projection> projection;
  std::optional<model::Item> start_key;
  ReturnConsumedCapacity capacity = ReturnConsumedCapacity::kNone;
};

class PageReader : public PageOperation {
 public:
  bool consistent(const Request& request) const final;
  Result<const model::GlobalIndex*> global_index(const model::Table& table, const Request& request) const final;
  Result<PageAnswer> evaluate(const model::Table& table, const ItemView& items, const Request& request,
                              const model::KeyRange& range, const PageProgress& before) const final;
  void merge(PageAnswer& page, PageAnswer next) const final;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const final;
};

// Select against ProjectionExpression, AttributesToGet and IndexName. Query words refusals as validation errors
// of its own counting, Scan does not: measured (moto, tests marked aws_verified).
enum class SelectWording : uint8_t { kQuery, kScan };
Result<void> read_select(const json::Value& body, SelectWording wording, PageRequest& request);
// IndexName, ConsistentRead, Limit, ReturnConsumedCapacity.
void read_page_members(const json::Value& body, PageRequest& request);
// ExclusiveStartKey's values.
Result<void> read_start_key(const json::Value& body, PageRequest& request);
// The legacy filter, whose name `member` is ("QueryFilter"), with ConditionalOperator; AttributesToGet. Never
// beside the expressions that took their places.
Result<void> read_page_filter(const json::Value& body, std::string_view member, PageRequest& request);
Result<void> read_page_attributes(const json::Value& body, PageRequest& request);
// FilterExpression and ProjectionExpression.
Result<void> read_page_expressions(const json::Value& body, expressions::Substitutions& substitutions,
                                   PageRequest& request);

// Paths of the projection and of the filter into key attributes are refused.
Result<void> check_projection_paths(const model::Table& table, const PageRequest& request);
Result<void> check_filter_paths(const model::Table& table, const PageRequest& request);
// What is left of `range` after the start key, whose item key is `start`.
model::KeyRange after_start(model::KeyRange range, const std::string& start, bool forward);
// A range in which there is no key.
model::KeyRange empty_range();

}  // namespace stator::api
