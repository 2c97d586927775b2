// The binder's part for updates. The order of the checks is the service's, each over the whole expression:
// redundant parentheses, reserved words, functions, repeated sections, undefined names, undefined values,
// paths that clash, operands of ADD and DELETE, operands of functions and arithmetic. Pure.
#include <array>
#include <string>
#include <utility>

#include "api/expressions/binder.h"
#include "api/expressions/messages.h"
#include "model/assert.h"

namespace stator::expressions {
namespace {

using model::AttributeType;

constexpr auto kKind = ExpressionKind::kUpdate;
constexpr size_t kFunctionArguments = 2;  // of if_not_exists and list_append

Failure refuse(const std::string& text) { return Failure(messages::invalid(kKind, text)); }

// As the service calls types in its errors about ADD and DELETE.
std::string_view long_type_name(AttributeType type) {
  switch (type) {
    case AttributeType::kS:
      return "STRING";
    case AttributeType::kN:
      return "NUMBER";
    case AttributeType::kB:
      return "BINARY";
    case AttributeType::kBool:
      return "BOOL";
    case AttributeType::kNull:
      return "NULL";
    case AttributeType::kM:
      return "MAP";
    case AttributeType::kL:
      return "LIST";
    case AttributeType::kSS:
      return "STRING_SET";
    case AttributeType::kNS:
      return "NUMBER_SET";
    case AttributeType::kBS:
      return "BINARY_SET";
  }
  STATOR_ASSERT(false, "no such type");
  return {};
}

bool is_set(AttributeType type) {
  return type == AttributeType::kSS || type == AttributeType::kNS || type == AttributeType::kBS;
}

// Visits the operands of a value, arguments before what they are arguments of.
template <class Visit>
Result<void> each_operand(std::vector<Operand>& operands, const Visit& visit) {
  for (Operand& operand : operands) {
    std::vector<Operand>* arguments = nullptr;
    if (auto* function = std::get_if<FunctionOperand>(&operand.node)) arguments = &function->arguments;
    if (auto* arithmetic = std::get_if<ArithmeticOperand>(&operand.node)) arguments = &arithmetic->arguments;
    if (arguments != nullptr) {
      if (auto done = each_operand(*arguments, visit); !done) return done;
    }
    if (auto done = visit(operand); !done) return done;
  }
  return {};
}

Result<void> check_all_paths(UpdateSyntax& update) {
  for (UpdateAction& action : update.actions) {
    if (auto checked = check_path(kKind, action.target); !checked) return checked;
    auto checked = each_operand(action.value, [](Operand& operand) -> Result<void> {
      const PathOperand* path = operand.path();
      return path == nullptr ? Result<void>() : check_path(kKind, *path);
    });
    if (!checked) return checked;
  }
  return {};
}

Result<void> check_functions(UpdateSyntax& update) {
  for (UpdateAction& action : update.actions) {
    auto checked = each_operand(action.value, [](Operand& operand) -> Result<void> {
      const FunctionOperand* function = operand.function();
      if (function == nullptr) return {};
      if (function->function == Function::kUnknown) return refuse(messages::unknown_function(function->name));
      if (function->function == Function::kIfNotExists || function->function == Function::kListAppend)
        return {};
      return refuse(messages::function_not_in_update(function->name));
    });
    if (!checked) return checked;
  }
  return {};
}

Result<void> check_sections(UpdateSyntax& update) {
  std::array<bool, 4> seen{};
  for (const UpdateSection section : update.sections) {
    if (std::exchange(seen.at(static_cast<size_t>(section)), true)) {
      return refuse(messages::section_twice(section_name(section)));
    }
  }
  return {};
}

Result<void> bind_names(UpdateSyntax& update, Substitutions& substitutions) {
  for (UpdateAction& action : update.actions) {
    if (auto bound = bind_path(kKind, action.target, substitutions); !bound) return bound;
    auto bound = each_operand(action.value, [&](Operand& operand) -> Result<void> {
      auto* path = std::get_if<PathOperand>(&operand.node);
      return path == nullptr ? Result<void>() : bind_path(kKind, *path, substitutions);
    });
    if (!bound) return bound;
  }
  return {};
}

Result<void> bind_values(UpdateSyntax& update, Substitutions& substitutions) {
  for (UpdateAction& action : update.actions) {
    auto bound = each_operand(action.value, [&](Operand& operand) -> Result<void> {
      auto* value = std::get_if<ValueOperand>(&operand.node);
      if (value == nullptr) return {};
      value->value = substitutions.use_value(value->placeholder);
      if (value->value == nullptr) return refuse(messages::value_not_defined(value->placeholder));
      return {};
    });
    if (!bound) return bound;
  }
  return {};
}

Result<void> check_targets(const UpdateSyntax& update) {
  std::vector<DocumentPath> targets;
  targets.reserve(update.actions.size());
  for (const UpdateAction& action : update.actions) targets.push_back(action.target.path);
  return check_paths_distinct(kKind, targets);
}

// ADD takes a number or a set, DELETE a set.
Result<void> check_section_operands(const UpdateSyntax& update) {
  for (const UpdateAction& action : update.actions) {
    if (action.section != UpdateSection::kAdd && action.section != UpdateSection::kDelete) continue;
    const AttributeType type = action.value.front().value()->value->type();
    if (is_set(type) || (action.section == UpdateSection::kAdd && type == AttributeType::kN)) continue;
    return refuse(messages::section_operand_type(section_name(action.section), long_type_name(type)));
  }
  return {};
}

// Literals among `arguments` must be of the type; what paths and functions yield shows at run time.
Result<void> check_literals(std::string_view name, const std::vector<Operand>& arguments,
                            AttributeType type) {
  for (const Operand& argument : arguments) {
    const ValueOperand* value = argument.value();
    if (value == nullptr || value->value->is(type)) continue;
    return refuse(messages::operand_type(name, model::type_name(value->value->type())));
  }
  return {};
}

Result<void> check_operand(Operand& operand) {
  if (const ArithmeticOperand* arithmetic = operand.arithmetic()) {
    return check_literals(arithmetic->subtract ? "-" : "+", arithmetic->arguments, AttributeType::kN);
  }
  const FunctionOperand* function = operand.function();
  if (function == nullptr) return {};
  if (function->arguments.size() != kFunctionArguments) {
    return refuse(messages::operand_count(function->name, function->arguments.size()));
  }
  if (function->function == Function::kListAppend) {
    return check_literals(function->name, function->arguments, AttributeType::kL);
  }
  const PathOperand* path = function->arguments[0].path();
  if (path == nullptr) return refuse(messages::path_required(function->name));
  const PathOperand* other = function->arguments[1].path();
  if (other != nullptr && other->path == path->path)
    return refuse(messages::first_operand_not_distinct(function->name, path->path.to_string()));
  return {};
}

Result<void> check_operands(UpdateSyntax& update) {
  for (UpdateAction& action : update.actions) {
    if (auto checked = each_operand(action.value, check_operand); !checked) return checked;
  }
  return {};
}

}  // namespace

Result<void> bind_update(Parsed<UpdateSyntax>& parsed, Substitutions& substitutions) {
  if (parsed.redundant_parentheses) return refuse(messages::redundant_parentheses());
  UpdateSyntax& update = parsed.tree;
  if (auto done = check_all_paths(update); !done) return done;
  if (auto done = check_functions(update); !done) return done;
  if (auto done = check_sections(update); !done) return done;
  if (auto done = bind_names(update, substitutions); !done) return done;
  if (auto done = bind_values(update, substitutions); !done) return done;
  if (auto done = check_targets(update); !done) return done;
  if (auto done = check_section_operands(update); !done) return done;
  return check_operands(update);
}

}  // namespace stator::expressions
