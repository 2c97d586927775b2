// Number: parsing, arithmetic, order and texts of 38-digit decimals on 128-bit integers (see number.h; the
// key bytes are in number_key.cpp). Used wherever an N is read, compared, changed or written. Pure; any
// thread.
#include "model/number.h"

#include <algorithm>

#include "model/number_digits.h"

namespace stator::model {
namespace {

// Exponents in texts saturate here: far beyond any text's length, far from overflowing 64 bits.
constexpr int64_t kTextExponentMax = 1'000'000'000'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The digits of a text around its point. Digit k (from 0) stands at 10^(point - 1 - k).
struct DigitScan {
  uint128 coefficient = 0;  // up to the last digit that is not 0; meaningless once too_many
  int64_t count = 0;        // all digits, zeros included
  int64_t first = 0;        // index of the first digit that is not 0
  int64_t last = 0;         // of the last
  int64_t point = -1;       // digits before the point; -1: no point seen
  bool any_significant = false;
  bool too_many = false;

  void add(unsigned digit) {
    const int64_t index = count++;
    if (digit == 0) return;
    if (!any_significant) {
      any_significant = true;
      first = last = index;
      coefficient = digit;
      return;
    }
    if (index - first >= kNumberDigitsMax) {
      too_many = true;
      return;
    }
    coefficient = coefficient * kPowersOfTen[index - last] + digit;
    last = index;
  }
};

// Reads "e5", "E+05" from `at` to the end of the text; false where that is no exponent.
bool scan_exponent(std::string_view text, size_t at, int64_t& exponent) {
  bool negative = false;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) negative = text[at++] == '-';
  if (at == text.size()) return false;
  exponent = 0;
  for (; at < text.size(); ++at) {
    if (!is_digit(text[at])) return false;
    if (exponent < kTextExponentMax) exponent = exponent * 10 + (text[at] - '0');
  }
  if (negative) exponent = -exponent;
  return true;
}

// Divides trailing zeros out of a coefficient that is not 0.
void strip_trailing_zeros(uint128& coefficient, int& exponent) {
  for (int step : {32, 16, 8, 4, 2, 1}) {
    if (coefficient < kPowersOfTen[step] || coefficient % kPowersOfTen[step] != 0) continue;
    coefficient /= kPowersOfTen[step];
    exponent += step;
  }
}

}  // namespace

Number Number::from_int(int64_t value) {
  Number out;
  if (value == 0) return out;
  out.negative_ = value < 0;
  uint64_t magnitude = out.negative_ ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  while (magnitude % 10 == 0) {
    magnitude /= 10;
    ++out.exponent_;
  }
  out.coefficient_ = magnitude;
  return out;
}

Result<Number, NumberError> Number::parse(std::string_view text) {
  if (text.empty()) return Failure(NumberError::kEmpty);
  size_t at = 0;
  bool negative = false;
  if (text[0] == '+' || text[0] == '-') negative = text[at++] == '-';
  DigitScan scan;
  int64_t exponent = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (is_digit(c)) {
      scan.add(static_cast<unsigned>(c - '0'));
    } else if (c == '.' && scan.point < 0) {
      scan.point = scan.count;
    } else if ((c == 'e' || c == 'E') && scan_exponent(text, at + 1, exponent)) {
      break;
    } else {
      return Failure(NumberError::kSyntax);
    }
  }
  if (scan.count == 0) return Failure(NumberError::kSyntax);
  if (!scan.any_significant) return Number();
  if (scan.point < 0) scan.point = scan.count;

  const int64_t first_place = scan.point - 1 - scan.first + exponent;
  if (first_place > kNumberExponentMax) return Failure(NumberError::kOverflow);
  if (first_place < kNumberExponentMin) return Failure(NumberError::kUnderflow);
  if (scan.too_many) return Failure(NumberError::kTooManyDigits);
  Number out;
  out.coefficient_ = scan.coefficient;
  out.exponent_ = static_cast<int16_t>(first_place - (scan.last - scan.first));
  out.negative_ = negative;
  return out;
}

Result<Number, NumberError> Number::add(const Number& a, const Number& b) {
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  const Number& high = a.exponent_ >= b.exponent_ ? a : b;
  const Number& low = a.exponent_ >= b.exponent_ ? b : a;
  const int shift = high.exponent_ - low.exponent_;

  // Where the exponents differ, the result ends at low's last digit, which is not 0: no zero can be stripped.
  // Shifting high to 40 digits or more then leaves at least 39 whatever low is; and where 39 digits overflow
  // 128 bits, high is above 3.4E38 and low below 1E38, so that 39 digits remain too.
  uint128 shifted = 0;
  if (shift > kNumberDigitsMax || __builtin_mul_overflow(high.coefficient_, kPowersOfTen[shift], &shifted)) {
    return Failure(NumberError::kTooManyDigits);
  }
  uint128 sum = 0;
  bool negative = high.negative_;
  if (high.negative_ == low.negative_) {
    if (__builtin_add_overflow(shifted, low.coefficient_, &sum)) return Failure(NumberError::kTooManyDigits);
  } else if (shifted >= low.coefficient_) {
    sum = shifted - low.coefficient_;
  } else {
    sum = low.coefficient_ - shifted;
    negative = low.negative_;
  }
  if (sum == 0) return Number();

  int exponent = low.exponent_;
  strip_trailing_zeros(sum, exponent);
  const int digits = digit_count(sum);
  const int first_place = digits - 1 + exponent;
  if (first_place > kNumberExponentMax) return Failure(NumberError::kOverflow);
  if (first_place < kNumberExponentMin) return Failure(NumberError::kUnderflow);
  if (digits > kNumberDigitsMax) return Failure(NumberError::kTooManyDigits);
  Number out;
  out.coefficient_ = sum;
  out.exponent_ = static_cast<int16_t>(exponent);
  out.negative_ = negative;
  return out;
}

