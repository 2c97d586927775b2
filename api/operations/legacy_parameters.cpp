// The mix of old and new parameters, and AttributesToGet. Pure.
#include "api/operations/legacy_parameters.h"

#include <algorithm>
#include <string>
#include <vector>

#include "api/item_reader.h"
#include "api/operations/common.h"

namespace stator::api {
namespace {

// Those of the members that the body has: "a, b".
std::string present(const json::Value& body, std::initializer_list<std::string_view> members) {
  std::string out;
  for (const std::string_view member : members) {
    if (!json::member(body, member)) continue;
    out.append(out.empty() ? "" : ", ").append(member);
  }
  return out;
}

}  // namespace

Result<void> check_parameter_mix(const json::Value& body, std::initializer_list<std::string_view> legacy,
                                 std::initializer_list<std::string_view> expressions) {
  const std::string old_members = present(body, legacy);
  const std::string new_members = present(body, expressions);
  if (old_members.empty() || new_members.empty()) return {};
  return validation_error(
      "Can not use both expression and non-expression parameters in the same request: Non-expression "
      "parameters: {" +
      old_members + "} Expression parameters: {" + new_members + "}");
}

Result<std::optional<expressions::Projection>> read_attributes_to_get(const json::Value& body) {
  const auto names = json::member(body, "AttributesToGet");
  if (!names) return std::optional<expressions::Projection>();
  std::vector<std::string_view> seen;
  std::vector<expressions::DocumentPath> paths;
  for (const auto element : json::array_of(*names)) {
    const std::string_view name = json::text_of(element);
    if (auto named = check_attribute_name(name); !named) return Failure(std::move(named).error());
    seen.push_back(name);
    paths.emplace_back(std::string(name));
  }
  // The first name that comes a second time is told; sorting finds out cheaply whether there is one at all.
  std::vector<std::string_view> sorted = seen;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) {
    for (size_t i = 1; i < seen.size(); ++i) {
      const auto before = seen.begin() + static_cast<ptrdiff_t>(i);
      if (std::find(seen.begin(), before, seen[i]) != before)
        return invalid_parameters("Duplicate value in attribute name: " + std::string(seen[i]));
    }
  }
  return std::optional(expressions::Projection(std::move(paths)));
}

}  // namespace stator::api
