// The texts. See messages.h. Where reports of the real service disagree, the comment says which one stands
// here. Pure.
#include "api/expressions/messages.h"

#include "model/assert.h"
#include "model/limits.h"

namespace stator::expressions::messages {
namespace {

// Concatenates; every argument converts to string_view.
template <class... Parts>
std::string join(const Parts&... parts) {
  std::string out;
  (out.append(std::string_view(parts)), ...);
  return out;
}

std::string quoted(std::string_view text) { return join("\"", text, "\""); }

constexpr std::string_view kInvalidValues = "One or more parameter values were invalid: ";

}  // namespace

std::string invalid(ExpressionKind kind, std::string_view text) {
  return join("Invalid ", kind_name(kind), ": ", text);
}

std::string map_is_empty(std::string_view member) { return join(member, " must not be empty"); }

std::string map_key_syntax(std::string_view member, std::string_view key) {
  return join(member, " contains invalid key: Syntax error; key: ", quoted(key));
}

// Measured: the size is told for names, not for values.
std::string map_key_too_long(std::string_view member, std::string_view key) {
  const std::string text =
      join(member, " contains invalid key: The expression attribute map contains a key that is too long;");
  return member == "ExpressionAttributeNames" ? join(text, " size of key: ", std::to_string(key.size()))
                                              : text;
}

std::string map_name_is_empty(std::string_view key) {
  return join("ExpressionAttributeNames contains invalid value: Empty attribute name for key ", key);
}

std::string map_value_is_invalid(std::string_view inner, std::string_view key) {
  return join("ExpressionAttributeValues contains invalid value: ", inner, " for key ", key);
}

std::string map_is_too_large(std::string_view member) { return join(member, " exceeds max size"); }

std::string unused(std::string_view member, std::string_view keys) {
  return join("Value provided in ", member, " unused in expressions: keys: {", keys, "}");
}

std::string expression_is_empty() { return "The expression can not be empty;"; }

// Reported with and without the size; the longer form contains the shorter.
std::string expression_is_too_large(size_t bytes) {
  return join("Expression size has exceeded the maximum allowed size; expression size: ",
              std::to_string(bytes));
}

std::string too_many_operators(size_t count) {
  return join("The expression contains too many operators; operator count: ", std::to_string(count));
}

std::string syntax_error(std::string_view token, std::string_view near) {
  return join("Syntax error; token: ", quoted(token), ", near: ", quoted(near));
}

std::string redundant_parentheses() { return "The expression has redundant parentheses;"; }

std::string reserved_word(std::string_view word) {
  return join("Attribute name is a reserved keyword; reserved keyword: ", word);
}

std::string name_not_defined(std::string_view placeholder) {
  return join("An expression attribute name used in the document path is not defined; attribute name: ",
              placeholder);
}

std::string value_not_defined(std::string_view placeholder) {
  return join("An expression attribute value used in expression is not defined; attribute value: ",
              placeholder);
}

std::string path_too_deep(size_t levels) {
  return join("The document path has too many nesting levels; nesting levels: ", std::to_string(levels));
}

std::string index_out_of_range(std::string_view index) {
  return join("List index is not within the allowable range; index: [", index, "]");
}

std::string paths_overlap(std::string_view one, std::string_view two) {
  return join(
      "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: ",
      one, ", path two: ", two);
}

std::string paths_conflict(std::string_view one, std::string_view two) {
  return join(
      "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: ",
      one, ", path two: ", two);
}

std::string unknown_function(std::string_view name) {
  return join("Invalid function name; function: ", name);
}

std::string function_not_in_condition(std::string_view name) {
  return join("The function is not allowed in a condition expression; function: ", name);
}

std::string function_not_in_update(std::string_view name) {
  return join("The function is not allowed in an update expression; function: ", name);
}

std::string function_misused(std::string_view name) {
  return join("The function is not allowed to be used this way in an expression; function: ", name);
}

std::string operand_count(std::string_view name, size_t count) {
  return join("Incorrect number of operands for operator or function; operator or function: ", name,
              ", number of operands: ", std::to_string(count));
}

std::string operand_type(std::string_view name, std::string_view type) {
  return join("Incorrect operand type for operator or function; operator or function: ", name,
              ", operand type: ", type);
}

std::string path_required(std::string_view name) {
  return join("Operator or function requires a document path; operator or function: ", name);
}

std::string attribute_type_unknown(std::string_view type) {
  return join("Invalid attribute type name found; type: ", type,
              ", valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}");
}

std::string first_operand_not_distinct(std::string_view name, std::string_view path) {
  return join(
      "The first operand must be distinct from the remaining operands for this operator or function; "
      "operator: ",
      name, ", first operand: ", path);
}

namespace {
std::string bounds(std::string_view lower, std::string_view upper) {
  return join("lower bound operand: AttributeValue: ", lower,
              ", upper bound operand: AttributeValue: ", upper);
}
}  // namespace

std::string between_types(std::string_view lower, std::string_view upper) {
  return join("The BETWEEN operator requires same data type for lower and upper bounds; ",
              bounds(lower, upper));
}

std::string between_order(std::string_view lower, std::string_view upper) {
  return join("The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ",
              bounds(lower, upper));
}

std::string in_operands(size_t count) {
  return join("The IN operator is provided with too many operands; number of operands: ",
              std::to_string(count));
}

std::string section_twice(std::string_view section) {
  return join("The ", quoted(section), " section can only be used once in an update expression;");
}

// Measured: DELETE names ADD's type set too.
std::string section_operand_type(std::string_view section, std::string_view type) {
  return join("Incorrect operand type for operator or function; operator: ", section,
              ", operand type: ", type, ", typeSet: ALLOWED_FOR_ADD_OPERAND");
}

std::string update_operand_type() { return "An operand in the update expression has an incorrect data type"; }

std::string update_operand_missing() {
  return "The provided expression refers to an attribute that does not exist in the item";
}

std::string update_path_invalid() {
  return "The document path provided in the update expression is invalid for update";
}

std::string attribute_update_type() { return "Type mismatch for attribute to update"; }

std::string update_item_too_large() { return "Item size to update has exceeded the maximum allowed size"; }

std::string number_error(model::NumberError error) {
  switch (error) {
    case model::NumberError::kTooManyDigits:
      return "Attempting to store more than 38 significant digits in a Number";
    case model::NumberError::kOverflow:
      return "Number overflow. Attempting to store a number with magnitude larger than supported range";
    case model::NumberError::kUnderflow:
      return "Number underflow. Attempting to store a number with magnitude smaller than supported range";
    case model::NumberError::kEmpty:
    case model::NumberError::kSyntax:
      break;
  }
  STATOR_ASSERT(false, "arithmetic on numbers yields no syntax error");
  return {};
}

std::string key_operator(std::string_view name) {
  return join("Invalid operator used in KeyConditionExpression: ", name);
}

std::string key_nested_operation() { return "KeyConditionExpressions cannot contain nested operations"; }

std::string key_nested_path() {
  return "KeyConditionExpressions cannot have conditions on nested attributes";
}

std::string key_first_operand(std::string_view name) {
  return join("Invalid condition in KeyConditionExpression: ", name,
              " operator must have the key attribute as its first operand");
}

std::string key_several_attributes() {
  return "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition";
}

std::string key_no_attribute() {
  return "Invalid condition in KeyConditionExpression: No key attribute specified";
}

std::string key_condition_twice() {
  return "KeyConditionExpressions must only contain one condition per key";
}

std::string key_condition_count() { return "Conditions can be of length 1 or 2 only"; }

std::string key_missing(std::string_view attribute) {
  return join("Query condition missed key schema element: ", attribute);
}

// As DynamoDB Local 3.3.1 words it (floci-io/floci, pull request 2471).
std::string key_equality_missing(std::string_view attribute, std::string_view later) {
  return join("RANGE key attributes ", attribute,
              " must have equality conditions specified in the query because a condition is present on key attribute ",
              later);
}

std::string key_not_supported() { return "Query key condition not supported"; }

std::string key_not_indexable() { return "Attempted conditional constraint is not an indexable operation"; }

std::string key_type() { return join(kInvalidValues, "Condition parameter type does not match schema type"); }

// Of an index as DynamoDB Local words it, which for tables and for writes says what the service says.
std::string key_value_empty(std::string_view index, std::string_view attribute, bool binary) {
  const std::string what =
      join("The AttributeValue for a key attribute cannot contain an empty ", binary ? "binary" : "string", " value. ");
  if (index.empty()) return join("One or more parameter values are not valid. ", what, "Key: ", attribute);
  return join("One or more parameter values are not valid. A value specified for a secondary index key is not supported. ",
              what, "IndexName: ", index, ", IndexKey: ", attribute);
}

// "of2048": so the service writes it.
std::string partition_key_too_long() {
  return join(kInvalidValues, "Size of hashkey has exceeded the maximum size limit of",
              std::to_string(model::kPartitionKeySizeMax), " bytes");
}

std::string sort_key_too_long() {
  return join(kInvalidValues, "Aggregated size of all range keys has exceeded the size limit of ",
              std::to_string(model::kSortKeySizeMax), " bytes");
}

}  // namespace stator::expressions::messages
