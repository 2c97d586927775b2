// CreateTable. Pure.
#include "api/operations/create_table.h"

#include <algorithm>

#include "api/constraint_report.h"
#include "api/operations/table_description.h"
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
    {"LocalSecondaryIndexes", &kLocalSecondaryIndexList, kOptional, Support::kOffOnly},
    {"GlobalSecondaryIndexes", &kGlobalSecondaryIndexList, kOptional, Support::kOffOnly},
    {"BillingMode", &kBillingMode},
    {"ProvisionedThroughput", &kProvisionedThroughput},
    {"StreamSpecification", &kStreamSpecification, kOptional, Support::kOffOnly},
    {"SSESpecification", &kSSESpecification, kOptional, Support::kOffOnly},
    {"Tags", &kTagList},
    {"TableClass", &kTableClass},
    {"DeletionProtectionEnabled", &kDeletionProtectionEnabled},
    {"WarmThroughput", &kWarmThroughput, kOptional, Support::kRefused},
    {"ResourcePolicy", &kResourcePolicy, kOptional, Support::kRefused},
    {"OnDemandThroughput", &kOnDemandThroughput, kOptional, Support::kRefused},
    {"GlobalTableSourceArn", &kTableArn, kOptional, Support::kRefused},
    {"GlobalTableSettingsReplicationMode", &kGlobalTableSettingsReplicationMode, kOptional,
     Support::kOffOnly},
    {"VectorIndexes", &kVectorIndexList, kOptional, Support::kOffOnly},
};
constexpr Shape kInput = structure_of("CreateTableInput", kMembers);

constexpr size_t kKeyElementsMax = 2;
constexpr size_t kTagsMax = 50;

struct KeyElement {
  std::string name;
  bool hash = false;
};

std::vector<KeyElement> read_key_schema(const json::Value& list) {
  std::vector<KeyElement> elements;
  for (const auto element : json::array_of(list))
    elements.push_back(
        {std::string(*read_text(element, "AttributeName")), read_text(element, "KeyType") == "HASH"});
  return elements;
}

std::vector<model::KeyAttribute> read_definitions(const json::Value& list) {
  std::vector<model::KeyAttribute> definitions;
  for (const auto element : json::array_of(list)) {
    model::KeyAttribute definition;
    definition.name = *read_text(element, "AttributeName");
    const bool known = model::parse_type_name(*read_text(element, "AttributeType"), definition.type);
    STATOR_ASSERT(known, "the enumeration was checked");
    definitions.push_back(std::move(definition));
  }
  return definitions;
}

// "[a, b]"
std::string quote_names(const auto& named) {
  std::string out = "[";
  for (const auto& element : named) {
    if (out.size() > 1) out.append(", ");
    out.append(element.name);
  }
  return out + "]";
}

