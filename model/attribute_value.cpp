// AttributeMap and AttributeValue: lookup, change and shape of items. Every operation and every codec works
// on these. Pure; any thread.
#include "model/attribute_value.h"

#include <algorithm>
#include <array>

namespace stator::model {
namespace {

constexpr std::array<std::string_view, 10> kTypeNames = {"S", "N", "B",  "BOOL", "NULL",
                                                         "M", "L", "SS", "NS",   "BS"};

// The first entry whose name is not below `name`. Works for const and plain vectors.
template <class Entries>
auto lower_bound(Entries& entries, std::string_view name) {
  return std::lower_bound(
      entries.begin(), entries.end(), name,
      [](const AttributeMap::Entry& entry, std::string_view n) { return entry.first < n; });
}

}  // namespace

std::string_view type_name(AttributeType type) {
  const auto index = static_cast<size_t>(type) - 1;
  STATOR_ASSERT(index < kTypeNames.size(), "an AttributeType outside the enum");
  return kTypeNames[index];
}

bool parse_type_name(std::string_view text, AttributeType& out) {
  const auto* found = std::find(kTypeNames.begin(), kTypeNames.end(), text);
  if (found == kTypeNames.end()) return false;
  out = static_cast<AttributeType>(found - kTypeNames.begin() + 1);
  return true;
}

AttributeMap::AttributeMap() = default;
AttributeMap::AttributeMap(std::initializer_list<Entry> entries) {
  entries_.reserve(entries.size());
  for (const Entry& entry : entries) set(entry.first, entry.second);
}
AttributeMap::AttributeMap(const AttributeMap&) = default;
AttributeMap::AttributeMap(AttributeMap&&) noexcept = default;
AttributeMap& AttributeMap::operator=(const AttributeMap&) = default;
AttributeMap& AttributeMap::operator=(AttributeMap&&) noexcept = default;
AttributeMap::~AttributeMap() = default;

const AttributeValue* AttributeMap::find(std::string_view name) const {
  const auto at = lower_bound(entries_, name);
  return at != entries_.end() && at->first == name ? &at->second : nullptr;
}

AttributeValue* AttributeMap::find(std::string_view name) {
  const auto at = lower_bound(entries_, name);
  return at != entries_.end() && at->first == name ? &at->second : nullptr;
}

void AttributeMap::set(std::string_view name, AttributeValue value) {
  const auto at = lower_bound(entries_, name);
  if (at != entries_.end() && at->first == name) {
    at->second = std::move(value);
  } else {
    entries_.emplace(at, std::string(name), std::move(value));
  }
}

bool AttributeMap::insert(std::string name, AttributeValue value) {
  // Readers of stored items insert in order: no search then.
  if (entries_.empty() || entries_.back().first < name) {
    entries_.emplace_back(std::move(name), std::move(value));
    return true;
  }
  const auto at = lower_bound(entries_, name);
  if (at != entries_.end() && at->first == name) return false;
  entries_.emplace(at, std::move(name), std::move(value));
  return true;
}

bool AttributeMap::erase(std::string_view name) {
  const auto at = lower_bound(entries_, name);
  if (at == entries_.end() || at->first != name) return false;
  entries_.erase(at);
  return true;
}

void AttributeMap::reserve(size_t count) { entries_.reserve(count); }
size_t AttributeMap::size() const { return entries_.size(); }
AttributeMap::const_iterator AttributeMap::begin() const { return entries_.begin(); }
AttributeMap::const_iterator AttributeMap::end() const { return entries_.end(); }
bool AttributeMap::operator==(const AttributeMap& other) const { return entries_ == other.entries_; }

uint32_t nesting_depth(const AttributeValue& value) {
  // Recursion is bounded by the readers: JSON by kJsonDepthMax, item records by their own nesting limit.
  uint32_t deepest = 0;
  if (const AttributeMap* map = value.as_m()) {
    for (const auto& [name, element] : *map) deepest = std::max(deepest, nesting_depth(element));
    return deepest + 1;
  }
  if (const AttributeList* list = value.as_l()) {
    for (const AttributeValue& element : *list) deepest = std::max(deepest, nesting_depth(element));
    return deepest + 1;
  }
  return 0;
}

}  // namespace stator::model
