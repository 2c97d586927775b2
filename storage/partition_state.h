// PartitionState: what a replica knows of its partition as of its applied index. One row in space 0 of
// items/, written in the same LevelDB batch as the rows that it describes, so that a restart knows from which
// index to replay the log. Encoded as a small header and a Cap'n Proto body (schemas/partition_state.capnp);
// docs/storage_format.md. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.h"
#include "model/index_counts.h"
#include "model/key.h"
#include "raft/entry.h"
#include "storage/error.h"

namespace stator::storage {

// A log position: applied up to here.
struct Position {
  raft::Index index = 0;
  raft::Term term = 0;
  auto operator<=>(const Position&) const = default;
};

// One shard of the partition's stream (protocol 20).
struct ShardState {
  uint64_t id = 0;
  uint64_t parent = 0;  // 0: none
  raft::Index first_index = 0;
  raft::Index last_index = 0;  // 0: open
  model::Stamp created;
  std::string label;
  bool operator==(const ShardState&) const = default;
};

// Where the partition came from: the split entry of its parent (protocol 17).
struct Lineage {
  model::PartitionId parent;  // none: not split off
  raft::Index split_index = 0;
  bool operator==(const Lineage&) const = default;
};

struct PartitionState {
  model::PartitionId partition;
  model::TableId table;
  model::SpaceId space;  // where its rows lie
  model::ReplicaId replica;
  model::KeyRange range;  // of item keys
  uint32_t range_epoch = 0;
  uint32_t configuration_epoch = 0;
  raft::Membership membership;  // as of applied
  Position applied;
  model::Stamp last_stamp;
  model::Stamp highest_deletion_stamp;
  uint32_t schema_version = 0;
  uint64_t item_count = 0;
  uint64_t item_bytes = 0;          // as the service counts
  bool counts_approximate = false;  // after a split, until recounted
  std::vector<model::IndexCounts> local_indexes;  // entries of the table's local indexes; in order of number
  std::vector<ShardState> shards;
  raft::Index trim_index = 0;  // stream records up to here are gone
  Lineage lineage;
  uint64_t last_checksum = 0;  // of the log entry at applied.index: the chain that the next entry continues
  std::string request_ids;     // digest, opaque here. Rewritten with every apply: keep it small
  std::string extension;       // opaque; for versions to come
  bool operator==(const PartitionState&) const = default;
};

std::string encode_partition_state(const PartitionState& state);
// kFormat for a version that is not ours, kCorruption for damaged bytes or a row under another partition's
// key.
Result<PartitionState> decode_partition_state(model::PartitionId partition, std::string_view bytes);

}  // namespace stator::storage
