// Legacy conditions: Expected, QueryFilter, ScanFilter and KeyConditions, read into the conditions that
// expressions are made of. Checked without a table, in the service's order: a condition's values, how many, of
// one type, of a type that the operator takes, bounds in order. Attributes are looked at in the order of the
// request. Sources: API_ExpectedAttributeValue, API_Condition; texts: docs/compatibility.md. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "api/error.h"
#include "api/expressions/condition.h"
#include "api/expressions/key_condition.h"
#include "api/json.h"

namespace stator::api {

// Expected with ConditionalOperator; nothing where there is no condition in it.
Result<std::optional<expressions::Condition>> read_expected(const json::Value& body);

// QueryFilter or ScanFilter, whose name `member` is, with ConditionalOperator.
Result<std::optional<expressions::Condition>> read_legacy_filter(const json::Value& body,
                                                                 std::string_view member);

// KeyConditions, which must be there. Whether they fit a table, KeyCondition::resolve() says.
Result<expressions::KeyCondition> read_key_conditions(const json::Value& body);

}  // namespace stator::api
