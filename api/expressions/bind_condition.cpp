// The binder's part for conditions. The order of the checks is the service's: over the whole expression
// redundant parentheses, unknown functions, misused functions and reserved words; then condition by condition
// undefined names and values, operand counts, operands that must differ, operand types. Pure.
#include <array>
#include <string>
#include <utility>

#include "api/expressions/binder.h"
#include "api/expressions/compare.h"
#include "api/expressions/messages.h"
#include "model/assert.h"
#include "model/limits.h"

namespace stator::expressions {
namespace {

using model::AttributeType;
using model::AttributeValue;

std::string_view operator_name(const ConditionNode& node) {
  switch (node.kind) {
    case ConditionNode::Kind::kCompare:
      return comparator_name(node.comparator);
    case ConditionNode::Kind::kBetween:
      return "BETWEEN";
    case ConditionNode::Kind::kIn:
      return "IN";
    case ConditionNode::Kind::kAnd:
      return "AND";
    case ConditionNode::Kind::kOr:
      return "OR";
    case ConditionNode::Kind::kNot:
      return "NOT";
    case ConditionNode::Kind::kFunction:
      break;
  }
  return node.operands.front().function()->name;
}

size_t argument_count(Function function) {
  switch (function) {
    case Function::kAttributeExists:
    case Function::kAttributeNotExists:
    case Function::kSize:
      return 1;
    case Function::kAttributeType:
    case Function::kBeginsWith:
    case Function::kContains:
      return 2;
    case Function::kUnknown:
    case Function::kIfNotExists:
    case Function::kListAppend:
      break;
  }
  STATOR_ASSERT(false, "no function of conditions");
  return 0;
}

// The literal's type; N for size(); nothing for a path, whose type only the item knows.
std::optional<AttributeType> known_type(const Operand& operand) {
  if (const ValueOperand* value = operand.value()) return value->value->type();
  if (operand.function() != nullptr) return AttributeType::kN;
  return std::nullopt;
}

// As the service prints a literal in its BETWEEN errors: {N:5}.
std::string printed(const AttributeValue& value) {
  const std::string type(model::type_name(value.type()));
  if (const std::string* s = value.as_s()) return "{" + type + ":" + *s + "}";
  if (const model::Number* n = value.as_n()) return "{" + type + ":" + n->to_string() + "}";
  return "{" + type + "}";
}

class ConditionBinder {
 public:
  ConditionBinder(ExpressionKind kind, Substitutions& substitutions)
      : kind_(kind), substitutions_(substitutions) {}

  Result<void> run(Parsed<ConditionNode>& parsed) {
    if (parsed.redundant_parentheses) return refuse(messages::redundant_parentheses());
    using Step = Result<void> (ConditionBinder::*)(ConditionNode&);
    constexpr std::array<Step, 4> kSteps = {&ConditionBinder::check_functions, &ConditionBinder::check_misuse,
                                            &ConditionBinder::check_paths, &ConditionBinder::bind_leaf};
    for (const Step step : kSteps) {
      if (auto done = each_leaf(parsed.tree, step); !done) return done;
    }
    return {};
  }

 private:
  Failure refuse(const std::string& text) const { return Failure(messages::invalid(kind_, text)); }

  // Visits the conditions without AND, OR, NOT in the order of the text.
  template <class Step>
  Result<void> each_leaf(ConditionNode& node, Step step) {
    if (node.children.empty()) return (this->*step)(node);
    for (ConditionNode& child : node.children) {
      if (auto done = each_leaf(child, step); !done) return done;
    }
    return {};
  }

  // Visits operands, a function's arguments before the function itself.
  template <class Visit>
  Result<void> each_operand(std::vector<Operand>& operands, const Visit& visit) {
    for (Operand& operand : operands) {
      if (auto* function = std::get_if<FunctionOperand>(&operand.node)) {
        if (auto done = each_operand(function->arguments, visit); !done) return done;
      }
      if (auto done = visit(operand); !done) return done;
    }
    return {};
  }

