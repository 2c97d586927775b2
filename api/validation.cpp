// Validation, the fast walk: types, duplicates, and whether any constraint is violated at all. Pure.
#include "api/validation.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "api/constraint_report.h"
#include "model/assert.h"
#include "model/attribute_value.h"

namespace stator::api {
namespace {

using simdjson::dom::element_type;

// What the service's deserializer says where a type does not fit.
constexpr std::string_view kUnexpectedStructure = "Start of structure or map found where not expected";
constexpr std::string_view kUnexpectedField = "Unexpected field type";
constexpr std::string_view kUnexpectedValue = "Unexpected value type in payload";
constexpr std::string_view kNotBase64 = "only base-64-encoded strings are convertible to bytes";
constexpr std::string_view kParameterizedType =
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class "
    "java.lang.Class "
    "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module "
    "java.base of "
    "loader 'bootstrap')";

// The deserializer's texts depend on where a value stands: directly in a structure, or in a list or a map.
enum class Place : uint8_t { kMember, kElement };

// The Java type that the service's texts name.
std::string java_type(const Shape& shape) {
  switch (shape.type) {
    case ShapeType::kString:
      return "java.lang.String";
    case ShapeType::kBoolean:
      return "java.lang.Boolean";
    case ShapeType::kInteger:
      return "java.lang.Integer";
    case ShapeType::kLong:
      return "java.lang.Long";
    case ShapeType::kList:
      return "java.util.List<" + java_type(*shape.element) + ">";
    case ShapeType::kMap:
      return "java.util.Map<java.lang.String, " + java_type(*shape.element) + ">";
    case ShapeType::kStructure:
    case ShapeType::kAttributeValue:
      return "com.amazonaws.dynamodb.v20120810." + std::string(shape.name);
  }
  return {};
}

bool is_number(element_type type) {
  return type == element_type::INT64 || type == element_type::UINT64 || type == element_type::DOUBLE;
}

// "NUMBER_VALUE" and the like: the deserializer's name for a scalar token.
std::string_view token_name(const json::Value& value) {
  switch (value.type()) {
    case element_type::BOOL:
      return json::truth_of(value) ? "TRUE_VALUE" : "FALSE_VALUE";
    case element_type::DOUBLE:
      return "DECIMAL_VALUE";
    case element_type::STRING:
      return "STRING_VALUE";
    default:
      return "NUMBER_VALUE";
  }
}

bool matches_name_pattern(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

class Walk {
 public:
  // False: a SerializationException was found, and error() is it.
  bool structure(const Shape& shape, const json::Value& value);

  bool violated() const { return violated_; }
  std::string_view refused() const { return refused_; }
  Error&& error() { return std::move(*error_); }

 private:
  bool value(const Shape& shape, const json::Value& value, Place place);
  bool scalar(const Shape& shape, const json::Value& value);
  bool list(const Shape& shape, const json::Value& value, Place place);
  bool map(const Shape& shape, const json::Value& value, Place place);
  bool keys_are_unique(const json::Value& map);
  bool attribute_value(const json::Value& value, Place place);
  bool attribute_content(model::AttributeType type, const json::Value& value);
  bool attribute_elements(model::AttributeType type, const simdjson::dom::array& elements);
  bool attribute_map(const json::Value& value);
  bool string(const json::Value& value);
  bool blob(const json::Value& value);
  bool expect_object(const Shape& shape, const json::Value& value, Place place);

  bool fail(std::string message) {
    error_ = serialization_error(std::move(message)).error;
    return false;
  }

  bool violated_ = false;
  std::string_view refused_;
  std::optional<Error> error_;
};

bool Walk::expect_object(const Shape& shape, const json::Value& value, Place place) {
  if (value.is_object()) return true;
  if (value.is_array()) return fail("Unrecognized collection type class " + java_type(shape));
  return fail(std::string(place == Place::kMember ? kUnexpectedField : kUnexpectedValue));
}

bool Walk::structure(const Shape& shape, const json::Value& value) {
  const auto members = shape.members();
  STATOR_ASSERT(members.size() <= 64, "a structure's members fit a bit mask");
  uint64_t seen = 0;
  for (const auto& [name, field] : json::object_of(value)) {
    for (size_t i = 0; i < members.size(); ++i) {
      const Member& member = members[i];
      if (member.name != name) continue;
      if (field.is_null()) break;  // as if it were absent
      if ((seen >> i & 1) != 0) return fail("Duplicate field '" + std::string(name) + "'");
      seen |= uint64_t{1} << i;
      if (!this->value(*member.shape, field, Place::kMember)) return false;
      const bool refused = member.support == Support::kRefused ||
                           (member.support == Support::kOffOnly && !says_off(*member.shape, field));
      if (refused && refused_.empty()) refused_ = member.name;
      break;
    }
  }
  for (size_t i = 0; i < members.size(); ++i) {
    if (members[i].presence == kRequired && (seen >> i & 1) == 0) violated_ = true;
  }
  return true;
}

bool Walk::value(const Shape& shape, const json::Value& value, Place place) {
  switch (shape.type) {
    case ShapeType::kStructure:
      return expect_object(shape, value, place) && structure(shape, value);
    case ShapeType::kAttributeValue:
      return attribute_value(value, place);
    case ShapeType::kList:
      return list(shape, value, place);
    case ShapeType::kMap:
      return map(shape, value, place);
    default:
      return scalar(shape, value);
  }
}

bool Walk::scalar(const Shape& shape, const json::Value& value) {
  if (value.is_object()) return fail(std::string(kUnexpectedStructure));
  if (value.is_array()) return fail("Unrecognized collection type class " + java_type(shape));
  if (shape.type == ShapeType::kString) {
    if (!string(value)) return false;
  } else if (shape.type == ShapeType::kBoolean) {
    if (value.is_string()) return fail("Unexpected token received from parser");
    if (!value.is_bool()) return fail(std::string(token_name(value)) + " cannot be converted to Boolean");
  } else {
    const std::string_view type = shape.type == ShapeType::kInteger ? "Integer" : "Long";
    if (!is_number(value.type()))
      return fail(std::string(token_name(value)) + " cannot be converted to " + std::string(type));
    int64_t number = 0;
    const bool fits =
        to_integer(value, number) && (shape.type == ShapeType::kLong || number == int32_t(number));
    if (!fits) return fail("Numeric value out of range of " + std::string(type));
  }
  if (!satisfies_constraints(shape, value)) violated_ = true;
  return true;
}

bool Walk::list(const Shape& shape, const json::Value& value, Place place) {
  if (value.is_object()) return fail(std::string(kUnexpectedStructure));
  if (!value.is_array())
    return fail(std::string(place == Place::kMember ? kUnexpectedField : kParameterizedType));
  if (!satisfies_constraints(shape, value)) violated_ = true;
  for (const auto element : json::array_of(value)) {
    if (element.is_null()) {
      violated_ = violated_ || shape.element->type != ShapeType::kAttributeValue;
      continue;
    }
    if (!this->value(*shape.element, element, Place::kElement)) return false;
  }
  return true;
}

bool Walk::map(const Shape& shape, const json::Value& value, Place place) {
  if (value.is_array())
    return fail("Unrecognized collection type java.util.Map<java.lang.String, " + java_type(*shape.element) +
                ">");
  if (!value.is_object())
    return fail(std::string(place == Place::kMember ? kUnexpectedField : kParameterizedType));
  if (!satisfies_constraints(shape, value)) violated_ = true;
  if (shape.element->type == ShapeType::kStructure || shape.element->type == ShapeType::kList) {
    if (!keys_are_unique(value)) return false;
  }
  for (const auto& [key, element] : json::object_of(value)) {
    (void)key;
    if (element.is_null()) {
      violated_ = violated_ || shape.element->type != ShapeType::kAttributeValue;
      continue;
    }
    if (!this->value(*shape.element, element, Place::kElement)) return false;
  }
  return true;
}

// Maps of attribute values have a check of their own, where they are read (item_reader.cpp).
bool Walk::keys_are_unique(const json::Value& map) {
  std::vector<std::string_view> keys;
  for (const auto& [key, element] : json::object_of(map)) {
    (void)element;
    keys.push_back(key);
  }
  std::ranges::sort(keys);
  const auto twin = std::ranges::adjacent_find(keys);
  return twin == keys.end() || fail("Duplicate field '" + std::string(*twin) + "'");
}

// Recursion through M and L: bounded by the parser's depth (model::kJsonDepthMax).
bool Walk::attribute_value(const json::Value& value, Place place) {
  static constexpr Shape kAttributeValue{.type = ShapeType::kAttributeValue, .name = "AttributeValue"};
  if (!expect_object(kAttributeValue, value, place)) return false;
  for (const auto& [name, content] : json::object_of(value)) {
    model::AttributeType type;
    if (!model::parse_type_name(name, type) || content.is_null()) continue;
    if (!attribute_content(type, content)) return false;
  }
  return true;
}

bool Walk::attribute_content(model::AttributeType type, const json::Value& value) {
  using model::AttributeType;
  switch (type) {
    case AttributeType::kS:
    case AttributeType::kN:
      return string(value);
    case AttributeType::kB:
      return blob(value);
    case AttributeType::kBool:
    case AttributeType::kNull:
      if (value.is_object()) return fail(std::string(kUnexpectedStructure));
      if (value.is_array()) return fail("Unrecognized collection type class java.lang.Boolean");
      if (value.is_string()) return fail("Unexpected token received from parser");
      return value.is_bool() || fail(std::string(token_name(value)) + " cannot be converted to Boolean");
    case AttributeType::kM:
      return attribute_map(value);
    default:
      break;
  }
  if (value.is_object()) return fail(std::string(kUnexpectedStructure));
  if (!value.is_array()) return fail(std::string(kUnexpectedField));
  return attribute_elements(type, json::array_of(value));
}

bool Walk::attribute_elements(model::AttributeType type, const simdjson::dom::array& elements) {
  for (const auto element : elements) {
    if (element.is_null()) continue;
    const bool fits = type == model::AttributeType::kL    ? attribute_value(element, Place::kElement)
                      : type == model::AttributeType::kBS ? blob(element)
                                                          : string(element);
    if (!fits) return false;
  }
  return true;
}

bool Walk::attribute_map(const json::Value& value) {
  if (value.is_array())
    return fail(
        "Unrecognized collection type java.util.Map<java.lang.String, "
        "com.amazonaws.dynamodb.v20120810.AttributeValue>");
  if (!value.is_object()) return fail(std::string(kUnexpectedField));
  for (const auto& [name, attribute] : json::object_of(value)) {
    (void)name;
    if (!attribute.is_null() && !attribute_value(attribute, Place::kElement)) return false;
  }
  return true;
}

bool Walk::string(const json::Value& value) {
  if (value.is_string()) return true;
  if (value.is_object()) return fail(std::string(kUnexpectedStructure));
  if (value.is_array()) return fail("Unrecognized collection type class java.lang.String");
  return fail(std::string(token_name(value)) + " cannot be converted to String");
}

bool Walk::blob(const json::Value& value) {
  if (value.is_object()) return fail(std::string(kUnexpectedStructure));
  if (value.is_array()) return fail("Unrecognized collection type class java.nio.ByteBuffer");
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return fail(std::string(kNotBase64));
  if (text.size() % 4 != 0)
    return fail("Base64 encoded length is expected a multiple of 4 bytes but found: " +
                std::to_string(text.size()));
  return true;
}

}  // namespace

Result<void> validate(const Shape& input, const json::Value& body) {
  STATOR_ASSERT(input.type == ShapeType::kStructure && body.is_object(), "requests are structures");
  Walk walk;
  if (!walk.structure(input, body)) return Failure(walk.error());
  if (walk.violated()) return validation_error(report_violations(input, body));
  if (!walk.refused().empty()) return not_implemented_yet(walk.refused());
  return {};
}

bool satisfies_constraints(const Shape& shape, const json::Value& value) {
  switch (shape.type) {
    case ShapeType::kString: {
      const std::string_view text = json::text_of(value);
      if (!shape.enum_values.empty() && std::ranges::find(shape.enum_values, text) == shape.enum_values.end())
        return false;
      if (!shape.pattern.empty() && !matches_name_pattern(text)) return false;
      // A UTF-16 unit takes one to three bytes, so most lengths are decided without counting.
      const auto bytes = static_cast<int64_t>(text.size());
      if (bytes <= shape.bounds.max && (bytes + 2) / 3 >= shape.bounds.min) return true;
      return shape.bounds.contains(static_cast<int64_t>(utf16_length(text)));
    }
    case ShapeType::kInteger:
    case ShapeType::kLong: {
      int64_t number = 0;
      return to_integer(value, number) && shape.bounds.contains(number);
    }
    case ShapeType::kList:
      return shape.bounds.contains(static_cast<int64_t>(list_size(value)));
    case ShapeType::kMap: {
      if (!shape.bounds.contains(static_cast<int64_t>(map_size(value)))) return false;
      if (!shape.key->bounds.has_min() && !shape.key->bounds.has_max()) return true;
      for (const auto& [key, element] : json::object_of(value)) {
        (void)element;
        const auto length = static_cast<int64_t>(utf16_length(key));
        if (!shape.key->bounds.contains(length)) return false;
      }
      return true;
    }
    default:
      return true;
  }
}

bool says_off(const Shape& shape, const json::Value& value) {
  switch (shape.type) {
    case ShapeType::kBoolean:
      return !json::truth_of(value);
    case ShapeType::kList:
      return list_size(value) == 0;
    case ShapeType::kMap:
      return map_size(value) == 0;
    case ShapeType::kString: {
      const std::string_view text = json::text_of(value);
      return text == "DISABLED" || text == "NONE";
    }
    case ShapeType::kStructure:
      for (const Member& member : shape.members()) {
        const auto field = json::member(value, member.name);
        if (field && !says_off(*member.shape, *field)) return false;
      }
      return true;
    default:
      return false;
  }
}

// simdjson's counts saturate at 2^24 - 1, more than a body of model::kRequestBodyMax can hold.
size_t list_size(const json::Value& value) { return json::array_of(value).size(); }
size_t map_size(const json::Value& value) { return json::object_of(value).size(); }

bool to_integer(const json::Value& value, int64_t& out) {
  if (value.get_int64().get(out) == simdjson::SUCCESS) return true;
  double number = 0;
  if (value.get_double().get(number) != simdjson::SUCCESS) return false;
  // 2^63 is a double; everything below it in magnitude converts.
  if (!(std::fabs(number) < 9223372036854775808.0)) return false;
  out = static_cast<int64_t>(number);
  return true;
}

size_t utf16_length(std::string_view text) {
  size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

}  // namespace stator::api
