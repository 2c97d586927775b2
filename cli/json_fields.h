// Members of a JSON object of ours, each with the kind that it has to have. Views are valid as long as the
// parser's document. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/json.h"

namespace stator::cli {

// Nothing where the member is absent, null, or of another kind. Requires an object.
std::optional<std::string> text_field(const api::json::Value& object, std::string_view name);
std::optional<uint64_t> number_field(const api::json::Value& object, std::string_view name);
std::optional<bool> truth_field(const api::json::Value& object, std::string_view name);
// The objects of a list; what is no object in it is left out. Empty where the member is no list.
std::vector<api::json::Value> objects_field(const api::json::Value& object, std::string_view name);
std::vector<uint64_t> numbers_field(const api::json::Value& object, std::string_view name);

}  // namespace stator::cli
