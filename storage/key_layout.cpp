// Building and reading the keys of both databases (key_layout.h draws them).
#include "storage/key_layout.h"

#include "model/byte_order.h"

namespace stator::storage {

std::string to_string(ReplicaAddress address) {
  return "partition " + std::to_string(address.partition.value) + ", replica " +
         std::to_string(address.replica.value);
}

void append_u64_be(std::string& out, uint64_t value) {
  model::append_big_endian(out, value);
}

uint64_t read_u64_be(const char* bytes) {
  return model::load_big_endian<uint64_t>(bytes);
}

std::string space_prefix(SpaceId space) {
  std::string key;
  append_u64_be(key, space.value);
  return key;
}

std::string kind_prefix(SpaceId space, RowKind kind) {
  std::string key = space_prefix(space);
  key.push_back(static_cast<char>(kind));
  return key;
}

std::string row_key(SpaceId space, RowKind kind, std::string_view key) {
  std::string out;
  out.reserve(kRowKeyPrefix + key.size());
  append_u64_be(out, space.value);
  out.push_back(static_cast<char>(kind));
  out.append(key);
  return out;
}

namespace {

std::string store_row_key(StoreRowKind kind, std::optional<uint64_t> id) {
  std::string key;
  append_u64_be(key, 0);
  key.push_back(static_cast<char>(kind));
  if (id) append_u64_be(key, *id);
  return key;
}

}  // namespace

std::string partition_state_key(PartitionId partition) {
  return store_row_key(StoreRowKind::kPartitionState, partition.value);
}
std::string space_key(SpaceId space) { return store_row_key(StoreRowKind::kSpace, space.value); }
std::string next_space_key() { return store_row_key(StoreRowKind::kNextSpace, std::nullopt); }

std::string log_key(ReplicaAddress address, LogRowKind kind) {
  std::string key;
  key.reserve(kLogKeyPrefix + sizeof(uint64_t));
  append_u64_be(key, address.partition.value);
  append_u64_be(key, address.replica.value);
  key.push_back(static_cast<char>(kind));
  return key;
}

std::string entry_key(ReplicaAddress address, raft::Index index) {
  std::string key = log_key(address, LogRowKind::kEntry);
  append_u64_be(key, index);
  return key;
}

std::string incarnation_key() { return std::string(16, '\xff') + '\x01'; }

std::optional<LogKey> parse_log_key(std::string_view key) {
  if (key.size() < kLogKeyPrefix) return std::nullopt;
  const auto kind = static_cast<LogRowKind>(key[kLogKeyPrefix - 1]);
  if (kind < LogRowKind::kHardState || kind > LogRowKind::kMinimumReplica) return std::nullopt;
  if (key.size() != kLogKeyPrefix + (kind == LogRowKind::kEntry ? sizeof(uint64_t) : 0)) return std::nullopt;
  LogKey parsed{{PartitionId(read_u64_be(key.data())), ReplicaId(read_u64_be(key.data() + 8))}, kind};
  if (kind == LogRowKind::kEntry) parsed.index = read_u64_be(key.data() + kLogKeyPrefix);
  return parsed;
}

}  // namespace stator::storage
