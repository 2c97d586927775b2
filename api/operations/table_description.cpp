// TableDescription. Pure.
#include "api/operations/table_description.h"

#include <algorithm>

#include "api/operations/index_definition.h"
#include "api/operations/throughput.h"
#include "model/assert.h"
#include "model/limits.h"

namespace stator::api {
namespace {

// Epoch seconds with milliseconds.
double wire_time(model::Stamp stamp) { return static_cast<double>(stamp.micros / 1000) / 1000.0; }

void write_key_element(std::string_view name, std::string_view type, json::Writer& out) {
  out.begin_object().key("AttributeName").string(name).key("KeyType").string(type).end_object();
}

// In order of name, those that are no key any more left out: a deleted index takes its attributes along.
void write_definitions(const model::Table& table, json::Writer& out) {
  std::vector<const model::KeyAttribute*> used;
  for (const model::KeyAttribute& attribute : table.attribute_definitions) {
    if (is_key_attribute(table, attribute.name)) used.push_back(&attribute);
  }
  std::ranges::sort(used, {}, [](const auto* attribute) -> const std::string& { return attribute->name; });
  out.key("AttributeDefinitions").begin_array();
  for (const auto* attribute : used) {
    out.begin_object().key("AttributeName").string(attribute->name);
    out.key("AttributeType").string(model::type_name(attribute->type)).end_object();
  }
  out.end_array();
}

void write_schema(const model::Table& table, json::Writer& out) {
  write_definitions(table, out);
  out.key("KeySchema").begin_array();
  write_key_element(table.key.partition_key.name, "HASH", out);
  if (table.key.sort_key) write_key_element(table.key.sort_key->name, "RANGE", out);
  out.end_array();
}

void write_throughput(const model::Throughput& throughput, json::Writer& out) {
  out.key("ProvisionedThroughput").begin_object();
  if (throughput.last_increase != model::Stamp{})
    out.key("LastIncreaseDateTime").number(wire_time(throughput.last_increase));
  if (throughput.last_decrease != model::Stamp{})
    out.key("LastDecreaseDateTime").number(wire_time(throughput.last_decrease));
  out.key("NumberOfDecreasesToday").integer(throughput.decreases_today);
  out.key("ReadCapacityUnits").integer(static_cast<int64_t>(throughput.read_units));
  out.key("WriteCapacityUnits").integer(static_cast<int64_t>(throughput.write_units));
  out.end_object();
}

void write_on_demand(const model::OnDemandLimits& limits, json::Writer& out) {
  if (limits == model::OnDemandLimits{}) return;
  const auto units = [](uint64_t limit) { return limit == kRemovedLimit ? -1 : static_cast<int64_t>(limit); };
  out.key("OnDemandThroughput").begin_object();
  if (limits.read_units != 0) out.key("MaxReadRequestUnits").integer(units(limits.read_units));
  if (limits.write_units != 0) out.key("MaxWriteRequestUnits").integer(units(limits.write_units));
  out.end_object();
}

// What was made just now says so only where it was asked for.
void write_warm(const model::Table& table, const model::Throughput& throughput, const model::WarmThroughput& warm,
                bool warming, Detail detail, json::Writer& out) {
  if (detail == Detail::kCreated && !warming) return;
  const model::WarmThroughput effective = effective_warm(table.billing_mode, throughput, warm);
  out.key("WarmThroughput").begin_object();
  out.key("ReadUnitsPerSecond").integer(static_cast<int64_t>(effective.read_units));
  out.key("WriteUnitsPerSecond").integer(static_cast<int64_t>(effective.write_units));
  out.key("Status").string(warming ? "UPDATING" : "ACTIVE").end_object();
}

// On tables that were never on demand there is none.
void write_billing(const model::Table& table, Detail detail, json::Writer& out) {
  const bool was_on_demand = table.last_update_to_on_demand != model::Stamp{};
  if (table.billing_mode == model::BillingMode::kProvisioned && !was_on_demand) return;
  out.key("BillingModeSummary").begin_object();
  out.key("BillingMode").string(model::billing_mode_name(table.billing_mode));
  if (was_on_demand && detail != Detail::kCreated)
    out.key("LastUpdateToPayPerRequestDateTime").number(wire_time(table.last_update_to_on_demand));
  out.end_object();
}

void write_projection(const model::Projection& projection, json::Writer& out) {
  out.key("Projection").begin_object();
  out.key("ProjectionType").string(model::projection_type_name(projection.type));
  if (!projection.non_key_attributes.empty()) {
    out.key("NonKeyAttributes").begin_array();
    for (const std::string& name : projection.non_key_attributes) out.string(name);
    out.end_array();
  }
  out.end_object();
}

void write_counts(std::string_view bytes_member, const model::TableCounts& counts, json::Writer& out) {
  const uint64_t bytes = counts.bytes + counts.items * model::kItemOverheadBytes;
  out.key(bytes_member).integer(static_cast<int64_t>(bytes));
  out.key("ItemCount").integer(static_cast<int64_t>(counts.items));
}

std::string index_arn(const Request& request, const model::Table& table, std::string_view index) {
  return table_arn(request.region, table.name) + "/index/" + std::string(index);
}

void write_local_index(const Request& request, const model::Table& table, const model::LocalIndex& index,
                       const model::TableCounts& counts, json::Writer& out) {
  out.begin_object().key("IndexName").string(index.name);
  out.key("KeySchema").begin_array();
  write_key_element(table.key.partition_key.name, "HASH", out);
  write_key_element(index.sort_key.name, "RANGE", out);
  out.end_array();
  write_projection(index.projection, out);
  write_counts("IndexSizeBytes", counts, out);
  out.key("IndexArn").string(index_arn(request, table, index.name)).end_object();
}

void write_global_index(const Request& request, const model::Table& table, const model::GlobalIndex& index,
                        const model::TableCounts& counts, Detail detail, const Pending& pending, json::Writer& out) {
  const bool created = detail == Detail::kCreated;
  const model::TableStatus status = created ? model::TableStatus::kCreating : index.status;
  out.begin_object().key("IndexName").string(index.name);
  out.key("KeySchema").begin_array();
  for (const auto& key : index.partition_key) write_key_element(key.name, "HASH", out);
  for (const auto& key : index.sort_key) write_key_element(key.name, "RANGE", out);
  out.end_array();
  write_projection(index.projection, out);
  out.key("IndexStatus").string(model::table_status_name(status));
  // Only while an index that UpdateTable made is in the making.
  if (!created && status == model::TableStatus::kCreating) out.key("Backfilling").boolean(index.backfilling);
  write_throughput(index.throughput, out);
  write_counts("IndexSizeBytes", counts, out);
  out.key("IndexArn").string(index_arn(request, table, index.name));
  write_on_demand(index.on_demand, out);
  // Of an index in a new table not even where it was asked for.
  if (!created) write_warm(table, index.throughput, index.warm, pending.is_warming(index.name), detail, out);
  out.end_object();
}

// There are no empty lists.
void write_indexes(const Request& request, const TableAnswer& answer, Detail detail, const Pending& pending,
                   json::Writer& out) {
  const model::Table& table = answer.table;
  size_t next = 0;
  const auto counts = [&]() -> model::TableCounts {
    const size_t at = next++;
    return at < answer.index_counts.size() ? answer.index_counts[at] : model::TableCounts{};
  };
  if (!table.local_indexes.empty()) {
    out.key("LocalSecondaryIndexes").begin_array();
    for (const auto& index : table.local_indexes) write_local_index(request, table, index, counts(), out);
    out.end_array();
  }
  if (!table.global_indexes.empty()) {
    out.key("GlobalSecondaryIndexes").begin_array();
    for (const auto& index : table.global_indexes)
      write_global_index(request, table, index, counts(), detail, pending, out);
    out.end_array();
  }
}

}  // namespace

bool Pending::is_warming(std::string_view index) const { return std::ranges::find(warm, index) != warm.end(); }

TableAnswer describe(const TableView& tables, const model::Table& table) {
  TableAnswer answer{table, tables.counts(table), {}};
  for (const auto& index : table.local_indexes) answer.index_counts.push_back(tables.index_counts(table, index.number));
  for (const auto& index : table.global_indexes) answer.index_counts.push_back(tables.index_counts(table, index.number));
  return answer;
}

void write_table_description(const Request& request, const TableAnswer& answer, Detail detail, const Pending& pending,
                             json::Writer& out) {
  const model::Table& table = answer.table;
  const bool going = detail == Detail::kDeleted;
  out.begin_object();
  if (!going) write_schema(table, out);
  out.key("TableName").string(table.name);
  out.key("TableStatus").string(model::table_status_name(table.status));
  if (!going) out.key("CreationDateTime").number(wire_time(table.created));
  write_throughput(table.throughput, out);
  write_counts("TableSizeBytes", answer.counts, out);
  out.key("TableArn").string(table_arn(request.region, table.name));
  if (!table.uuid.empty()) out.key("TableId").string(table.uuid);
  write_billing(table, detail, out);
  if (!going) write_indexes(request, answer, detail, pending, out);
  if (!going) write_on_demand(table.on_demand, out);
  if (table.table_class != model::TableClass::kUnset)
    out.key("TableClassSummary")
        .begin_object()
        .key("TableClass")
        .string(model::table_class_name(table.table_class))
        .end_object();
  out.key("DeletionProtectionEnabled").boolean(table.deletion_protection);
  if (!going) write_warm(table, table.throughput, table.warm, pending.is_warming(""), detail, out);
  out.end_object();
}

Result<std::shared_ptr<Request>> read_table_request(const json::Value& body) {
  auto request = std::make_shared<Request>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  return request;
}

const model::Table* find_table(const TableView& tables, const Request& request) {
  const model::Table* table = tables.find(request.table_name);
  return table != nullptr && table->index_of ? nullptr : table;
}

model::BillingMode read_billing_mode(std::string_view text) {
  return text == "PROVISIONED" ? model::BillingMode::kProvisioned : model::BillingMode::kPayPerRequest;
}

Result<model::TableClass> read_table_class(std::string_view text) {
  if (text == "STANDARD") return model::TableClass::kStandard;
  if (text == "STANDARD_INFREQUENT_ACCESS") return model::TableClass::kStandardInfrequentAccess;
  return validation_error(
      "Invalid table-class parameter provided. Please try again with a valid table-class value: [STANDARD, "
      "STANDARD_INFREQUENT_ACCESS].");
}

Result<void> check_changeable(const model::Table& table) {
  const bool creating = table.status == model::TableStatus::kCreating;
  if (!creating && table.status != model::TableStatus::kDeleting) return {};
  return resource_in_use("Attempt to change a resource which is still in use: Table is being " +
                         std::string(creating ? "created" : "deleted") + ": " + table.name);
}

}  // namespace stator::api
