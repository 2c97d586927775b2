// GetItem. Pure.
#include "api/operations/get_item.h"

#include "api/operations/legacy_parameters.h"
#include "api/shapes/item_shapes.h"
#include "model/assert.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
    {"Key", &kKey, kRequired},
    {"AttributesToGet", &kAttributeNameList},
    {"ConsistentRead", &kConsistentRead},
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"ProjectionExpression", &kProjectionExpression},
    {"ExpressionAttributeNames", &kExpressionAttributeNameMap},
};
constexpr Shape kInput = structure_of("GetItemInput", kMembers);

const GetItemRequest& typed(const Request& request) { return static_cast<const GetItemRequest&>(request); }

}  // namespace

constinit const GetItem kGetItem;

const Shape& GetItem::input() const { return kInput; }

Result<std::shared_ptr<Request>> GetItem::read(const json::Value& body) const {
  auto request = std::make_shared<GetItemRequest>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  if (auto done = check_parameter_mix(body, {"AttributesToGet"}, {"ProjectionExpression"}); !done)
    return Failure(done.error());
  if (auto done = check_parameter_usage(body, {"ProjectionExpression"}, {}); !done)
    return Failure(done.error());
  auto key = read_key(*json::member(body, "Key"));
  if (!key) return Failure(std::move(key).error());
  request->key = std::move(key).value();
  auto attributes = read_attributes_to_get(body);
  if (!attributes) return Failure(std::move(attributes).error());
  request->projection = std::move(attributes).value();
  request->consistent = read_boolean(body, "ConsistentRead", false);
  request->capacity = read_return_consumed_capacity(body);
  expressions::Substitutions substitutions;
  if (auto done = read_names(body, substitutions); !done) return Failure(done.error());
  if (const auto text = read_text(body, "ProjectionExpression")) {
    auto projection = expressions::parse_projection(*text, substitutions);
    if (!projection) return expression_error(std::move(projection).error());
    request->projection = std::move(projection).value();
  }
  if (auto used = substitutions.check_all_used(); !used) return expression_error(used.error());
  return std::shared_ptr<Request>(std::move(request));
}

bool GetItem::consistent(const Request& request) const { return typed(request).consistent; }

Result<std::string> GetItem::key(const model::Table& table, const Request& request) const {
  const GetItemRequest& get = typed(request);
  auto key = model::key_of_key_map(table.key, get.key);
  if (!key) return key_error(key.error());
  if (get.projection) {
    if (auto done = check_key_paths(table, get.projection->nested_attributes()); !done)
      return Failure(done.error());
  }
  return std::move(key).value();
}

Evaluation GetItem::evaluate(const model::Table& table, const ItemView& items, const Request& request,
                             model::Stamp) const {
  const GetItemRequest& get = typed(request);
  auto key = this->key(table, request);
  if (!key) return std::move(key).error();
  auto found = items.get(*key);
  if (!found) return std::move(found).error();
  const StoredItemPtr& stored = *found;
  ItemAnswer answer;
  // The whole item counts, whatever is projected; an item that is not there counts the least.
  answer.capacity.read_units = read_units(stored ? stored->size_bytes : 0, get.consistent);
  if (stored) {
    answer.item = get.projection ? std::make_shared<const model::Item>(get.projection->apply(stored->item))
                                 : std::shared_ptr<const model::Item>(stored, &stored->item);
  }
  return Answer(std::move(answer));
}

void GetItem::write_answer(const Request& request, const Answer& answer, json::Writer& out) const {
  const auto* item = std::get_if<ItemAnswer>(&answer);
  STATOR_ASSERT(item != nullptr, "GetItem gives item answers");
  out.begin_object();
  if (item->item) out.key("Item").item(*item->item);
  write_consumed_capacity(request, item->capacity, typed(request).capacity, out);
  out.end_object();
}

}  // namespace stator::api
