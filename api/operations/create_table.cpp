// CreateTable. What is refused here, in this order (DynamoDB API reference; orders and texts as measured on the service):
//   name; billing mode against throughput, limits and warm throughput; the key schema and its definitions; local indexes;
//   global indexes; index names; projections; table class; streams and encryption; tags; a table of that name
// Pure.
#include "api/operations/create_table.h"

#include <algorithm>

#include "api/constraint_report.h"
#include "api/operations/index_definition.h"
#include "api/operations/specifications.h"
#include "api/operations/table_description.h"
#include "api/operations/tags.h"
#include "api/operations/throughput.h"
#include "api/shapes/table_shapes.h"
#include "model/assert.h"
#include "model/limits.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"AttributeDefinitions", &kAttributeDefinitions},
    {"TableName", &kTableArn, kRequired},
    {"KeySchema", &kKeySchema},
    {"LocalSecondaryIndexes", &kLocalSecondaryIndexList},
    {"GlobalSecondaryIndexes", &kGlobalSecondaryIndexList},
    {"BillingMode", &kBillingMode},
    {"ProvisionedThroughput", &kProvisionedThroughput},
    {"StreamSpecification", &kStreamSpecification},
    {"SSESpecification", &kSSESpecification},
    {"Tags", &kTagList},
    {"TableClass", &kTableClass},
    {"DeletionProtectionEnabled", &kDeletionProtectionEnabled},
    {"WarmThroughput", &kWarmThroughput},
    {"ResourcePolicy", &kResourcePolicy, kOptional, Support::kRefused},
    {"OnDemandThroughput", &kOnDemandThroughput},
    {"GlobalTableSourceArn", &kTableArn, kOptional, Support::kRefused},
    {"GlobalTableSettingsReplicationMode", &kGlobalTableSettingsReplicationMode, kOptional,
     Support::kOffOnly},
    {"VectorIndexes", &kVectorIndexList, kOptional, Support::kOffOnly},
};
constexpr Shape kInput = structure_of("CreateTableInput", kMembers);

constexpr size_t kKeyElementsMax = 2;

// An index of the request with its keys, read once.
struct AskedIndex {
  json::Value definition;
  std::vector<KeyElement> keys;
};

Result<std::vector<AskedIndex>> read_index_list(const json::Value& body, std::string_view member) {
  std::vector<AskedIndex> indexes;
  const auto list = json::member(body, member);
  if (!list) return indexes;
  for (const auto element : json::array_of(*list))
    indexes.push_back({element, read_key_schema(*json::member(element, "KeySchema"))});
  if (indexes.empty()) return invalid_parameters("List of " + std::string(member) + " is empty");
  return indexes;
}

