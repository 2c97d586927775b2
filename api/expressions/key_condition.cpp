// Key conditions: the tree of a condition flattened to a predicate an attribute, checked against a key
// schema, turned into key bytes. Pure.
#include "api/expressions/key_condition.h"

#include <algorithm>
#include <array>
#include <memory>

#include "api/expressions/ast.h"
#include "api/expressions/binder.h"
#include "api/expressions/messages.h"
#include "api/expressions/parser.h"
#include "model/assert.h"
#include "model/limits.h"

namespace stator::expressions {
namespace {

constexpr auto kKind = ExpressionKind::kKeyCondition;
constexpr size_t kTableKeyAttributesMax = 2;  // a partition key and a sort key

using SharedValue = std::shared_ptr<const model::AttributeValue>;

// A predicate before its values are copied out of the request.
struct Term {
  std::string attribute;
  KeyOperator op = KeyOperator::kEqual;
  std::vector<SharedValue> values;
};

Failure refuse(const std::string& text) { return Failure(messages::invalid(kKind, text)); }

// The operator with its sides exchanged: 5 < a is a > 5.
KeyOperator mirrored(KeyOperator op) {
  switch (op) {
    case KeyOperator::kLess:
      return KeyOperator::kGreater;
    case KeyOperator::kLessOrEqual:
      return KeyOperator::kGreaterOrEqual;
    case KeyOperator::kGreater:
      return KeyOperator::kLess;
    case KeyOperator::kGreaterOrEqual:
      return KeyOperator::kLessOrEqual;
    case KeyOperator::kEqual:
    case KeyOperator::kBetween:
    case KeyOperator::kBeginsWith:
    case KeyOperator::kNotIndexable:
      break;
  }
  return op;
}

// Requires a comparator other than <>.
KeyOperator key_operator(Comparator comparator) {
  switch (comparator) {
    case Comparator::kEqual:
      return KeyOperator::kEqual;
    case Comparator::kLess:
      return KeyOperator::kLess;
    case Comparator::kLessOrEqual:
      return KeyOperator::kLessOrEqual;
    case Comparator::kGreater:
      return KeyOperator::kGreater;
    case Comparator::kGreaterOrEqual:
      return KeyOperator::kGreaterOrEqual;
    case Comparator::kNotEqual:
      break;
  }
  STATOR_ASSERT(false, "<> is no operator of keys");
  return KeyOperator::kEqual;
}

// One attribute among the operands, by itself; the others are values.
Result<Term> term_of(KeyOperator op, const std::vector<Operand>& operands) {
  Term term;
  term.op = op;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (const PathOperand* path = operands[i].path()) {
      if (!term.attribute.empty()) return refuse(messages::key_several_attributes());
      if (path->path.is_nested()) return refuse(messages::key_nested_path());
      term.attribute = path->path.attribute();
      if (i > 0) term.op = mirrored(op);
    } else if (const ValueOperand* value = operands[i].value()) {
      term.values.push_back(value->value);
    } else {
      return refuse(messages::key_nested_operation());
    }
  }
  if (term.attribute.empty()) return refuse(messages::key_no_attribute());
  return term;
}

Result<Term> leaf_term(const ConditionNode& leaf) {
  switch (leaf.kind) {
    case ConditionNode::Kind::kCompare:
      if (leaf.comparator == Comparator::kNotEqual) break;
      return term_of(key_operator(leaf.comparator), leaf.operands);
    case ConditionNode::Kind::kBetween:
      if (leaf.operands.front().path() == nullptr) return refuse(messages::key_first_operand("BETWEEN"));
      return term_of(KeyOperator::kBetween, leaf.operands);
    case ConditionNode::Kind::kFunction: {
      const FunctionOperand& function = *leaf.operands.front().function();
      if (function.function != Function::kBeginsWith) return refuse(messages::key_operator(function.name));
      if (function.arguments.front().path() == nullptr)
        return refuse(messages::key_first_operand(function.name));
      return term_of(KeyOperator::kBeginsWith, function.arguments);
    }
    case ConditionNode::Kind::kIn:
      return refuse(messages::key_operator("IN"));
    case ConditionNode::Kind::kOr:
      return refuse(messages::key_operator("OR"));
    case ConditionNode::Kind::kNot:
      return refuse(messages::key_operator("NOT"));
    case ConditionNode::Kind::kAnd:
      STATOR_ASSERT(false, "AND is no leaf");
  }
  return refuse(messages::key_operator("<>"));
}

// Appends the terms of the AND's sides, in the order of the text.
Result<void> collect(const ConditionNode& node, std::vector<Term>& terms) {
  if (node.kind == ConditionNode::Kind::kAnd) {
    for (const ConditionNode& child : node.children) {
      if (auto done = collect(child, terms); !done) return done;
    }
    return {};
  }
  auto term = leaf_term(node);
  if (!term) return Failure(std::move(term).error());
  const bool twice = std::any_of(terms.begin(), terms.end(),
                                 [&](const Term& other) { return other.attribute == term->attribute; });
  if (twice) return refuse(messages::key_condition_twice());
  terms.push_back(*std::move(term));
  return {};
}

Result<std::vector<KeyPredicate>> predicates_of(const ConditionNode& root) {
  std::vector<Term> terms;
  if (auto collected = collect(root, terms); !collected) return Failure(std::move(collected).error());
  if (terms.size() > kKeyAttributesMax) return Failure(messages::key_condition_count());
  std::vector<KeyPredicate> predicates;
  for (Term& term : terms) {
    KeyPredicate& predicate = predicates.emplace_back();
    predicate.attribute = std::move(term.attribute);
    predicate.op = term.op;
    predicate.operand = *term.values[0];
    if (term.op == KeyOperator::kBetween) predicate.upper = *term.values[1];
  }
  return predicates;
}

// `used` counts the bytes of the attributes before in the same key: their limit is one for all.
Result<void> check_value(const KeyAttributes& schema, const model::KeyAttribute& key,
                         const model::AttributeValue& value, bool is_sort_key, uint64_t& used) {
  if (!value.is(key.type)) return Failure(messages::key_type());
  const uint64_t size = model::key_attribute_bytes(value).size();
  if (size == 0) return Failure(messages::key_value_empty(schema.index, key.name, value.as_b() != nullptr));
  used += size;
  if (!is_sort_key && used > model::kPartitionKeySizeMax) return Failure(messages::partition_key_too_long());
  if (is_sort_key && used > model::kSortKeySizeMax) return Failure(messages::sort_key_too_long());
  return {};
}

// In the service's order: the operator, the values, and that the partition key is asked for equality.
Result<void> check_predicate(const KeyAttributes& schema, const model::KeyAttribute& key,
                             const KeyPredicate& predicate, bool is_sort_key, uint64_t& used) {
  const auto check = [&](const model::AttributeValue& value, uint64_t& bytes) {
    return check_value(schema, key, value, is_sort_key, bytes);
  };
  if (predicate.op == KeyOperator::kNotIndexable) return Failure(messages::key_not_indexable());
  if (predicate.op == KeyOperator::kBetween) {
    uint64_t used_by_lower = used;
    if (auto checked = check(predicate.operand, used_by_lower); !checked) return checked;
    if (auto checked = check(predicate.upper, used); !checked) return checked;
  } else if (auto checked = check(predicate.operand, used); !checked) {
    return checked;
  }
  if (!is_sort_key && predicate.op != KeyOperator::kEqual) return Failure(messages::key_not_supported());
  return {};
}

const KeyPredicate* find(const std::vector<KeyPredicate>& predicates, const std::string& attribute) {
  const auto found = std::ranges::find(predicates, attribute, &KeyPredicate::attribute);
  return found == predicates.end() ? nullptr : &*found;
}

// From left to right without a gap, and only the last may be something else than an equality.
Result<void> check_order(const KeyAttributes& schema, const std::vector<KeyPredicate>& predicates) {
  for (size_t later = 1; later < schema.sort_key.size(); ++later) {
    if (find(predicates, schema.sort_key[later].name) == nullptr) continue;
    for (size_t prior = 0; prior < later; ++prior) {
      const KeyPredicate* predicate = find(predicates, schema.sort_key[prior].name);
      if (predicate == nullptr || predicate->op != KeyOperator::kEqual)
        return Failure(messages::key_equality_missing(schema.sort_key[prior].name, schema.sort_key[later].name));
    }
  }
  return {};
}

std::string with_part(std::string prefix, const model::AttributeValue& value) {
  model::append_key_part(prefix, model::key_attribute_bytes(value));
  return prefix;
}

}  // namespace

