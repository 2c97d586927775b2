// LogLimiter: how often a line that others can cause is logged. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace stator::net {

class LogLimiter {
 public:
  // Whether to log this now: something new at most once a second, the same again at most every ten.
  // `held_back`: lines that were not logged since the last one.
  bool allows(const std::string& text, std::chrono::steady_clock::time_point now, uint64_t& held_back) {
    const auto pause = std::chrono::seconds(text == last_ ? 10 : 1);
    if (!first_ && now - at_ < pause) {
      ++held_back_;
      return false;
    }
    first_ = false;
    at_ = now;
    last_ = text;
    held_back = std::exchange(held_back_, 0);
    return true;
  }

 private:
  bool first_ = true;
  std::chrono::steady_clock::time_point at_{};
  std::string last_;
  uint64_t held_back_ = 0;
};

}  // namespace stator::net
