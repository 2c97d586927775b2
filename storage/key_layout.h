// Where everything lies in the two databases of a store. Integers in keys are big-endian, so that they sort.
//
//   items/   space u64 | kind u8 | key                        a row of a space (model/row_kind.h)
//            0 u64 | 1 u8 | partition u64                     the state of a partition (partition_state.h)
//            0 u64 | 2 u8 | space u64                         a space that is in use or yet to be deleted
//            0 u64 | 3 u8                                     the next free space number
//
//   log/     partition u64 | replica u64 | 1 u8               term and vote
//            partition u64 | replica u64 | 2 u8               base: the state just before the first entry
//            partition u64 | replica u64 | 3 u8               up to where items/ is synced
//            partition u64 | replica u64 | 4 u8 | index u64   an entry
//            partition u64 | replica u64 | 5 u8               removed; entries of it may still lie there
//            partition u64 | 0 u64 | 6 u8                     the smallest id of a later replica
//            FF x 16 | 1 u8                                   the incarnation that this log belongs to
//
// A replica's rows lie together and its entries in order of index. Values: log_rows.h. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/ids.h"
#include "model/key.h"
#include "model/row_kind.h"
#include "raft/entry.h"

namespace stator::storage {

using model::PartitionId;
using model::ReplicaId;
using model::RowKind;
using model::SpaceId;

// A replica's place within a store. A store holds at most one live replica of a partition.
struct ReplicaAddress {
  PartitionId partition;
  ReplicaId replica;
  auto operator<=>(const ReplicaAddress&) const = default;
};
// "partition 7, replica 12", for errors.
std::string to_string(ReplicaAddress address);

void append_u64_be(std::string& out, uint64_t value);
// Requires 8 bytes.
uint64_t read_u64_be(const char* bytes);

// --- items/ ---
enum class StoreRowKind : uint8_t {
  kPartitionState = 1,
  kSpace = 2,
  kNextSpace = 3
};  // stored, within space 0
std::string row_key(SpaceId space, RowKind kind, std::string_view key);
// All rows of a space, or of one kind of it, begin with these bytes.
std::string space_prefix(SpaceId space);
std::string kind_prefix(SpaceId space, RowKind kind);
inline constexpr size_t kRowKeyPrefix = 9;  // space and kind
std::string partition_state_key(PartitionId partition);
std::string space_key(SpaceId space);
std::string next_space_key();

// --- log/ ---
enum class LogRowKind : uint8_t {  // stored
  kHardState = 1,
  kBase = 2,
  kItemsSynced = 3,
  kEntry = 4,
  kRemoved = 5,
  kMinimumReplica = 6,
};
inline constexpr size_t kLogKeyPrefix = 17;  // partition, replica and kind
std::string log_key(ReplicaAddress address, LogRowKind kind);
std::string entry_key(ReplicaAddress address, raft::Index index);
std::string incarnation_key();

struct LogKey {
  ReplicaAddress address;
  LogRowKind kind;
  raft::Index index = 0;  // kEntry
};
// nullopt for bytes that are no key of log/.
std::optional<LogKey> parse_log_key(std::string_view key);

}  // namespace stator::storage

template <>
struct std::hash<stator::storage::ReplicaAddress> {
  size_t operator()(stator::storage::ReplicaAddress a) const noexcept {
    return std::hash<stator::model::PartitionId>{}(a.partition) ^
           std::hash<stator::model::ReplicaId>{}(a.replica) * 31;
  }
};
