// UpdateItem. Pure.
#include "api/operations/update_item.h"

#include <algorithm>

#include "api/item_reader.h"
#include "api/shapes/item_shapes.h"
#include "model/limits.h"
#include "model/size.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
    {"Key", &kKey, kRequired},
    {"AttributeUpdates", &kAttributeUpdates, kOptional, Support::kRefused},
    {"Expected", &kExpectedAttributeMap, kOptional, Support::kRefused},
    {"ConditionalOperator", &kConditionalOperator, kOptional, Support::kRefused},
    {"ReturnValues", &kReturnValue},
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"ReturnItemCollectionMetrics", &kReturnItemCollectionMetrics},
    {"UpdateExpression", &kUpdateExpression},
    {"ConditionExpression", &kConditionExpression},
    {"ExpressionAttributeNames", &kExpressionAttributeNameMap},
    {"ExpressionAttributeValues", &kExpressionAttributeValueMap},
    {"ReturnValuesOnConditionCheckFailure", &kReturnValuesOnConditionCheckFailure},
};
constexpr Shape kInput = structure_of("UpdateItemInput", kMembers);

bool nests_too_deep(const model::Item& item) {
  return std::ranges::any_of(
      item, [](const auto& entry) { return model::nesting_depth(entry.second) >= model::kNestingMax; });
}

// What ReturnValues asks for besides ALL_NEW; null where there is nothing to return.
std::shared_ptr<const model::Item> old_or_fragments(const UpdateItemRequest& request,
                                                    const StoredItemPtr& old,
                                                    const expressions::UpdateResult& result) {
  model::Item fragment;
  switch (request.return_values) {
    case ReturnValues::kNone:
    case ReturnValues::kAllNew:
      return nullptr;
    case ReturnValues::kAllOld:
      return item_of(old);
    case ReturnValues::kUpdatedOld:
      if (old && request.update) fragment = request.update->updated_old(old->item);
      break;
    case ReturnValues::kUpdatedNew:
      if (request.update) fragment = expressions::Update::updated_new(result);
      break;
  }
  return fragment.empty() ? nullptr : std::make_shared<const model::Item>(std::move(fragment));
}

}  // namespace

constinit const UpdateItem kUpdateItem;

const Shape& UpdateItem::input() const { return kInput; }

Result<std::shared_ptr<Request>> UpdateItem::read(const json::Value& body) const {
  auto request = std::make_shared<UpdateItemRequest>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  if (auto done = check_parameter_usage(body, {"UpdateExpression", "ConditionExpression"},
                                        {"UpdateExpression", "ConditionExpression"});
      !done)
    return Failure(done.error());
  auto key = read_key(*json::member(body, "Key"));
  if (!key) return Failure(std::move(key).error());
  request->key = std::move(key).value();
  if (auto done = read_return_values(body, false, *request); !done) return Failure(done.error());
  expressions::Substitutions substitutions;
  if (auto done = read_substitutions(body, substitutions); !done) return Failure(done.error());
  if (const auto text = read_text(body, "UpdateExpression")) {
    auto update = expressions::parse_update(*text, substitutions);
    if (!update) return expression_error(std::move(update).error());
    request->update = std::move(update).value();
  }
  if (auto done = read_condition(body, substitutions, *request); !done) return Failure(done.error());
  if (auto used = substitutions.check_all_used(); !used) return expression_error(used.error());
  return std::shared_ptr<Request>(std::move(request));
}

Result<std::string> UpdateItem::key(const model::Table& table, const Request& request) const {
  const auto& update = static_cast<const UpdateItemRequest&>(request);
  auto key = model::key_of_key_map(table.key, update.key);
  if (!key) return key_error(key.error());
  if (update.update) {
    for (const std::string& attribute : update.update->attributes()) {
      if (table.key.is_key(attribute))
        return invalid_parameters("Cannot update attribute " + attribute +
                                  ". This attribute is part of the key");
    }
  }
  return std::move(key).value();
}

Evaluation UpdateItem::change(const model::Table&, const Request& request, std::string key,
                              StoredItemPtr old) const {
  const auto& update = static_cast<const UpdateItemRequest&>(request);
  const model::Item& base = old ? old->item : update.key;
  expressions::UpdateResult result;
  if (update.update) {
    auto applied = update.update->apply(base);
    if (!applied) return expression_error(std::move(applied).error()).error;
    result = std::move(applied).value();
  } else {
    result.new_item = base;
  }
  if (nests_too_deep(result.new_item)) return validation_error(std::string(kNestingExceeded)).error;
  const uint64_t size = model::size_bytes(result.new_item);
  if (size > model::kItemSizeMax)
    return validation_error("Item size to update has exceeded the maximum allowed size").error;
  // The fragments are cut out of result.new_item, so it is moved away last.
  auto attributes = old_or_fragments(update, old, result);
  const auto new_item = std::make_shared<const model::Item>(std::move(result.new_item));
  if (update.return_values == ReturnValues::kAllNew) attributes = new_item;
  Effects effects;
  effects.answer = write_answer_of(old, size, std::move(attributes));
  effects.items.push_back(ItemChange{std::move(key), new_item, static_cast<uint32_t>(size), std::move(old), {}});
  return effects;
}

}  // namespace stator::api
