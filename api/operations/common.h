// Parts that requests and answers of several operations share: members read one way, capacity counted and
// written one way, key errors worded one way. Used inside api/operations/ only. Pure.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/answer.h"
#include "api/error.h"
#include "api/expressions/substitutions.h"
#include "api/json.h"
#include "api/operation.h"
#include "model/attribute_value.h"
#include "model/key.h"
#include "model/table.h"

namespace stator::api {

// How texts about parameters that contradict each other begin.
Failure invalid_parameters(std::string_view text);  // "One or more parameter values were invalid: <text>"

// Members of a body that fits its shape. A null member is an absent one.
std::optional<std::string_view> read_text(const json::Value& body, std::string_view name);
std::optional<int64_t> read_integer(const json::Value& body, std::string_view name);
bool read_boolean(const json::Value& body, std::string_view name, bool fallback);

// TableName, a name or a table's ARN, into table_name and table_given. A name of the wrong length violates a
// constraint, told alone and before all else (measured: extenddb's tests against the service).
Result<void> read_table_name(const json::Value& body, Request& request);
// The table's name out of a name or an ARN; nothing where it is no legal name.
std::optional<std::string> table_name_of(std::string_view name_or_arn);
std::string table_arn(std::string_view region, std::string_view table);

// A Key: read as an item; empty key values are refused without the table.
Result<model::Item> read_key(const json::Value& key);

// ExpressionAttributeNames and -Values without any of `expressions` (names of members) are refused. Values
// exist only where `value_expressions` is not empty: the expressions that the refusal names.
Result<void> check_parameter_usage(const json::Value& body,
                                   std::initializer_list<std::string_view> expressions,
                                   std::initializer_list<std::string_view> value_expressions);
// ExpressionAttributeNames alone, for operations that have no values.
Result<void> read_names(const json::Value& body, expressions::Substitutions& substitutions);
// Both maps, names first, each checked as a map of its own.
Result<void> read_substitutions(const json::Value& body, expressions::Substitutions& substitutions);
// A failed expression as the ValidationException that it is.
Failure expression_error(std::string message);

// A key that does not fit the table: of a whole item (PutItem); of a Key, or of an item in a batch.
Failure item_key_error(const model::KeyFailure& failure);
Failure key_error(const model::KeyFailure& failure);
// "The provided key element does not match the schema".
Failure key_schema_mismatch();
// Paths into attributes of these names: refused where one is a key of the table or of an index.
Result<void> check_key_paths(const model::Table& table, const std::vector<std::string>& nested_attributes);
// The attributes of `item` that make its key.
model::Item key_attributes(const model::KeySchema& schema, const model::Item& item);

enum class ReturnConsumedCapacity : uint8_t { kNone, kTotal, kIndexes };
ReturnConsumedCapacity read_return_consumed_capacity(const json::Value& body);

// Units of 4 KB, at least one; half as much where it is eventually consistent.
double read_units(uint64_t bytes, bool consistent);
// Units of 1 KB, at least one.
double write_units(uint64_t bytes);

// Adds what another part of the request consumed on the same table.
void add_capacity(Capacity& sum, const Capacity& more);
// One entry: {"TableName": ..., "CapacityUnits": ...}, with INDEXES the parts of the table and its indexes as well.
void write_capacity_entry(std::string_view table, const Capacity& capacity, ReturnConsumedCapacity detail,
                          json::Writer& out);
// The member ConsumedCapacity, or nothing with NONE.
void write_consumed_capacity(const Request& request, const Capacity& capacity, ReturnConsumedCapacity detail,
                             json::Writer& out);
// {"ItemCollectionKey": ..., "SizeEstimateRangeGB": [from, to]}.
void write_item_collection(const ItemCollection& collection, json::Writer& out);

}  // namespace stator::api
