// Integers as bytes in a fixed order, at any alignment: little-endian in our fixed headers, big-endian in
// keys, where bytes must sort as the numbers do. Pure.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>

namespace stator::model {

template <std::unsigned_integral T>
constexpr T byte_swapped(T value) {
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

// Read or write sizeof(T) bytes at `at`.
template <std::unsigned_integral T>
T load_little_endian(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return std::endian::native == std::endian::little ? value : byte_swapped(value);
}
template <std::unsigned_integral T>
void store_little_endian(char* at, T value) {
  if constexpr (std::endian::native != std::endian::little) value = byte_swapped(value);
  std::memcpy(at, &value, sizeof(T));
}
template <std::unsigned_integral T>
T load_big_endian(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return std::endian::native == std::endian::big ? value : byte_swapped(value);
}
template <std::unsigned_integral T>
void store_big_endian(char* at, T value) {
  if constexpr (std::endian::native != std::endian::big) value = byte_swapped(value);
  std::memcpy(at, &value, sizeof(T));
}
template <std::unsigned_integral T>
void append_big_endian(std::string& out, T value) {
  char bytes[sizeof(T)];
  store_big_endian(bytes, value);
  out.append(bytes, sizeof bytes);
}

}  // namespace stator::model
