// BatchGetItem. Pure.
#include "api/operations/batch_get_item.h"

#include "api/operations/get_item.h"
#include "api/operations/legacy_parameters.h"
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
constexpr std::string_view kRepeatedMembers[] = {"ConsistentRead", "AttributesToGet",
                                                 "ProjectionExpression", "ExpressionAttributeNames"};

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

// Two equal Keys among the parts from `first` on are told before the table is looked for; equal keys in tables
// that two names mean are found later (Batch::check_keys).
Result<void> check_distinct(const BatchGetItemRequest& batch, size_t first) {
  std::vector<const model::Item*> keys;
  for (size_t i = first; i < batch.parts.size(); ++i)
    keys.push_back(&static_cast<const GetItemRequest&>(*batch.parts[i]).key);
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (*keys[i] == *keys[j]) return validation_error("Provided list of item keys contains duplicates");
    }
  }
  return {};
}

// One table's part of the batch: its keys become GetItem requests that share one projection.
Result<void> read_group(std::string_view given, const json::Value& content, BatchGetItemRequest& batch) {
  auto table = read_batch_table(given);
  if (!table) return Failure(std::move(table).error());
  if (auto done = check_parameter_mix(content, {"AttributesToGet"}, {"ProjectionExpression"}); !done) return done;
  if (auto done = check_parameter_usage(content, {"ProjectionExpression"}, {}); !done) return done;
  auto attributes = read_attributes_to_get(content);
  if (!attributes) return Failure(std::move(attributes).error());
  std::optional<expressions::Projection> projection = std::move(attributes).value();
  expressions::Substitutions substitutions;
  if (auto done = read_names(content, substitutions); !done) return done;
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
  if (auto done = check_distinct(batch, group.first); !done) return done;
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