Result<void> KeyCondition::check_shape() const {
  if (!shape_) return Failure(shape_.error());
  return {};
}

KeyAttributes key_attributes(const model::KeySchema& schema) {
  KeyAttributes attributes{{schema.partition_key}, {}};
  if (schema.sort_key) attributes.sort_key.push_back(*schema.sort_key);
  return attributes;
}

Result<KeyQuery> KeyCondition::resolve(const KeyAttributes& schema) const {
  if (!shape_) return Failure(shape_.error());
  const std::vector<KeyPredicate>& predicates = *shape_;
  const size_t attributes = schema.partition_key.size() + schema.sort_key.size();
  if (predicates.size() > std::max(attributes, kTableKeyAttributesMax))
    return Failure(messages::key_condition_count());
  if (predicates.size() > attributes) return Failure(messages::key_not_supported());
  KeyQuery query;
  uint64_t used = 0;
  for (const model::KeyAttribute& key : schema.partition_key) {
    const KeyPredicate* predicate = find(predicates, key.name);
    if (predicate == nullptr) return Failure(messages::key_missing(key.name));
    if (auto checked = check_predicate(schema, key, *predicate, false, used); !checked)
      return Failure(std::move(checked).error());
    query.partition_key.push_back(predicate->operand);
  }
  if (auto checked = check_order(schema, predicates); !checked) return Failure(std::move(checked).error());
  used = 0;
  for (const model::KeyAttribute& key : schema.sort_key) {
    if (query.partition_key.size() + query.sort_key.size() == predicates.size()) break;
    const KeyPredicate* predicate = find(predicates, key.name);
    if (predicate == nullptr) return Failure(messages::key_missing(key.name));
    if (auto checked = check_predicate(schema, key, *predicate, true, used); !checked)
      return Failure(std::move(checked).error());
    query.sort_key.push_back(*predicate);
  }
  return query;
}

