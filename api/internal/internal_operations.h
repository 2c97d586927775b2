// The operations that nodes ask of each other beside the API's. No client can call them. Pure.
#pragma once

#include <string_view>

#include "api/operation.h"

namespace stator::api {

// Null where the name is none of them.
const Operation* find_internal_operation(std::string_view name);

}  // namespace stator::api
