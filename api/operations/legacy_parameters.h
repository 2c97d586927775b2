// Legacy parameters: what requests said before there were expressions, and what they may not say together with
// expressions. Read into the same conditions, updates and projections as expressions are (legacy_conditions.h,
// legacy_updates.h), so that each is evaluated in one place. Source: Developer Guide, "Legacy conditional
// parameters". Used inside api/operations/ only. Pure.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "api/error.h"
#include "api/expressions/projection.h"
#include "api/json.h"

namespace stator::api {

// Legacy members beside expressions are refused, both listed in the order given here, which is the service's.
// A member is there even where it is empty.
Result<void> check_parameter_mix(const json::Value& body, std::initializer_list<std::string_view> legacy,
                                 std::initializer_list<std::string_view> expressions);

// AttributesToGet as a projection of whole attributes; nothing where it is absent. A name twice is refused.
Result<std::optional<expressions::Projection>> read_attributes_to_get(const json::Value& body);

}  // namespace stator::api
