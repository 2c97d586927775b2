// The decimal digits of 128-bit integers: powers of ten, counting, writing. Private to model/number*.cpp.
// Pure.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace stator::model {

using uint128 = unsigned __int128;

// 10^0 to 10^38, the largest power of ten below 2^128.
inline constexpr std::array<uint128, 39> kPowersOfTen = [] {
  std::array<uint128, 39> powers{};
  uint128 power = 1;
  for (uint128& entry : powers) {
    entry = power;
    power *= 10;
  }
  return powers;
}();

// Significant digits of `value`; 1 for 0.
inline int digit_count(uint128 value) {
  const auto high = static_cast<uint64_t>(value >> 64);
  const int bits = high != 0 ? 64 + std::bit_width(high) : std::bit_width(static_cast<uint64_t>(value));
  // floor(bits * log10(2)) is the count or one less; 1233 / 4096 is near enough up to 128 bits.
  const int low_estimate = bits * 1233 >> 12;
  return std::max(1, low_estimate + (value >= kPowersOfTen[static_cast<size_t>(low_estimate)] ? 1 : 0));
}

// value % 10 without a 128-bit division: 2^64 is 6 modulo 10.
inline unsigned last_digit(uint128 value) {
  const auto high = static_cast<uint64_t>(value >> 64);
  return static_cast<unsigned>((high % 10 * 6 + static_cast<uint64_t>(value) % 10) % 10);
}

inline constexpr int kDigitsBufferSize = 40;

// Writes the digits of `value`, first one first, into a buffer of kDigitsBufferSize; returns their count.
inline int write_digits(uint128 value, char* out) {
  const int count = digit_count(value);
  int at = count;
  while (value >> 64 != 0) {
    // 18 digits at a time: one 128-bit division for each.
    constexpr uint64_t kChunk = 1'000'000'000'000'000'000;
    auto chunk = static_cast<uint64_t>(value % kChunk);
    value /= kChunk;
    for (int i = 0; i < 18; ++i, chunk /= 10) out[--at] = static_cast<char>('0' + chunk % 10);
  }
  auto rest = static_cast<uint64_t>(value);
  while (at > 0) {
    out[--at] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  return count;
}

}  // namespace stator::model
