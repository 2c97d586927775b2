// Calls the DynamoDB API of a node on this machine: one connection, kept from call to call, no retries. For tools. One thread
// at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/local_http.h"
#include "model/result.h"

namespace stator::cli {

inline constexpr size_t kApiAnswerBytesMax = 32 * 1024 * 1024;

struct ApiAnswer {
  int status = 0;
  std::string body;  // JSON
};

class ApiClient {
 public:
  explicit ApiClient(uint16_t port) : port_(port) {}

  // The error says why there is no answer; the call may have been carried out all the same.
  model::Result<ApiAnswer, std::string> call(std::string_view operation, std::string_view body,
                                             std::chrono::milliseconds timeout);

 private:
  const uint16_t port_;
  LocalConnection connection_;
};

}  // namespace stator::cli
