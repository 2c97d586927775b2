// ItemReader: DynamoDB JSON to attribute values and items, with the service's errors for wrong contents:
// number texts, empty and duplicate sets, types missing or doubled, nesting. Follows validation.h, which has
// checked JSON types. Pure.
#pragma once

#include "api/error.h"
#include "api/json.h"
#include "model/attribute_value.h"

namespace stator::api {

inline constexpr std::string_view kNestingExceeded = "Nesting Levels have exceeded supported limits";

// {"S": "..."}: exactly one type, at most 31 documents deep below its attribute. Sets come out sorted.
Result<model::AttributeValue> read_attribute_value(const json::Value& value);
// Refuses the name of an attribute or of a map's member that is empty or longer than 65,535 bytes, in DynamoDB Local's
// words, whose "Empty attribute name" the service says of ExpressionAttributeNames too.
Result<void> check_attribute_name(std::string_view name);
// {"a": {"S": "..."}, ...}: an item or a key. Each name once.
Result<model::Item> read_item(const json::Value& value);

}  // namespace stator::api
