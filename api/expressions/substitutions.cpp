// The checks of the two maps, and the book of what was used. Pure.
#include "api/expressions/substitutions.h"

#include <algorithm>
#include <utility>

#include "api/expressions/messages.h"
#include "model/limits.h"
#include "model/size.h"

namespace stator::expressions {
namespace {

constexpr std::string_view kNames = "ExpressionAttributeNames";
constexpr std::string_view kValues = "ExpressionAttributeValues";

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The length first, then the syntax, as the service does.
Result<void> check_placeholder(std::string_view member, char prefix, std::string_view key) {
  if (key.size() > model::kPlaceholderSizeMax) return Failure(messages::map_key_too_long(member, key));
  if (key.size() < 2 || key[0] != prefix || !std::all_of(key.begin() + 1, key.end(), is_word)) {
    return Failure(messages::map_key_syntax(member, key));
  }
  return {};
}

// The keys of what was not used, in order: "#a, #b".
template <class Entries>
std::string unused_keys(const Entries& entries) {
  std::string keys;
  for (const auto& [key, entry] : entries) {
    if (entry.used) continue;
    if (!keys.empty()) keys += ", ";
    keys += key;
  }
  return keys;
}

}  // namespace

void Substitutions::add_name(std::string placeholder, std::string attribute) {
  names_given_ = true;
  names_.insert_or_assign(std::move(placeholder), Entry<std::string>{std::move(attribute)});
}

void Substitutions::add_value(std::string placeholder, model::AttributeValue value) {
  values_given_ = true;
  using Shared = std::shared_ptr<const model::AttributeValue>;
  values_.insert_or_assign(std::move(placeholder),
                           Entry<Shared>{std::make_shared<const model::AttributeValue>(std::move(value))});
}

Result<void> Substitutions::check_names() const {
  if (!names_given_) return {};
  if (names_.empty()) return Failure(messages::map_is_empty(kNames));
  uint64_t bytes = 0;
  for (const auto& [key, entry] : names_) {
    if (auto checked = check_placeholder(kNames, '#', key); !checked) return checked;
    if (entry.content.empty()) return Failure(messages::map_name_is_empty(key));
    bytes += key.size() + entry.content.size();
  }
  if (bytes > model::kSubstitutionsSizeMax) return Failure(messages::map_is_too_large(kNames));
  return {};
}

Result<void> Substitutions::check_values() const {
  if (!values_given_) return {};
  if (values_.empty()) return Failure(messages::map_is_empty(kValues));
  uint64_t bytes = 0;
  for (const auto& [key, entry] : values_) {
    if (auto checked = check_placeholder(kValues, ':', key); !checked) return checked;
    bytes += key.size() + model::size_bytes(*entry.content);
  }
  if (bytes > model::kSubstitutionsSizeMax) return Failure(messages::map_is_too_large(kValues));
  return {};
}

const std::string* Substitutions::use_name(std::string_view placeholder) {
  const auto found = names_.find(placeholder);
  if (found == names_.end()) return nullptr;
  found->second.used = true;
  return &found->second.content;
}

std::shared_ptr<const model::AttributeValue> Substitutions::use_value(std::string_view placeholder) {
  const auto found = values_.find(placeholder);
  if (found == values_.end()) return nullptr;
  found->second.used = true;
  return found->second.content;
}

Result<void> Substitutions::check_all_used() const {
  if (const std::string keys = unused_keys(names_); !keys.empty())
    return Failure(messages::unused(kNames, keys));
  if (const std::string keys = unused_keys(values_); !keys.empty())
    return Failure(messages::unused(kValues, keys));
  return {};
}

std::string invalid_value(std::string_view inner, std::string_view placeholder) {
  return messages::map_value_is_invalid(inner, placeholder);
}

}  // namespace stator::expressions
