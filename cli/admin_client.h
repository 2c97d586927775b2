// Asks a node's admin port: a GET, blocking, with a deadline. For tools on the same machine, not for servers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "model/result.h"

namespace stator::cli {

inline constexpr size_t kAdminAnswerBytesMax = 64 * 1024 * 1024;

struct AdminAnswer {
  int status = 0;
  std::string body;
};

// http://127.0.0.1:PORT/path. The error says what failed: refused, no answer in time, no HTTP.
model::Result<AdminAnswer, std::string> admin_get(uint16_t port, const std::string& path,
                                                  std::chrono::milliseconds timeout);

}  // namespace stator::cli
