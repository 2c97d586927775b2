// WriteOperation: the common course of a single-item write on the leader of its key's partition. Pure.
#include "api/operations/write_operation.h"

#include <algorithm>

#include "api/operations/index_changes.h"
#include "api/operations/legacy_conditions.h"
#include "api/operations/legacy_parameters.h"
#include "model/assert.h"
#include "model/limits.h"

namespace stator::api {

namespace {

// The developer guide's table of errors, and that of reasons why transactions are cancelled.
constexpr std::string_view kCollectionTooLarge = "Collection size exceeded.";

// The limit on what one partition key has in a table with local indexes, and ItemCollectionMetrics.
Result<void> check_collection(const model::Table& table, const ItemView& items, const WriteRequest& request,
                              const std::string& key, Evaluation& evaluation) {
  int64_t growth = 0;
  const auto* effects = std::get_if<Effects>(&evaluation);
  if (effects != nullptr) {
    for (const ItemChange& change : effects->items) growth += collection_growth(change);
  }
  if (growth <= 0 && !request.collection_metrics) return {};
  const auto bytes = items.collection_bytes(collection_prefix(key));
  if (!bytes) return Failure(bytes.error());
  const auto after = static_cast<uint64_t>(std::max<int64_t>(0, static_cast<int64_t>(*bytes) + growth));
  if (growth > 0 && after > items.collection_bytes_max())
    return Failure(Error{ErrorCode::kItemCollectionSizeLimitExceeded, std::string(kCollectionTooLarge), nullptr});
  if (!request.collection_metrics) return {};
  auto decoded = model::decode_item_key(table.key, key);
  STATOR_ASSERT(decoded.has_value(), "the key of the item that is written");
  model::Item partition_key;
  const std::string& name = table.key.partition_key.name;
  partition_key.set(name, *decoded->find(name));
  auto& answer = std::get<ItemAnswer>(effects ? std::get<Effects>(evaluation).answer : std::get<Answer>(evaluation));
  answer.collection = std::make_shared<const ItemCollection>(ItemCollection{std::move(partition_key), after});
  return {};
}

}  // namespace

Evaluation WriteOperation::evaluate(const model::Table& table, const ItemView& items, const Request& request,
                                    model::Stamp) const {
  const auto& write = static_cast<const WriteRequest&>(request);
  auto key = this->key(table, request);
  if (!key) return std::move(key).error();
  auto old = items.get(*key);
  if (!old) return std::move(old).error();
  if (write.condition && !write.condition->matches(*old ? &(*old)->item : nullptr))
    return conditional_check_failed(write.return_old_on_failure ? item_of(*old) : nullptr).error;
  Evaluation evaluation = change(table, request, *key, std::move(old).value());
  if (auto* effects = std::get_if<Effects>(&evaluation)) {
    if (auto done = add_indexes(table, write, *effects); !done) return done.error();
  }
  if (!table.local_indexes.empty() && !std::holds_alternative<Error>(evaluation)) {
    if (auto done = check_collection(table, items, write, *key, evaluation); !done) return done.error();
  }
  return evaluation;
}

std::string_view WriteOperation::item_too_large() const {
  return "Item size has exceeded the maximum allowed size";
}

Result<void> WriteOperation::add_indexes(const model::Table& table, const WriteRequest& request,
                                         Effects& effects) const {
  if (table.local_indexes.empty() && table.global_indexes.empty()) return {};
  Capacity& capacity = std::get<ItemAnswer>(effects.answer).capacity;
  for (ItemChange& change : effects.items) {
    const uint64_t local_bytes = add_index_changes(table, change);
    if (change.size_bytes + local_bytes > model::kItemSizeMax)
      return validation_error(std::string(item_too_large()));
    add_index_units(table, change, request.capacity, capacity);
  }
  return {};
}

void WriteOperation::write_answer(const Request& request, const Answer& answer, json::Writer& out) const {
  const auto* item = std::get_if<ItemAnswer>(&answer);
  STATOR_ASSERT(item != nullptr, "writes give item answers");
  out.begin_object();
  if (item->item) out.key("Attributes").item(*item->item);
  write_consumed_capacity(request, item->capacity, static_cast<const WriteRequest&>(request).capacity, out);
  if (item->collection) {
    out.key("ItemCollectionMetrics");
    write_item_collection(*item->collection, out);
  }
  out.end_object();
}

Result<void> read_return_values(const json::Value& body, bool only_old, WriteRequest& request) {
  request.return_old_on_failure = read_text(body, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD";
  request.capacity = read_return_consumed_capacity(body);
  request.collection_metrics = read_text(body, "ReturnItemCollectionMetrics") == "SIZE";
  const std::string_view text = read_text(body, "ReturnValues").value_or("NONE");
  if (text == "ALL_OLD")
    request.return_values = ReturnValues::kAllOld;
  else if (text == "UPDATED_OLD")
    request.return_values = ReturnValues::kUpdatedOld;
  else if (text == "ALL_NEW")
    request.return_values = ReturnValues::kAllNew;
  else if (text == "UPDATED_NEW")
    request.return_values = ReturnValues::kUpdatedNew;
  if (only_old && request.return_values != ReturnValues::kNone &&
      request.return_values != ReturnValues::kAllOld)
    return validation_error("ReturnValues can only be ALL_OLD or NONE");
  return {};
}

Result<void> check_write_parameters(const json::Value& body) {
  if (auto done = check_parameter_mix(body, {"Expected", "ConditionalOperator"}, {"ConditionExpression"}); !done)
    return done;
  return check_parameter_usage(body, {"ConditionExpression"}, {"ConditionExpression"});
}

Result<void> check_condition_paths(const model::Table& table, const WriteRequest& request) {
  if (!request.condition) return {};
  return check_key_paths(table, request.condition->nested_attributes());
}

Result<void> read_expected_condition(const json::Value& body, WriteRequest& request) {
  auto expected = read_expected(body);
  if (!expected) return Failure(std::move(expected).error());
  request.condition = std::move(expected).value();
  return {};
}

Result<void> read_condition(const json::Value& body, expressions::Substitutions& substitutions,
                            WriteRequest& request) {
  const auto text = read_text(body, "ConditionExpression");
  if (!text) return {};
  auto condition =
      expressions::parse_condition(expressions::ExpressionKind::kCondition, *text, substitutions);
  if (!condition) return expression_error(std::move(condition).error());
  request.condition = std::move(condition).value();
  return {};
}

ItemAnswer write_answer_of(const StoredItemPtr& old, uint64_t new_size_bytes,
                           std::shared_ptr<const model::Item> attributes) {
  ItemAnswer answer;
  answer.item = std::move(attributes);
  answer.capacity.write_units = write_units(std::max<uint64_t>(old ? old->size_bytes : 0, new_size_bytes));
  return answer;
}

std::shared_ptr<const model::Item> item_of(const StoredItemPtr& stored) {
  if (!stored) return nullptr;
  return {stored, &stored->item};
}

}  // namespace stator::api
