// The shared parts of requests and answers. Pure.
#include "api/operations/common.h"

#include <algorithm>

#include "api/constraint_report.h"
#include "api/item_reader.h"
#include "api/shapes/item_shapes.h"
#include "api/validation.h"
#include "model/limits.h"

namespace stator::api {
namespace {

constexpr std::string_view kEmptyKeyValue =
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
    "empty ";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.';
}

bool is_name_length(std::string_view name) {
  return name.size() >= model::kTableNameSizeMin && name.size() <= model::kTableNameSizeMax;
}

// "arn:aws:dynamodb:<region>:<12 digits>:table/<name>" to its name; another text as it is. Any partition,
// region and account: all of them are this server.
std::string_view name_in_arn(std::string_view given) {
  if (!given.starts_with("arn:")) return given;
  size_t colons = 0;
  size_t at = 0;
  for (; at < given.size() && colons < 5; ++at) colons += given[at] == ':' ? 1 : 0;
  const std::string_view resource = given.substr(at);
  if (colons < 5 || !resource.starts_with("table/")) return given;
  return resource.substr(std::string_view("table/").size());
}

Failure empty_key_value(std::string_view attribute, bool binary) {
  return validation_error(std::string(kEmptyKeyValue) + (binary ? "binary" : "string") +
                          " value. Key: " + std::string(attribute));
}

Failure key_too_long(bool is_sort_key) {
  return invalid_parameters(
      is_sort_key ? "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
                  : "Size of hashkey has exceeded the maximum size limit of2048 bytes");
}

// "A and B are null", "A is null".
std::string are_null(std::initializer_list<std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) out.append(out.empty() ? "" : " and ").append(name);
  return out + (names.size() == 1 ? " is null" : " are null");
}

Result<void> read_values(const json::Value& values, expressions::Substitutions& substitutions) {
  substitutions.begin_values();
  for (const auto& [placeholder, content] : json::object_of(values)) {
    auto value = read_attribute_value(content);
    if (!value) {
      Error error = std::move(value).error();
      if (error.code == ErrorCode::kValidation && error.message != kNestingExceeded)
        error.message = expressions::invalid_value(error.message, placeholder);
      return Failure(std::move(error));
    }
    substitutions.add_value(std::string(placeholder), std::move(value).value());
  }
  if (auto checked = substitutions.check_values(); !checked) return expression_error(checked.error());
  return {};
}

// The map of the indexes of one kind; nothing where none was touched.
void write_index_units(std::string_view name, bool local, const Capacity& capacity, json::Writer& out) {
  if (std::ranges::find(capacity.indexes, local, &IndexUnits::local) == capacity.indexes.end()) return;
  out.key(name).begin_object();
  for (const IndexUnits& index : capacity.indexes) {
    if (index.local != local) continue;
    out.key(index.index).begin_object().key("CapacityUnits").number(index.units).end_object();
  }
  out.end_object();
}

}  // namespace

Failure invalid_parameters(std::string_view text) {
  return validation_error("One or more parameter values were invalid: " + std::string(text));
}

std::optional<std::string_view> read_text(const json::Value& body, std::string_view name) {
  const auto value = json::member(body, name);
  if (!value) return std::nullopt;
  return json::text_of(*value);
}

std::optional<int64_t> read_integer(const json::Value& body, std::string_view name) {
  const auto value = json::member(body, name);
  int64_t number = 0;
  if (!value || !to_integer(*value, number)) return std::nullopt;
  return number;
}

bool read_boolean(const json::Value& body, std::string_view name, bool fallback) {
  const auto value = json::member(body, name);
  return value ? json::truth_of(*value) : fallback;
}

Result<void> read_table_name(const json::Value& body, Request& request) {
  const std::string_view given = read_text(body, "TableName").value_or("");
  const std::string_view name = name_in_arn(given);
  if (!is_name_length(name)) {
    static constexpr Shape kName = name_of("TableName", {model::kTableNameSizeMin, model::kTableNameSizeMax});
    static constexpr Member kMembers[] = {{"TableName", &kName, kRequired}};
    static constexpr Shape kNamed = structure_of("TableNamed", kMembers);
    return validation_error(report_violations(kNamed, body));
  }
  if (!std::ranges::all_of(name, is_name_character))
    return validation_error(violation(shapes::kTableArn, json::member(body, "TableName"), "tableName",
                                      "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"));
  request.table_given = given;
  request.table_name = name;
  return {};
}

std::optional<std::string> table_name_of(std::string_view name_or_arn) {
  const std::string_view name = name_in_arn(name_or_arn);
  if (!is_name_length(name) || !std::ranges::all_of(name, is_name_character)) return std::nullopt;
  return std::string(name);
}

std::string table_arn(std::string_view region, std::string_view table) {
  return "arn:aws:dynamodb:" + std::string(region) + ":000000000000:table/" + std::string(table);
}

Result<model::Item> read_key(const json::Value& key) {
  auto item = read_item(key);
  if (!item) return item;
  for (const auto& [name, value] : *item) {
    if (value.as_s() != nullptr && value.as_s()->empty()) return empty_key_value(name, false);
    if (value.as_b() != nullptr && value.as_b()->bytes.empty()) return empty_key_value(name, true);
  }
  return item;
}

Result<void> check_parameter_usage(const json::Value& body,
                                   std::initializer_list<std::string_view> expressions,
                                   std::initializer_list<std::string_view> value_expressions) {
  const auto given = [&](std::string_view name) { return json::member(body, name).has_value(); };
  if (!std::ranges::any_of(expressions, given) && given("ExpressionAttributeNames"))
    return validation_error("ExpressionAttributeNames can only be specified when using expressions");
  if (value_expressions.size() > 0 && !std::ranges::any_of(value_expressions, given) &&
      given("ExpressionAttributeValues"))
    return validation_error("ExpressionAttributeValues can only be specified when using expressions: " +
                            are_null(value_expressions));
  return {};
}

