// UpdateTable. What is refused here, in this order (DynamoDB API reference; orders and texts as measured on the service):
//   name; nothing to do; what must be the only operation; what contradicts itself; index updates; the table and its state;
//   throughput against the billing mode; indexes that are not there or busy; what does not change; daily decreases
// Pure.
#include "api/operations/update_table.h"

#include <algorithm>

#include "api/constraint_report.h"
#include "api/operations/specifications.h"
#include "api/operations/table_description.h"
#include "api/shapes/update_table_shapes.h"
#include "model/assert.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"AttributeDefinitions", &kAttributeDefinitions},
    {"TableName", &kTableArn, kRequired},
    {"BillingMode", &kBillingMode},
    {"ProvisionedThroughput", &kProvisionedThroughput},
    {"GlobalSecondaryIndexUpdates", &kGlobalSecondaryIndexUpdateList},
    {"StreamSpecification", &kStreamSpecification},
    {"SSESpecification", &kSSESpecification},
    {"ReplicaUpdates", &kReplicationGroupUpdateList, kOptional, Support::kRefused},
    {"TableClass", &kTableClass},
    {"DeletionProtectionEnabled", &kDeletionProtectionEnabled},
    {"MultiRegionConsistency", &kMultiRegionConsistency, kOptional, Support::kRefused},
    {"GlobalTableWitnessUpdates", &kGlobalTableWitnessGroupUpdateList, kOptional, Support::kRefused},
    {"OnDemandThroughput", &kOnDemandThroughput},
    {"WarmThroughput", &kWarmThroughput},
    {"GlobalTableSettingsReplicationMode", &kGlobalTableSettingsReplicationMode, kOptional,
     Support::kOffOnly},
    {"DisassociationProtectionEnabled", &kDisassociationProtectionEnabled, kOptional, Support::kOffOnly},
    {"VectorIndexUpdates", &kVectorIndexUpdateList, kOptional, Support::kOffOnly},
};
constexpr Shape kInput = structure_of("UpdateTableInput", kMembers);

bool given(const json::Value& body, std::string_view member) { return json::member(body, member).has_value(); }

// Something to do, and what may not be done together: each request is about one thing. Empty structures and lists ask for
// nothing.
Result<void> check_concerns(const json::Value& body, const UpdateTableRequest& request) {
  const auto updates = json::member(body, "GlobalSecondaryIndexUpdates");
  const bool indexes = updates && list_size(*updates) > 0;
  const bool encryption = given(body, "SSESpecification");
  const bool table_class = given(body, "TableClass");
  const bool protection = given(body, "DeletionProtectionEnabled");
  const bool stream = given(body, "StreamSpecification");
  const bool throughput = given(body, "ProvisionedThroughput");
  const bool warm = !request.warm.empty();
  const bool on_demand = !request.on_demand.empty();
  const int others = (indexes ? 1 : 0) + (encryption ? 1 : 0) + (table_class ? 1 : 0) + (protection ? 1 : 0) +
                     (stream ? 1 : 0) + (throughput || given(body, "BillingMode") ? 1 : 0) + (warm ? 1 : 0) +
                     (on_demand ? 1 : 0);
  if (others == 0)
    return validation_error(
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
        "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
        "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required");
  if (others == 1) return {};
  const auto alone = [](std::string_view what) {
    return invalid_parameters(std::string(what) + " must be the only operation in the request");
  };
  if (encryption) return alone("Server-Side Encryption modification");
  if (table_class) return alone("TableClass modification");
  if (protection) return alone("DeletionProtection modification");
  if (warm && !indexes) return alone("WarmThroughput");
  if (on_demand && stream)
    return invalid_parameters("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request");
  const bool provisions = throughput || read_text(body, "BillingMode") == "PROVISIONED";
  if (stream && provisions) return invalid_parameters("You cannot modify stream status while updating table IOPS");
  return {};
}

