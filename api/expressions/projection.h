// Projection: a parsed ProjectionExpression: the parts of an item that a read returns. Immutable, cheap to
// copy (shared), safe to use from any thread. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/expressions/expression_kind.h"
#include "api/expressions/path.h"
#include "api/expressions/substitutions.h"
#include "model/attribute_value.h"

namespace stator::expressions {

class Projection {
 public:
  // Requires paths that are pairwise distinct (relation()). Also made from AttributesToGet and for update
  // fragments.
  explicit Projection(std::vector<DocumentPath> paths);
  ~Projection();
  Projection(const Projection&) = default;
  Projection(Projection&&) noexcept = default;
  Projection& operator=(const Projection&) = default;
  Projection& operator=(Projection&&) noexcept = default;

  // The item with only the projected parts: what exists of them. Several elements of one list come back
  // dense, in ascending order of index; several parts of one element come back as one element. Nothing is
  // added: keys only where named.
  model::Item apply(const model::Item& item) const;

  const std::vector<DocumentPath>& paths() const { return paths_; }
  // The top-level attributes that it names, sorted, each once.
  const std::vector<std::string>& attributes() const { return attributes_; }
  // Those of them that a path goes into.
  std::vector<std::string> nested_attributes() const { return expressions::nested_attributes(paths_); }

 private:
  struct Node;
  std::vector<DocumentPath> paths_;
  std::vector<std::string> attributes_;
  std::shared_ptr<const Node> root_;
};

Result<Projection> parse_projection(std::string_view text, Substitutions& substitutions);

}  // namespace stator::expressions
