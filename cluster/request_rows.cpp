// Keys and values of request rows.
#include "cluster/request_rows.h"

#define XXH_STATIC_LINKING_ONLY  // the streaming state, by value
#include <xxhash.h>

#include <cstring>

#include "cluster/outcome_codec.h"
#include "schemas/request_rows.capnp.h"

namespace stator::cluster {
namespace {

constexpr size_t kIndexBytes = sizeof(raft::Index);
constexpr size_t kChecksumBytes = sizeof(uint64_t);

uint64_t checksum_of(std::string_view key, std::string_view body) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, key.data(), key.size());
  XXH3_64bits_update(&state, body.data(), body.size());
  return XXH3_64bits_digest(&state);
}

std::optional<api::Answer> read_answer(schemas::RememberedRequest::Reader in) {
  switch (in.which()) {
    case schemas::RememberedRequest::ITEM:
      return read_outcome(in.getItem());
    case schemas::RememberedRequest::TABLE:
      return read_outcome(in.getTable());
  }
  return std::nullopt;
}

}  // namespace

std::string request_row_key(raft::Index index, const RequestId& id) {
  const uint64_t big = __builtin_bswap64(index);
  std::string key(reinterpret_cast<const char*>(&big), sizeof big);
  return key.append(reinterpret_cast<const char*>(id.data()), id.size());
}

StoredRow encode_request_row(const RememberedRequest& request) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schemas::RememberedRequest>();
  out.setStamp(request.stamp.micros);
  if (const auto* item = std::get_if<api::ItemAnswer>(&request.outcome)) {
    write_outcome(out.initItem(), *item);
  } else {
    STATOR_ASSERT(std::holds_alternative<api::TableAnswer>(request.outcome),
                  "writes on items and tables are kept");
    write_outcome(out.initTable(), std::get<api::TableAnswer>(request.outcome));
  }
  StoredRow row;
  row.kind = model::RowKind::kRequest;
  row.key = request_row_key(request.index, request.id);
  const std::string body = flatten(message);
  const uint64_t checksum = checksum_of(row.key, body);
  row.value.assign(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  row.value += body;
  return row;
}

std::optional<RememberedRequest> decode_request_row(const StoredRow& row) {
  RememberedRequest request;
  if (row.kind != model::RowKind::kRequest || row.key.size() != kIndexBytes + request.id.size() ||
      row.value.size() < kChecksumBytes) {
    return std::nullopt;
  }
  uint64_t big, checksum;
  std::memcpy(&big, row.key.data(), sizeof big);
  std::memcpy(request.id.data(), row.key.data() + kIndexBytes, request.id.size());
  std::memcpy(&checksum, row.value.data(), sizeof checksum);
  const std::string_view body = std::string_view(row.value).substr(kChecksumBytes);
  if (checksum != checksum_of(row.key, body)) return std::nullopt;
  request.index = __builtin_bswap64(big);
  auto decoded = decode_body<RememberedRequest>(
      body, LogEntryError::kMalformed,
      [&](BodyReader& reader) -> model::Result<RememberedRequest, LogEntryError> {
        auto in = reader.root<schemas::RememberedRequest>();
        request.stamp = model::Stamp{in.getStamp()};
        std::optional<api::Answer> outcome = read_answer(in);
        if (!outcome) return model::Failure(LogEntryError::kMalformed);
        request.outcome = std::move(*outcome);
        return std::move(request);
      });
  if (!decoded.ok()) return std::nullopt;
  return std::move(*decoded);
}

}  // namespace stator::cluster
