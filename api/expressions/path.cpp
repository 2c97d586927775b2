// Walking document paths. Pure.
#include "api/expressions/path.h"

#include <algorithm>

namespace stator::expressions {

const model::AttributeValue* DocumentPath::find(const model::Item& item) const {
  const model::AttributeValue* value = item.find(attribute_);
  for (const PathElement& element : elements_) {
    if (value == nullptr) return nullptr;
    if (const auto* key = std::get_if<std::string>(&element)) {
      const model::AttributeMap* map = value->as_m();
      value = map == nullptr ? nullptr : map->find(*key);
    } else {
      const model::AttributeList* list = value->as_l();
      const uint32_t index = std::get<uint32_t>(element);
      value = list == nullptr || index >= list->size() ? nullptr : &(*list)[index];
    }
  }
  return value;
}

std::string DocumentPath::to_string() const {
  std::string out = "[" + attribute_;
  for (const PathElement& element : elements_) {
    out += ", ";
    if (const auto* key = std::get_if<std::string>(&element)) {
      out += *key;
    } else {
      out += "[" + std::to_string(std::get<uint32_t>(element)) + "]";
    }
  }
  return out + "]";
}

PathRelation relation(const DocumentPath& a, const DocumentPath& b) {
  if (a.attribute() != b.attribute()) return PathRelation::kDistinct;
  const size_t common = std::min(a.elements().size(), b.elements().size());
  for (size_t i = 0; i < common; ++i) {
    const PathElement& x = a.elements()[i];
    const PathElement& y = b.elements()[i];
    if (x.index() != y.index()) return PathRelation::kConflict;
    if (x != y) return PathRelation::kDistinct;
  }
  return PathRelation::kOverlap;
}

bool before(const DocumentPath& a, const DocumentPath& b) {
  if (a.attribute() != b.attribute()) return a.attribute() < b.attribute();
  return a.elements() < b.elements();
}

namespace {

std::vector<std::string> each_once(std::vector<std::string> attributes) {
  std::sort(attributes.begin(), attributes.end());
  attributes.erase(std::unique(attributes.begin(), attributes.end()), attributes.end());
  return attributes;
}

}  // namespace

std::vector<std::string> top_level_attributes(const std::vector<DocumentPath>& paths) {
  std::vector<std::string> attributes;
  attributes.reserve(paths.size());
  for (const DocumentPath& path : paths) attributes.push_back(path.attribute());
  return each_once(std::move(attributes));
}

std::vector<std::string> nested_attributes(const std::vector<DocumentPath>& paths) {
  std::vector<std::string> attributes;
  for (const DocumentPath& path : paths) {
    if (path.is_nested()) attributes.push_back(path.attribute());
  }
  return each_once(std::move(attributes));
}

}  // namespace stator::expressions
