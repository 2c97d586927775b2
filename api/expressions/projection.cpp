// Projections: the paths merged into one tree, walked beside the item. Pure.
#include "api/expressions/projection.h"

#include <map>
#include <optional>
#include <utility>

#include "api/expressions/binder.h"
#include "api/expressions/parser.h"
#include "model/assert.h"

namespace stator::expressions {

// What is wanted of a value: all of it, or the named keys, or the named indexes. The paths are distinct, so
// it is one of the three, and the depth is at most model::kNestingMax.
struct Projection::Node {
  bool whole = false;
  std::map<std::string, Node, std::less<>> keys;
  std::map<uint32_t, Node> indexes;

  std::optional<model::AttributeValue> apply(const model::AttributeValue& value) const {
    if (whole) return value;
    if (!keys.empty()) {
      const model::AttributeMap* map = value.as_m();
      if (map == nullptr) return std::nullopt;
      model::AttributeMap part = apply_keys(*map);
      if (part.empty()) return std::nullopt;
      return model::AttributeValue::m(std::move(part));
    }
    const model::AttributeList* list = value.as_l();
    if (list == nullptr) return std::nullopt;
    model::AttributeList part;
    for (const auto& [index, node] : indexes) {
      if (index >= list->size()) break;
      if (auto element = node.apply((*list)[index])) part.push_back(*std::move(element));
    }
    if (part.empty()) return std::nullopt;
    return model::AttributeValue::l(std::move(part));
  }

  model::AttributeMap apply_keys(const model::AttributeMap& map) const {
    model::AttributeMap part;
    for (const auto& [key, node] : keys) {
      const model::AttributeValue* found = map.find(key);
      if (found == nullptr) continue;
      if (auto kept = node.apply(*found)) part.set(key, *std::move(kept));
    }
    return part;
  }
};

Projection::Projection(std::vector<DocumentPath> paths)
    : paths_(std::move(paths)), attributes_(top_level_attributes(paths_)) {
  auto root = std::make_shared<Node>();
  for (const DocumentPath& path : paths_) {
    Node* node = &root->keys[path.attribute()];
    for (const PathElement& element : path.elements()) {
      STATOR_ASSERT(!node->whole, "the paths are distinct");
      if (const auto* key = std::get_if<std::string>(&element)) {
        node = &node->keys[*key];
      } else {
        node = &node->indexes[std::get<uint32_t>(element)];
      }
    }
    STATOR_ASSERT(!node->whole && node->keys.empty() && node->indexes.empty(), "the paths are distinct");
    node->whole = true;
  }
  root_ = std::move(root);
}

Projection::~Projection() = default;

model::Item Projection::apply(const model::Item& item) const { return root_->apply_keys(item); }

Result<Projection> parse_projection(std::string_view text, Substitutions& substitutions) {
  auto parsed = parse_projection_syntax(text);
  if (!parsed) return Failure(std::move(parsed).error());
  auto paths = bind_projection(*parsed, substitutions);
  if (!paths) return Failure(std::move(paths).error());
  return Projection(*std::move(paths));
}

}  // namespace stator::expressions