Result<void> read_throughput(const json::Value& body, model::Table& table) {
  table.billing_mode = read_billing_mode(read_text(body, "BillingMode").value_or("PROVISIONED"));
  const bool provisioned = table.billing_mode == model::BillingMode::kProvisioned;
  const bool given = json::member(body, "ProvisionedThroughput").has_value();
  if (provisioned && !given)
    return invalid_parameters(
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
  if (!provisioned && given) return throughput_on_demand();
  auto throughput = read_provisioned(body);
  if (!throughput) return Failure(std::move(throughput).error());
  if (*throughput) {
    table.throughput.read_units = (*throughput)->read_units;
    table.throughput.write_units = (*throughput)->write_units;
  }
  const AskedUnits on_demand = read_on_demand(body);
  if (auto done = check_on_demand(on_demand, table.billing_mode, "", TableStep::kCreate); !done) return done;
  change_on_demand(table.on_demand, on_demand);
  const AskedUnits warm = read_warm(body);
  if (auto done = check_new_warm(warm, table.billing_mode, table.throughput, ""); !done) return done;
  change_warm(table.warm, warm);
  return {};
}

Result<std::vector<KeyElement>> read_keys(const json::Value& body, model::Table& table) {
  const auto schema = json::member(body, "KeySchema");
  const auto definitions = json::member(body, "AttributeDefinitions");
  // Optional in the model since replicas can be made from another table; for a table of its own they are not.
  if (!schema) return validation_error(violation(kKeySchema, schema, "keySchema", "Member must not be null"));
  if (!definitions)
    return validation_error(
        violation(kAttributeDefinitions, definitions, "attributeDefinitions", "Member must not be null"));
  if (list_size(*schema) > kKeyElementsMax) return key_schema_too_long(*schema, "keySchema");
  auto keys = read_key_schema(*schema);
  table.attribute_definitions = read_definitions(*definitions);
  if (auto done = check_definitions(table.attribute_definitions); !done) return Failure(done.error());
  if (auto done = check_table_keys(keys, table.attribute_definitions); !done) return Failure(done.error());
  const auto attribute = [&](const KeyElement& key) {
    return *std::ranges::find(table.attribute_definitions, key.name, &model::KeyAttribute::name);
  };
  table.key.partition_key = attribute(keys[0]);
  if (keys.size() == 2) table.key.sort_key = attribute(keys[1]);
  return keys;
}

// Every definition is a key's, of the table or of an index.
Result<void> check_unused(const std::vector<KeyElement>& table_keys, const std::vector<AskedIndex>& local,
                          const std::vector<AskedIndex>& global, const model::Table& table) {
  if (local.empty() && global.empty()) {
    if (table_keys.size() == table.attribute_definitions.size()) return {};
    return invalid_parameters(
        "Number of attributes in KeySchema does not exactly match number of attributes defined in "
        "AttributeDefinitions");
  }
  std::vector<std::string> used;
  const auto use = [&](const std::vector<KeyElement>& keys) {
    for (const KeyElement& key : keys) used.push_back(key.name);
  };
  use(table_keys);
  for (const AskedIndex& index : local) use(index.keys);
  for (const AskedIndex& index : global) use(index.keys);
  std::vector<std::string> defined;
  for (const auto& definition : table.attribute_definitions) defined.push_back(definition.name);
  const auto is_used = [&](const std::string& name) { return std::ranges::count(used, name) > 0; };
  if (std::ranges::all_of(defined, is_used)) return {};
  return invalid_parameters("Some AttributeDefinitions are not used. AttributeDefinitions: " +
                            list_names(defined, defined.size()) + ", keys used: " + list_names(used, 0));
}

Result<void> read_local_indexes(const std::vector<AskedIndex>& asked, model::Table& table) {
  for (const AskedIndex& index : asked) {
    auto local = read_local_index(index.definition, index.keys, table.attribute_definitions, table.key.partition_key.name);
    if (!local) return Failure(std::move(local).error());
    if (table.find_local(local->name) != nullptr) return invalid_parameters("Duplicate index name: " + local->name);
    local->number = table.next_index_number++;
    table.local_indexes.push_back(std::move(*local));
  }
  if (asked.size() > model::kLocalIndexesMax)
    return invalid_parameters("Number of LocalSecondaryIndexes exceeds per-table limit of " +
                              std::to_string(model::kLocalIndexesMax));
  return {};
}

// The throughput of a global index follows its table's billing mode.
Result<void> read_index_throughput(const json::Value& asked, model::BillingMode mode, model::GlobalIndex& index) {
  auto throughput = read_provisioned(asked);
  if (!throughput) return Failure(std::move(throughput).error());
  const bool provisioned = mode == model::BillingMode::kProvisioned;
  if (provisioned && !*throughput)
    return invalid_parameters("ProvisionedThroughput is not specified for index: " + index.name);
  if (!provisioned && *throughput)
    return invalid_parameters("ProvisionedThroughput should not be specified for index: " + index.name +
                              " when BillingMode is PAY_PER_REQUEST");
  if (*throughput) {
    index.throughput.read_units = (*throughput)->read_units;
    index.throughput.write_units = (*throughput)->write_units;
  }
  const AskedUnits on_demand = read_on_demand(asked);
  if (auto done = check_on_demand(on_demand, mode, index.name, TableStep::kCreate); !done) return done;
  change_on_demand(index.on_demand, on_demand);
  const AskedUnits warm = read_warm(asked);
  if (auto done = check_new_warm(warm, mode, index.throughput, index.name); !done) return done;
  change_warm(index.warm, warm);
  return {};
}

Result<void> read_global_indexes(const std::vector<AskedIndex>& asked, model::Table& table) {
  for (const AskedIndex& index : asked) {
    auto global = read_global_index(index.definition, index.keys, table.attribute_definitions);
    if (!global) return Failure(std::move(global).error());
    if (auto done = read_index_throughput(index.definition, table.billing_mode, *global); !done) return done;
    if (table.find_local(global->name) != nullptr || table.find_global(global->name) != nullptr)
      return invalid_parameters("Duplicate index name: " + global->name);
    global->number = table.next_index_number++;
    table.global_indexes.push_back(std::move(*global));
  }
  if (asked.size() > model::kGlobalIndexesMax)
    return invalid_parameters("GlobalSecondaryIndex count exceeds the per-table limit of " +
                              std::to_string(model::kGlobalIndexesMax));
  return {};
}

Result<void> read_schema(const json::Value& body, model::Table& table) {
  const auto keys = read_keys(body, table);
  if (!keys) return Failure(keys.error());
  const auto local = read_index_list(body, "LocalSecondaryIndexes");
  if (!local) return Failure(local.error());
  for (size_t i = 0; i < local->size(); ++i) {
    if ((*local)[i].keys.size() > kKeyElementsMax)
      return key_schema_too_long(*json::member((*local)[i].definition, "KeySchema"),
                                 "localSecondaryIndexes." + std::to_string(i + 1) + ".member.keySchema");
  }
  if (!local->empty() && !table.key.sort_key)
    return invalid_parameters(
        "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex");
  const auto global = read_index_list(body, "GlobalSecondaryIndexes");
  if (!global) return Failure(global.error());
  for (const auto* list : {&*local, &*global}) {
    for (const AskedIndex& index : *list) {
      if (auto done = check_defined(index.keys, table.attribute_definitions, true); !done) return done;
    }
  }
  if (auto done = check_unused(*keys, *local, *global, table); !done) return done;
  if (auto done = read_local_indexes(*local, table); !done) return done;
  if (auto done = read_global_indexes(*global, table); !done) return done;
  return check_projected_attributes(table);
}

}  // namespace

