// TableDescription. Pure.
#include "api/operations/table_description.h"

#include "model/assert.h"
#include "model/limits.h"

namespace stator::api {
namespace {

// More units than this are "out of bounds" for the service; its quotas are far below.
constexpr int64_t kCapacityUnitsMax = 1'000'000'000'000;
// What DescribeTable says of a table whose warm throughput was never set.
constexpr int64_t kWarmReadUnits = 12000;
constexpr int64_t kWarmWriteUnits = 4000;

// Epoch seconds with milliseconds.
double wire_time(model::Stamp stamp) { return static_cast<double>(stamp.micros / 1000) / 1000.0; }

void write_key_element(std::string_view name, std::string_view type, json::Writer& out) {
  out.begin_object().key("AttributeName").string(name).key("KeyType").string(type).end_object();
}

void write_schema(const model::Table& table, json::Writer& out) {
  out.key("AttributeDefinitions").begin_array();
  for (const model::KeyAttribute& attribute : table.attribute_definitions) {
    out.begin_object().key("AttributeName").string(attribute.name);
    out.key("AttributeType").string(model::type_name(attribute.type)).end_object();
  }
  out.end_array();
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

void write_billing(const model::Table& table, json::Writer& out) {
  if (table.last_update_to_on_demand == model::Stamp{}) return;  // never on demand
  out.key("BillingModeSummary").begin_object();
  out.key("BillingMode").string(model::billing_mode_name(table.billing_mode));
  out.key("LastUpdateToPayPerRequestDateTime").number(wire_time(table.last_update_to_on_demand));
  out.end_object();
}

Result<void> check_units(int64_t units, std::string_view member) {
  if (units > kCapacityUnitsMax)
    return validation_error("Given value " + std::to_string(units) + " for " + std::string(member) +
                            " is out of bounds");
  return {};
}

}  // namespace

void write_table_description(const Request& request, const TableAnswer& answer, Detail detail,
                             json::Writer& out) {
  const model::Table& table = answer.table;
  out.begin_object();
  if (detail == Detail::kWhole) write_schema(table, out);
  out.key("TableName").string(table.name);
  out.key("TableStatus").string(model::table_status_name(table.status));
  if (detail == Detail::kWhole) out.key("CreationDateTime").number(wire_time(table.created));
  write_throughput(table.throughput, out);
  const uint64_t bytes = answer.counts.bytes + answer.counts.items * model::kItemOverheadBytes;
  out.key("TableSizeBytes").integer(static_cast<int64_t>(bytes));
  out.key("ItemCount").integer(static_cast<int64_t>(answer.counts.items));
  out.key("TableArn").string(table_arn(request.region, table.name));
  if (!table.uuid.empty()) out.key("TableId").string(table.uuid);
  write_billing(table, out);
  if (table.table_class != model::TableClass::kUnset)
    out.key("TableClassSummary")
        .begin_object()
        .key("TableClass")
        .string(model::table_class_name(table.table_class))
        .end_object();
  out.key("DeletionProtectionEnabled").boolean(table.deletion_protection);
  if (detail == Detail::kWhole) {
    out.key("WarmThroughput").begin_object();
    out.key("ReadUnitsPerSecond").integer(kWarmReadUnits);
    out.key("WriteUnitsPerSecond").integer(kWarmWriteUnits);
    out.key("Status").string("ACTIVE").end_object();
  }
  out.end_object();
}

Result<std::shared_ptr<Request>> read_table_request(const json::Value& body) {
  auto request = std::make_shared<Request>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  return request;
}

Failure throughput_on_demand() {
  return invalid_parameters(
      "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
      "PAY_PER_REQUEST");
}

Failure throughput_missing() {
  return invalid_parameters(
      "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
}

Result<std::optional<AskedThroughput>> read_throughput(const json::Value& body,
                                                       std::optional<std::string_view> billing_mode) {
  const auto throughput = json::member(body, "ProvisionedThroughput");
  if (billing_mode == "PAY_PER_REQUEST" && throughput) return throughput_on_demand();
  if (billing_mode == "PROVISIONED" && !throughput) return throughput_missing();
  if (!throughput) return std::optional<AskedThroughput>();
  const int64_t read = read_integer(*throughput, "ReadCapacityUnits").value_or(1);
  const int64_t write = read_integer(*throughput, "WriteCapacityUnits").value_or(1);
  if (auto done = check_units(read, "ReadCapacityUnits"); !done) return Failure(done.error());
  if (auto done = check_units(write, "WriteCapacityUnits"); !done) return Failure(done.error());
  return std::optional(AskedThroughput{static_cast<uint64_t>(read), static_cast<uint64_t>(write)});
}

model::TableClass read_table_class(std::string_view text) {
  return text == "STANDARD" ? model::TableClass::kStandard : model::TableClass::kStandardInfrequentAccess;
}

Result<void> check_changeable(const model::Table& table) {
  std::string_view what;
  switch (table.status) {
    case model::TableStatus::kActive:
      return {};
    case model::TableStatus::kCreating:
      what = "created";
      break;
    case model::TableStatus::kUpdating:
      what = "updated";
      break;
    case model::TableStatus::kDeleting:
      what = "deleted";
      break;
  }
  return resource_in_use("Attempt to change a resource which is still in use: Table is being " +
                         std::string(what) + ": " + table.name);
}

}  // namespace stator::api
