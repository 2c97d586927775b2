// ConstraintReport: the wording of violated model constraints: "2 validation errors detected: Value '...' at
// '...' failed to satisfy constraint: Member must ...; ...". The slow half of validation.h, run only where
// something is violated. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/json.h"
#include "api/shapes/shape.h"

namespace stator::api {

// The whole message. Requires that every member has its shape's JSON type and that at least one constraint is
// violated.
std::string report_violations(const Shape& input, const json::Value& body);

// One violation alone, in the same words: for constraints that the model does not have. `path` as in
// "keySchema".
std::string violation(const Shape& shape, const std::optional<json::Value>& value, std::string_view path,
                      std::string_view constraint);

// Whether a value, without what it contains, satisfies its shape's enum, pattern and bounds. Requires the
// right type.
bool satisfies_constraints(const Shape& shape, const json::Value& value);
// Whether a member's value only says that the feature is not asked for (Support::kOffOnly). Requires the
// right type.
bool says_off(const Shape& shape, const json::Value& value);

size_t list_size(const json::Value& value);  // requires an array
size_t map_size(const json::Value& value);   // requires an object

}  // namespace stator::api