// BillingMode and ProvisionedThroughput against each other.
Result<void> read_billing(const json::Value& body, UpdateTableRequest& request) {
  if (const auto mode = read_text(body, "BillingMode")) request.billing_mode = read_billing_mode(*mode);
  const bool throughput = given(body, "ProvisionedThroughput");
  if (request.billing_mode == model::BillingMode::kPayPerRequest && throughput)
    return invalid_parameters("ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST");
  if (request.billing_mode == model::BillingMode::kProvisioned && !throughput)
    return invalid_parameters("ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
  auto asked = read_provisioned(body);
  if (!asked) return Failure(std::move(asked).error());
  request.throughput = *asked;
  return {};
}

// What goes with a global index that is made or deleted.
Result<void> check_index_company(const UpdateTableRequest& request) {
  if (request.indexes.empty()) return {};
  const bool online = makes_or_deletes(request.indexes);
  if (!request.warm.empty())
    return invalid_parameters(online ? "Create global secondary index cannot be specified when updating WarmThroughput"
                                     : "WarmThroughput must be the only operation in the request");
  if (online && request.throughput)
    return invalid_parameters("You cannot create or delete index while updating table IOPS");
  if (online && request.stream)
    return invalid_parameters("You cannot create or delete index while changing stream status");
  return {};
}

bool has_throughput_update(const UpdateTableRequest& request, std::string_view index) {
  return std::ranges::any_of(request.indexes, [&](const IndexUpdate& update) {
    return update.name == index && update.throughput.has_value();
  });
}

// To on demand: what was provisioned is gone, of the table and of its indexes.
void switch_to_on_demand(model::Stamp stamp, model::Table& table, model::Table& shown) {
  table.last_update_to_on_demand = stamp;
  const auto drop = [](model::Throughput& throughput) {
    throughput.read_units = 0;
    throughput.write_units = 0;
  };
  drop(table.throughput);
  shown.throughput = table.throughput;
  shown.throughput.last_decrease = stamp;
  for (size_t i = 0; i < table.global_indexes.size(); ++i) {
    model::Throughput& throughput = table.global_indexes[i].throughput;
    drop(throughput);
    throughput.decreases_today = same_day(throughput.last_decrease, stamp) ? throughput.decreases_today + 1 : 1;
    throughput.last_decrease = stamp;
    shown.global_indexes[i].throughput = throughput;
  }
}

// From on demand: every index needs its capacity in the same request, and limits of request units end.
Result<void> switch_to_provisioned(const UpdateTableRequest& request, model::Table& table, model::Table& shown) {
  for (const model::GlobalIndex& index : table.global_indexes) {
    if (!has_throughput_update(request, index.name))
      return invalid_parameters("ProvisionedThroughput must be specified for index: " + index.name);
  }
  table.on_demand = {};
  shown.on_demand = {};
  for (auto* side : {&table, &shown}) {
    for (model::GlobalIndex& index : side->global_indexes) index.on_demand = {};
  }
  table.throughput.read_units = request.throughput->read_units;
  table.throughput.write_units = request.throughput->write_units;
  shown.throughput = table.throughput;
  return {};
}

// What tables and indexes were ready for, they stay ready for.
void keep_warm(model::Table& table) {
  table.warm = effective_warm(table.billing_mode, table.throughput, table.warm);
  for (model::GlobalIndex& index : table.global_indexes)
    index.warm = effective_warm(table.billing_mode, index.throughput, index.warm);
}

Result<void> change_mode(const UpdateTableRequest& request, model::BillingMode mode, model::Stamp stamp, model::Table& table,
                         model::Table& shown) {
  if (auto done = check_indexes_settled(table); !done) return done;
  keep_warm(table);
  table.billing_mode = mode;
  shown.billing_mode = mode;
  if (mode == model::BillingMode::kProvisioned) return switch_to_provisioned(request, table, shown);
  switch_to_on_demand(stamp, table, shown);
  return {};
}

Result<void> change_capacity(const UpdateTableRequest& request, model::Stamp stamp, model::Table& table,
                             model::Table& shown) {
  if (auto done = check_indexes_settled(table); !done) return done;
  const model::Throughput old = table.throughput;
  const model::WarmThroughput warm = effective_warm(table.billing_mode, old, table.warm);
  if (auto done = change_throughput(table.throughput, *request.throughput, stamp, ""); !done) return done;
  table.warm = warm;
  // The service answers with the figures from before, but for the dates.
  shown.throughput = table.throughput;
  shown.throughput.read_units = old.read_units;
  shown.throughput.write_units = old.write_units;
  shown.throughput.decreases_today = old.decreases_today;
  return {};
}

// Throughput of the table itself.
Result<void> apply_throughput(const UpdateTableRequest& request, model::Stamp stamp, model::Table& table,
                              model::Table& shown) {
  const model::BillingMode before = table.billing_mode;
  const model::BillingMode mode = request.billing_mode.value_or(before);
  if (mode == model::BillingMode::kPayPerRequest && request.throughput) return throughput_on_demand();
  if (auto done = check_on_demand(request.on_demand, mode, "", TableStep::kUpdate); !done) return done;
  if (auto done = check_index_updates(table, request.indexes); !done) return done;
  if (mode != before) {
    if (auto done = change_mode(request, mode, stamp, table, shown); !done) return done;
  } else if (request.throughput) {
    if (auto done = change_capacity(request, stamp, table, shown); !done) return done;
  }
  if (!request.on_demand.empty()) {
    change_on_demand(table.on_demand, request.on_demand);
    shown.on_demand = table.on_demand;
    if (request.on_demand.read == -1) shown.on_demand.read_units = kRemovedLimit;
    if (request.on_demand.write == -1) shown.on_demand.write_units = kRemovedLimit;
  }
  if (request.warm.empty()) return {};
  const model::WarmThroughput warm = effective_warm(table.billing_mode, table.throughput, table.warm);
  if (auto done = check_warm(request.warm, warm, ""); !done) return done;
  table.warm = warm;
  change_warm(table.warm, request.warm);
  return {};
}

// What there is nothing of to turn off.
Result<void> check_off(const UpdateTableRequest& request) {
  if (request.stream)
    return validation_error("Table has no stream to disable: TableName: " + request.table_name);
  if (request.encryption) return invalid_parameters("Table is already encrypted by default");
  return {};
}

}  // namespace

