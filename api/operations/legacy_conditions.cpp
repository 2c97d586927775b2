// Reading legacy conditions, and what they are in terms of expressions. Pure.
#include "api/operations/legacy_conditions.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/expressions/ast.h"
#include "api/expressions/compare.h"
#include "api/item_reader.h"
#include "api/operations/common.h"
#include "model/assert.h"

namespace stator::api {
namespace {

using expressions::Comparator;
using expressions::ConditionNode;
using expressions::Function;
using expressions::KeyOperator;
using expressions::Operand;
using model::AttributeType;
using model::AttributeValue;

enum class Comparison : uint8_t {
  kEqual,
  kNotEqual,
  kIn,
  kLessOrEqual,
  kLess,
  kGreaterOrEqual,
  kGreater,
  kBetween,
  kNotNull,
  kNull,
  kContains,
  kNotContains,
  kBeginsWith,
};

constexpr uint32_t bit(AttributeType type) { return uint32_t{1} << static_cast<uint32_t>(type); }
constexpr uint32_t kAnyType = ~uint32_t{0};
constexpr uint32_t kOrdered = bit(AttributeType::kS) | bit(AttributeType::kN) | bit(AttributeType::kB);
// The documentation names S, N and B alone; the service takes the other two scalars as well.
constexpr uint32_t kElement = kOrdered | bit(AttributeType::kBool) | bit(AttributeType::kNull);
constexpr uint32_t kPrefix = bit(AttributeType::kS) | bit(AttributeType::kB);
constexpr size_t kKeyConditionsMax = 2;  // a partition key and a sort key
constexpr size_t kManyValues = SIZE_MAX;  // bounded by the size of the request

// What an operator takes: how many values, of which types.
struct Rule {
  std::string_view name;
  Comparison comparison;
  size_t values_min;
  size_t values_max;
  uint32_t types;
};

constexpr Rule kRules[] = {
    {"EQ", Comparison::kEqual, 1, 1, kAnyType},
    {"NE", Comparison::kNotEqual, 1, 1, kAnyType},
    {"IN", Comparison::kIn, 1, kManyValues, kOrdered},
    {"LE", Comparison::kLessOrEqual, 1, 1, kOrdered},
    {"LT", Comparison::kLess, 1, 1, kOrdered},
    {"GE", Comparison::kGreaterOrEqual, 1, 1, kOrdered},
    {"GT", Comparison::kGreater, 1, 1, kOrdered},
    {"BETWEEN", Comparison::kBetween, 2, 2, kOrdered},
    {"NOT_NULL", Comparison::kNotNull, 0, 0, kAnyType},
    {"NULL", Comparison::kNull, 0, 0, kAnyType},
    {"CONTAINS", Comparison::kContains, 1, 1, kElement},
    {"NOT_CONTAINS", Comparison::kNotContains, 1, 1, kElement},
    {"BEGINS_WITH", Comparison::kBeginsWith, 1, 1, kPrefix},
};

const Rule& rule_of(std::string_view name) {
  const auto found = std::ranges::find(kRules, name, &Rule::name);
  STATOR_ASSERT(found != std::end(kRules), "validation lets through the operators of the model only");
  return *found;
}

struct LegacyCondition {
  std::string attribute;
  Comparison comparison = Comparison::kEqual;
  std::vector<AttributeValue> values;
};

Result<std::vector<AttributeValue>> read_values(const json::Value& list) {
  std::vector<AttributeValue> values;
  for (const auto element : json::array_of(list)) {
    auto value = read_attribute_value(element);
    if (!value) return Failure(std::move(value).error());
    values.push_back(std::move(value).value());
  }
  return values;
}

Result<void> check_values(const Rule& rule, const std::vector<AttributeValue>& values) {
  if (values.size() < rule.values_min || values.size() > rule.values_max)
    return invalid_parameters("Invalid number of argument(s) for the " + std::string(rule.name) +
                              " ComparisonOperator");
  for (const AttributeValue& value : values) {
    if (!value.is(values.front().type()))
      return invalid_parameters("AttributeValues inside AttributeValueList must be of same type");
  }
  for (const AttributeValue& value : values) {
    if ((rule.types & bit(value.type())) == 0)
      return invalid_parameters("ComparisonOperator " + std::string(rule.name) + " is not valid for " +
                                std::string(model::type_name(value.type())) + " AttributeValue type");
  }
  if (rule.comparison == Comparison::kBetween) {
    const auto order = expressions::order(values[0], values[1]);
    if (order && *order > 0)
      return validation_error(
          "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound");
  }
  return {};
}

// A member of a filter or of KeyConditions.
Result<LegacyCondition> read_condition(std::string_view attribute, const json::Value& content) {
  if (auto named = check_attribute_name(attribute); !named) return Failure(std::move(named).error());
  const Rule& rule = rule_of(*read_text(content, "ComparisonOperator"));
  LegacyCondition condition{std::string(attribute), rule.comparison, {}};
  if (const auto list = json::member(content, "AttributeValueList")) {
    auto values = read_values(*list);
    if (!values) return Failure(std::move(values).error());
    condition.values = std::move(values).value();
  }
  if (auto checked = check_values(rule, condition.values); !checked) return Failure(checked.error());
  return condition;
}

Result<std::vector<LegacyCondition>> read_conditions(const json::Value& map) {
  std::vector<LegacyCondition> conditions;
  for (const auto& [attribute, content] : json::object_of(map)) {
    auto condition = read_condition(attribute, content);
    if (!condition) return Failure(std::move(condition).error());
    conditions.push_back(std::move(condition).value());
  }
  return conditions;
}

// Which of its four members a member of Expected may have together.
Result<void> check_expected_members(std::string_view attribute, const json::Value& content) {
  const auto has = [&](std::string_view name) { return json::member(content, name).has_value(); };
  const auto refuse = [&](std::string_view text) {
    return invalid_parameters(std::string(text) + " for Attribute: " + std::string(attribute));
  };
  const auto comparison = read_text(content, "ComparisonOperator");
  if (comparison && has("Exists")) return refuse("Exists and ComparisonOperator cannot be used together");
  if (has("Value") && has("AttributeValueList"))
    return refuse("Value and AttributeValueList cannot be used together");
  if (comparison) {
    if (rule_of(*comparison).values_max > 0 && !has("Value") && !has("AttributeValueList"))
      return refuse("Value or AttributeValueList must be used with ComparisonOperator: " +
                    std::string(*comparison));
    return {};
  }
  if (has("AttributeValueList")) return refuse("AttributeValueList can only be used with a ComparisonOperator");
  const bool exists = read_boolean(content, "Exists", true);
  if (exists && !has("Value"))
    return refuse(has("Exists") ? "Value must be provided when Exists is true"
                                : "Value must be provided when Exists is null");
  if (!exists && has("Value")) return refuse("Value cannot be used when Exists is false");
  return {};
}

// Without an operator: Value alone asks for equality, Exists=false for an attribute that is not there.
Result<LegacyCondition> read_expected_attribute(std::string_view attribute, const json::Value& content) {
  if (auto named = check_attribute_name(attribute); !named) return Failure(std::move(named).error());
  if (auto checked = check_expected_members(attribute, content); !checked) return Failure(checked.error());
  const bool exists = read_boolean(content, "Exists", true);
  const Rule& rule = rule_of(read_text(content, "ComparisonOperator").value_or(exists ? "EQ" : "NULL"));
  LegacyCondition condition{std::string(attribute), rule.comparison, {}};
  if (const auto value = json::member(content, "Value")) {
    auto read = read_attribute_value(*value);
    if (!read) return Failure(std::move(read).error());
    condition.values.push_back(std::move(read).value());
  } else if (const auto list = json::member(content, "AttributeValueList")) {
    auto values = read_values(*list);
    if (!values) return Failure(std::move(values).error());
    condition.values = std::move(values).value();
  }
  if (auto checked = check_values(rule, condition.values); !checked) return Failure(checked.error());
  return condition;
}

// ConditionalOperator needs something to connect.
Result<void> check_conditional_operator(const json::Value& body, size_t conditions) {
  if (!read_text(body, "ConditionalOperator") || conditions > 1) return {};
  return validation_error(
      conditions == 0 ? "ConditionalOperator cannot be used without Filter or Expected"
                      : "ConditionalOperator can only be used when Filter or Expected has two or more elements");
}

Operand attribute_operand(const std::string& attribute) {
  expressions::PathOperand path;
  path.segments.push_back({expressions::PathSegment::Kind::kName, attribute});
  path.path = expressions::DocumentPath(attribute);
  return Operand{std::move(path)};
}

Operand literal_operand(AttributeValue value) {
  return Operand{expressions::ValueOperand{{}, std::make_shared<const AttributeValue>(std::move(value))}};
}

ConditionNode compare_node(Comparator comparator, std::vector<Operand> operands) {
  ConditionNode node;
  node.comparator = comparator;
  node.operands = std::move(operands);
  return node;
}

ConditionNode function_node(Function function, std::string_view name, std::vector<Operand> arguments) {
  ConditionNode node;
  node.kind = ConditionNode::Kind::kFunction;
  node.operands.push_back(
      Operand{expressions::FunctionOperand{function, std::string(name), std::move(arguments)}});
  return node;
}

ConditionNode parent_node(ConditionNode::Kind kind, std::vector<ConditionNode> children) {
  ConditionNode node;
  node.kind = kind;
  node.children = std::move(children);
  return node;
}

ConditionNode exists_node(const std::string& attribute) {
  return function_node(Function::kAttributeExists, "attribute_exists", {attribute_operand(attribute)});
}

ConditionNode node_of(LegacyCondition condition) {
  // The attribute, then the values: the operands of most operators.
  std::vector<Operand> operands;
  operands.push_back(attribute_operand(condition.attribute));
  for (AttributeValue& value : condition.values) operands.push_back(literal_operand(std::move(value)));
  switch (condition.comparison) {
    case Comparison::kEqual:
      return compare_node(Comparator::kEqual, std::move(operands));
    case Comparison::kNotEqual:
      return compare_node(Comparator::kNotEqual, std::move(operands));
    case Comparison::kLessOrEqual:
      return compare_node(Comparator::kLessOrEqual, std::move(operands));
    case Comparison::kLess:
      return compare_node(Comparator::kLess, std::move(operands));
    case Comparison::kGreaterOrEqual:
      return compare_node(Comparator::kGreaterOrEqual, std::move(operands));
    case Comparison::kGreater:
      return compare_node(Comparator::kGreater, std::move(operands));
    case Comparison::kIn:
    case Comparison::kBetween: {
      ConditionNode node;
      node.kind = condition.comparison == Comparison::kIn ? ConditionNode::Kind::kIn
                                                          : ConditionNode::Kind::kBetween;
      node.operands = std::move(operands);
      return node;
    }
    case Comparison::kNotNull:
      return exists_node(condition.attribute);
    case Comparison::kNull:
      return function_node(Function::kAttributeNotExists, "attribute_not_exists", std::move(operands));
    case Comparison::kContains:
      return function_node(Function::kContains, "contains", std::move(operands));
    case Comparison::kNotContains: {
      // False of a missing attribute, unlike NE: measured (scylladb, test_expected.py, run against the service).
      std::vector<ConditionNode> contains;
      contains.push_back(function_node(Function::kContains, "contains", std::move(operands)));
      std::vector<ConditionNode> both;
      both.push_back(exists_node(condition.attribute));
      both.push_back(parent_node(ConditionNode::Kind::kNot, std::move(contains)));
      return parent_node(ConditionNode::Kind::kAnd, std::move(both));
    }
    case Comparison::kBeginsWith:
      return function_node(Function::kBeginsWith, "begins_with", std::move(operands));
  }
  STATOR_ASSERT(false, "no such operator");
  return {};
}

std::optional<expressions::Condition> connect(const json::Value& body, std::vector<LegacyCondition> conditions) {
  if (conditions.empty()) return std::nullopt;
  std::vector<std::string> attributes;
  std::vector<ConditionNode> nodes;
  for (LegacyCondition& condition : conditions) {
    attributes.push_back(condition.attribute);
    nodes.push_back(node_of(std::move(condition)));
  }
  std::ranges::sort(attributes);
  const auto kind = read_text(body, "ConditionalOperator") == "OR" ? ConditionNode::Kind::kOr
                                                                   : ConditionNode::Kind::kAnd;
  ConditionNode root = nodes.size() == 1 ? std::move(nodes.front()) : parent_node(kind, std::move(nodes));
  return expressions::Condition(std::make_shared<const ConditionNode>(std::move(root)), std::move(attributes),
                               std::vector<std::string>());
}

KeyOperator key_operator_of(Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual:
      return KeyOperator::kEqual;
    case Comparison::kLessOrEqual:
      return KeyOperator::kLessOrEqual;
    case Comparison::kLess:
      return KeyOperator::kLess;
    case Comparison::kGreaterOrEqual:
      return KeyOperator::kGreaterOrEqual;
    case Comparison::kGreater:
      return KeyOperator::kGreater;
    case Comparison::kBetween:
      return KeyOperator::kBetween;
    case Comparison::kBeginsWith:
      return KeyOperator::kBeginsWith;
    default:
      return KeyOperator::kNotIndexable;
  }
}

}  // namespace