// The key schema and the attribute definitions against each other, in the service's order.
Result<void> check_schema(const std::vector<KeyElement>& keys,
                          const std::vector<model::KeyAttribute>& definitions) {
  const auto defined = [&](const KeyElement& key) {
    return std::ranges::any_of(definitions,
                               [&](const auto& definition) { return definition.name == key.name; });
  };
  const bool same_name = keys.size() == 2 && keys[0].name == keys[1].name;
  const bool all_defined = std::ranges::all_of(keys, defined);
  if (keys.size() == 2 && (!all_defined || (same_name && definitions.size() == 1)))
    return validation_error("Invalid KeySchema: Some index key attribute have no definition");
  if (!all_defined)
    return invalid_parameters("Some index key attributes are not defined in AttributeDefinitions. Keys: " +
                              quote_names(keys) + ", AttributeDefinitions: " + quote_names(definitions));
  if (same_name)
    return validation_error(
        "Both the Hash Key and the Range Key element in the KeySchema have the same name");
  if (!keys[0].hash)
    return validation_error("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  if (keys.size() == 2 && keys[1].hash)
    return validation_error("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  if (keys.size() != definitions.size())
    return invalid_parameters(
        "Number of attributes in KeySchema does not exactly match number of attributes defined in "
        "AttributeDefinitions");
  return {};
}

Result<void> read_keys(const json::Value& body, model::Table& table) {
  const auto schema = json::member(body, "KeySchema");
  const auto definitions = json::member(body, "AttributeDefinitions");
  // Optional in the model since replicas can be made from another table; for a table of its own they are not.
  if (!schema) return validation_error(violation(kKeySchema, schema, "keySchema", "Member must not be null"));
  if (!definitions)
    return validation_error(
        violation(kAttributeDefinitions, definitions, "attributeDefinitions", "Member must not be null"));
  if (list_size(*schema) > kKeyElementsMax)
    return validation_error(
        violation(kKeySchema, schema, "keySchema", "Member must have length less than or equal to 2"));
  const auto keys = read_key_schema(*schema);
  table.attribute_definitions = read_definitions(*definitions);
  if (auto done = check_schema(keys, table.attribute_definitions); !done) return done;
  const auto attribute = [&](const KeyElement& key) {
    return *std::ranges::find(table.attribute_definitions, key.name, &model::KeyAttribute::name);
  };
  table.key.partition_key = attribute(keys[0]);
  if (keys.size() == 2) table.key.sort_key = attribute(keys[1]);
  return {};
}

Result<void> read_billing(const json::Value& body, model::Table& table) {
  const std::string_view mode = read_text(body, "BillingMode").value_or("PROVISIONED");
  auto throughput = read_throughput(body, mode);
  if (!throughput) return Failure(std::move(throughput).error());
  table.billing_mode =
      mode == "PROVISIONED" ? model::BillingMode::kProvisioned : model::BillingMode::kPayPerRequest;
  if (*throughput) {
    table.throughput.read_units = (*throughput)->read_units;
    table.throughput.write_units = (*throughput)->write_units;
  }
  return {};
}

// An index list that is there must not be empty; one that is not empty was refused by its member's name.
Result<void> check_index_lists(const json::Value& body) {
  for (const std::string_view name : {"LocalSecondaryIndexes", "GlobalSecondaryIndexes"}) {
    if (json::member(body, name)) return invalid_parameters("List of " + std::string(name) + " is empty");
  }
  return {};
}

Result<void> read_tags(const json::Value& body, model::Table& table) {
  const auto tags = json::member(body, "Tags");
  if (!tags) return {};
  if (list_size(*tags) > kTagsMax)
    return validation_error("Too many tags: a resource has at most " + std::to_string(kTagsMax));
  for (const auto tag : json::array_of(*tags)) {
    const std::string_view key = *read_text(tag, "Key");
    if (std::ranges::any_of(table.tags, [&](const auto& other) { return other.first == key; }))
      return invalid_parameters("Duplicate tag key: " + std::string(key));
    table.tags.emplace_back(key, *read_text(tag, "Value"));
  }
  return {};
}

}  // namespace

constinit const CreateTable kCreateTable;

const Shape& CreateTable::input() const { return kInput; }

Result<std::shared_ptr<Request>> CreateTable::read(const json::Value& body) const {
  auto request = std::make_shared<CreateTableRequest>();
  model::Table& table = request->table;
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  table.name = request->table_name;
  if (auto done = read_billing(body, table); !done) return Failure(done.error());
  if (auto done = read_keys(body, table); !done) return Failure(done.error());
  if (auto done = check_index_lists(body); !done) return Failure(done.error());
  if (auto done = read_tags(body, table); !done) return Failure(done.error());
  if (const auto table_class = read_text(body, "TableClass"))
    table.table_class = read_table_class(*table_class);
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
  TableAnswer answer{change.table, {}};
  answer.table.status = model::TableStatus::kCreating;  // as the service answers, though it is there at once
  effects.answer = std::move(answer);
  effects.tables.push_back(std::move(change));
  return effects;
}

void CreateTable::write_answer(const Request& request, const Answer& answer, json::Writer& out) const {
  const auto* table = std::get_if<TableAnswer>(&answer);
  STATOR_ASSERT(table != nullptr, "CreateTable gives table answers");
  out.begin_object().key("TableDescription");
  write_table_description(request, *table, Detail::kWhole, out);
  out.end_object();
}

}  // namespace stator::api
