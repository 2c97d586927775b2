// UpdateItem. Pure.
#include "api/operations/update_item.h"

#include <algorithm>

#include "api/item_reader.h"
#include "api/operations/index_changes.h"
#include "api/operations/legacy_parameters.h"
#include "api/operations/legacy_updates.h"
#include "api/shapes/item_shapes.h"
#include "model/limits.h"
#include "model/size.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
    {"Key", &kKey, kRequired},
    {"AttributeUpdates", &kAttributeUpdates},
    {"Expected", &kExpectedAttributeMap},
    {"ConditionalOperator", &kConditionalOperator},
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

constexpr std::string_view kUpdatedItemTooLarge =
    "Item size to update has exceeded the maximum allowed size";

bool nests_too_deep(const model::Item& item) {
  return std::ranges::any_of(
      item, [](const auto& entry) { return model::nesting_depth(entry.second) >= model::kNestingMax; });
}

// What ReturnValues asks for besides ALL_NEW; null where there is nothing to return.
std::shared_ptr<const model::Item> old_or_fragments(const UpdateItemRequest& request,
                                                    const StoredItemPtr& old,
                                                    const model::Item& new_item) {
  model::Item fragment;
  switch (request.return_values) {
    case ReturnValues::kNone:
    case ReturnValues::kAllNew:
      return nullptr;
    case ReturnValues::kAllOld:
      return item_of(old);
    case ReturnValues::kUpdatedOld:
      if (old && request.update) fragment = request.update->touched(old->item);
      break;
    case ReturnValues::kUpdatedNew:
      if (request.update) fragment = request.update->touched(new_item);
      break;
  }
  return fragment.empty() ? nullptr : std::make_shared<const model::Item>(std::move(fragment));
}

}  // namespace

constinit const UpdateItem kUpdateItem;

std::string_view UpdateItem::item_too_large() const { return kUpdatedItemTooLarge; }

const Shape& UpdateItem::input() const { return kInput; }

Result<std::shared_ptr<Request>> UpdateItem::read(const json::Value& body) const {
  auto request = std::make_shared<UpdateItemRequest>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  if (auto done = check_parameter_mix(body, {"AttributeUpdates", "Expected", "ConditionalOperator"},
                                      {"UpdateExpression", "ConditionExpression"});
      !done)
    return Failure(done.error());
  if (auto done = check_parameter_usage(body, {"UpdateExpression", "ConditionExpression"},
                                        {"UpdateExpression", "ConditionExpression"});
      !done)
    return Failure(done.error());
  auto key = read_key(*json::member(body, "Key"));
  if (!key) return Failure(std::move(key).error());
  request->key = std::move(key).value();
  auto updates = read_attribute_updates(body);
  if (!updates) return Failure(std::move(updates).error());
  request->update = std::move(updates).value();
  if (auto done = read_expected_condition(body, *request); !done) return Failure(done.error());
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
    if (auto done = check_update_literals(table, *update.update); !done) return Failure(done.error());
    if (auto done = check_key_paths(table, update.update->nested_attributes()); !done)
      return Failure(done.error());
  }
  if (auto done = check_condition_paths(table, update); !done) return Failure(done.error());
  return std::move(key).value();
}

Evaluation UpdateItem::change(const model::Table& table, const Request& request, std::string key,
                              StoredItemPtr old) const {
  const auto& update = static_cast<const UpdateItemRequest&>(request);
  const model::Item& base = old ? old->item : update.key;
  model::Item item;
  if (update.update) {
    auto applied = update.update->apply(base);
    if (!applied) return expression_error(std::move(applied).error()).error;
    item = std::move(applied).value();
    // Nothing to do is a strong read: no entry in the log, no Attributes, one unit.
    if (!old && update.update->only_removes()) return Answer(write_answer_of(old, 0, nullptr));
  } else {
    item = base;
  }
  if (nests_too_deep(item)) return validation_error(std::string(kNestingExceeded)).error;
  const model::Item* before = old ? &old->item : nullptr;
  if (auto done = check_updated_index_keys(table, before, item); !done) return done.error();
  const uint64_t size = model::size_bytes(item);
  if (size > model::kItemSizeMax) return validation_error(std::string(kUpdatedItemTooLarge)).error;
  // The fragments are cut out of it, so it is moved away last.
  auto attributes = old_or_fragments(update, old, item);
  const auto new_item = std::make_shared<const model::Item>(std::move(item));
  if (update.return_values == ReturnValues::kAllNew) attributes = new_item;
  Effects effects;
  effects.answer = write_answer_of(old, size, std::move(attributes));
  effects.items.push_back(ItemChange{std::move(key), new_item, static_cast<uint32_t>(size), std::move(old), {}});
  return effects;
}

}  // namespace stator::api