Result<Number, NumberError> Number::subtract(const Number& a, const Number& b) {
  Number negated = b;
  if (!b.is_zero()) negated.negative_ = !b.negative_;
  return add(a, negated);
}

std::string Number::to_string() const {
  if (is_zero()) return "0";
  char digits[kDigitsBufferSize];
  const int count = write_digits(coefficient_, digits);
  // Digits left of the point; 0 or less: that many zeros follow the point first.
  const int before_point = count + exponent_;
  std::string out;
  const int size_bound = 3 + std::max(count, before_point) + std::max(0, -before_point);
  out.reserve(static_cast<size_t>(size_bound));
  if (negative_) out.push_back('-');
  if (before_point <= 0) {
    out.append("0.");
    out.append(static_cast<size_t>(-before_point), '0');
    out.append(digits, static_cast<size_t>(count));
  } else if (before_point >= count) {
    out.append(digits, static_cast<size_t>(count));
    out.append(static_cast<size_t>(before_point - count), '0');
  } else {
    out.append(digits, static_cast<size_t>(before_point));
    out.push_back('.');
    out.append(digits + before_point, static_cast<size_t>(count - before_point));
  }
  return out;
}

bool Number::to_int64(int64_t& out) const {
  // The coefficient has no trailing zeros: a negative exponent is a fraction.
  if (exponent_ < 0 || digit_count(coefficient_) + exponent_ > 19) return false;
  const uint128 magnitude = coefficient_ * kPowersOfTen[exponent_];
  const uint128 limit = (uint128{1} << 63) - (negative_ ? 0 : 1);
  if (magnitude > limit) return false;
  const auto bits = static_cast<uint64_t>(magnitude);
  out = static_cast<int64_t>(negative_ ? 0 - bits : bits);
  return true;
}

uint32_t Number::size_bytes() const {
  if (is_zero()) return 1;
  const int digits = digit_count(coefficient_);
  const int left = std::clamp(digits + exponent_, 0, digits);
  const int right = digits - left;
  return static_cast<uint32_t>(1 + (left + 1) / 2 + (right + 1) / 2 + (negative_ ? 1 : 0));
}

Result<Number, NumberError> Number::from_parts(bool negative, unsigned __int128 coefficient, int exponent) {
  if (coefficient == 0) {
    if (negative || exponent != 0) return Failure(NumberError::kSyntax);
    return Number();
  }
  if (coefficient >= kPowersOfTen[kNumberDigitsMax] || last_digit(coefficient) == 0) {
    return Failure(NumberError::kSyntax);
  }
  const int64_t first_place = int64_t{digit_count(coefficient)} - 1 + exponent;
  if (first_place > kNumberExponentMax || first_place < kNumberExponentMin)
    return Failure(NumberError::kSyntax);
  Number out;
  out.coefficient_ = coefficient;
  out.exponent_ = static_cast<int16_t>(exponent);
  out.negative_ = negative;
  return out;
}

std::strong_ordering operator<=>(const Number& a, const Number& b) {
  const int sign_a = a.is_zero() ? 0 : a.negative_ ? -1 : 1;
  const int sign_b = b.is_zero() ? 0 : b.negative_ ? -1 : 1;
  if (sign_a != sign_b) return sign_a <=> sign_b;
  if (sign_a == 0) return std::strong_ordering::equal;

  // Magnitudes from here on, exchanged where both are negative.
  const Number& left = a.negative_ ? b : a;
  const Number& right = a.negative_ ? a : b;
  const int digits_x = digit_count(left.coefficient_);
  const int digits_y = digit_count(right.coefficient_);
  const int places_x = digits_x + left.exponent_;
  const int places_y = digits_y + right.exponent_;
  if (places_x != places_y) return places_x <=> places_y;
  // The same first place: bring both to the same count of digits, at most 38.
  uint128 x = left.coefficient_;
  uint128 y = right.coefficient_;
  if (digits_x < digits_y) x *= kPowersOfTen[digits_y - digits_x];
  if (digits_y < digits_x) y *= kPowersOfTen[digits_x - digits_y];
  if (x == y) return std::strong_ordering::equal;
  return x < y ? std::strong_ordering::less : std::strong_ordering::greater;
}

}  // namespace stator::model