constinit const CreateTable kCreateTable;

const Shape& CreateTable::input() const { return kInput; }

Result<std::shared_ptr<Request>> CreateTable::read(const json::Value& body) const {
  auto request = std::make_shared<CreateTableRequest>();
  model::Table& table = request->table;
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  table.name = request->table_name;
  if (auto done = read_throughput(body, table); !done) return Failure(done.error());
  if (auto done = read_schema(body, table); !done) return Failure(done.error());
  if (const auto text = read_text(body, "TableClass")) {
    const auto table_class = read_table_class(*text);
    if (!table_class) return Failure(table_class.error());
    table.table_class = *table_class;
  }
  if (auto done = check_stream(body, TableStep::kCreate); !done) return Failure(done.error());
  if (auto done = check_encryption(body); !done) return Failure(done.error());
  if (const auto list = json::member(body, "Tags")) {
    auto tags = read_tags(*list);
    if (!tags) return Failure(std::move(tags).error());
    table.tags = std::move(*tags);
  }
  table.deletion_protection = read_boolean(body, "DeletionProtectionEnabled", false);
  return std::shared_ptr<Request>(std::move(request));
}

Evaluation CreateTable::evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const {
  if (tables.find(request.table_name) != nullptr)
    return resource_in_use("Table already exists: " + request.table_name).error;
  TableChange change{TableChange::Kind::kCreate, static_cast<const CreateTableRequest&>(request).table};
  change.table.created = stamp;
  change.table.status = model::TableStatus::kActive;
  if (change.table.billing_mode == model::BillingMode::kPayPerRequest)
    change.table.last_update_to_on_demand = stamp;
  Effects effects;
  TableAnswer answer{change.table, {}, {}};
  answer.table.status = model::TableStatus::kCreating;  // as the service answers, though it is there at once
  effects.answer = std::move(answer);
  effects.tables.push_back(std::move(change));
  return effects;
}

void CreateTable::write_answer(const Request& request, const Answer& answer, json::Writer& out) const {
  const auto* table = std::get_if<TableAnswer>(&answer);
  STATOR_ASSERT(table != nullptr, "CreateTable gives table answers");
  Pending pending;
  if (static_cast<const CreateTableRequest&>(request).table.warm != model::WarmThroughput{}) pending.warm.emplace_back("");
  out.begin_object().key("TableDescription");
  write_table_description(request, *table, Detail::kCreated, pending, out);
  out.end_object();
}

}  // namespace stator::api
