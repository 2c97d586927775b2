// Compare: what conditions ask of two values: order, size, prefix, membership. Equality is AttributeValue's
// own. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/attribute_value.h"

namespace stator::expressions {

// S, N and B have an order; the others have none.
bool is_ordered(model::AttributeType type);
// S by UTF-8 bytes, N by value, B by bytes. nullopt where the types differ or have no order.
std::optional<std::strong_ordering> order(const model::AttributeValue& a, const model::AttributeValue& b);

// size(): S in UTF-16 units, B in bytes, sets, L and M in elements. nullopt for N, BOOL and NULL, which have
// none.
std::optional<uint64_t> size_of(const model::AttributeValue& value);

// Both S, or both B.
bool begins_with(const model::AttributeValue& value, const model::AttributeValue& prefix);

// S in S, B in B (as a part of it); S, N, B as a member of a set of its kind; any value as an element of L.
bool contains(const model::AttributeValue& container, const model::AttributeValue& part);

}  // namespace stator::expressions
