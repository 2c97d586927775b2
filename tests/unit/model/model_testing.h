// What the tests of model/ share: hex texts, and seeded random numbers, values and items. A failing random
// test prints its seed; STATOR_TEST_SEED=<seed> replays it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/attribute_value.h"

namespace stator::model {

inline std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    out.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
  }
  return out;
}

// White space is skipped.
inline std::string unhex(std::string_view text) {
  std::string out;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<char>(high * 16 + digit));
      high = -1;
    }
  }
  return out;
}

class SeededRandom {
 public:
  SeededRandom()
      : seed_(pick_seed()),
        engine_(seed_),
        trace_(__FILE__, __LINE__, "STATOR_TEST_SEED=" + std::to_string(seed_)) {}

  uint64_t below(uint64_t bound) { return engine_() % bound; }
  bool one_in(uint64_t count) { return below(count) == 0; }

  std::string bytes(size_t size_max) {
    std::string out(below(size_max + 1), '\0');
    for (char& c : out) c = static_cast<char>(one_in(4) ? below(3) * 127 : below(256));
    return out;
  }

  // A canonical number of any length and magnitude, zero now and then.
  Number number() {
    if (one_in(50)) return Number();
    return number_between(kNumberExponentMin, kNumberExponentMax);
  }

  // Half the time one whose first digit is within 40 places of the other's, or that differs in a few digits
  // only.
  Number number_near(const Number& other) {
    if (one_in(2) || other.is_zero()) return number();
    if (one_in(4)) {
      auto changed = Number::from_parts(one_in(2), other.coefficient() ^ below(8), other.exponent());
      return changed.ok() ? *changed : other;
    }
    const int place = other.exponent();
    const int low = std::max(kNumberExponentMin, place - 10);
    const int high = std::min(kNumberExponentMax, place + 40);
    return low <= high ? number_between(low, high) : number();
  }

  AttributeValue value(uint32_t depth_max) {
    switch (below(depth_max > 0 ? 12 : 9)) {
      case 0:
        return AttributeValue::s(bytes(20));
      case 1:
        return AttributeValue::n(number());
      case 2:
        return AttributeValue::b(bytes(40));
      case 3:
        return AttributeValue::boolean(one_in(2));
      case 4:
        return AttributeValue::null();
      case 5:
        return AttributeValue(AttributeValue::Variant(StringSet{distinct_bytes()}));
      case 6:
        return AttributeValue(AttributeValue::Variant(BinarySet{distinct_bytes()}));
      case 7:
        return AttributeValue(AttributeValue::Variant(NumberSet{distinct_numbers()}));
      case 8:
        return AttributeValue::s("");
      case 9:
        return AttributeValue::m(item(4, depth_max - 1));
      default: {
        AttributeList list(below(4));
        for (AttributeValue& element : list) element = value(depth_max - 1);
        return AttributeValue::l(std::move(list));
      }
    }
  }

  Item item(size_t attributes_max = 8, uint32_t depth_max = 4) {
    Item out;
    const size_t count = below(attributes_max + 1);
    for (size_t i = 0; i < count; ++i) out.set(bytes(12), value(depth_max));
    return out;
  }

 private:
  static uint64_t pick_seed() {
    if (const char* text = std::getenv("STATOR_TEST_SEED")) return std::strtoull(text, nullptr, 10);
    return std::random_device{}();
  }

  Number number_between(int first_place_min, int first_place_max) {
    const int count = 1 + static_cast<int>(below(kNumberDigitsMax));
    std::string text = one_in(2) ? "-" : "";
    text.push_back(static_cast<char>('1' + below(9)));
    text.push_back('.');
    const uint64_t kind = below(4);
    for (int i = 1; i < count; ++i)
      text.push_back(static_cast<char>('0' + (kind == 0 ? 9 : kind == 1 ? 0 : below(10))));
    const auto span = static_cast<uint64_t>(first_place_max - first_place_min + 1);
    text += "E" + std::to_string(first_place_min + static_cast<int>(below(span)));
    auto number = Number::parse(text);
    EXPECT_TRUE(number.ok()) << text;
    return number.ok() ? *number : Number();
  }

  std::vector<std::string> distinct_bytes() {
    std::vector<std::string> out(1 + below(4));
    for (std::string& member : out) member = bytes(10);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  std::vector<Number> distinct_numbers() {
    std::vector<Number> out(1 + below(4));
    for (Number& member : out) member = number();
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  uint64_t seed_;
  std::mt19937_64 engine_;
  ::testing::ScopedTrace trace_;
};

}  // namespace stator::model
