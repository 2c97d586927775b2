// UpdateTable. Pure.
#include "api/operations/update_table.h"

#include "api/shapes/update_table_shapes.h"
#include "model/assert.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"AttributeDefinitions", &kAttributeDefinitions, kOptional, Support::kRefused},
    {"TableName", &kTableArn, kRequired},
    {"BillingMode", &kBillingMode},
    {"ProvisionedThroughput", &kProvisionedThroughput},
    {"GlobalSecondaryIndexUpdates", &kGlobalSecondaryIndexUpdateList, kOptional, Support::kOffOnly},
    {"StreamSpecification", &kStreamSpecification, kOptional, Support::kRefused},
    {"SSESpecification", &kSSESpecification, kOptional, Support::kOffOnly},
    {"ReplicaUpdates", &kReplicationGroupUpdateList, kOptional, Support::kRefused},
    {"TableClass", &kTableClass},
    {"DeletionProtectionEnabled", &kDeletionProtectionEnabled},
    {"MultiRegionConsistency", &kMultiRegionConsistency, kOptional, Support::kRefused},
    {"GlobalTableWitnessUpdates", &kGlobalTableWitnessGroupUpdateList, kOptional, Support::kRefused},
    {"OnDemandThroughput", &kOnDemandThroughput, kOptional, Support::kRefused},
    {"WarmThroughput", &kWarmThroughput, kOptional, Support::kRefused},
    {"GlobalTableSettingsReplicationMode", &kGlobalTableSettingsReplicationMode, kOptional,
     Support::kOffOnly},
    {"DisassociationProtectionEnabled", &kDisassociationProtectionEnabled, kOptional, Support::kOffOnly},
    {"VectorIndexUpdates", &kVectorIndexUpdateList, kOptional, Support::kOffOnly},
};
constexpr Shape kInput = structure_of("UpdateTableInput", kMembers);

constexpr uint64_t kMicrosADay = 86'400'000'000;

Failure throughput_unchanged(const model::Throughput& now, const AskedThroughput& asked) {
  return validation_error(
      "The provisioned throughput for the table will not change. The requested value equals the current "
      "value. "
      "Current ReadCapacityUnits provisioned for the table: " +
      std::to_string(now.read_units) + ". Requested ReadCapacityUnits: " + std::to_string(asked.read_units) +
      ". Current WriteCapacityUnits provisioned for the table: " + std::to_string(now.write_units) +
      ". Requested WriteCapacityUnits: " + std::to_string(asked.write_units) +
      ". Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.");
}

void change_throughput(model::Throughput& throughput, const AskedThroughput& asked, model::Stamp stamp) {
  if (asked.read_units > throughput.read_units || asked.write_units > throughput.write_units)
    throughput.last_increase = stamp;
  if (asked.read_units < throughput.read_units || asked.write_units < throughput.write_units) {
    const bool same_day = throughput.last_decrease.micros / kMicrosADay == stamp.micros / kMicrosADay;
    throughput.decreases_today = same_day ? throughput.decreases_today + 1 : 1;
    throughput.last_decrease = stamp;
  }
  throughput.read_units = asked.read_units;
  throughput.write_units = asked.write_units;
}

// BillingMode and ProvisionedThroughput of the request against the table's.
Result<void> change_billing(const UpdateTableRequest& request, model::Table& table, model::Stamp stamp) {
  const model::BillingMode before = table.billing_mode;
  const model::BillingMode after = request.billing_mode.value_or(before);
  if (after == model::BillingMode::kPayPerRequest) {
    if (request.throughput) return throughput_on_demand();
    if (before == after) return {};
    table.billing_mode = after;
    table.last_update_to_on_demand = stamp;
    table.throughput.read_units = 0;
    table.throughput.write_units = 0;
    return {};
  }
  table.billing_mode = after;
  if (!request.throughput) return {};
  const bool unchanged = before == after && request.throughput->read_units == table.throughput.read_units &&
                         request.throughput->write_units == table.throughput.write_units;
  if (unchanged && !request.table_class && !request.deletion_protection)
    return throughput_unchanged(table.throughput, *request.throughput);
  change_throughput(table.throughput, *request.throughput, stamp);
  return {};
}

}  // namespace

constinit const UpdateTable kUpdateTable;

const Shape& UpdateTable::input() const { return kInput; }

Result<std::shared_ptr<Request>> UpdateTable::read(const json::Value& body) const {
  auto request = std::make_shared<UpdateTableRequest>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  const auto billing_mode = read_text(body, "BillingMode");
  const auto table_class = read_text(body, "TableClass");
  const auto protection = json::member(body, "DeletionProtectionEnabled");
  if (!billing_mode && !table_class && !protection && !json::member(body, "ProvisionedThroughput"))
    return validation_error(
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
        "GlobalSecondaryIndexUpdates or "
        "SSESpecification or ReplicaUpdates is required");
  auto throughput = read_throughput(body, billing_mode);
  if (!throughput) return Failure(std::move(throughput).error());
  request->throughput = *throughput;
  if (billing_mode)
    request->billing_mode = *billing_mode == "PROVISIONED" ? model::BillingMode::kProvisioned
                                                           : model::BillingMode::kPayPerRequest;
  if (table_class) request->table_class = read_table_class(*table_class);
  if (protection) request->deletion_protection = json::truth_of(*protection);
  return std::shared_ptr<Request>(std::move(request));
}

Evaluation UpdateTable::evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const {
  const auto& update = static_cast<const UpdateTableRequest&>(request);
  const model::Table* table = tables.find(request.table_name);
  if (table == nullptr) return table_not_found(request.table_name).error;
  if (auto done = check_changeable(*table); !done) return std::move(done).error();
  TableChange change{TableChange::Kind::kUpdate, *table};
  if (auto done = change_billing(update, change.table, stamp); !done) return std::move(done).error();
  if (update.table_class) change.table.table_class = *update.table_class;
  if (update.deletion_protection) change.table.deletion_protection = *update.deletion_protection;
  Answer answer = TableAnswer{change.table, tables.counts(*table)};
  if (change.table == *table) return answer;
  Effects effects;
  effects.answer = std::move(answer);
  effects.tables.push_back(std::move(change));
  return effects;
}

void UpdateTable::write_answer(const Request& request, const Answer& answer, json::Writer& out) const {
  const auto* table = std::get_if<TableAnswer>(&answer);
  STATOR_ASSERT(table != nullptr, "UpdateTable gives table answers");
  out.begin_object().key("TableDescription");
  write_table_description(request, *table, Detail::kWhole, out);
  out.end_object();
}

}  // namespace stator::api
