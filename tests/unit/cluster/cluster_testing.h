// What the tests of cluster/ share: tables, requests made by the shipped operations, answers read back,
// golden bytes.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/json.h"
#include "api/registry.h"
#include "cluster/command.h"
#include "cluster/log_entry.h"
#include "model/key.h"
#include "model/number.h"
#include "tests/unit/model/model_testing.h"

namespace stator::cluster {

inline constexpr uint64_t kNow = 1'700'000'000'000'000;  // microseconds since 1970
inline constexpr uint64_t kSecond = 1'000'000;

// Items are {k: S, ...}.
inline model::Table test_table(uint32_t schema_version = 1) {
  model::Table table;
  table.id = model::TableId(7);
  table.name = "Tab";
  table.uuid = "01234567-89ab-cdef-0123-456789abcdef";
  table.schema_version = schema_version;
  table.created = model::Stamp{kNow};
  table.key = {{"k", model::AttributeType::kS}, std::nullopt};
  table.attribute_definitions = {{"k", model::AttributeType::kS}};
  table.billing_mode = model::BillingMode::kPayPerRequest;
  return table;
}

// As a client's body, parsed by the operation itself.
inline api::RequestPtr request_of(std::string_view operation, const std::string& json) {
  api::json::Parser parser;
  auto body = parser.parse(json);
  EXPECT_TRUE(body.ok()) << json;
  auto request = api::find_operation(operation)->parse(*body);
  EXPECT_TRUE(request.ok()) << json << ": " << (request.ok() ? "" : request.error().message);
  return *request;
}

inline RequestId request_id(uint8_t number) {
  RequestId id{};
  id.fill(number);
  return id;
}

inline std::string key_of(std::string_view name) {
  return *model::item_key(test_table().key, {{"k", model::AttributeValue::s(std::string(name))}});
}

// A command for an item of test_table().
inline Command item_command(Token token, std::string_view operation, const std::string& json,
                            std::optional<RequestId> id = std::nullopt) {
  Command command;
  command.token = token;
  command.request = request_of(operation, json);
  auto key =
      static_cast<const api::ItemOperation&>(*command.request->operation).key(test_table(), *command.request);
  EXPECT_TRUE(key.ok()) << json;
  command.key = *key;
  command.id = id;
  return command;
}

// {"k": S key, "v": S value}, and conditions in short.
inline std::string put(std::string_view key, std::string_view value, std::string_view more = "") {
  return R"({"TableName":"Tab","Item":{"k":{"S":")" + std::string(key) + R"("},"v":{"S":")" +
         std::string(value) + R"("}})" + std::string(more) + "}";
}
inline constexpr std::string_view kIfAbsent = R"json(,"ConditionExpression":"attribute_not_exists(k)")json";
inline constexpr std::string_view kReturnOld = R"(,"ReturnValues":"ALL_OLD")";
inline std::string add_one(std::string_view key) {
  return R"({"TableName":"Tab","Key":{"k":{"S":")" + std::string(key) +
         R"("}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}},"ReturnValues":"ALL_NEW"})";
}
inline std::string remove(std::string_view key, std::string_view more = "") {
  return R"({"TableName":"Tab","Key":{"k":{"S":")" + std::string(key) + R"("}})" + std::string(more) + "}";
}

// An answer as a line: what a test compares. "ok", "ok v=1 n=2", or the error's name.
inline std::string text_of(const api::Result<api::Answer>& result) {
  if (!result.ok()) return std::string(api::error_shape(result.error().code).name);
  std::string text = "ok";
  const auto* answer = std::get_if<api::ItemAnswer>(&*result);
  if (!answer || !answer->item) return text;
  for (const auto& [name, value] : *answer->item) {
    std::string json;
    api::json::Writer(json).value(value);
    text += " " + name + "=" + json;
  }
  return text;
}

// tests/data/cluster/NAME.hex: hex, # begins a comment.
inline std::string read_golden(const std::string& name) {
  std::ifstream file(std::string(STATOR_TEST_DATA) + "/cluster/" + name + ".hex");
  EXPECT_TRUE(file.is_open()) << name;
  std::string bytes;
  for (std::string line; std::getline(file, line);) bytes += model::unhex(line.substr(0, line.find('#')));
  return bytes;
}

// Bytes that reach a disk never change by accident: a mismatch prints what there is now, to be pasted only by
// someone who knows why.
inline void expect_golden(const std::string& name, std::string_view actual) {
  if (read_golden(name) == actual) return;
  std::string lines;
  for (size_t at = 0; at < actual.size(); at += 16) {
    for (size_t word = at; word < std::min(at + 16, actual.size()); word += 4) {
      lines += model::hex(actual.substr(word, 4)) + " ";
    }
    lines.back() = '\n';
  }
  ADD_FAILURE() << "not the bytes of " << name << ".hex; these are:\n" << lines;
}

}  // namespace stator::cluster
