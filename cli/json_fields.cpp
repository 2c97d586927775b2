// Members by kind.
#include "cli/json_fields.h"

namespace stator::cli {
namespace {

std::vector<api::json::Value> list(const api::json::Value& object, std::string_view name) {
  const auto member = api::json::member(object, name);
  if (!member || !member->is_array()) return {};
  const simdjson::dom::array elements = api::json::array_of(*member);
  return {elements.begin(), elements.end()};
}

}  // namespace

std::optional<std::string> text_field(const api::json::Value& object, std::string_view name) {
  const auto member = api::json::member(object, name);
  if (!member || !member->is_string()) return std::nullopt;
  return std::string(api::json::text_of(*member));
}

std::optional<uint64_t> number_field(const api::json::Value& object, std::string_view name) {
  const auto member = api::json::member(object, name);
  if (!member || !member->is_uint64()) return std::nullopt;
  return static_cast<uint64_t>(member->get_uint64());
}

std::optional<bool> truth_field(const api::json::Value& object, std::string_view name) {
  const auto member = api::json::member(object, name);
  if (!member || !member->is_bool()) return std::nullopt;
  return api::json::truth_of(*member);
}

std::vector<api::json::Value> objects_field(const api::json::Value& object, std::string_view name) {
  std::vector<api::json::Value> objects;
  for (const api::json::Value& element : list(object, name)) {
    if (element.is_object()) objects.push_back(element);
  }
  return objects;
}

std::vector<uint64_t> numbers_field(const api::json::Value& object, std::string_view name) {
  std::vector<uint64_t> numbers;
  for (const api::json::Value& element : list(object, name)) {
    if (element.is_uint64()) numbers.push_back(static_cast<uint64_t>(element.get_uint64()));
  }
  return numbers;
}

}  // namespace stator::cli
