// The rules are the Developer Guide's, "Comparison operator and function reference". Pure.
#include "api/expressions/compare.h"

#include <algorithm>
#include <string>

namespace stator::expressions {
namespace {

using model::AttributeType;
using model::AttributeValue;

// Counts each code point once, and those beyond the Basic Multilingual Plane (4 bytes in UTF-8) twice.
uint64_t utf16_units(std::string_view utf8) {
  uint64_t units = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) ++units;
    if (byte >= 0xF0) ++units;
  }
  return units;
}

template <class T>
bool holds(const std::vector<T>& sorted, const T& value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

}  // namespace

bool is_ordered(AttributeType type) {
  return type == AttributeType::kS || type == AttributeType::kN || type == AttributeType::kB;
}

std::optional<std::strong_ordering> order(const AttributeValue& a, const AttributeValue& b) {
  if (a.type() != b.type()) return std::nullopt;
  // std::string compares as unsigned bytes.
  if (const std::string* s = a.as_s()) return s->compare(*b.as_s()) <=> 0;
  if (const model::Number* n = a.as_n()) return *n <=> *b.as_n();
  if (const model::Binary* bytes = a.as_b()) return bytes->bytes.compare(b.as_b()->bytes) <=> 0;
  return std::nullopt;
}

std::optional<uint64_t> size_of(const AttributeValue& value) {
  switch (value.type()) {
    case AttributeType::kS:
      return utf16_units(*value.as_s());
    case AttributeType::kB:
      return value.as_b()->bytes.size();
    case AttributeType::kM:
      return value.as_m()->size();
    case AttributeType::kL:
      return value.as_l()->size();
    case AttributeType::kSS:
      return value.as_ss()->values.size();
    case AttributeType::kNS:
      return value.as_ns()->values.size();
    case AttributeType::kBS:
      return value.as_bs()->values.size();
    case AttributeType::kN:
    case AttributeType::kBool:
    case AttributeType::kNull:
      break;
  }
  return std::nullopt;
}

bool begins_with(const AttributeValue& value, const AttributeValue& prefix) {
  if (value.type() != prefix.type()) return false;
  if (const std::string* s = value.as_s()) return s->starts_with(*prefix.as_s());
  if (const model::Binary* b = value.as_b()) return b->bytes.starts_with(prefix.as_b()->bytes);
  return false;
}

bool contains(const AttributeValue& container, const AttributeValue& part) {
  switch (container.type()) {
    case AttributeType::kS:
      return part.as_s() != nullptr && container.as_s()->find(*part.as_s()) != std::string::npos;
    case AttributeType::kB:
      return part.as_b() != nullptr && container.as_b()->bytes.find(part.as_b()->bytes) != std::string::npos;
    case AttributeType::kSS:
      return part.as_s() != nullptr && holds(container.as_ss()->values, *part.as_s());
    case AttributeType::kNS:
      return part.as_n() != nullptr && holds(container.as_ns()->values, *part.as_n());
    case AttributeType::kBS:
      return part.as_b() != nullptr && holds(container.as_bs()->values, part.as_b()->bytes);
    case AttributeType::kL: {
      const model::AttributeList& list = *container.as_l();
      return std::find(list.begin(), list.end(), part) != list.end();
    }
    case AttributeType::kN:
    case AttributeType::kBool:
    case AttributeType::kNull:
    case AttributeType::kM:
      break;
  }
  return false;
}

}  // namespace stator::expressions