Result<KeyCondition> parse_key_condition(std::string_view text, Substitutions& substitutions) {
  auto parsed = parse_condition_syntax(kKind, text);
  if (!parsed) return Failure(std::move(parsed).error());
  if (auto bound = bind_condition(kKind, *parsed, substitutions); !bound)
    return Failure(std::move(bound).error());
  auto predicates = predicates_of(parsed->tree);
  if (!predicates) return KeyCondition(Failure(std::move(predicates).error()));
  return KeyCondition(*std::move(predicates));
}

model::KeyRange key_range(const KeyQuery& query) {
  return key_range(query, model::partition_prefix(query.partition_key.front()));
}

model::KeyRange key_range(const KeyQuery& query, std::string prefix) {
  for (size_t i = 0; i + 1 < query.sort_key.size(); ++i)
    prefix = with_part(std::move(prefix), query.sort_key[i].operand);
  const std::string end = model::prefix_end(prefix);
  if (query.sort_key.empty()) return {prefix, end};
  const KeyPredicate& last = query.sort_key.back();
  // Parts may follow (of an index: the rest of its sort key, the table's keys), so a value stands for all keys that begin
  // with it.
  const std::string key = with_part(prefix, last.operand);
  switch (last.op) {
    case KeyOperator::kEqual:
      return {key, model::prefix_end(key)};
    case KeyOperator::kLess:
      return {prefix, key};
    case KeyOperator::kLessOrEqual:
      return {prefix, model::prefix_end(key)};
    case KeyOperator::kGreater:
      return {model::prefix_end(key), end};
    case KeyOperator::kGreaterOrEqual:
      return {key, end};
    case KeyOperator::kBetween:
      return {key, model::prefix_end(with_part(prefix, last.upper))};
    case KeyOperator::kBeginsWith: {
      // Without the part's terminator (00 00) these are the bytes that all keys with the prefix begin with.
      constexpr size_t kTerminatorSize = 2;
      const std::string beginning = key.substr(0, key.size() - kTerminatorSize);
      return {beginning, model::prefix_end(beginning)};
    }
    case KeyOperator::kNotIndexable:
      break;
  }
  STATOR_ASSERT(false, "no such operator");
  return {};
}

}  // namespace stator::expressions
