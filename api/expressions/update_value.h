// The right sides of an update: operands evaluated against the item as it was, and what ADD and DELETE make
// of a value. Pure.
#pragma once

#include "api/expressions/ast.h"
#include "api/expressions/expression_kind.h"
#include "model/attribute_value.h"

namespace stator::expressions {

// The value of a SET action. Requires a bound operand. Errors are update's run-time errors, without a prefix.
Result<model::AttributeValue> evaluate_operand(const Operand& operand, const model::Item& old);

// ADD: the sum of two numbers, the union of two sets of one type, or a list with another at its end (only
// AttributeUpdates adds lists). `present` null: as if it were 0 or empty.
Result<model::AttributeValue> add_value(const model::AttributeValue* present,
                                        const model::AttributeValue& operand);

// DELETE: the set without the operand's members; an empty set stands for nothing left. Requires a set as the
// operand.
Result<model::AttributeValue> delete_value(const model::AttributeValue& present,
                                           const model::AttributeValue& operand);
bool is_empty_set(const model::AttributeValue& value);

}  // namespace stator::expressions
