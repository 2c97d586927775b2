// The words that no expression may use as a bare attribute name (Developer Guide, "Reserved words in
// DynamoDB"). Pure.
#pragma once

#include <string_view>

namespace stator::expressions {

// Ignores case. A reserved word is written as an alias (#name) instead.
bool is_reserved_word(std::string_view word);

}  // namespace stator::expressions
