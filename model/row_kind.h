// The kinds of rows that a partition's space in items/ holds, and a change of one. Kept here, since evaluations, log entries
// and snapshots name them too.
// Pure. The key behind each kind is in docs/storage_format.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace stator::model {

// Stored, in keys and in log entries; never reuse a number. Within a space keys sort by kind first.
enum class RowKind : uint8_t {
  kItem = 1,            // hash16, partition key, sort key (in an index's partition: hash16, index tuple, base key)
  kLocalIndex = 2,      // hash16, partition key, index u16, index sort key, sort key
  kCollectionSize = 3,  // hash16, partition key: the bytes of an item collection, in tables with local indexes
  kDirty = 4,           // item key, index u16, version index u64, ordinal u16: a global index has yet to see this item
  kLock = 5,            // hash16, partition key, sort key: reserved for transactions
  kTtl = 6,             // seconds u32, item key: when the item expires, or its tombstone may go
  kStream = 7,          // partition u64, index u64, ordinal u16
  kSchema = 8,          // empty: the table's record as the newest applied schema entry has it
  kTable = 9,           // group 0 only. Table id u64: a table record
  kPartition = 10,      // group 0 only. Partition id u64: range and replicas
  kAllocated = 11,      // group 0 only. Empty: the next free ids
  kNode = 12,           // group 0 only. Node id u64: what group 0 knows of it
  kCluster = 13,        // group 0 only. Empty: the cluster's id and active version
  kRequest = 14,        // index u64, request id 16 B: a remembered request that came with a snapshot. Not replicated:
                        // replicas whose logs go back far enough have no such rows
  kBuild = 15,          // index u16 (0: the time to live): how far the items of before were read for it
};

// One row to be written: a put, or a deletion where there is no value.
struct RowWrite {
  RowKind kind = RowKind::kItem;
  std::string key;  // without space and kind
  std::optional<std::string> value;
  // kLocalIndex: what the write does to the counts of the entry's index (model/index_counts.h). Zeros in entries of logs that
  // are older than the counts.
  int8_t count_delta = 0;
  int32_t bytes_delta = 0;
  bool operator==(const RowWrite&) const = default;
};

}  // namespace stator::model