Result<void> read_names(const json::Value& body, expressions::Substitutions& substitutions) {
  const auto names = json::member(body, "ExpressionAttributeNames");
  if (!names) return {};
  substitutions.begin_names();
  for (const auto& [placeholder, name] : json::object_of(*names))
    substitutions.add_name(std::string(placeholder), std::string(json::text_of(name)));
  if (auto checked = substitutions.check_names(); !checked) return expression_error(checked.error());
  return {};
}

Result<void> read_substitutions(const json::Value& body, expressions::Substitutions& substitutions) {
  if (auto done = read_names(body, substitutions); !done) return done;
  if (const auto values = json::member(body, "ExpressionAttributeValues"))
    return read_values(*values, substitutions);
  return {};
}

Failure expression_error(std::string message) { return validation_error(std::move(message)); }

Failure item_key_error(const model::KeyFailure& failure) {
  switch (failure.error) {
    case model::KeyError::kMissing:
      return invalid_parameters("Missing the key " + failure.attribute + " in the item");
    case model::KeyError::kWrongType:
      return invalid_parameters("Type mismatch for key " + failure.attribute +
                                " expected: " + std::string(model::type_name(failure.expected)) +
                                " actual: " + std::string(model::type_name(failure.actual)));
    default:
      return key_error(failure);
  }
}

Failure key_error(const model::KeyFailure& failure) {
  switch (failure.error) {
    case model::KeyError::kEmpty:
      return empty_key_value(failure.attribute, failure.actual == model::AttributeType::kB);
    case model::KeyError::kTooLong:
      return key_too_long(failure.is_sort_key);
    default:
      return key_schema_mismatch();
  }
}

Failure key_schema_mismatch() {
  return validation_error("The provided key element does not match the schema");
}

Result<void> check_key_paths(const model::Table& table, const std::vector<std::string>& nested_attributes) {
  const auto refuse = [](std::string_view what, const std::string& attribute) {
    return validation_error(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: " +
        std::string(what) + ": " + attribute);
  };
  for (const std::string& attribute : nested_attributes) {
    if (table.key.is_key(attribute)) return refuse("Key", attribute);
  }
  for (const std::string& attribute : nested_attributes) {
    const bool local = std::ranges::any_of(
        table.local_indexes, [&](const model::LocalIndex& index) { return index.sort_key.name == attribute; });
    const bool global = std::ranges::any_of(
        table.global_indexes, [&](const model::GlobalIndex& index) { return index.is_key(attribute); });
    if (local || global) return refuse("IndexKey", attribute);
  }
  return {};
}

model::Item key_attributes(const model::KeySchema& schema, const model::Item& item) {
  model::Item key;
  const auto take = [&](const std::string& name) {
    if (const auto* value = item.find(name)) key.set(name, *value);
  };
  take(schema.partition_key.name);
  if (schema.sort_key) take(schema.sort_key->name);
  return key;
}

ReturnConsumedCapacity read_return_consumed_capacity(const json::Value& body) {
  const auto text = read_text(body, "ReturnConsumedCapacity");
  if (text == "TOTAL") return ReturnConsumedCapacity::kTotal;
  if (text == "INDEXES") return ReturnConsumedCapacity::kIndexes;
  return ReturnConsumedCapacity::kNone;
}

double read_units(uint64_t bytes, bool consistent) {
  const uint64_t units = std::max<uint64_t>(1, (bytes + model::kReadUnitBytes - 1) / model::kReadUnitBytes);
  return static_cast<double>(units) * (consistent ? 1.0 : 0.5);
}

double write_units(uint64_t bytes) {
  return static_cast<double>(
      std::max<uint64_t>(1, (bytes + model::kWriteUnitBytes - 1) / model::kWriteUnitBytes));
}

void add_capacity(Capacity& sum, const Capacity& more) {
  sum.read_units += more.read_units;
  sum.write_units += more.write_units;
  for (const IndexUnits& index : more.indexes) {
    const auto same = std::ranges::find(sum.indexes, index.index, &IndexUnits::index);
    if (same == sum.indexes.end())
      sum.indexes.push_back(index);
    else
      same->units += index.units;
  }
}

void write_capacity_entry(std::string_view table, const Capacity& capacity, ReturnConsumedCapacity detail,
                          json::Writer& out) {
  const double units = capacity.read_units + capacity.write_units;
  out.begin_object().key("TableName").string(table).key("CapacityUnits").number(units);
  if (detail == ReturnConsumedCapacity::kIndexes) {
    double of_table = units;
    for (const IndexUnits& index : capacity.indexes) of_table -= index.units;
    out.key("Table").begin_object().key("CapacityUnits").number(of_table).end_object();
    write_index_units("LocalSecondaryIndexes", true, capacity, out);
    write_index_units("GlobalSecondaryIndexes", false, capacity, out);
  }
  out.end_object();
}

void write_consumed_capacity(const Request& request, const Capacity& capacity, ReturnConsumedCapacity detail,
                             json::Writer& out) {
  if (detail == ReturnConsumedCapacity::kNone) return;
  out.key("ConsumedCapacity");
  write_capacity_entry(request.table_given, capacity, detail, out);
}

void write_item_collection(const ItemCollection& collection, json::Writer& out) {
  constexpr uint64_t kGigabyte = 1024 * 1024 * 1024;
  const auto from = static_cast<double>(collection.bytes / kGigabyte);
  out.begin_object().key("ItemCollectionKey").item(collection.key);
  out.key("SizeEstimateRangeGB").begin_array().number(from).number(from + 1).end_array();
  out.end_object();
}

}  // namespace stator::api
