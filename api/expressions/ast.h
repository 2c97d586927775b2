// The syntax trees of expressions: what the parser makes, the binder completes (names and values filled in)
// and the evaluators read. Depth is bounded: every level but a path costs an operator, of which there are at
// most model::kExpressionOperatorsMax. Pure plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "api/expressions/path.h"
#include "model/attribute_value.h"

namespace stator::expressions {

// a, #a, [0]: as written.
struct PathSegment {
  enum class Kind : uint8_t { kName, kAlias, kIndex };
  Kind kind = Kind::kName;
  std::string text;  // for kIndex the digits
};

struct PathOperand {
  std::vector<PathSegment> segments;  // at least one; the first is no index
  DocumentPath path{std::string()};   // by the binder
};

struct ValueOperand {
  std::string placeholder;                             // with its colon
  std::shared_ptr<const model::AttributeValue> value;  // by the binder; shared: one may be named often
};

enum class Function : uint8_t {
  kUnknown,
  kAttributeExists,
  kAttributeNotExists,
  kAttributeType,
  kBeginsWith,
  kContains,
  kSize,
  kIfNotExists,
  kListAppend,
};

struct Operand;

struct FunctionOperand {
  Function function = Function::kUnknown;
  std::string name;
  std::vector<Operand> arguments;  // at least one
};

// SET a = left + right. Never inside another operand.
struct ArithmeticOperand {
  bool subtract = false;
  std::vector<Operand> arguments;  // two
};

struct Operand {
  std::variant<PathOperand, ValueOperand, FunctionOperand, ArithmeticOperand> node;

  const PathOperand* path() const { return std::get_if<PathOperand>(&node); }
  const ValueOperand* value() const { return std::get_if<ValueOperand>(&node); }
  const FunctionOperand* function() const { return std::get_if<FunctionOperand>(&node); }
  const ArithmeticOperand* arithmetic() const { return std::get_if<ArithmeticOperand>(&node); }
};

enum class Comparator : uint8_t { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

struct ConditionNode {
  enum class Kind : uint8_t {
    kAnd,       // children: two or more
    kOr,        // children: two or more
    kNot,       // children: one
    kCompare,   // operands: two
    kBetween,   // operands: value, lower, upper
    kIn,        // operands: value, then the candidates
    kFunction,  // operands: one, a FunctionOperand
  };
  Kind kind = Kind::kCompare;
  Comparator comparator = Comparator::kEqual;  // of kCompare
  std::vector<ConditionNode> children;
  std::vector<Operand> operands;
};

enum class UpdateSection : uint8_t { kSet, kRemove, kAdd, kDelete };

struct UpdateAction {
  UpdateSection section = UpdateSection::kSet;
  PathOperand target;
  std::vector<Operand> value;  // one; none for REMOVE
};

struct UpdateSyntax {
  std::vector<UpdateSection> sections;  // in the order of the text, with repetitions
  std::vector<UpdateAction> actions;
};

}  // namespace stator::expressions
