// Literals of the expression tests: a short way to write and print attribute values.
//
//   "text"  b"bytes"  1.5  true  null  {a: 1, #b: "x"}  [1, "x"]  <"a", "b"> (SS)  <1, 2> (NS)  <b"x"> (BS)
//
// Strings know \" \\ \n and \xHH. Keys of maps end at the first colon that is not their first character (:v,
// #n and a.b are keys).
#pragma once

#include <string>
#include <string_view>

#include "model/attribute_value.h"

namespace stator::expressions::testing {

// Aborts the test program where the text is no literal: the test data is wrong.
model::AttributeValue read_value(std::string_view text);
// The literal of a map, as an item.
model::Item read_item(std::string_view text);

std::string print(const model::AttributeValue& value);
std::string print(const model::Item& item);

}  // namespace stator::expressions::testing
