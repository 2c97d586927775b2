// Number's order-preserving key bytes, the form that DynamoDB hashes and sorts by (docs/storage_format.md,
// "Numbers in keys"). Runs for every key attribute of type N. Pure; any thread.
//
//   zero       80
//   positive   E  p+1    p+1 ...          E = floor((e + odd) / 2) - 64 as a byte, value = 0.ddd x 10^e,
//   negative  ~E  101-p  101-p ... [66]   p = pairs of digits, a 0 before the first digit where e is odd
//
// The closing 102 (66 hex) of a negative number with fewer than 20 pairs is above every pair's byte, so that
// a number sorts after those that continue it with more digits away from zero.
#include "model/number.h"
#include "model/number_digits.h"

namespace stator::model {
namespace {

constexpr unsigned kZero = 0x80;
constexpr unsigned kNegativeEnd = 102;
constexpr size_t kPairsMax = 20;

}  // namespace

std::string Number::key_bytes() const {
  if (is_zero()) return std::string(1, static_cast<char>(kZero));
  char digits[kDigitsBufferSize + 2];
  digits[0] = '0';
  const int places = digit_count(coefficient_) + exponent_;
  const int odd = places % 2 != 0 ? 1 : 0;
  int count = write_digits(coefficient_, digits + odd) + odd;
  if (count % 2 != 0) digits[count++] = '0';

  // places + odd is even: the division is exact, also below zero.
  const auto exponent = static_cast<uint8_t>((places + odd) / 2 - 64);
  std::string out;
  out.reserve(1 + kPairsMax + 1);
  out.push_back(static_cast<char>(negative_ ? ~exponent : exponent));
  for (int i = 0; i < count; i += 2) {
    const int pair = (digits[i] - '0') * 10 + (digits[i + 1] - '0');
    out.push_back(static_cast<char>(negative_ ? 101 - pair : pair + 1));
  }
  if (negative_ && static_cast<size_t>(count / 2) < kPairsMax) out.push_back(static_cast<char>(kNegativeEnd));
  return out;
}

Result<Number, NumberError> Number::from_key_bytes(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > 1 + kPairsMax) return Failure(NumberError::kSyntax);
  const auto lead = static_cast<uint8_t>(bytes[0]);
  if (bytes.size() == 1) {
    if (lead != kZero) return Failure(NumberError::kSyntax);
    return Number();
  }
  Number out;
  out.negative_ = lead < kZero;
  std::string_view pairs = bytes.substr(1);
  if (out.negative_ && static_cast<uint8_t>(pairs.back()) == kNegativeEnd) pairs.remove_suffix(1);
  if (pairs.empty()) return Failure(NumberError::kSyntax);

  int zeros = 0;  // digits 0 at the end so far, held back until another digit follows
  int digits = 0;
  const auto append = [&](unsigned digit) {
    if (digit == 0) {
      ++zeros;
      return true;
    }
    const int shift = digits == 0 ? 1 : zeros + 1;
    if (digits + shift > kNumberDigitsMax) return false;
    out.coefficient_ = out.coefficient_ * kPowersOfTen[static_cast<size_t>(shift)] + digit;
    digits += shift;
    zeros = 0;
    return true;
  };
  for (const char c : pairs) {
    const auto byte = static_cast<uint8_t>(c);
    const unsigned pair = out.negative_ ? 101u - byte : byte - 1u;
    if (pair > 99 || !append(pair / 10) || !append(pair % 10)) return Failure(NumberError::kSyntax);
  }
  if (digits == 0) return Failure(NumberError::kSyntax);
  const auto exponent = static_cast<int8_t>(out.negative_ ? ~lead : lead);
  // The pairs end at 10^(2 x (exponent + 64 - pairs)); zeros held back raise the last digit above that.
  const int last_place = 2 * (exponent + 64 - static_cast<int>(pairs.size())) + zeros;
  auto number = from_parts(out.negative_, out.coefficient_, last_place);
  // Each number has one encoding: whatever else decodes to it is damage.
  if (!number.ok() || number->key_bytes() != bytes) return Failure(NumberError::kSyntax);
  return number;
}

}  // namespace stator::model
