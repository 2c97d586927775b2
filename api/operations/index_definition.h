// Index definitions: key schemas, projections and attribute definitions of a request, read and checked as CreateTable and
// UpdateTable share them, in the service's words. Used inside api/operations/ only. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/error.h"
#include "api/json.h"
#include "model/table.h"

namespace stator::api {

struct KeyElement {
  std::string name;
  bool hash = false;
  bool operator==(const KeyElement&) const = default;
};

// A KeySchema, and AttributeDefinitions, as they stand in the request. Require values that fit their shapes.
std::vector<KeyElement> read_key_schema(const json::Value& list);
std::vector<model::KeyAttribute> read_definitions(const json::Value& list);

// A name is defined once.
Result<void> check_definitions(std::span<const model::KeyAttribute> definitions);
// The key schema of a table: its definitions, one name once, one HASH, then at most one RANGE. Requires one or two elements.
Result<void> check_table_keys(std::span<const KeyElement> keys, std::span<const model::KeyAttribute> definitions);
// That all keys of an index are defined; on CreateTable the text lists both sides.
Result<void> check_defined(std::span<const KeyElement> keys, std::span<const model::KeyAttribute> definitions,
                           bool creates_table);
// "[KeySchemaElement(...), ...]": the violation of a key schema of more than two elements.
Failure key_schema_too_long(const json::Value& list, std::string_view path);

// A local index: `keys` against the table's, and its projection. Requires check_defined.
Result<model::LocalIndex> read_local_index(const json::Value& index, std::span<const KeyElement> keys,
                                           std::span<const model::KeyAttribute> definitions,
                                           std::string_view table_hash_key);
// A global index, of CreateTable or of UpdateTable's Create: keys of up to 4 + 4 attributes, and its projection; throughput is
// the caller's. Requires check_defined.
Result<model::GlobalIndex> read_global_index(const json::Value& index, std::span<const KeyElement> keys,
                                             std::span<const model::KeyAttribute> definitions);

// That all projections of a table together name at most model::kProjectedAttributesMax attributes.
Result<void> check_projected_attributes(const model::Table& table);

// The attributes that a key of the table or of an index names: in definitions, others are none of the table's.
bool is_key_attribute(const model::Table& table, std::string_view attribute);

// Names as the service's messages list them: in the order of a Java hash set that was made for `capacity` entries and grew
// where it had to, which clients see ("[sk, a, b, pk, c]"). Each name once.
std::string list_names(std::span<const std::string> names, size_t capacity);

}  // namespace stator::api
