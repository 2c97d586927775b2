// DeleteItem. Pure.
#include "api/operations/delete_item.h"

#include "api/shapes/item_shapes.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
    {"Key", &kKey, kRequired},
    {"Expected", &kExpectedAttributeMap},
    {"ConditionalOperator", &kConditionalOperator},
    {"ReturnValues", &kReturnValue},
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"ReturnItemCollectionMetrics", &kReturnItemCollectionMetrics},
    {"ConditionExpression", &kConditionExpression},
    {"ExpressionAttributeNames", &kExpressionAttributeNameMap},
    {"ExpressionAttributeValues", &kExpressionAttributeValueMap},
    {"ReturnValuesOnConditionCheckFailure", &kReturnValuesOnConditionCheckFailure},
};
constexpr Shape kInput = structure_of("DeleteItemInput", kMembers);

}  // namespace

constinit const DeleteItem kDeleteItem;

const Shape& DeleteItem::input() const { return kInput; }

Result<std::shared_ptr<Request>> DeleteItem::read(const json::Value& body) const {
  auto request = std::make_shared<DeleteItemRequest>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  if (auto done = check_write_parameters(body); !done) return Failure(done.error());
  auto key = read_key(*json::member(body, "Key"));
  if (!key) return Failure(std::move(key).error());
  request->key = std::move(key).value();
  if (auto done = read_expected_condition(body, *request); !done) return Failure(done.error());
  if (auto done = read_return_values(body, true, *request); !done) return Failure(done.error());
  expressions::Substitutions substitutions;
  if (auto done = read_substitutions(body, substitutions); !done) return Failure(done.error());
  if (auto done = read_condition(body, substitutions, *request); !done) return Failure(done.error());
  if (auto used = substitutions.check_all_used(); !used) return expression_error(used.error());
  return std::shared_ptr<Request>(std::move(request));
}

Result<std::string> DeleteItem::key(const model::Table& table, const Request& request) const {
  const auto& erase = static_cast<const DeleteItemRequest&>(request);
  auto key = model::key_of_key_map(table.key, erase.key);
  if (!key) return key_error(key.error());
  if (auto done = check_condition_paths(table, erase); !done) return Failure(done.error());
  return std::move(key).value();
}

Evaluation DeleteItem::change(const model::Table&, const Request& request, std::string key,
                              StoredItemPtr old) const {
  const bool return_old = static_cast<const WriteRequest&>(request).return_values == ReturnValues::kAllOld;
  Answer answer = write_answer_of(old, 0, return_old ? item_of(old) : nullptr);
  // Logged also where there was nothing, so that the request is remembered: another attempt of it that was held up on its way
  // must not delete what was written since.
  Effects effects;
  effects.answer = std::move(answer);
  effects.items.push_back(ItemChange{std::move(key), nullptr, 0, std::move(old), {}});
  return effects;
}

}  // namespace stator::api
