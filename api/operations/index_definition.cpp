// Index definitions. Pure.
#include "api/operations/index_definition.h"

#include <algorithm>
#include <bit>

#include "api/constraint_report.h"
#include "api/operations/common.h"
#include "api/shapes/table_shapes.h"
#include "model/assert.h"
#include "model/limits.h"

namespace stator::api {
namespace {

// java.util.HashSet's own capacity where none is asked for.
constexpr size_t kJavaCapacity = 16;

const model::KeyAttribute* find_definition(std::span<const model::KeyAttribute> definitions, std::string_view name) {
  const auto found = std::ranges::find(definitions, name, &model::KeyAttribute::name);
  return found == definitions.end() ? nullptr : &*found;
}

model::KeyAttribute definition_of(std::span<const model::KeyAttribute> definitions, std::string_view name) {
  const auto* found = find_definition(definitions, name);
  STATOR_ASSERT(found != nullptr, "check_defined came first");
  return *found;
}

std::vector<std::string> names_of(const auto& named) {
  std::vector<std::string> names;
  for (const auto& element : named) names.push_back(element.name);
  return names;
}

// "[a, b]", in the order of the request.
std::string quote_keys(std::span<const KeyElement> keys) {
  std::string out = "[";
  for (const KeyElement& key : keys) out.append(out.size() > 1 ? ", " : "").append(key.name);
  return out + "]";
}

Failure first_not_hash() {
  return validation_error("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
}

// One HASH, then at most one RANGE of another name.
Result<void> check_two_keys(std::span<const KeyElement> keys) {
  if (keys.size() == 2 && keys[0].name == keys[1].name)
    return validation_error("Both the Hash Key and the Range Key element in the KeySchema have the same name");
  if (!keys[0].hash) return first_not_hash();
  if (keys.size() == 2 && keys[1].hash)
    return validation_error("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  return {};
}

// Source: API_KeySchemaElement, "up to 4 partition keys and up to 4 sort keys".
Result<void> check_global_keys(std::span<const KeyElement> keys) {
  if (!keys[0].hash) return first_not_hash();
  const auto hashes = std::ranges::count_if(keys, &KeyElement::hash);
  if (!std::ranges::is_partitioned(keys, &KeyElement::hash))
    return invalid_parameters("All HASH key attributes must precede RANGE key attributes in the KeySchema");
  const auto too_many = [](std::string_view kind) {
    return invalid_parameters("The KeySchema exceeds the maximum allowed number of " + std::string(kind) + " key attributes");
  };
  if (static_cast<size_t>(hashes) > model::kIndexKeyAttributesMax) return too_many("HASH");
  if (keys.size() - static_cast<size_t>(hashes) > model::kIndexKeyAttributesMax) return too_many("RANGE");
  for (size_t i = 1; i < keys.size(); ++i) {
    if (std::ranges::count(keys.first(i), keys[i].name, &KeyElement::name) > 0)
      return validation_error("The KeySchema contains multiple key attributes with the same name");
  }
  return {};
}

model::ProjectionType projection_type(std::string_view text) {
  if (text == "ALL") return model::ProjectionType::kAll;
  return text == "INCLUDE" ? model::ProjectionType::kInclude : model::ProjectionType::kKeysOnly;
}

Result<model::Projection> read_projection(const json::Value& index) {
  model::Projection projection;
  const auto given = json::member(index, "Projection");
  STATOR_ASSERT(given.has_value(), "a required member");
  const auto type = read_text(*given, "ProjectionType");
  if (!type) return invalid_parameters("Unknown ProjectionType: null");
  projection.type = projection_type(*type);
  const auto names = json::member(*given, "NonKeyAttributes");
  const bool include = projection.type == model::ProjectionType::kInclude;
  if (include != names.has_value())
    return invalid_parameters("ProjectionType is " + std::string(*type) + ", but NonKeyAttributes is " +
                              (include ? "not specified" : "specified"));
  if (!names) return projection;
  for (const auto name : json::array_of(*names)) {
    std::string text(json::text_of(name));
    if (std::ranges::count(projection.non_key_attributes, text) > 0)
      return invalid_parameters("Duplicate element in NonKeyAttributes: " + text);
    projection.non_key_attributes.push_back(std::move(text));
  }
  std::ranges::sort(projection.non_key_attributes);  // as the service describes them
  return projection;
}

}  // namespace

std::vector<KeyElement> read_key_schema(const json::Value& list) {
  std::vector<KeyElement> elements;
  for (const auto element : json::array_of(list))
    elements.push_back({std::string(*read_text(element, "AttributeName")), read_text(element, "KeyType") == "HASH"});
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

Result<void> check_definitions(std::span<const model::KeyAttribute> definitions) {
  for (size_t i = 1; i < definitions.size(); ++i) {
    if (find_definition(definitions.first(i), definitions[i].name) != nullptr)
      return validation_error("Attribute Name is duplicated: " + definitions[i].name);
  }
  return {};
}

Result<void> check_table_keys(std::span<const KeyElement> keys, std::span<const model::KeyAttribute> definitions) {
  STATOR_ASSERT(keys.size() == 1 || keys.size() == 2, "a table has one or two keys");
  if (keys.size() > definitions.size())
    return validation_error("Invalid KeySchema: Some index key attribute have no definition");
  if (auto done = check_defined(keys, definitions, true); !done) return done;
  return check_two_keys(keys);
}

Result<void> check_defined(std::span<const KeyElement> keys, std::span<const model::KeyAttribute> definitions,
                           bool creates_table) {
  const auto defined = [&](const KeyElement& key) { return find_definition(definitions, key.name) != nullptr; };
  if (std::ranges::all_of(keys, defined)) return {};
  std::string text = "Some index key attributes are not defined in AttributeDefinitions.";
  if (creates_table) {
    const auto names = names_of(definitions);
    text.append(" Keys: " + quote_keys(keys) + ", AttributeDefinitions: " + list_names(names, names.size()));
  }
  return invalid_parameters(text);
}

Failure key_schema_too_long(const json::Value& list, std::string_view path) {
  return validation_error(
      violation(shapes::kKeySchema, list, path, "Member must have length less than or equal to 2"));
}

Result<model::LocalIndex> read_local_index(const json::Value& index, std::span<const KeyElement> keys,
                                           std::span<const model::KeyAttribute> definitions,
                                           std::string_view table_hash_key) {
  model::LocalIndex local;
  local.name = *read_text(index, "IndexName");
  if (auto done = check_two_keys(keys); !done) return Failure(done.error());
  if (keys.size() != 2) return invalid_parameters("Index KeySchema does not have a range key for index: " + local.name);
  if (keys[0].name != table_hash_key)
    return invalid_parameters("Index KeySchema does not have the same leading hash key as table KeySchema for index: " +
                              local.name + ". index hash key: " + keys[0].name +
                              ", table hash key: " + std::string(table_hash_key));
  local.sort_key = definition_of(definitions, keys[1].name);
  auto projection = read_projection(index);
  if (!projection) return Failure(std::move(projection).error());
  local.projection = std::move(*projection);
  return local;
}

Result<model::GlobalIndex> read_global_index(const json::Value& index, std::span<const KeyElement> keys,
                                             std::span<const model::KeyAttribute> definitions) {
  model::GlobalIndex global;
  global.name = *read_text(index, "IndexName");
  if (auto done = check_global_keys(keys); !done) return Failure(done.error());
  for (const KeyElement& key : keys)
    (key.hash ? global.partition_key : global.sort_key).push_back(definition_of(definitions, key.name));
  auto projection = read_projection(index);
  if (!projection) return Failure(std::move(projection).error());
  global.projection = std::move(*projection);
  return global;
}

// A name that several indexes project counts as often as it stands there. Source: DG, "Projected secondary index attributes
// per table".
Result<void> check_projected_attributes(const model::Table& table) {
  size_t count = 0;
  for (const auto& index : table.local_indexes) count += index.projection.non_key_attributes.size();
  for (const auto& index : table.global_indexes) count += index.projection.non_key_attributes.size();
  if (count > model::kProjectedAttributesMax)
    return invalid_parameters("Number of projected attributes " + std::to_string(count) +
                              " exceeds the per-table limit of " + std::to_string(model::kProjectedAttributesMax));
  return {};
}

bool is_key_attribute(const model::Table& table, std::string_view attribute) {
  if (table.key.is_key(attribute)) return true;
  const auto local = [&](const model::LocalIndex& index) { return index.sort_key.name == attribute; };
  const auto global = [&](const model::GlobalIndex& index) { return index.is_key(attribute); };
  return std::ranges::any_of(table.local_indexes, local) || std::ranges::any_of(table.global_indexes, global);
}

std::string list_names(std::span<const std::string> names, size_t capacity) {
  const auto hash = [](std::string_view name) {
    uint32_t value = 0;
    for (const char c : name) value = value * 31 + static_cast<uint8_t>(c);
    return value ^ value >> 16;
  };
  std::vector<std::string> entries;
  size_t buckets = std::bit_ceil(capacity == 0 ? kJavaCapacity : capacity);
  for (const std::string& name : names) {
    if (std::ranges::count(entries, name) > 0) continue;
    entries.push_back(name);
    if (entries.size() * 4 > buckets * 3) buckets *= 2;
  }
  std::ranges::stable_sort(entries, {}, [&](const std::string& name) { return hash(name) & (buckets - 1); });
  std::string out = "[";
  for (const std::string& name : entries) out.append(out.size() > 1 ? ", " : "").append(name);
  return out + "]";
}

}  // namespace stator::api
