// Condition: a parsed ConditionExpression or FilterExpression, ready to be evaluated against items.
// Immutable, cheap to copy (shared), safe to use from any thread. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/expressions/expression_kind.h"
#include "api/expressions/substitutions.h"
#include "model/attribute_value.h"

namespace stator::expressions {

struct ConditionNode;

class Condition {
 public:
  Condition(std::shared_ptr<const ConditionNode> root, std::vector<std::string> attributes,
            std::vector<std::string> nested_attributes);

  // Whether the condition holds for the stored item; null: there is none, so that every path is missing.
  bool matches(const model::Item* item) const;
  bool matches(const model::Item& item) const { return matches(&item); }

  // The top-level attributes that it names, sorted, each once: Query refuses filters on key attributes.
  const std::vector<std::string>& attributes() const { return attributes_; }
  // Those of them that a path goes into.
  const std::vector<std::string>& nested_attributes() const { return nested_attributes_; }

 private:
  std::shared_ptr<const ConditionNode> root_;
  std::vector<std::string> attributes_;
  std::vector<std::string> nested_attributes_;
};

// Requires kCondition or kFilter. Everything that the service refuses without looking at an item is refused
// here.
Result<Condition> parse_condition(ExpressionKind kind, std::string_view text, Substitutions& substitutions);

}  // namespace stator::expressions
