// Log entries: what the replicas of a partition agree on, as bytes. A fixed little-endian header and a Cap'n
// Proto body (schemas/log_entry.capnp), encoded once by the leader. Field by field in docs/storage_format.md;
// golden-byte tests hold it still. Pure; any thread.
//
//   format u8 | kind u8 | flags u16 | active version u32 | partition u64 | range epoch u32 |
//   schema version u32 | table u64 | term u64 | index u64 | stamp u64 | key id u32 | body bytes u32 |
//   checksum of the entry before u64 | checksum u64 (XXH3 over all before it, and the body) | body
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/answer.h"
#include "cluster/node_record.h"
#include "cluster/partition.h"
#include "cluster/request_ids.h"
#include "model/ids.h"
#include "model/item_record.h"
#include "model/result.h"
#include "model/row_kind.h"
#include "model/table.h"
#include "raft/entry.h"

namespace stator::cluster {

// Stored; never reuse a number. The numbers left out belong to kinds that later work brings
// (docs/storage_format.md).
enum class LogKind : uint8_t { kNoop = 1, kWrite = 2, kMembership = 3, kSchema = 6, kMetadata = 15 };

inline constexpr size_t kLogHeaderSize = 80;
inline constexpr uint32_t kLogFormatVersion = 1;     // the newest that this binary writes, ...
inline constexpr uint32_t kLogFormatVersionMin = 1;  // ... and the oldest that it reads

// A body may hold an item of 400 KB with its old image and index rows, or a batch of operations up to this.
inline constexpr size_t kLogBodyMax = 16 * 1024 * 1024;

struct LogHeader {
  LogKind kind = LogKind::kNoop;
  uint32_t active_version = kLogFormatVersion;
  model::PartitionId partition;
  uint32_t range_epoch = 0;
  uint32_t schema_version = 0;
  model::TableId table;
  raft::Term term = 0;
  raft::Index index = 0;
  model::Stamp stamp;
  uint32_t key_id = 0;             // 0: not encrypted
  uint64_t previous_checksum = 0;  // of the entry at index - 1; 0 for the first
  uint64_t checksum = 0;           // filled by seal_log_entry and decode_log_header
};

enum class LogEntryError : uint8_t {
  kTruncated = 1,  // shorter than its header says, or longer
  kUnknownFormat,  // a format or kind that no version of ours explains
  kChecksum,       // damaged bytes
  kMalformed,      // a body that is not what its kind says
};
std::string_view log_entry_error_text(LogEntryError error);

// The whole entry. Fills header.checksum.
std::shared_ptr<const std::string> seal_log_entry(LogHeader& header, std::string_view body);
// Verifies format, lengths and checksum, in this order.
model::Result<LogHeader, LogEntryError> decode_log_header(std::string_view entry);
// The bytes behind the header. Requires a decoded header.
std::string_view log_body(std::string_view entry);
// Whether the header is of `partition` and agrees with the place that Raft gives the entry in the log.
bool matches(const LogHeader& header, model::PartitionId partition, const raft::Entry& entry);

// --- kind write ---

// One operation of a write entry, as the leader proposes it.
struct WriteOperation {
  std::string key;     // model::item_key
  std::string record;  // model::encode_item_record; empty: the item is deleted
  int8_t count_delta = 0;
  int64_t bytes_delta = 0;
  std::optional<RequestId> request_id;     // where a retry can be recognised
  std::optional<api::ItemAnswer> outcome;  // with request_id
};
std::string encode_write_body(const std::vector<WriteOperation>& operations,
                              const std::vector<model::RowWrite>& rows = {});

// The same as views into the entry's bytes, valid as long as those are.
struct WriteOperationView {
  std::string_view key;
  std::string_view record;
  int8_t count_delta = 0;
  int64_t bytes_delta = 0;
  std::optional<RequestId> request_id;
  std::optional<api::ItemAnswer> outcome;
};
struct WriteBodyView {
  std::vector<WriteOperationView> operations;
  std::vector<model::RowWrite> rows;  // copies
};
model::Result<WriteBodyView, LogEntryError> decode_write_body(std::string_view body);

// --- kind schema ---

std::string encode_schema_body(const model::Table& table);
model::Result<model::Table, LogEntryError> decode_schema_body(std::string_view body);

// --- kind metadata (group 0) ---

// What holds for the whole cluster.
struct ClusterRecord {
  ClusterId id{};
  uint32_t active_version = kLogFormatVersion;  // what leaders write
  bool operator==(const ClusterRecord&) const = default;
};

struct MetadataChange {
  enum class Kind : uint8_t {
    kPutTable,
    kDeleteTable,
    kPutPartition,
    kDeletePartition,
    kAllocated,
    kPutNode,
    kDeleteNode,
    kPutCluster,
  };
  Kind kind = Kind::kPutTable;
  model::Table table;     // kPutTable; kDeleteTable: its id
  Partition partition;    // kPutPartition; kDeletePartition: its id
  Allocated allocated;    // kAllocated
  NodeRecord node;        // kPutNode; kDeleteNode: its id
  ClusterRecord cluster;  // kPutCluster
};
struct MetadataBody {
  std::vector<MetadataChange> changes;
  std::optional<RequestId> request_id;      // where a retry can be recognised
  std::optional<api::TableAnswer> outcome;  // with request_id
};
std::string encode_metadata_body(const MetadataBody& body);
model::Result<MetadataBody, LogEntryError> decode_metadata_body(std::string_view body);

// The same values as rows of group 0's state in items/ (model/row_kind.h: partition, allocated, node,
// cluster).
std::string encode_partition(const Partition& partition);
model::Result<Partition, LogEntryError> decode_partition(std::string_view bytes);
std::string encode_allocated(const Allocated& allocated);
model::Result<Allocated, LogEntryError> decode_allocated(std::string_view bytes);
std::string encode_node(const NodeRecord& node);
model::Result<NodeRecord, LogEntryError> decode_node(std::string_view bytes);
std::string encode_cluster(const ClusterRecord& cluster);
model::Result<ClusterRecord, LogEntryError> decode_cluster(std::string_view bytes);

}  // namespace stator::cluster
