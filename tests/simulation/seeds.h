// Which seeds a simulation runs, and how a failure says which one replays it. Used by tests only.
//
//   STATOR_SIM_RUNS=n   so many runs
//   STATOR_SEED=s       begin with this seed; with STATOR_SIM_RUNS unset, run it alone
#pragma once

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace stator::simulation {

// Thrown by a checker, caught by the test, which prints seed and replay command.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Seeds {
  uint64_t first = 1;
  uint64_t count = 0;
  uint64_t last() const { return first + count - 1; }

  static Seeds of_environment(uint64_t count_default) {
    const auto read = [](const char* name, uint64_t otherwise) {
      const char* value = std::getenv(name);
      return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
    };
    const bool alone = std::getenv("STATOR_SEED") != nullptr;
    return {read("STATOR_SEED", 1), read("STATOR_SIM_RUNS", alone ? 1 : count_default)};
  }
};

// The command that replays the run under way. Printed also where an assertion of the code ends the process.
class ReplayCommand {
 public:
  ReplayCommand(const char* binary, const char* test) : binary_(binary), test_(test) {
    text()[0] = '\0';
    std::signal(SIGABRT, print);
  }
  ~ReplayCommand() { std::signal(SIGABRT, SIG_DFL); }
  ReplayCommand(const ReplayCommand&) = delete;

  const char* set(uint64_t seed) {
    std::snprintf(text(), kSize, "replay: STATOR_SEED=%llu tests/%s --gtest_filter=%s\n",
                  static_cast<unsigned long long>(seed), binary_, test_);
    return text();
  }

 private:
  static constexpr size_t kSize = 256;
  static char* text() {
    static char text[kSize];
    return text;
  }
  static void print(int) {
    std::fputs(text(), stderr);
    std::signal(SIGABRT, SIG_DFL);
    std::raise(SIGABRT);
  }
  const char* binary_;
  const char* test_;
};

}  // namespace stator::simulation
