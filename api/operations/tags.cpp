// Tags. Pure.
#include "api/operations/tags.h"

#include <algorithm>
#include <array>
#include <optional>

#include "api/operations/common.h"
#include "api/operations/table_description.h"
#include "api/validation.h"
#include "model/limits.h"

namespace stator::api {
namespace {

struct CodePoints {
  char32_t from;
  char32_t to;
};

// What is neither letter, digit nor space, as far as people put it into tags: punctuation, currency signs, arrows, mathematics,
// pictures. ASCII is checked exactly; what is in no range here counts as a letter.
constexpr std::array<CodePoints, 22> kSymbols{{{0x80, 0x9F},       {0xA1, 0xA9},       {0xAB, 0xB1},       {0xB4, 0xB4},
                                               {0xB6, 0xB8},       {0xBB, 0xBB},       {0xBF, 0xBF},       {0xD7, 0xD7},
                                               {0xF7, 0xF7},       {0x200B, 0x2027},   {0x202A, 0x202E},   {0x2030, 0x205E},
                                               {0x2060, 0x206F},   {0x20A0, 0x20FF},   {0x2190, 0x245F},   {0x2500, 0x2775},
                                               {0x2794, 0x2BFF},   {0x3001, 0x3004},   {0x3008, 0x3020},   {0xE000, 0xF8FF},
                                               {0xFE00, 0xFE6F},   {0x1F000, 0x1FBFF}}};

bool is_tag_character(char32_t c) {
  if (c < 0x80) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || std::string_view(" _.:/=+-@").find(static_cast<char>(c)) != std::string_view::npos;
  }
  return std::ranges::none_of(kSymbols, [&](const CodePoints& range) { return c >= range.from && c <= range.to; });
}

// The code point at `at`, of UTF-8 that the JSON parser has checked; moves `at` behind it.
char32_t next_code_point(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<uint8_t>(text[i])); };
  const char32_t first = byte(at);
  const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t c = length == 1 ? first : first & (0xFF >> (length + 1));
  for (size_t i = 1; i < length && at + i < text.size(); ++i) c = c << 6 | (byte(at + i) & 0x3F);
  at += length;
  return c;
}

bool is_tag_text(std::string_view text, size_t size_max) {
  if (utf16_length(text) > size_max) return false;
  for (size_t at = 0; at < text.size();) {
    if (!is_tag_character(next_code_point(text, at))) return false;
  }
  return true;
}

bool has_reserved_prefix(std::string_view key) {
  constexpr std::string_view kReserved = "aws:";
  return key.size() >= kReserved.size() && std::ranges::equal(key.substr(0, kReserved.size()), kReserved, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
         });
}

Result<void> check_key(const std::optional<std::string_view>& key) {
  if (!key || key->empty() || !is_tag_text(*key, model::kTagKeySizeMax))
    return validation_error("The Tag Key provided is invalid, Key: " + std::string(key.value_or("null")));
  if (has_reserved_prefix(*key))
    return validation_error("Tag Key cannot be prefixed with aws:, Key: " + std::string(*key));
  return {};
}

Result<void> check_value(const std::optional<std::string_view>& value) {
  if (!value || !is_tag_text(*value, model::kTagValueSizeMax))
    return validation_error("The Tag Value provided is invalid, Value: " + std::string(value.value_or("null")));
  return {};
}

}  // namespace

Result<void> read_resource(const json::Value& body, ResourceRequest& request) {
  request.arn = read_text(body, "ResourceArn").value_or("");
  if (!request.arn.starts_with("arn:")) return invalid_parameters("ARNs must start with 'arn:': " + request.arn);
  // arn:<partition>:dynamodb:<region>:<account>:table/<name>
  std::array<size_t, 5> colons{};
  size_t at = 0;
  for (size_t& colon : colons) {
    colon = request.arn.find(':', at);
    if (colon == std::string::npos) break;
    at = colon + 1;
  }
  const std::string_view arn = request.arn;
  const bool whole = colons[4] != std::string::npos && colons[4] != 0;
  if (!whole || arn.substr(colons[1] + 1, colons[2] - colons[1] - 1) != "dynamodb" ||
      !arn.substr(colons[4] + 1).starts_with("table/") || arn.find("/backup/") != std::string_view::npos)
    return invalid_parameters("Provided Arn is not a DynamoDB resource arn: " + request.arn);
  const std::string_view name = arn.substr(colons[4] + 1 + std::string_view("table/").size());
  const auto table = table_name_of(name);
  if (!table)
    return invalid_parameters("Invalid resource arn provided, only table or stream is accepted. Provided resource arn: " +
                              request.arn);
  request.table_name = *table;
  return {};
}

Evaluation change_tags(const TableView& tables, const ResourceRequest& request,
                       const std::function<Result<void>(Tags&)>& change) {
  const model::Table* table = find_table(tables, request);
  if (table == nullptr) return tagged_resource_not_found(request.arn).error;
  if (auto done = check_changeable(*table); !done) return std::move(done).error();
  TableChange changed{TableChange::Kind::kUpdate, *table};
  if (auto done = change(changed.table.tags); !done) return std::move(done).error();
  Answer answer = TableAnswer{changed.table, {}, {}};
  if (changed.table == *table) return answer;
  Effects effects;
  effects.answer = std::move(answer);
  effects.tables.push_back(std::move(changed));
  return effects;
}

Result<Tags> read_tags(const json::Value& list) {
  Tags tags;
  for (const auto element : json::array_of(list)) {
    const auto key = read_text(element, "Key");
    const auto value = read_text(element, "Value");
    if (auto done = check_key(key); !done) return Failure(done.error());
    if (auto done = check_value(value); !done) return Failure(done.error());
    if (std::ranges::any_of(tags, [&](const auto& other) { return other.first == *key; }))
      return validation_error("Duplicate Tag Keys provided as input: Duplicate Tag Key found " + std::string(*key));
    tags.emplace_back(*key, *value);
  }
  if (tags.size() > model::kTagsMax) return too_many_tags();
  return tags;
}

Result<std::vector<std::string>> read_tag_keys(const json::Value& list) {
  std::vector<std::string> keys;
  for (const auto element : json::array_of(list)) {
    const std::string_view key = json::text_of(element);
    if (auto done = check_key(key); !done) return Failure(done.error());
    keys.emplace_back(key);
  }
  if (keys.size() > model::kTagsMax) return too_many_tags();
  return keys;
}

Failure too_many_tags() {
  return validation_error("Number of Tags exceed the current limit for the provided ResourceArn");
}

}  // namespace stator::api
