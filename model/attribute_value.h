// AttributeValue, Item: what a DynamoDB item is made of. Plain values, compared as the service compares them.
//
// Maps are ordered by name (UTF-8 bytes) and sets by value, so that equal contents have equal representations: a set that
// only changed its order is unchanged. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "model/number.h"

namespace stator::model {

class AttributeValue;

// The ten types. The numbers are stored in item records and never reused.
enum class AttributeType : uint8_t {
  kS = 1,
  kN = 2,
  kB = 3,
  kBool = 4,
  kNull = 5,
  kM = 6,
  kL = 7,
  kSS = 8,
  kNS = 9,
  kBS = 10,
};

// The type's name on the wire: "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS".
std::string_view type_name(AttributeType type);
// False where the text names no type; names are exact ("s" is none).
bool parse_type_name(std::string_view text, AttributeType& out);

// Attribute names to values, ordered by name, each name once. Small: a sorted vector, found by binary search.
class AttributeMap {
 public:
  using Entry = std::pair<std::string, AttributeValue>;
  using const_iterator = std::vector<Entry>::const_iterator;

  AttributeMap();
  AttributeMap(std::initializer_list<Entry> entries);  // in any order; the last of a name wins
  AttributeMap(const AttributeMap&);
  AttributeMap(AttributeMap&&) noexcept;
  AttributeMap& operator=(const AttributeMap&);
  AttributeMap& operator=(AttributeMap&&) noexcept;
  ~AttributeMap();

  // Null where the name is absent. Valid until the map changes.
  const AttributeValue* find(std::string_view name) const;
  AttributeValue* find(std::string_view name);
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  // Inserts or replaces.
  void set(std::string_view name, AttributeValue value);
  // Inserts; false where the name is there already (the map is unchanged).
  bool insert(std::string name, AttributeValue value);
  // False where the name was absent.
  bool erase(std::string_view name);
  void reserve(size_t count);

  size_t size() const;
  bool empty() const { return size() == 0; }
  const_iterator begin() const;
  const_iterator end() const;
  // In place changes to values; names stay as they are.
  std::vector<Entry>& entries() { return entries_; }

  bool operator==(const AttributeMap& other) const;

 private:
  std::vector<Entry> entries_;
};

using Item = AttributeMap;

struct Binary {
  std::string bytes;
  auto operator<=>(const Binary&) const = default;
};
struct Null {
  bool operator==(const Null&) const = default;
};
using AttributeList = std::vector<AttributeValue>;

// Sets: sorted, without duplicates, never empty once part of an item (the JSON reader refuses both).
struct StringSet {
  std::vector<std::string> values;  // by UTF-8 bytes
  bool operator==(const StringSet&) const = default;
};
struct NumberSet {
  std::vector<Number> values;  // by value
  bool operator==(const NumberSet&) const = default;
};
struct BinarySet {
  std::vector<std::string> values;  // by bytes
  bool operator==(const BinarySet&) const = default;
};

// One value of one of the ten types. The alternatives stand in the order of AttributeType.
class AttributeValue {
 public:
  using Variant = std::variant<std::string, Number, Binary, bool, Null, AttributeMap, AttributeList, StringSet, NumberSet,
                               BinarySet>;

  AttributeValue() : value_(Null{}) {}
  AttributeValue(Variant value) : value_(std::move(value)) {}  // NOLINT
  static AttributeValue s(std::string text) { return Variant(std::in_place_index<0>, std::move(text)); }
  static AttributeValue n(Number number) { return Variant(number); }
  static AttributeValue n(int64_t number) { return Variant(Number::from_int(number)); }
  static AttributeValue b(std::string bytes) { return Variant(Binary{std::move(bytes)}); }
  static AttributeValue boolean(bool value) { return Variant(std::in_place_index<3>, value); }
  static AttributeValue null() { return Variant(Null{}); }
  static AttributeValue m(AttributeMap map) { return Variant(std::move(map)); }
  static AttributeValue l(AttributeList list) { return Variant(std::move(list)); }

  AttributeType type() const { return static_cast<AttributeType>(value_.index() + 1); }
  bool is(AttributeType type_) const { return type() == type_; }

  // Null where the value is of another type.
  const std::string* as_s() const { return std::get_if<0>(&value_); }
  const Number* as_n() const { return std::get_if<1>(&value_); }
  const Binary* as_b() const { return std::get_if<2>(&value_); }
  const bool* as_bool() const { return std::get_if<3>(&value_); }
  bool is_null() const { return value_.index() == 4; }
  const AttributeMap* as_m() const { return std::get_if<5>(&value_); }
  const AttributeList* as_l() const { return std::get_if<6>(&value_); }
  const StringSet* as_ss() const { return std::get_if<7>(&value_); }
  const NumberSet* as_ns() const { return std::get_if<8>(&value_); }
  const BinarySet* as_bs() const { return std::get_if<9>(&value_); }
  AttributeMap* as_m() { return std::get_if<5>(&value_); }
  AttributeList* as_l() { return std::get_if<6>(&value_); }

  const Variant& variant() const { return value_; }
  Variant& variant() { return value_; }

  // Equality as conditions have it: same type and same contents; lists in order, maps by name, sets without order.
  bool operator==(const AttributeValue& other) const { return value_ == other.value_; }

 private:
  Variant value_;
};

// How deep the value nests: 0 for a scalar or a set, 1 + the deepest element for M and L.
uint32_t nesting_depth(const AttributeValue& value);

}  // namespace stator::model
