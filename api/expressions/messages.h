// Every text that an expression can be refused with, once. The wording is the service's: clients and their
// tests match it. Functions named after the rule; those of the second group need the prefix of the
// expression's kind (invalid()). Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "api/expressions/expression_kind.h"
#include "model/number.h"

namespace stator::expressions::messages {

// "Invalid ConditionExpression: <text>".
std::string invalid(ExpressionKind kind, std::string_view text);

// Of the maps. `member` is "ExpressionAttributeNames" or "ExpressionAttributeValues".
std::string map_is_empty(std::string_view member);
std::string map_key_syntax(std::string_view member, std::string_view key);
std::string map_key_too_long(std::string_view member, std::string_view key);
std::string map_name_is_empty(std::string_view key);
std::string map_value_is_invalid(std::string_view inner, std::string_view key);
std::string map_is_too_large(std::string_view member);
std::string unused(std::string_view member, std::string_view keys);

// Of all kinds, to be prefixed.
std::string expression_is_empty();
std::string expression_is_too_large(size_t bytes);
std::string too_many_operators(size_t count);
std::string syntax_error(std::string_view token, std::string_view near);
std::string redundant_parentheses();
std::string reserved_word(std::string_view word);
std::string name_not_defined(std::string_view placeholder);
std::string value_not_defined(std::string_view placeholder);
std::string path_too_deep(size_t levels);
std::string index_out_of_range(std::string_view index);
std::string paths_overlap(std::string_view one, std::string_view two);
std::string paths_conflict(std::string_view one, std::string_view two);

// Of functions and operators, to be prefixed.
std::string unknown_function(std::string_view name);
std::string function_not_in_condition(std::string_view name);
std::string function_not_in_update(std::string_view name);
std::string function_misused(std::string_view name);
std::string operand_count(std::string_view name, size_t count);
std::string operand_type(std::string_view name, std::string_view type);
std::string path_required(std::string_view name);
std::string attribute_type_unknown(std::string_view type);
std::string first_operand_not_distinct(std::string_view name, std::string_view path);
std::string between_types(std::string_view lower, std::string_view upper);
std::string between_order(std::string_view lower, std::string_view upper);
std::string in_operands(size_t count);

// Of updates, to be prefixed.
std::string section_twice(std::string_view section);
std::string section_operand_type(std::string_view section, std::string_view type);

// Of updates at run time: no prefix.
std::string update_operand_type();
std::string update_operand_missing();
std::string update_path_invalid();
std::string attribute_update_type();  // of AttributeUpdates, where expressions say update_operand_type()
std::string update_item_too_large();
std::string number_error(model::NumberError error);

// Of key conditions, to be prefixed.
std::string key_operator(std::string_view name);
std::string key_nested_operation();
std::string key_nested_path();
std::string key_first_operand(std::string_view name);
std::string key_several_attributes();
std::string key_no_attribute();
std::string key_condition_twice();

// Of key conditions against a schema: no prefix.
std::string key_condition_count();
std::string key_missing(std::string_view attribute);
std::string key_equality_missing(std::string_view attribute, std::string_view later);
std::string key_not_supported();
std::string key_not_indexable();
std::string key_type();
std::string key_value_empty(std::string_view index, std::string_view attribute, bool binary);
std::string partition_key_too_long();
std::string sort_key_too_long();

}  // namespace stator::expressions::messages
