// ItemReader: a recursive reader of DynamoDB JSON, bounded by the parser's depth. Pure.
#include "api/item_reader.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "api/validation.h"
#include "model/limits.h"

namespace stator::api {
namespace {

using model::AttributeType;
using model::AttributeValue;

constexpr std::string_view kInvalid = "One or more parameter values were invalid: ";

Failure invalid(std::string text) { return validation_error(std::string(kInvalid) + text); }

Result<model::Number> read_number(std::string_view text) {
  auto number = model::Number::parse(text);
  if (number) return std::move(number).value();
  switch (number.error()) {
    case model::NumberError::kEmpty:
      return validation_error("The parameter cannot be converted to a numeric value");
    case model::NumberError::kSyntax:
      return validation_error("The parameter cannot be converted to a numeric value: " + std::string(text));
    case model::NumberError::kTooManyDigits:
      return validation_error("Attempting to store more than 38 significant digits in a Number");
    case model::NumberError::kOverflow:
      return validation_error(
          "Number overflow. Attempting to store a number with magnitude larger than supported range");
    case model::NumberError::kUnderflow:
      return validation_error(
          "Number underflow. Attempting to store a number with magnitude smaller than supported range");
  }
  return internal_error("an unknown error of a number");
}

// Base64 is checked here and not with the types: a wrong character is found only by decoding.
Result<std::string> read_binary(const json::Value& value) {
  std::string bytes;
  if (!json::unbase64(json::text_of(value), bytes))
    return serialization_error("Invalid last non-pad Base64 character dectected");
  return bytes;
}

// "[a, b]", as the service quotes a set; cut where it is long.
std::string quote_set(const simdjson::dom::array& elements) {
  std::string out = "[";
  for (const auto element : elements) {
    if (out.size() > kQuotedValueMax) break;
    if (out.size() > 1) out.append(", ");
    out.append(json::text_of(element));
  }
  return out + "]";
}

bool has_duplicates(const auto& sorted) { return std::ranges::adjacent_find(sorted) != sorted.end(); }

Result<AttributeValue> read_string_set(const simdjson::dom::array& elements) {
  if (elements.size() == 0) return invalid("An string set  may not be empty");
  model::StringSet set;
  set.values.reserve(elements.size());
  for (const auto element : elements) {
    if (element.is_null()) return invalid("An string set  may not have a null string as a member");
    set.values.emplace_back(json::text_of(element));
  }
  std::ranges::sort(set.values);
  if (has_duplicates(set.values))
    return invalid("Input collection " + quote_set(elements) + " contains duplicates.");
  return AttributeValue(std::move(set));
}

Result<AttributeValue> read_number_set(const simdjson::dom::array& elements) {
  if (elements.size() == 0) return invalid("An number set  may not be empty");
  model::NumberSet set;
  set.values.reserve(elements.size());
  for (const auto element : elements) {
    if (element.is_null()) return invalid("An number set  may not have a null string as a member");
    auto number = read_number(json::text_of(element));
    if (!number) return Failure(std::move(number).error());
    set.values.push_back(*number);
  }
  std::ranges::sort(set.values);
  if (has_duplicates(set.values)) return validation_error("Input collection contains duplicates");
  return AttributeValue(std::move(set));
}

Result<AttributeValue> read_binary_set(const simdjson::dom::array& elements) {
  if (elements.size() == 0) return invalid("Binary sets should not be empty");
  model::BinarySet set;
  set.values.reserve(elements.size());
  for (const auto element : elements) {
    if (element.is_null()) return invalid("Binary sets may not contain null values");
    auto bytes = read_binary(element);
    if (!bytes) return Failure(std::move(bytes).error());
    set.values.push_back(std::move(bytes).value());
  }
  std::ranges::sort(set.values);
  if (has_duplicates(set.values))
    return invalid("Input collection " + quote_set(elements) + "of type BS contains duplicates.");
  return AttributeValue(std::move(set));
}

// `depth`: how many documents (M, L) are around the value.
Result<AttributeValue> read_value(const json::Value& value, uint32_t depth);

Result<model::AttributeMap> read_map(const json::Value& value, uint32_t depth) {
  // Gathered, then sorted: inserting each name in its place would cost a hostile map of 16 MB quadratic time.
  const auto object = json::object_of(value);
  std::vector<model::AttributeMap::Entry> entries;
  entries.reserve(object.size());
  for (const auto& [name, content] : object) {
    if (auto named = check_attribute_name(name); !named) return Failure(std::move(named).error());
    auto attribute = read_value(content, depth);
    if (!attribute) return Failure(std::move(attribute).error());
    entries.emplace_back(std::string(name), std::move(attribute).value());
  }
  const auto by_name = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::ranges::is_sorted(entries, by_name)) std::ranges::sort(entries, by_name);
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (const auto twin = std::ranges::adjacent_find(entries, same_name); twin != entries.end())
    return serialization_error("Duplicate field '" + twin->first + "'");
  model::AttributeMap map;
  map.entries() = std::move(entries);
  return map;
}

Result<AttributeValue> read_list(const json::Value& value, uint32_t depth) {
  const auto array = json::array_of(value);
  model::AttributeList list;
  list.reserve(array.size());
  for (const auto content : array) {
    auto element = read_value(content, depth);
    if (!element) return Failure(std::move(element).error());
    list.push_back(std::move(element).value());
  }
  return AttributeValue::l(std::move(list));
}

Result<AttributeValue> read_content(AttributeType type, const json::Value& content, uint32_t depth) {
  switch (type) {
    case AttributeType::kS:
      return AttributeValue::s(std::string(json::text_of(content)));
    case AttributeType::kN: {
      auto number = read_number(json::text_of(content));
      if (!number) return Failure(std::move(number).error());
      return AttributeValue::n(*number);
    }
    case AttributeType::kB: {
      auto bytes = read_binary(content);
      if (!bytes) return Failure(std::move(bytes).error());
      return AttributeValue::b(std::move(bytes).value());
    }
    case AttributeType::kBool:
      return AttributeValue::boolean(json::truth_of(content));
    case AttributeType::kNull:
      if (!json::truth_of(content)) return invalid("Null attribute value types must have the value of true");
      return AttributeValue::null();
    case AttributeType::kM:
    case AttributeType::kL: {
      if (depth + 1 >= model::kNestingMax) return validation_error(std::string(kNestingExceeded));
      if (type == AttributeType::kL) return read_list(content, depth + 1);
      auto map = read_map(content, depth + 1);
      if (!map) return Failure(std::move(map).error());
      return AttributeValue::m(std::move(map).value());
    }
    case AttributeType::kSS:
      return read_string_set(json::array_of(content));
    case AttributeType::kNS:
      return read_number_set(json::array_of(content));
    case AttributeType::kBS:
      return read_binary_set(json::array_of(content));
  }
  return internal_error("an unknown attribute type");
}

Result<AttributeValue> read_value(const json::Value& value, uint32_t depth) {
  std::optional<AttributeValue> read;
  if (!value.is_null()) {
    bool doubled = false;
    for (const auto& [name, content] : json::object_of(value)) {
      AttributeType type;
      if (content.is_null() || !model::parse_type_name(name, type)) continue;
      auto one = read_content(type, content, depth);
      if (!one) return one;
      doubled = doubled || read.has_value();
      read = std::move(one).value();
    }
    if (doubled)
      return validation_error(
          "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
          "supported "
          "datatypes");
  }
  if (!read)
    return validation_error(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
  return std::move(*read);
}

}  // namespace

Result<void> check_attribute_name(std::string_view name) {
  if (name.empty()) return validation_error("Empty attribute name");
  if (name.size() > model::kAttributeNameSizeMax)
    return validation_error("Attribute name is too large, must be less than " +
                            std::to_string(model::kAttributeNameSizeMax + 1) + " bytes");
  return {};
}

Result<model::AttributeValue> read_attribute_value(const json::Value& value) { return read_value(value, 0); }

Result<model::Item> read_item(const json::Value& value) { return read_map(value, 0); }

}  // namespace stator::api
