// Number: DynamoDB's N. A decimal of up to 38 significant digits, exact, with one canonical text.
//
// Magnitude 1E-130 to 9.9999999999999999999999999999999999999E+125, or zero (Developer Guide, "Data types: Number").
// Represented as coefficient x 10^exponent with a coefficient of at most 38 digits (10^38 < 2^127) that has no trailing
// zeros, so that equal numbers have equal representations: 1, 1.0 and 1e0 are one number. Pure; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/result.h"

namespace stator::model {

enum class NumberError : uint8_t {
  kEmpty = 1,      // ""
  kSyntax,         // not a number: "abc", " 1", "1e", "0x1"
  kTooManyDigits,  // more than 38 significant digits
  kOverflow,       // magnitude above 9.99..E+125
  kUnderflow,      // magnitude below 1E-130 and not zero
};

// Limits of the magnitude, as the exponent of the first significant digit.
inline constexpr int kNumberDigitsMax = 38;
inline constexpr int kNumberExponentMax = 125;
inline constexpr int kNumberExponentMin = -130;

class Number {
 public:
  Number() = default;  // zero
  static Number from_int(int64_t value);

  // Accepts what the service accepts: an optional sign, digits with an optional point ("+5", ".5", "5."), an optional
  // exponent with at least one digit. No white space. Leading and trailing zeros do not count as digits.
  static Result<Number, NumberError> parse(std::string_view text);

  // Exact. kTooManyDigits where the exact result needs more than 38 digits; kOverflow / kUnderflow by magnitude. A result
  // that is too large and too long may be reported as either.
  static Result<Number, NumberError> add(const Number& a, const Number& b);
  static Result<Number, NumberError> subtract(const Number& a, const Number& b);

  // Canonical text: plain decimal, no exponent, no leading or trailing zeros, "0" for zero. At most 170 characters.
  std::string to_string() const;

  bool is_zero() const { return coefficient_ == 0; }
  bool is_negative() const { return negative_; }
  // The value as an integer where it is one that fits; nullopt-like failure is reported by ok=false.
  bool to_int64(int64_t& out) const;

  // Order-preserving key bytes (DynamoDB's own, so that hashes and scan order agree): zero is 0x80; else a byte of
  // the base-100 exponent, two digits a byte, and 102 closing a short negative number. docs/storage_format.md has it
  // whole. At most 21 bytes. Never contains a byte that depends on anything but the value.
  std::string key_bytes() const;
  // The inverse; kSyntax when the bytes are no such encoding.
  static Result<Number, NumberError> from_key_bytes(std::string_view bytes);

  // Bytes that the number counts for in an item's size: 1 + ceil(i/2) + ceil(f/2) + 1 if negative, where i and f are the
  // significant digits left and right of the point; zero counts 1.
  uint32_t size_bytes() const;

  // The parts, for the item codec: value = (negative ? -1 : 1) * coefficient * 10^exponent.
  unsigned __int128 coefficient() const { return coefficient_; }
  int exponent() const { return exponent_; }
  // Requires nothing; kSyntax where the parts are not canonical or out of range (a damaged record).
  static Result<Number, NumberError> from_parts(bool negative, unsigned __int128 coefficient, int exponent);

  friend std::strong_ordering operator<=>(const Number& a, const Number& b);
  friend bool operator==(const Number& a, const Number& b) = default;

 private:
  unsigned __int128 coefficient_ = 0;  // no trailing zeros unless zero itself
  int16_t exponent_ = 0;               // 0 for zero
  bool negative_ = false;              // false for zero
};

}  // namespace stator::model
