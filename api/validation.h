// Validation: a request's body against its operation's input shape, before anything of it is read. One walk,
// no allocation where all is well; the second, slow walk only words what the first found. The first step of
// Operation::parse. Pure.
//
// In the service's order (docs/compatibility.md):
//   1. member types, and members that come twice: SerializationException, alone;
//   2. required, length, range, pattern and enum, nested ones too: one ValidationException that lists them,
//      "2 validation errors detected: ...; ...";
//   3. members of the model that Stator does not implement yet: refused by name (not_implemented_yet).
// Members that the model does not have are ignored, as the service ignores them.
#pragma once

#include <cstdint>
#include <string_view>

#include "api/error.h"
#include "api/json.h"
#include "api/shapes/shape.h"

namespace stator::api {

// The service lists ten violations and does not look for more.
inline constexpr size_t kViolationsMax = 10;
// How much of a refused value a violation quotes.
inline constexpr size_t kQuotedValueMax = 8 * 1024;

// Requires a structure and an object. Afterwards every member that is there and not null is of its shape's
// type and within its bounds, and all required ones are there; only attribute values may still have wrong
// contents.
Result<void> validate(const Shape& input, const json::Value& body);

// The integer that a JSON number stands for where the model has an integer: the service cuts fractions off.
// Requires a number. False where it does not fit.
bool to_integer(const json::Value& value, int64_t& out);

// A string's length as the service counts it: UTF-16 code units. Requires UTF-8.
size_t utf16_length(std::string_view text);

}  // namespace stator::api
