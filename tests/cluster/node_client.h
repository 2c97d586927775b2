// NodeClient: a client of a node in this process: DynamoDB's JSON in, its JSON out, past HTTP. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstring>
#include <future>
#include <string>
#include <string_view>

#include "actors/node.h"
#include "api/registry.h"

namespace stator::tests {

struct NodeAnswer {
  bool ok = false;
  api::ErrorCode error = api::ErrorCode::kInternalServerError;  // unless ok
  std::string text;                                             // the body, or the error's message
};

// Waits for the answer. Requires that the operation exists; a request that it refuses is answered with its error.
inline NodeAnswer call(actors::Node& node, std::string_view operation_name, std::string_view json) {
  const api::Operation* operation = api::find_operation(operation_name);
  STATOR_ASSERT(operation != nullptr, "an operation of the registry");
  api::json::Parser parser;
  auto body = parser.parse(json);
  if (!body.ok()) return {false, body.error().code, body.error().message};
  auto request = operation->parse(*body);
  if (!request.ok()) return {false, request.error().code, request.error().message};
  auto promise = std::make_shared<std::promise<api::Result<api::Answer>>>();
  auto future = promise->get_future();
  static std::atomic<uint64_t> calls{0};
  net::RequestContext context;  // as the gateway makes it
  const uint64_t number = ++calls;
  std::memcpy(context.request_id.data(), &number, sizeof number);
  context.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  context.body = std::make_shared<const std::string>(json);
  node.execute(*request, context,
               [promise](api::Result<api::Answer> result) { promise->set_value(std::move(result)); });
  api::Result<api::Answer> result = future.get();
  if (!result.ok()) return {false, result.error().code, result.error().message};
  NodeAnswer answer{true, {}, {}};
  api::json::Writer out(answer.text);
  operation->write_answer(**request, *result, out);
  return answer;
}

inline constexpr std::string_view kCreateTable =
    R"({"TableName":"rows","BillingMode":"PAY_PER_REQUEST",
        "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
        "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"}]})";

inline std::string key_json(uint64_t pk, uint64_t sk) {
  return R"("pk":{"S":"p)" + std::to_string(pk) + R"("},"sk":{"N":")" + std::to_string(sk) + R"("})";
}
inline std::string put_json(uint64_t pk, uint64_t sk, std::string_view value) {
  return R"({"TableName":"rows","Item":{)" + key_json(pk, sk) + R"(,"v":{"S":")" + std::string(value) + R"("}}})";
}
inline std::string get_json(uint64_t pk, uint64_t sk) {
  return R"({"TableName":"rows","ConsistentRead":true,"Key":{)" + key_json(pk, sk) + "}}";
}

}  // namespace stator::tests
