// DocumentPath: a place in an item: a top-level attribute, then map keys and list indexes ("a.b[2]"), with
// all aliases resolved. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/attribute_value.h"

namespace stator::expressions {

// What follows the top-level attribute: a key of a map, or an index of a list.
using PathElement = std::variant<std::string, uint32_t>;

class DocumentPath {
 public:
  explicit DocumentPath(std::string attribute) : attribute_(std::move(attribute)) {}

  void append(std::string key) { elements_.emplace_back(std::move(key)); }
  void append(uint32_t index) { elements_.emplace_back(index); }

  const std::string& attribute() const { return attribute_; }
  const std::vector<PathElement>& elements() const { return elements_; }
  std::vector<PathElement>& elements() { return elements_; }
  bool is_nested() const { return !elements_.empty(); }

  // The value there; null where the path does not exist in the item (a missing key, an index beyond the end,
  // a parent of another type). Valid until the item changes.
  const model::AttributeValue* find(const model::Item& item) const;

  // As the service writes paths in its errors: "[a, b, [2]]".
  std::string to_string() const;

  bool operator==(const DocumentPath&) const = default;

 private:
  std::string attribute_;
  std::vector<PathElement> elements_;
};

// How two paths stand to each other. Two paths may be used together in a projection or an update only if
// kDistinct.
enum class PathRelation : uint8_t {
  kDistinct,  // they part at two keys, or at two indexes
  kOverlap,   // equal, or one is the beginning of the other
  kConflict,  // they part at a key against an index: no value is both a map and a list
};
PathRelation relation(const DocumentPath& a, const DocumentPath& b);

// An order in which a path stands right before the paths that it is the beginning of, and indexes of one list
// ascend.
bool before(const DocumentPath& a, const DocumentPath& b);

// The attributes that the paths begin with, sorted, each once.
std::vector<std::string> top_level_attributes(const std::vector<DocumentPath>& paths);
// Those of them that a path goes into, sorted, each once: none may be a key, which is a scalar.
std::vector<std::string> nested_attributes(const std::vector<DocumentPath>& paths);

}  // namespace stator::expressions
