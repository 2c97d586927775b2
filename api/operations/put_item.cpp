// PutItem. Pure.
#include "api/operations/put_item.h"

#include "api/item_reader.h"
#include "api/operations/index_changes.h"
#include "api/shapes/item_shapes.h"
#include "model/limits.h"
#include "model/size.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
    {"Item", &kPutItemInputAttributeMap, kRequired},
    {"Expected", &kExpectedAttributeMap},
    {"ReturnValues", &kReturnValue},
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"ReturnItemCollectionMetrics", &kReturnItemCollectionMetrics},
    {"ConditionalOperator", &kConditionalOperator},
    {"ConditionExpression", &kConditionExpression},
    {"ExpressionAttributeNames", &kExpressionAttributeNameMap},
    {"ExpressionAttributeValues", &kExpressionAttributeValueMap},
    {"ReturnValuesOnConditionCheckFailure", &kReturnValuesOnConditionCheckFailure},
};
constexpr Shape kInput = structure_of("PutItemInput", kMembers);

}  // namespace

constinit const PutItem kPutItem;

const Shape& PutItem::input() const { return kInput; }

Result<void> read_put_item(const json::Value& item, PutItemRequest& request) {
  auto read = read_item(item);
  if (!read) return Failure(std::move(read).error());
  const uint64_t size = model::size_bytes(*read);
  request.item = std::make_shared<const model::Item>(std::move(read).value());
  if (size > model::kItemSizeMax) return validation_error("Item size has exceeded the maximum allowed size");
  request.size_bytes = static_cast<uint32_t>(size);
  return {};
}

Result<std::shared_ptr<Request>> PutItem::read(const json::Value& body) const {
  auto request = std::make_shared<PutItemRequest>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  if (auto done = check_write_parameters(body); !done) return Failure(done.error());
  // The item's contents, ReturnValues, the item's size, then the conditions: measured (dynalite's tests).
  const auto stored = read_put_item(*json::member(body, "Item"), *request);
  if (!stored && request->item == nullptr) return Failure(stored.error());
  if (auto done = read_return_values(body, true, *request); !done) return Failure(done.error());
  if (!stored) return Failure(stored.error());
  if (auto done = read_expected_condition(body, *request); !done) return Failure(done.error());
  expressions::Substitutions substitutions;
  if (auto done = read_substitutions(body, substitutions); !done) return Failure(done.error());
  if (auto done = read_condition(body, substitutions, *request); !done) return Failure(done.error());
  if (auto used = substitutions.check_all_used(); !used) return expression_error(used.error());
  return std::shared_ptr<Request>(std::move(request));
}

Result<std::string> PutItem::key(const model::Table& table, const Request& request) const {
  const auto& put = static_cast<const PutItemRequest&>(request);
  auto key = model::item_key(table.key, *put.item);
  if (!key) return put.in_batch ? key_error(key.error()) : item_key_error(key.error());
  if (auto done = check_put_index_keys(table, *put.item); !done) return Failure(done.error());
  if (auto done = check_condition_paths(table, put); !done) return Failure(done.error());
  return std::move(key).value();
}

Evaluation PutItem::change(const model::Table&, const Request& request, std::string key,
                           StoredItemPtr old) const {
  const auto& put = static_cast<const PutItemRequest&>(request);
  Effects effects;
  effects.answer = write_answer_of(old, put.size_bytes,
                                   put.return_values == ReturnValues::kAllOld ? item_of(old) : nullptr);
  effects.items.push_back(ItemChange{std::move(key), put.item, put.size_bytes, std::move(old), {}});
  return effects;
}

}  // namespace stator::api
