// KeyCondition: a parsed KeyConditionExpression: first without a table (parse), then against a key schema
// (resolve), then as a range of item keys. Immutable plain values. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/expressions/expression_kind.h"
#include "api/expressions/substitutions.h"
#include "model/attribute_value.h"
#include "model/key.h"
#include "model/table.h"

namespace stator::expressions {

// The most attributes that a key has: a global index's, 4 of the partition key and 4 of the sort key.
inline constexpr size_t kKeyAttributesMax = 8;

enum class KeyOperator : uint8_t {
  kEqual = 1,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kBetween,
  kBeginsWith,
  kNotIndexable,  // of KeyConditions: NE, IN, NULL, ...: told only when the attribute is looked for
};

// One key attribute's condition: attribute, operator, operands. `5 < a` has become `a > 5`.
struct KeyPredicate {
  std::string attribute;
  KeyOperator op = KeyOperator::kEqual;
  model::AttributeValue operand;
  model::AttributeValue upper;  // kBetween only: both bounds are included
  bool operator==(const KeyPredicate&) const = default;
};

// The attributes that make the key of a table or an index. Only global indexes have several of a kind.
struct KeyAttributes {
  std::vector<model::KeyAttribute> partition_key;  // at least one
  std::vector<model::KeyAttribute> sort_key;       // in the order of sorting; may be empty
  std::string index{};                             // the index's name; empty: they are a table's
};
KeyAttributes key_attributes(const model::KeySchema& schema);

// A Query's key condition that fits its table or index.
struct KeyQuery {
  std::vector<model::AttributeValue> partition_key;  // of each of the attributes
  std::vector<KeyPredicate> sort_key;  // of the first of them, in order; all but the last are equalities
};

class KeyCondition {
 public:
  // Requires one predicate an attribute.
  explicit KeyCondition(std::vector<KeyPredicate> predicates) : shape_(std::move(predicates)) {}
  // A condition that parses, but is none on keys (`a = :v OR b = :w`).
  explicit KeyCondition(Failure shape_error) : shape_(std::move(shape_error)) {}

  // Whether it is a condition on keys at all. Apart from parsing, since the service looks at it only when all
  // expressions of the request are parsed and nothing is unused, but before it looks for the table.
  Result<void> check_shape() const;
  // In the order of the text. Requires check_shape().
  const std::vector<KeyPredicate>& predicates() const { return shape_.value(); }

  // Checks the shape, then attributes, operators, types and key sizes against the schema. Needs no item: an
  // empty table refuses too.
  Result<KeyQuery> resolve(const KeyAttributes& schema) const;
  Result<KeyQuery> resolve(const model::KeySchema& schema) const { return resolve(key_attributes(schema)); }

 private:
  Result<std::vector<KeyPredicate>> shape_;
};

Result<KeyCondition> parse_key_condition(std::string_view text, Substitutions& substitutions);

// The keys that the query selects: of a table (model::item_key), or those that begin with `prefix` and the parts of the
// sort key after it (model/index.h). from == to where no key can match.
model::KeyRange key_range(const KeyQuery& query);
model::KeyRange key_range(const KeyQuery& query, std::string prefix);

}  // namespace stator::expressions