  Result<void> check_functions(ConditionNode& leaf) {
    return each_operand(leaf.operands, [this](Operand& operand) -> Result<void> {
      const FunctionOperand* function = operand.function();
      if (function == nullptr) return {};
      if (function->function == Function::kUnknown) return refuse(messages::unknown_function(function->name));
      if (function->function == Function::kIfNotExists || function->function == Function::kListAppend) {
        return refuse(messages::function_not_in_condition(function->name));
      }
      return {};
    });
  }

  // size() is an operand only, the other functions are conditions only.
  Result<void> check_misuse(ConditionNode& leaf) {
    const bool is_function = leaf.kind == ConditionNode::Kind::kFunction;
    if (is_function && leaf.operands.front().function()->function == Function::kSize) {
      return refuse(messages::function_misused(leaf.operands.front().function()->name));
    }
    return each_operand(leaf.operands, [&](Operand& operand) -> Result<void> {
      const FunctionOperand* function = operand.function();
      const bool is_condition = is_function && &operand == &leaf.operands.front();
      if (function == nullptr || is_condition || function->function == Function::kSize) return {};
      return refuse(messages::function_misused(function->name));
    });
  }

  Result<void> check_paths(ConditionNode& leaf) {
    return each_operand(leaf.operands, [this](Operand& operand) -> Result<void> {
      const PathOperand* path = operand.path();
      return path == nullptr ? Result<void>() : check_path(kind_, *path);
    });
  }

  Result<void> bind_leaf(ConditionNode& leaf) {
    auto bound = each_operand(leaf.operands, [this](Operand& operand) { return bind_operand(operand); });
    if (!bound) return bound;
    if (leaf.kind == ConditionNode::Kind::kIn && leaf.operands.size() - 1 > model::kInOperandsMax) {
      return refuse(messages::in_operands(leaf.operands.size() - 1));
    }
    auto counted = each_operand(leaf.operands, [this](Operand& operand) -> Result<void> {
      const FunctionOperand* function = operand.function();
      if (function == nullptr || function->arguments.size() == argument_count(function->function)) return {};
      return refuse(messages::operand_count(function->name, function->arguments.size()));
    });
    if (!counted) return counted;
    if (auto distinct = check_distinct(leaf); !distinct) return distinct;
    return check_types(leaf);
  }

  Result<void> bind_operand(Operand& operand) {
    if (auto* path = std::get_if<PathOperand>(&operand.node)) return bind_path(kind_, *path, substitutions_);
    if (auto* value = std::get_if<ValueOperand>(&operand.node)) {
      value->value = substitutions_.use_value(value->placeholder);
      if (value->value == nullptr) return refuse(messages::value_not_defined(value->placeholder));
    }
    return {};
  }

  // A path may not be compared with itself.
  Result<void> check_distinct(const ConditionNode& leaf) const {
    const bool is_function = leaf.kind == ConditionNode::Kind::kFunction;
    const std::vector<Operand>& operands =
        is_function ? leaf.operands.front().function()->arguments : leaf.operands;
    const PathOperand* first = operands.front().path();
    if (first == nullptr) return {};
    for (size_t i = 1; i < operands.size(); ++i) {
      const PathOperand* other = operands[i].path();
      if (other == nullptr || !(other->path == first->path)) continue;
      return refuse(messages::first_operand_not_distinct(operator_name(leaf), first->path.to_string()));
    }
    return {};
  }

