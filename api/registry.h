// THE list of operations. An operation that is not in it answers UnknownOperationException. Pure.
#pragma once

#include <span>
#include <string_view>

#include "api/operation.h"

namespace stator::api {

// All operations, in order of name. Static; never changes.
std::span<const Operation* const> operations();
// Null where the name (exact case) is no operation.
const Operation* find_operation(std::string_view name);

}  // namespace stator::api
