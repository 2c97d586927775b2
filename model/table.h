// Table: what group 0 knows of a table, and what every evaluation reads of it. A plain value; pure.
// Stored by schemas/metadata.capnp (model/table_record.h).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/attribute_value.h"
#include "model/ids.h"

namespace stator::model {

// Stored; never reuse a number.
enum class TableStatus : uint8_t { kCreating = 1, kActive = 2, kUpdating = 3, kDeleting = 4 };
enum class BillingMode : uint8_t { kProvisioned = 1, kPayPerRequest = 2 };
enum class TableClass : uint8_t { kUnset = 0, kStandard = 1, kStandardInfrequentAccess = 2 };
enum class ProjectionType : uint8_t { kAll = 1, kKeysOnly = 2, kInclude = 3 };

std::string_view table_status_name(TableStatus status);  // "CREATING", "ACTIVE", ...
std::string_view billing_mode_name(BillingMode mode);    // "PROVISIONED", "PAY_PER_REQUEST"
std::string_view table_class_name(TableClass table_class);  // "STANDARD", "STANDARD_INFREQUENT_ACCESS"
std::string_view projection_type_name(ProjectionType type);  // "ALL", "KEYS_ONLY", "INCLUDE"

struct KeyAttribute {
  std::string name;
  AttributeType type = AttributeType::kS;  // S, N or B
  bool operator==(const KeyAttribute&) const = default;
};

struct KeySchema {
  KeyAttribute partition_key;
  std::optional<KeyAttribute> sort_key;
  bool is_key(std::string_view attribute) const {
    return attribute == partition_key.name || (sort_key && attribute == sort_key->name);
  }
  bool operator==(const KeySchema&) const = default;
};

// Provisioned throughput, in capacity units a second; zeros on demand.
struct Throughput {
  uint64_t read_units = 0;
  uint64_t write_units = 0;
  Stamp last_increase;  // 0 = never
  Stamp last_decrease;
  uint32_t decreases_today = 0;
  bool operator==(const Throughput&) const = default;
};

// The highest request units a second that an on-demand table or index serves; 0 = no limit of its own.
struct OnDemandLimits {
  uint64_t read_units = 0;
  uint64_t write_units = 0;
  bool operator==(const OnDemandLimits&) const = default;
};

// What a table or an index is said to be able to serve at once; 0 = the service's default (12000, 4000).
struct WarmThroughput {
  uint64_t read_units = 0;
  uint64_t write_units = 0;
  bool operator==(const WarmThroughput&) const = default;
};

// Which attributes an index's entries have: the keys of the index and of the table always.
struct Projection {
  ProjectionType type = ProjectionType::kAll;
  std::vector<std::string> non_key_attributes;  // kInclude only, in the order of the request
  bool operator==(const Projection&) const = default;
};

// A local secondary index: the table's partition key with another sort key; its rows lie beside the items.
struct LocalIndex {
  uint16_t number = 0;  // names its rows: unique among the table's indexes of both kinds, never used again
  std::string name;
  KeyAttribute sort_key;
  Projection projection;
  bool operator==(const LocalIndex&) const = default;
};

// A global secondary index: its entries are the items of a table of its own, which only the server sees (Table::index_of).
struct GlobalIndex {
  uint16_t number = 0;  // as of a local index
  TableId id;           // of the table that holds its entries; group 0 gives it
  std::string name;
  std::vector<KeyAttribute> partition_key;  // 1 to 4 attributes: an entry has them all
  std::vector<KeyAttribute> sort_key;       // 0 to 4
  Projection projection;
  TableStatus status = TableStatus::kActive;
  bool backfilling = false;  // made by UpdateTable, and the items of before are still being read
  std::vector<PartitionId> built;  // while it is: the table's partitions that have been read
  Throughput throughput;
  OnDemandLimits on_demand;
  WarmThroughput warm;
  bool is_key(std::string_view attribute) const;
  bool operator==(const GlobalIndex&) const = default;
};

// Time to live: items whose `attribute` is a Number of epoch seconds in the past are deleted.
struct TimeToLive {
  std::string attribute;  // empty: never enabled
  bool enabled = false;
  Stamp changed;  // when it was enabled or disabled last
  bool operator==(const TimeToLive&) const = default;
};

// Where a table holds the entries of another table's global index: its items are keyed by model/index.h, its `key` and
// attribute definitions are the base table's, and `global_indexes` has the one index whose entries it holds.
struct IndexOf {
  TableId table;        // the base
  uint16_t number = 0;  // the index's, there
  bool operator==(const IndexOf&) const = default;
};

struct Table {
  TableId id;
  std::string name;
  std::string uuid;  // TableId on the wire: 8-4-4-4-12 lower-case hex
  uint32_t schema_version = 1;
  TableStatus status = TableStatus::kActive;
  Stamp created;
  KeySchema key;
  std::vector<KeyAttribute> attribute_definitions;  // in the order of the request
  BillingMode billing_mode = BillingMode::kProvisioned;
  Stamp last_update_to_on_demand;  // 0 = never on demand
  Throughput throughput;
  TableClass table_class = TableClass::kUnset;
  bool deletion_protection = false;
  std::vector<std::pair<std::string, std::string>> tags;
  OnDemandLimits on_demand;
  WarmThroughput warm;
  TimeToLive time_to_live;
  std::vector<LocalIndex> local_indexes;    // in the order of the request
  std::vector<GlobalIndex> global_indexes;  // in the order in which they were made
  uint16_t next_index_number = 1;
  std::optional<IndexOf> index_of;  // set: no table of a client's
  const LocalIndex* find_local(std::string_view index) const;    // null: there is none of the name
  const GlobalIndex* find_global(std::string_view index) const;
  const GlobalIndex* find_global(uint16_t number) const;
  bool operator==(const Table&) const = default;
};

// Of one table, summed over its partitions, kept by the leaders: ItemCount and TableSizeBytes.
struct TableCounts {
  uint64_t items = 0;
  uint64_t bytes = 0;  // without the 100 bytes an item that the service adds
};

}  // namespace stator::model