constinit const UpdateTable kUpdateTable;

const Shape& UpdateTable::input() const { return kInput; }

Result<std::shared_ptr<Request>> UpdateTable::read(const json::Value& body) const {
  auto request = std::make_shared<UpdateTableRequest>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  request->on_demand = read_on_demand(body);
  request->warm = read_warm(body);
  if (auto done = check_concerns(body, *request); !done) return Failure(done.error());
  if (auto done = read_billing(body, *request); !done) return Failure(done.error());
  request->stream = given(body, "StreamSpecification");
  request->encryption = given(body, "SSESpecification");
  if (auto done = check_stream(body, TableStep::kUpdate); !done) return Failure(done.error());
  if (auto done = check_encryption(body); !done) return Failure(done.error());
  auto indexes = read_index_updates(body);
  if (!indexes) return Failure(std::move(indexes).error());
  request->indexes = std::move(*indexes);
  if (auto done = check_index_company(*request); !done) return Failure(done.error());
  if (const auto text = read_text(body, "TableClass")) {
    const auto table_class = read_table_class(*text);
    if (!table_class) return Failure(table_class.error());
    request->table_class = *table_class;
  }
  if (const auto protection = json::member(body, "DeletionProtectionEnabled"))
    request->deletion_protection = json::truth_of(*protection);
  return std::shared_ptr<Request>(std::move(request));
}

Evaluation UpdateTable::evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const {
  const auto& update = static_cast<const UpdateTableRequest&>(request);
  const model::Table* before = find_table(tables, request);
  if (before == nullptr) return table_not_found(request.table_name).error;
  if (auto done = check_changeable(*before); !done) return std::move(done).error();
  if (auto done = check_off(update); !done) return std::move(done).error();
  TableChange change{TableChange::Kind::kUpdate, *before};
  model::Table& table = change.table;
  model::Table shown = *before;
  if (auto done = apply_throughput(update, stamp, table, shown); !done) return std::move(done).error();
  if (auto done = apply_index_updates(*before, update.indexes, stamp, table, shown); !done)
    return std::move(done).error();
  // A table of the standard class says nothing of it until it had another. The answer says what it was before
  // (measured: aws-controllers-k8s' probes of the service, DDB-TABLE-284).
  const bool class_changes = update.table_class && (*update.table_class != model::TableClass::kStandard ||
                                                    table.table_class != model::TableClass::kUnset);
  if (class_changes) table.table_class = *update.table_class;
  if (update.deletion_protection) shown.deletion_protection = table.deletion_protection = *update.deletion_protection;
  // All is done at once; the service is busy for a while, and answers so.
  if (update.billing_mode || update.throughput || update.table_class || makes_or_deletes(update.indexes))
    shown.status = model::TableStatus::kUpdating;
  const bool changes = table != *before;
  forget_old_decreases(shown, stamp);
  Answer answer = describe(tables, shown);
  if (!changes) return answer;
  Effects effects;
  effects.answer = std::move(answer);
  effects.tables.push_back(std::move(change));
  return effects;
}

void UpdateTable::write_answer(const Request& request, const Answer& answer, json::Writer& out) const {
  const auto* table = std::get_if<TableAnswer>(&answer);
  STATOR_ASSERT(table != nullptr, "UpdateTable gives table answers");
  const auto& update = static_cast<const UpdateTableRequest&>(request);
  Pending pending;
  if (!update.warm.empty()) pending.warm.emplace_back("");
  for (const IndexUpdate& index : update.indexes) {
    if (!index.warm.empty()) pending.warm.push_back(index.name);
  }
  out.begin_object().key("TableDescription");
  write_table_description(request, *table, Detail::kWhole, pending, out);
  out.end_object();
}

}  // namespace stator::api
