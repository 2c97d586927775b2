// Fuzz target: the input is two texts (and key bytes). Goal: no text crashes the parser, and what it accepts
// is canonical: text, key bytes and parts lead back to the same number, order agrees with the keys, sums are
// exact and reversible.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "model/assert.h"
#include "model/number.h"

namespace {

using stator::model::Number;

void check_one(const Number& number) {
  const auto from_text = Number::parse(number.to_string());
  STATOR_ASSERT(from_text.ok() && *from_text == number, "the canonical text is the number");
  const auto from_key = Number::from_key_bytes(number.key_bytes());
  STATOR_ASSERT(from_key.ok() && *from_key == number, "the key bytes are the number");
  const auto from_parts = Number::from_parts(number.is_negative(), number.coefficient(), number.exponent());
  STATOR_ASSERT(from_parts.ok() && *from_parts == number, "the parts are the number");
  int64_t integer = 0;
  if (number.to_int64(integer))
    STATOR_ASSERT(Number::from_int(integer) == number, "the integer is the number");
  STATOR_ASSERT(number.to_string().size() <= 170 && number.size_bytes() <= 22, "bounds of number.h");
}

void check_two(const Number& a, const Number& b) {
  STATOR_ASSERT((a < b) == (a.key_bytes() < b.key_bytes()), "keys sort as numbers do");
  const auto sum = Number::add(a, b);
  if (!sum.ok()) return;
  check_one(*sum);
  const auto back = Number::subtract(*sum, b);
  STATOR_ASSERT(back.ok() && *back == a, "an exact sum can be undone");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto key = Number::from_key_bytes(input);
  if (key.ok()) {
    STATOR_ASSERT(key->key_bytes() == input, "a number has one encoding");
    check_one(*key);
  }
  const size_t split = std::min(input.find(' '), input.size());
  const auto a = Number::parse(input.substr(0, split));
  const auto b = Number::parse(input.substr(std::min(split + 1, input.size())));
  if (a.ok()) check_one(*a);
  if (b.ok()) check_one(*b);
  if (a.ok() && b.ok()) check_two(*a, *b);
  return 0;
}
