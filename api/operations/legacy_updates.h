// AttributeUpdates, read into the update that expressions are made of: PUT is SET, ADD is ADD (of lists too),
// DELETE is REMOVE or, with a value, DELETE. Source: API_AttributeValueUpdate. Pure.
#pragma once

#include <optional>

#include "api/error.h"
#include "api/expressions/update.h"
#include "api/json.h"

namespace stator::api {

// Nothing where AttributeUpdates is absent or empty. Attributes are looked at in the order of the request.
Result<std::optional<expressions::Update>> read_attribute_updates(const json::Value& body);

}  // namespace stator::api
