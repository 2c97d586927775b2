// BatchWriteItem. Pure.
#include "api/operations/batch_write_item.h"

#include <algorithm>

#include "api/operations/delete_item.h"
#include "api/operations/put_item.h"
#include "api/shapes/item_shapes.h"
#include "model/assert.h"
#include "model/limits.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"RequestItems", &kBatchWriteItemRequestMap, kRequired},
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"ReturnItemCollectionMetrics", &kReturnItemCollectionMetrics},
};
constexpr Shape kInput = structure_of("BatchWriteItemInput", kMembers);

Result<RequestPtr> read_part(const json::Value& write, const std::string& table, std::string_view given,
                             const BatchRequest& batch) {
  const auto put = json::member(write, "PutRequest");
  const auto erase = json::member(write, "DeleteRequest");
  // The service's own words for a request that is both, or neither.
  if (put.has_value() == erase.has_value())
    return validation_error(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
        "datatypes");
  std::shared_ptr<WriteRequest> part;
  if (put) {
    auto request = std::make_shared<PutItemRequest>();
    request->operation = &kPutItem;
    request->in_batch = true;
    if (auto done = read_put_item(*json::member(*put, "Item"), *request); !done) return Failure(done.error());
    part = std::move(request);
  } else {
    auto request = std::make_shared<DeleteItemRequest>();
    request->operation = &kDeleteItem;
    auto key = read_key(*json::member(*erase, "Key"));
    if (!key) return Failure(std::move(key).error());
    request->key = std::move(key).value();
    part = std::move(request);
  }
  part->capacity = batch.capacity;
  part->collection_metrics = batch.collection_metrics;
  part->table_name = table;
  part->table_given = given;
  return RequestPtr(std::move(part));
}

void write_unprocessed(const Request& part, json::Writer& out) {
  out.begin_object();
  if (part.operation == &kPutItem)
    out.key("PutRequest").begin_object().key("Item").item(*static_cast<const PutItemRequest&>(part).item);
  else
    out.key("DeleteRequest").begin_object().key("Key").item(static_cast<const DeleteItemRequest&>(part).key);
  out.end_object().end_object();
}

// ItemCollectionMetrics: of each table with local indexes the collections that were written, each once.
void write_collections(const BatchRequest& batch, const BatchAnswer& answer, json::Writer& out) {
  bool any = false;
  for (const BatchRequest::Group& group : batch.groups) {
    std::vector<const ItemCollection*> collections;
    for (size_t i = group.first; i < group.end; ++i) {
      const auto* item = std::get_if<ItemAnswer>(&answer.parts[i]);
      if (item == nullptr || !item->collection) continue;
      const auto same = std::ranges::find_if(
          collections, [&](const ItemCollection* other) { return other->key == item->collection->key; });
      if (same == collections.end())
        collections.push_back(item->collection.get());
      else if ((*same)->bytes < item->collection->bytes)
        *same = item->collection.get();
    }
    if (collections.empty()) continue;
    if (!any) out.key("ItemCollectionMetrics").begin_object();
    any = true;
    out.key(group.table_given).begin_array();
    for (const ItemCollection* collection : collections) write_item_collection(*collection, out);
    out.end_array();
  }
  if (any) out.end_object();
}

}  // namespace

constinit const BatchWriteItem kBatchWriteItem;

const Shape& BatchWriteItem::input() const { return kInput; }

Result<std::shared_ptr<Request>> BatchWriteItem::read(const json::Value& body) const {
  auto request = std::make_shared<BatchRequest>();
  request->capacity = read_return_consumed_capacity(body);
  request->collection_metrics = read_text(body, "ReturnItemCollectionMetrics") == "SIZE";
  const auto tables = json::object_of(*json::member(body, "RequestItems"));
  uint64_t writes = 0;
  for (const auto& [name, list] : tables) {
    (void)name;
    writes += json::array_of(list).size();
  }
  if (writes > model::kBatchWriteRequestsMax)
    return validation_error("Too many items requested for the BatchWriteItem call");
  for (const auto& [name, list] : tables) {
    auto table = read_batch_table(name);
    if (!table) return Failure(std::move(table).error());
    BatchRequest::Group group{std::string(name), request->parts.size(), 0};
    for (const auto write : json::array_of(list)) {
      auto part = read_part(write, *table, name, *request);
      if (!part) return Failure(std::move(part).error());
      request->parts.push_back(std::move(part).value());
    }
    group.end = request->parts.size();
    request->groups.push_back(std::move(group));
  }
  return std::shared_ptr<Request>(std::move(request));
}

void BatchWriteItem::write_answer(const Request& request, const Answer& answer, json::Writer& out) const {
  const BatchRequest& batch = typed(request);
  const auto* parts = std::get_if<BatchAnswer>(&answer);
  STATOR_ASSERT(parts != nullptr, "batches give batch answers");
  out.begin_object().key("UnprocessedItems").begin_object();
  for (const BatchRequest::Group& group : batch.groups) {
    bool open = false;
    for (size_t i = group.first; i < group.end; ++i) {
      if (done(*parts, i)) continue;
      if (!open) out.key(group.table_given).begin_array();
      open = true;
      write_unprocessed(*batch.parts[i], out);
    }
    if (open) out.end_array();
  }
  out.end_object();
  write_collections(batch, *parts, out);
  write_batch_capacity(batch, *parts, out);
  out.end_object();
}

}  // namespace stator::api
