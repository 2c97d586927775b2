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

std::string_view table_status_name(TableStatus status);  // "CREATING", "ACTIVE", ...
std::string_view billing_mode_name(BillingMode mode);    // "PROVISIONED", "PAY_PER_REQUEST"
std::string_view table_class_name(TableClass table_class);  // "STANDARD", "STANDARD_INFREQUENT_ACCESS"

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
  bool operator==(const Table&) const = default;
};

// Of one table, summed over its partitions, kept by the leaders: ItemCount and TableSizeBytes.
struct TableCounts {
  uint64_t items = 0;
  uint64_t bytes = 0;  // without the 100 bytes an item that the service adds
};

}  // namespace stator::model
