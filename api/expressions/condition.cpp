// Conditions against items. A path that the item lacks makes every comparison false but <>, which it makes
// true; so do values of different types. Pure.
#include "api/expressions/condition.h"

#include <algorithm>
#include <utility>

#include "api/expressions/ast.h"
#include "api/expressions/binder.h"
#include "api/expressions/compare.h"
#include "api/expressions/parser.h"
#include "model/assert.h"

namespace stator::expressions {
namespace {

using model::AttributeValue;

// What an operand stands for; null: nothing. `scratch` keeps what was computed for it.
const AttributeValue* evaluate(const Operand& operand, const model::Item* item, AttributeValue& scratch) {
  if (const ValueOperand* value = operand.value()) return value->value.get();
  if (const PathOperand* path = operand.path()) return item == nullptr ? nullptr : path->path.find(*item);
  const FunctionOperand* function = operand.function();
  STATOR_ASSERT(function != nullptr && function->function == Function::kSize,
                "size() is the only function operand");
  // The argument is no function: size(size(a)) is refused, since size() has the type N.
  const AttributeValue* argument = evaluate(function->arguments.front(), item, scratch);
  if (argument == nullptr) return nullptr;
  const auto size = size_of(*argument);
  if (!size) return nullptr;
  scratch = AttributeValue::n(static_cast<int64_t>(*size));
  return &scratch;
}

bool compare(Comparator comparator, const AttributeValue* a, const AttributeValue* b) {
  const bool missing = a == nullptr || b == nullptr;
  if (comparator == Comparator::kEqual) return !missing && *a == *b;
  if (comparator == Comparator::kNotEqual) return missing || !(*a == *b);
  if (missing) return false;
  const auto found = order(*a, *b);
  if (!found) return false;
  switch (comparator) {
    case Comparator::kLess:
      return *found < 0;
    case Comparator::kLessOrEqual:
      return *found <= 0;
    case Comparator::kGreater:
      return *found > 0;
    case Comparator::kGreaterOrEqual:
      return *found >= 0;
    case Comparator::kEqual:
    case Comparator::kNotEqual:
      break;
  }
  return false;
}

bool matches_between(const std::vector<Operand>& operands, const model::Item* item) {
  AttributeValue scratch[3];
  const AttributeValue* value = evaluate(operands[0], item, scratch[0]);
  return compare(Comparator::kGreaterOrEqual, value, evaluate(operands[1], item, scratch[1])) &&
         compare(Comparator::kLessOrEqual, value, evaluate(operands[2], item, scratch[2]));
}

bool matches_in(const std::vector<Operand>& operands, const model::Item* item) {
  AttributeValue scratch;
  const AttributeValue* value = evaluate(operands[0], item, scratch);
  return std::any_of(operands.begin() + 1, operands.end(), [&](const Operand& candidate) {
    AttributeValue candidate_scratch;
    return compare(Comparator::kEqual, value, evaluate(candidate, item, candidate_scratch));
  });
}

bool matches_function(const FunctionOperand& function, const model::Item* item) {
  AttributeValue scratch[2];
  const AttributeValue* first = evaluate(function.arguments[0], item, scratch[0]);
  if (function.function == Function::kAttributeExists) return first != nullptr;
  if (function.function == Function::kAttributeNotExists) return first == nullptr;
  const AttributeValue* second = evaluate(function.arguments[1], item, scratch[1]);
  if (first == nullptr || second == nullptr) return false;
  switch (function.function) {
    case Function::kAttributeType:
      return model::type_name(first->type()) == *second->as_s();
    case Function::kBeginsWith:
      return begins_with(*first, *second);
    case Function::kContains:
      return contains(*first, *second);
    default:
      break;
  }
  STATOR_ASSERT(false, "no function that is a condition");
  return false;
}

// Recursion: at most one level an operator, of which the parser counts them (model::kExpressionOperatorsMax).
bool matches_node(const ConditionNode& node, const model::Item* item) {
  const auto holds = [item](const ConditionNode& child) { return matches_node(child, item); };
  switch (node.kind) {
    case ConditionNode::Kind::kAnd:
      return std::all_of(node.children.begin(), node.children.end(), holds);
    case ConditionNode::Kind::kOr:
      return std::any_of(node.children.begin(), node.children.end(), holds);
    case ConditionNode::Kind::kNot:
      return !holds(node.children.front());
    case ConditionNode::Kind::kCompare: {
      AttributeValue scratch[2];
      return compare(node.comparator, evaluate(node.operands[0], item, scratch[0]),
                     evaluate(node.operands[1], item, scratch[1]));
    }
    case ConditionNode::Kind::kBetween:
      return matches_between(node.operands, item);
    case ConditionNode::Kind::kIn:
      return matches_in(node.operands, item);
    case ConditionNode::Kind::kFunction:
      return matches_function(*node.operands.front().function(), item);
  }
  STATOR_ASSERT(false, "no such condition");
  return false;
}

}  // namespace

Condition::Condition(std::shared_ptr<const ConditionNode> root, std::vector<std::string> attributes,
                     std::vector<std::string> nested_attributes)
    : root_(std::move(root)),
      attributes_(std::move(attributes)),
      nested_attributes_(std::move(nested_attributes)) {
  STATOR_ASSERT(root_ != nullptr, "a condition has a root");
}

bool Condition::matches(const model::Item* item) const { return matches_node(*root_, item); }

Result<Condition> parse_condition(ExpressionKind kind, std::string_view text, Substitutions& substitutions) {
  STATOR_ASSERT(kind == ExpressionKind::kCondition || kind == ExpressionKind::kFilter,
                "other kinds have their own parser");
  auto parsed = parse_condition_syntax(kind, text);
  if (!parsed) return Failure(std::move(parsed).error());
  if (auto bound = bind_condition(kind, *parsed, substitutions); !bound)
    return Failure(std::move(bound).error());
  const std::vector<DocumentPath> paths = condition_paths(parsed->tree);
  return Condition(std::make_shared<const ConditionNode>(std::move(parsed->tree)), top_level_attributes(paths),
                   nested_attributes(paths));
}

}  // namespace stator::expressions
