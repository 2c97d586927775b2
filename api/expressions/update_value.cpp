// Operands, arithmetic and sets of updates. Pure.
#include "api/expressions/update_value.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "api/expressions/messages.h"
#include "model/assert.h"
#include "model/limits.h"
#include "model/size.h"

namespace stator::expressions {
namespace {

using model::AttributeValue;
using model::Number;

// A literal may be 2 MB and be named hundreds of times: what grows past an item's size is refused while it
// grows.
Result<AttributeValue> bounded(AttributeValue value) {
  if (model::size_bytes(value) > model::kItemSizeMax) return Failure(messages::update_item_too_large());
  return value;
}

Result<AttributeValue> arithmetic(const AttributeValue& left, const AttributeValue& right, bool subtract) {
  const Number* a = left.as_n();
  const Number* b = right.as_n();
  if (a == nullptr || b == nullptr) return Failure(messages::update_operand_type());
  const auto result = subtract ? Number::subtract(*a, *b) : Number::add(*a, *b);
  if (!result) return Failure(messages::number_error(result.error()));
  return AttributeValue::n(*result);
}

Result<AttributeValue> evaluate_function(const FunctionOperand& function, const model::Item& old) {
  if (function.function == Function::kIfNotExists) {
    const AttributeValue* present = function.arguments[0].path()->path.find(old);
    if (present != nullptr) return *present;
    return evaluate_operand(function.arguments[1], old);
  }
  STATOR_ASSERT(function.function == Function::kListAppend, "the binder lets through no other function");
  auto left = evaluate_operand(function.arguments[0], old);
  if (!left) return left;
  auto right = evaluate_operand(function.arguments[1], old);
  if (!right) return right;
  model::AttributeList* head = left->as_l();
  model::AttributeList* tail = right->as_l();
  if (head == nullptr || tail == nullptr) return Failure(messages::update_operand_type());
  head->insert(head->end(), std::make_move_iterator(tail->begin()), std::make_move_iterator(tail->end()));
  return bounded(*std::move(left));
}

template <class T>
std::vector<T> united(const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> out;
  out.reserve(a.size() + b.size());
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

template <class T>
std::vector<T> without(const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

}  // namespace

// Recursion: one level a function, of which the parser counts them (model::kExpressionOperatorsMax).
Result<AttributeValue> evaluate_operand(const Operand& operand, const model::Item& old) {
  if (const ValueOperand* value = operand.value()) return bounded(*value->value);
  if (const PathOperand* path = operand.path()) {
    const AttributeValue* found = path->path.find(old);
    if (found == nullptr) return Failure(messages::update_operand_missing());
    return *found;
  }
  if (const FunctionOperand* function = operand.function()) return evaluate_function(*function, old);
  const ArithmeticOperand* sum = operand.arithmetic();
  auto left = evaluate_operand(sum->arguments[0], old);
  if (!left) return left;
  auto right = evaluate_operand(sum->arguments[1], old);
  if (!right) return right;
  return arithmetic(*left, *right, sum->subtract);
}

Result<AttributeValue> add_value(const AttributeValue* present, const AttributeValue& operand) {
  if (present == nullptr) return bounded(operand);
  if (present->type() != operand.type()) return Failure(messages::update_operand_type());
  if (operand.as_n() != nullptr) return arithmetic(*present, operand, false);
  if (const model::AttributeList* tail = operand.as_l()) {
    model::AttributeList list = *present->as_l();
    list.insert(list.end(), tail->begin(), tail->end());
    return bounded(AttributeValue::l(std::move(list)));
  }
  using model::BinarySet, model::NumberSet, model::StringSet;
  if (const StringSet* set = operand.as_ss()) {
    return AttributeValue(StringSet{united(present->as_ss()->values, set->values)});
  }
  if (const NumberSet* set = operand.as_ns()) {
    return AttributeValue(NumberSet{united(present->as_ns()->values, set->values)});
  }
  const BinarySet* set = operand.as_bs();
  STATOR_ASSERT(set != nullptr, "nothing else can be added");
  return AttributeValue(BinarySet{united(present->as_bs()->values, set->values)});
}

Result<AttributeValue> delete_value(const AttributeValue& present, const AttributeValue& operand) {
  if (present.type() != operand.type()) return Failure(messages::update_operand_type());
  using model::BinarySet, model::NumberSet, model::StringSet;
  if (const StringSet* set = operand.as_ss()) {
    return AttributeValue(StringSet{without(present.as_ss()->values, set->values)});
  }
  if (const NumberSet* set = operand.as_ns()) {
    return AttributeValue(NumberSet{without(present.as_ns()->values, set->values)});
  }
  const BinarySet* set = operand.as_bs();
  STATOR_ASSERT(set != nullptr, "the binder lets through sets");
  return AttributeValue(BinarySet{without(present.as_bs()->values, set->values)});
}

bool is_empty_set(const AttributeValue& value) {
  if (const auto* set = value.as_ss()) return set->values.empty();
  if (const auto* set = value.as_ns()) return set->values.empty();
  if (const auto* set = value.as_bs()) return set->values.empty();
  return false;
}

}  // namespace stator::expressions
