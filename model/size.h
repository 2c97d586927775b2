// Item sizes as the service counts them: what capacity, the 400 KB limit and 1 MB pages are measured in.
// Source: Developer Guide, "DynamoDB item sizes and formats", refined by reports of the real service. Pure.
#pragma once

#include <cstdint>

#include "model/attribute_value.h"

namespace stator::model {

// S, B: their bytes; BOOL, NULL: 1; N: Number::size_bytes; L, M: 3 + 1 an element + contents (map keys' bytes too);
// sets: the sum of their members.
uint64_t size_bytes(const AttributeValue& value);
// Attribute names in UTF-8 bytes and their values.
uint64_t size_bytes(const Item& item);

}  // namespace stator::model
