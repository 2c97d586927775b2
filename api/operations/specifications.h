// StreamSpecification and SSESpecification, as CreateTable and UpdateTable take them: what contradicts itself is refused in
// the service's words, what asks for a feature that Stator does not have is refused by name. Pure.
#pragma once

#include "api/error.h"
#include "api/json.h"
#include "api/operations/throughput.h"

namespace stator::api {

Result<void> check_stream(const json::Value& body, TableStep step);
Result<void> check_encryption(const json::Value& body);

}  // namespace stator::api
