// WriteOperation: what PutItem, UpdateItem and DeleteItem share: the condition, the return values, the
// capacity, and the order in which they are looked at. Pure.
#pragma once

#include <optional>

#include "api/expressions/condition.h"
#include "api/operation.h"
#include "api/operations/common.h"

namespace stator::api {

enum class ReturnValues : uint8_t { kNone, kAllOld, kUpdatedOld, kAllNew, kUpdatedNew };

struct WriteRequest : Request {
  std::optional<expressions::Condition> condition;
  ReturnValues return_values = ReturnValues::kNone;
  bool return_old_on_failure = false;  // ReturnValuesOnConditionCheckFailure=ALL_OLD
  ReturnConsumedCapacity capacity = ReturnConsumedCapacity::kNone;
  bool collection_metrics = false;  // ReturnItemCollectionMetrics=SIZE
};

class WriteOperation : public ItemOperation {
 public:
  bool writes() const final { return true; }
  bool consistent(const Request&) const final { return true; }
  // Key, condition, then change(). Requires a request of this operation's parse().
  Evaluation evaluate(const model::Table& table, const ItemView& items, const Request& request,
                      model::Stamp stamp) const final;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const final;

 protected:
  // What the write does to the item `old` (null: there is none) under `key`, its condition being true.
  virtual Evaluation change(const model::Table& table, const Request& request, std::string key,
                            StoredItemPtr old) const = 0;
  // What is said of an item that is over 400 KB together with its entries in local indexes.
  virtual std::string_view item_too_large() const;

 private:
  // The part of a write that is the indexes': their changes, the size with them, their capacity.
  Result<void> add_indexes(const model::Table& table, const WriteRequest& request, Effects& effects) const;
};

// ReturnValues and ReturnValuesOnConditionCheckFailure. With only_old, values but NONE and ALL_OLD are
// refused.
Result<void> read_return_values(const json::Value& body, bool only_old, WriteRequest& request);
// What PutItem and DeleteItem may say of conditions: old and new parameters together, names and values
// without an expression.
Result<void> check_write_parameters(const json::Value& body);
// Paths of the condition into key attributes are refused.
Result<void> check_condition_paths(const model::Table& table, const WriteRequest& request);
// Expected and ConditionalOperator, where they are. Never beside a ConditionExpression.
Result<void> read_expected_condition(const json::Value& body, WriteRequest& request);
// ConditionExpression, where there is one.
Result<void> read_condition(const json::Value& body, expressions::Substitutions& substitutions,
                            WriteRequest& request);

// The answer of a write that took `old` to `new_size` bytes, with `attributes` (null or empty allowed) to
// return.
ItemAnswer write_answer_of(const StoredItemPtr& old, uint64_t new_size_bytes,
                           std::shared_ptr<const model::Item> attributes);
// The stored item as an answer shares it; null for null.
std::shared_ptr<const model::Item> item_of(const StoredItemPtr& stored);

}  // namespace stator::api