Result<std::optional<expressions::Condition>> read_expected(const json::Value& body) {
  const auto expected = json::member(body, "Expected");
  const size_t count = expected ? json::object_of(*expected).size() : 0;
  if (auto checked = check_conditional_operator(body, count); !checked) return Failure(checked.error());
  std::vector<LegacyCondition> conditions;
  if (expected) {
    for (const auto& [attribute, content] : json::object_of(*expected)) {
      auto condition = read_expected_attribute(attribute, content);
      if (!condition) return Failure(std::move(condition).error());
      conditions.push_back(std::move(condition).value());
    }
  }
  return connect(body, std::move(conditions));
}

Result<std::optional<expressions::Condition>> read_legacy_filter(const json::Value& body,
                                                                 std::string_view member) {
  const auto filter = json::member(body, member);
  const size_t count = filter ? json::object_of(*filter).size() : 0;
  if (auto checked = check_conditional_operator(body, count); !checked) return Failure(checked.error());
  if (!filter) return std::optional<expressions::Condition>();
  auto conditions = read_conditions(*filter);
  if (!conditions) return Failure(std::move(conditions).error());
  return connect(body, std::move(conditions).value());
}

Result<expressions::KeyCondition> read_key_conditions(const json::Value& body) {
  auto conditions = read_conditions(*json::member(body, "KeyConditions"));
  if (!conditions) return Failure(std::move(conditions).error());
  if (conditions->empty() || conditions->size() > kKeyConditionsMax)
    return validation_error("Conditions can be of length 1 or 2 only");
  std::vector<expressions::KeyPredicate> predicates;
  for (LegacyCondition& condition : *conditions) {
    expressions::KeyPredicate& predicate = predicates.emplace_back();
    predicate.attribute = std::move(condition.attribute);
    predicate.op = key_operator_of(condition.comparison);
    if (!condition.values.empty()) predicate.operand = std::move(condition.values[0]);
    if (condition.comparison == Comparison::kBetween) predicate.upper = std::move(condition.values[1]);
  }
  return expressions::KeyCondition(std::move(predicates));
}

}  // namespace stator::api
