// The payload of an item record: an item as a Cap'n Proto message (schemas/item.capnp). Private to
// item_record.cpp and its tests. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/attribute_value.h"

namespace stator::model {

// Deeper values are neither written nor read. Above kNestingMax, so that the API's limit can be raised
// without a new format.
inline constexpr uint32_t kRecordNestingMax = 40;

// Requires nesting_depth of each value <= kRecordNestingMax, and sets that are sorted, without duplicates and
// not empty.
void append_item_payload(std::string& out, const Item& item);

// False where the bytes are no item: any damage, names or sets out of order, numbers that are not canonical,
// nesting beyond the bound. Takes memory in proportion to the bytes, whatever they say.
bool read_item_payload(std::string_view bytes, Item& out);

}  // namespace stator::model
