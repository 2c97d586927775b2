// The checksum of records: XXH3, 64 bits, over parts as if they stood one after the other. Finds damage, not
// malice. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace stator::model {

// Stored: the same for ever.
uint64_t checksum_of(std::initializer_list<std::string_view> parts);

}  // namespace stator::model
