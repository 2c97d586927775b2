// Entries of global indexes, on their way and where they arrive.
#include "api/internal/index_writes.h"

#include "api/operations/common.h"
#include "api/shapes/shape.h"
#include "model/assert.h"
#include "model/item_record.h"
#include "model/size.h"

namespace stator::api {
namespace {

constexpr Shape kText = string_of("Text");
constexpr Shape kNumber = long_of("Number");
constexpr Member kWriteMembers[] = {
    {"Table", &kText, kRequired},   {"Key", &kText, kRequired}, {"Index", &kNumber, kRequired},
    {"Ordinal", &kNumber, kRequired}, {"Record", &kText},
};
constexpr Shape kWrite = structure_of("IndexWrite", kWriteMembers);
constexpr Shape kWrites = list_of("IndexWriteList", kWrite);
constexpr Member kMembers[] = {{"Sent", &kNumber, kRequired}, {"Writes", &kWrites, kRequired}};
constexpr Shape kInput = structure_of("IndexWritesInput", kMembers);

const IndexWriteRequest& typed(const Request& request) {
  return static_cast<const IndexWriteRequest&>(request);
}

Result<RequestPtr> read_write(const json::Value& body, model::Stamp sent) {
  auto request = std::make_shared<IndexWriteRequest>();
  request->operation = &kIndexWrite;
  request->table_name = request->table_given = *read_text(body, "Table");
  request->version.index = static_cast<uint64_t>(*read_integer(body, "Index"));
  request->version.ordinal = static_cast<uint16_t>(*read_integer(body, "Ordinal"));
  request->sent = sent;
  if (!json::unbase64(*read_text(body, "Key"), request->key) || request->key.size() <= model::kHashSize)
    return serialization_error("An index entry's key could not be read");
  const auto record = read_text(body, "Record");
  if (!record) return RequestPtr(std::move(request));
  std::string bytes;
  if (!json::unbase64(*record, bytes)) return serialization_error("An index entry could not be read");
  auto item = model::decode_item_record(request->key, bytes);
  if (!item.ok()) return serialization_error("An index entry could not be read");
  request->size_bytes = item->header.item_bytes;
  request->item = std::make_shared<const model::Item>(std::move(item->item));
  return RequestPtr(std::move(request));
}

}  // namespace

constinit const IndexWrite kIndexWrite;
constinit const IndexWrites kIndexWrites;

// --- one entry ---

const Shape& IndexWrite::input() const { return kWrite; }

Result<std::shared_ptr<Request>> IndexWrite::read(const json::Value&) const {
  return internal_error("An index entry comes in a batch");
}

Result<std::string> IndexWrite::key(const model::Table& table, const Request& request) const {
  // The index was dropped, and another table has its name.
  if (!table.index_of) return internal_error("The table holds no index");
  return typed(request).key;
}

Evaluation IndexWrite::evaluate(const model::Table&, const ItemView& items, const Request& request,
                                model::Stamp stamp) const {
  const IndexWriteRequest& write = typed(request);
  if (write.sent.micros + kIndexWriteMicrosMax < stamp.micros)
    return service_unavailable("The index entry was on its way for too long", 0).error;
  auto stored = items.get(write.key);
  if (!stored) return std::move(stored).error();
  if (*stored && (*stored)->version >= write.version) return Answer(ItemAnswer{});
  Effects effects;
  effects.answer = ItemAnswer{};
  ItemChange change;
  change.key = write.key;
  change.item = write.item;
  change.size_bytes = write.size_bytes;
  change.old_item = std::move(stored).value();
  change.version = write.version;
  change.tombstone = !write.item;
  effects.items.push_back(std::move(change));
  return effects;
}

void IndexWrite::write_answer(const Request&, const Answer&, json::Writer&) const {
  STATOR_ASSERT(false, "no client hears of it");
}

// --- several ---

const Shape& IndexWrites::input() const { return kInput; }

Result<std::shared_ptr<Request>> IndexWrites::read(const json::Value& body) const {
  auto request = std::make_shared<IndexWritesRequest>();
  const model::Stamp sent{static_cast<uint64_t>(*read_integer(body, "Sent"))};
  for (const auto write : json::array_of(*json::member(body, "Writes"))) {
    auto part = read_write(write, sent);
    if (!part) return Failure(std::move(part).error());
    request->parts.push_back(std::move(part).value());
  }
  return std::shared_ptr<Request>(std::move(request));
}

std::string IndexWrites::body(const IndexWritesRequest& request) {
  std::string text;
  json::Writer out(text);
  const model::Stamp sent = request.parts.empty() ? model::Stamp{} : typed(*request.parts.front()).sent;
  out.begin_object().key("Sent").integer(static_cast<int64_t>(sent.micros)).key("Writes").begin_array();
  for (const RequestPtr& part : request.parts) {
    const IndexWriteRequest& write = typed(*part);
    out.begin_object().key("Table").string(write.table_name).key("Key").string(json::base64(write.key));
    out.key("Index").integer(static_cast<int64_t>(write.version.index));
    out.key("Ordinal").integer(write.version.ordinal);
    if (write.item) {
      model::ItemRecordHeader header;
      header.item_bytes = write.size_bytes;
      out.key("Record").string(json::base64(model::encode_item_record(write.key, header, *write.item)));
    }
    out.end_object();
  }
  out.end_array().end_object();
  return text;
}

const std::vector<RequestPtr>& IndexWrites::parts(const Request& request) const {
  return static_cast<const IndexWritesRequest&>(request).parts;
}

Result<void> IndexWrites::check_keys(const Request&, const std::vector<std::string>&,
                                     const std::vector<model::TableId>&) const {
  return {};
}

Result<Answer> IndexWrites::combine(const Request&, BatchAnswer parts) const { return Answer(std::move(parts)); }

void IndexWrites::write_answer(const Request&, const Answer&, json::Writer&) const {
  STATOR_ASSERT(false, "no client hears of it");
}

}  // namespace stator::api
