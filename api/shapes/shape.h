// Shape: what the API's model says of one type of a request: its JSON type, required members, length or value
// bounds, pattern and enumeration, as data. One table an operation (Operation::input) drives all checks of
// validation.h; names are the model's, so that the tables can be compared with it. Constants; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace stator::api {

enum class ShapeType : uint8_t {
  kString,
  kBoolean,
  kInteger,  // 32 bits
  kLong,
  kList,
  kMap,  // with string keys
  kStructure,
  kAttributeValue,  // {"S": "..."}: its contents have errors of their own (item_reader.h)
};

// Both included. Of a string: UTF-16 units, as the service counts; of a list or a map: entries; of a number:
// its value.
struct Bounds {
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
  constexpr bool has_min() const { return min != std::numeric_limits<int64_t>::min(); }
  constexpr bool has_max() const { return max != std::numeric_limits<int64_t>::max(); }
  constexpr bool contains(int64_t value) const { return value >= min && value <= max; }
};

// The one pattern of table and index names in the model; the validator implements this one.
inline constexpr std::string_view kNamePattern = "[a-zA-Z0-9_.-]+";

struct Member;

struct Shape {
  ShapeType type = ShapeType::kStructure;
  std::string_view name;
  Bounds bounds = {};
  std::string_view pattern = {};                       // empty, or kNamePattern
  std::span<const std::string_view> enum_values = {};  // in the order in which the service lists them
  const Shape* element = nullptr;                      // of a list or a map
  const Shape* key = nullptr;                          // of a map
  const Member* first_member = nullptr;                // of a structure
  size_t member_count = 0;
  std::span<const Member> members() const;
};

enum Presence : uint8_t { kOptional, kRequired };

// What Stator does with a member that the model has.
enum class Support : uint8_t {
  kFull,     // done as the service does it, or read by the operation, which refuses what it cannot do
  kOffOnly,  // refused by name unless its value says "off": false, [], {}, "DISABLED", "NONE", or a structure
             // of those
  kRefused,  // refused by name
};

struct Member {
  std::string_view name;  // as on the wire: "TableName"
  const Shape* shape = nullptr;
  Presence presence = kOptional;
  Support support = Support::kFull;
};

inline std::span<const Member> Shape::members() const { return {first_member, member_count}; }

constexpr Shape string_of(std::string_view name, Bounds bounds = {}) {
  return {.type = ShapeType::kString, .name = name, .bounds = bounds};
}
// A string of the characters that table and index names have.
constexpr Shape name_of(std::string_view name, Bounds bounds) {
  return {.type = ShapeType::kString, .name = name, .bounds = bounds, .pattern = kNamePattern};
}
constexpr Shape enum_of(std::string_view name, std::span<const std::string_view> values) {
  return {.type = ShapeType::kString, .name = name, .enum_values = values};
}
constexpr Shape boolean_of(std::string_view name) { return {.type = ShapeType::kBoolean, .name = name}; }
constexpr Shape integer_of(std::string_view name, Bounds bounds = {}) {
  return {.type = ShapeType::kInteger, .name = name, .bounds = bounds};
}
constexpr Shape long_of(std::string_view name, Bounds bounds = {}) {
  return {.type = ShapeType::kLong, .name = name, .bounds = bounds};
}
constexpr Shape list_of(std::string_view name, const Shape& element, Bounds bounds = {}) {
  return {.type = ShapeType::kList, .name = name, .bounds = bounds, .element = &element};
}
constexpr Shape map_of(std::string_view name, const Shape& key, const Shape& value, Bounds bounds = {}) {
  return {.type = ShapeType::kMap, .name = name, .bounds = bounds, .element = &value, .key = &key};
}
constexpr Shape structure_of(std::string_view name, std::span<const Member> members) {
  return {.type = ShapeType::kStructure,
          .name = name,
          .first_member = members.data(),
          .member_count = members.size()};
}

}  // namespace stator::api