  Result<void> check_types(ConditionNode& leaf) {
    auto functions = each_operand(leaf.operands, [this](Operand& operand) -> Result<void> {
      const FunctionOperand* function = operand.function();
      return function == nullptr ? Result<void>() : check_function_types(*function);
    });
    if (!functions) return functions;
    const bool ordering = leaf.kind == ConditionNode::Kind::kCompare &&
                          leaf.comparator != Comparator::kEqual && leaf.comparator != Comparator::kNotEqual;
    if (ordering || leaf.kind == ConditionNode::Kind::kBetween) {
      for (const Operand& operand : leaf.operands) {
        const auto type = known_type(operand);
        if (type && !is_ordered(*type)) return refuse(wrong_type(operator_name(leaf), *type));
      }
    }
    if (leaf.kind == ConditionNode::Kind::kBetween) return check_bounds(leaf);
    return {};
  }

  static std::string wrong_type(std::string_view name, AttributeType type) {
    return messages::operand_type(name, model::type_name(type));
  }

  Result<void> check_bounds(const ConditionNode& leaf) const {
    const ValueOperand* lower = leaf.operands[1].value();
    const ValueOperand* upper = leaf.operands[2].value();
    if (lower == nullptr || upper == nullptr) return {};
    const auto found = order(*lower->value, *upper->value);
    if (!found) return refuse(messages::between_types(printed(*lower->value), printed(*upper->value)));
    if (*found > 0) return refuse(messages::between_order(printed(*lower->value), printed(*upper->value)));
    return {};
  }

  Result<void> check_function_types(const FunctionOperand& function) const {
    const std::vector<Operand>& arguments = function.arguments;
    switch (function.function) {
      case Function::kAttributeExists:
      case Function::kAttributeNotExists:
        if (arguments[0].path() == nullptr) return refuse(messages::path_required(function.name));
        return {};
      case Function::kAttributeType:
        return check_attribute_type(function);
      case Function::kBeginsWith:
        for (const Operand& argument : arguments) {
          const auto type = known_type(argument);
          if (type && *type != AttributeType::kS && *type != AttributeType::kB) {
            return refuse(wrong_type(function.name, *type));
          }
        }
        return {};
      case Function::kContains:  // of anything: a list may hold sets too
        return {};
      case Function::kSize: {
        const auto type = known_type(arguments[0]);
        if (type == AttributeType::kN || type == AttributeType::kBool || type == AttributeType::kNull) {
          return refuse(wrong_type(function.name, *type));
        }
        return {};
      }
      case Function::kUnknown:
      case Function::kIfNotExists:
      case Function::kListAppend:
        break;
    }
    STATOR_ASSERT(false, "check_functions has refused it");
    return {};
  }

  Result<void> check_attribute_type(const FunctionOperand& function) const {
    const auto type = known_type(function.arguments[1]);
    // A path: its type may be any.
    if (!type) return refuse(messages::operand_type(function.name, "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"));
    if (*type != AttributeType::kS) return refuse(wrong_type(function.name, *type));
    const std::string& name = *function.arguments[1].value()->value->as_s();
    AttributeType named;
    if (!model::parse_type_name(name, named)) return refuse(messages::attribute_type_unknown(name));
    return {};
  }

  const ExpressionKind kind_;
  Substitutions& substitutions_;
};

void collect_paths(const std::vector<Operand>& operands, std::vector<DocumentPath>& out) {
  for (const Operand& operand : operands) {
    if (const PathOperand* path = operand.path()) out.push_back(path->path);
    if (const FunctionOperand* function = operand.function()) collect_paths(function->arguments, out);
  }
}

void collect_paths(const ConditionNode& node, std::vector<DocumentPath>& out) {
  collect_paths(node.operands, out);
  for (const ConditionNode& child : node.children) collect_paths(child, out);
}

}  // namespace

Result<void> bind_condition(ExpressionKind kind, Parsed<ConditionNode>& parsed,
                            Substitutions& substitutions) {
  return ConditionBinder(kind, substitutions).run(parsed);
}

std::vector<DocumentPath> condition_paths(const ConditionNode& root) {
  std::vector<DocumentPath> paths;
  collect_paths(root, paths);
  return paths;
}

}  // namespace stator::expressions
