// BatchGetItem. Pure.
#include "api/operations/batch_get_item.h"

#include "api/operations/get_item.h"
#include "api/shapes/item_shapes.h"
#include "model/assert.h"
#include "model/limits.h"
#include "model/size.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"RequestItems", &kBatchGetRequestMap, kRequired},
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
};
constexpr Shape kInput = structure_of("BatchGetItemInput", kMembers);

// The members that a client has to send again with unprocessed keys.
constexpr std::string_view kRepeatedMembers[] = {"ConsistentRead", "ProjectionExpression",
                                                 "ExpressionAttributeNames"};

const BatchGetItemRequest& typed_get(const Request& request) {
  return static_cast<const BatchGetItemRequest&>(request);
}

std::string repeated_members(const json::Value& keys_and_attributes) {
  std::string out;
  for (const std::string_view name : kRepeatedMembers) {
    const auto value = json::member(keys_and_attributes, name);
    if (!value) continue;
    if (!out.empty()) out.push_back(',');
    out.append("\"").append(name).append("\":").append(simdjson::minify(*value));
  }
  return out;
}

// One table's part of the batch: its keys become GetItem requests that share one projection.
Result<void> read_group(std::string_view given, const json::Value& content, BatchGetItemRequest& batch) {
  auto table = read_batch_table(given);
  if (!table) return Failure(std::move(table).error());
  if (auto done = check_parameter_usage(content, {"ProjectionExpression"}, {}); !done) return done;
  expressions::Substitutions substitutions;
  if (auto done = read_substitutions(content, substitutions); !done) return done;
  std::optional<expressions::Projection> projection;
  if (const auto text = read_text(content, "ProjectionExpression")) {
    auto parsed = expressions::parse_projection(*text, substitutions);
    if (!parsed) return expression_error(std::move(parsed).error());
    projection = std::move(parsed).value();
  }
  if (auto used = substitutions.check_all_used(); !used) return expression_error(used.error());

  BatchRequest::Group group{std::string(given), batch.parts.size(), 0};
  for (const auto key : json::array_of(*json::member(content, "Keys"))) {
    auto item = read_key(key);
    if (!item) return Failure(std::move(item).error());
    auto part = std::make_shared<GetItemRequest>();
    part->operation = &kGetItem;
    part->table_name = *table;
    part->table_given = given;
    part->key = std::move(item).value();
    part->consistent = read_boolean(content, "ConsistentRead", false);
    part->projection = projection;
    batch.parts.push_back(std::move(part));
  }
  group.end = batch.parts.size();
  batch.groups.push_back(std::move(group));
  batch.group_members.push_back(repeated_members(content));
  return {};
}

}  // namespace

constinit const BatchGetItem kBatchGetItem;

const Shape& BatchGetItem::input() const { return kInput; }

Result<std::shared_ptr<Request>> BatchGetItem::read(const json::Value& body) const {
  auto request = std::make_shared<BatchGetItemRequest>();
  request->capacity = read_return_consumed_capacity(body);
  const auto tables = json::object_of(*json::member(body, "RequestItems"));
  uint64_t keys = 0;
  for (const auto& [name, content] : tables) {
    (void)name;
    keys += json::array_of(*json::member(content, "Keys")).size();
  }
  if (keys > model::kBatchGetKeysMax)
    return validation_error("Too many items requested for the BatchGetItem call");
  for (const auto& [name, content] : tables) {
    if (auto done = read_group(name, content, *request); !done) return Failure(done.error());
  }
  return std::shared_ptr<Request>(std::move(request));
}

Result<Answer> BatchGetItem::combine(const Request& request, BatchAnswer parts) const {
  uint64_t bytes = 0;
  for (auto& part : parts.parts) {
    const auto* item = std::get_if<ItemAnswer>(&part);
    if (item == nullptr || item->item == nullptr) continue;
    bytes += model::size_bytes(*item->item);
    if (bytes > model::kBatchGetResponseMax)
      part = throughput_exceeded("The response of BatchGetItem is full").error;
  }
  return Batch::combine(request, std::move(parts));
}

void BatchGetItem::write_answer(const Request& request, const Answer& answer, json::Writer& out) const {
  const BatchGetItemRequest& batch = typed_get(request);
  const auto* parts = std::get_if<BatchAnswer>(&answer);
  STATOR_ASSERT(parts != nullptr, "batches give batch answers");
  out.begin_object().key("Responses").begin_object();
  for (const BatchRequest::Group& group : batch.groups) {
    out.key(group.table_given).begin_array();
    for (size_t i = group.first; i < group.end; ++i) {
      const auto* item = std::get_if<ItemAnswer>(&parts->parts[i]);
      if (item != nullptr && item->item) out.item(*item->item);
    }
    out.end_array();
  }
  out.end_object().key("UnprocessedKeys").begin_object();
  for (size_t g = 0; g < batch.groups.size(); ++g) {
    const BatchRequest::Group& group = batch.groups[g];
    bool open = false;
    for (size_t i = group.first; i < group.end; ++i) {
      if (done(*parts, i)) continue;
      if (!open) out.key(group.table_given).begin_object().key("Keys").begin_array();
      open = true;
      out.item(static_cast<const GetItemRequest&>(*batch.parts[i]).key);
    }
    if (!open) continue;
    out.end_array();
    if (!batch.group_members[g].empty()) out.raw(batch.group_members[g]);
    out.end_object();
  }
  out.end_object();
  write_batch_capacity(batch, *parts, out);
  out.end_object();
}

}  // namespace stator::api
