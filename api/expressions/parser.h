// Parser: tokens to syntax trees, for all five kinds. Knows grammar only: what names and values are, and
// which functions exist, is the binder's business. Nested parentheses and NOTs cost heap, not stack; function
// calls nest at most model::kExpressionOperatorsMax deep. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "api/expressions/ast.h"
#include "api/expressions/expression_kind.h"

namespace stator::expressions {

template <class Tree>
struct Parsed {
  Tree tree;
  // ((x)) was seen: refused, but only when nothing is wrong with the syntax.
  bool redundant_parentheses = false;
};

// Refuse empty and oversized texts, syntax errors and too many operators, with the prefix of `kind`.
Result<Parsed<ConditionNode>> parse_condition_syntax(ExpressionKind kind, std::string_view text);
Result<Parsed<std::vector<PathOperand>>> parse_projection_syntax(std::string_view text);
Result<Parsed<UpdateSyntax>> parse_update_syntax(std::string_view text);

// As the service writes them: "=", "<>", ...
std::string_view comparator_name(Comparator comparator);
// "SET", "REMOVE", "ADD", "DELETE".
std::string_view section_name(UpdateSection section);

}  // namespace stator::expressions
