// WriteOperation: the common course of a single-item write on the leader of its key's partition. Pure.
#include "api/operations/write_operation.h"

#include <algorithm>

#include "api/operations/legacy_conditions.h"
#include "api/operations/legacy_parameters.h"
#include "model/assert.h"

namespace stator::api {

Evaluation WriteOperation::evaluate(const model::Table& table, const ItemView& items, const Request& request,
                                    model::Stamp) const {
  const auto& write = static_cast<const WriteRequest&>(request);
  auto key = this->key(table, request);
  if (!key) return std::move(key).error();
  auto old = items.get(*key);
  if (!old) return std::move(old).error();
  if (write.condition && !write.condition->matches(*old ? &(*old)->item : nullptr))
    return conditional_check_failed(write.return_old_on_failure ? item_of(*old) : nullptr).error;
  return change(table, request, std::move(key).value(), std::move(old).value());
}

void WriteOperation::write_answer(const Request& request, const Answer& answer, json::Writer& out) const {
  const auto* item = std::get_if<ItemAnswer>(&answer);
  STATOR_ASSERT(item != nullptr, "writes give item answers");
  out.begin_object();
  if (item->item) out.key("Attributes").item(*item->item);
  write_consumed_capacity(request, item->capacity.write_units,
                          static_cast<const WriteRequest&>(request).capacity, out);
  out.end_object();
}

Result<void> read_return_values(const json::Value& body, bool only_old, WriteRequest& request) {
  request.return_old_on_failure = read_text(body, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD";
  request.capacity = read_return_consumed_capacity(body);
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
