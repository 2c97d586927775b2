// Assertions that stay on in release. They state what the program itself guarantees: arguments, transitions, invariants,
// one condition each. What a user or a disk or a peer sends is checked and answered with an error, never asserted.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace stator::model {

[[noreturn]] inline void assertion_failed(const char* condition, const char* file, int line, const char* why) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s (%s)\n", file, line, condition, why);
  std::abort();
}

}  // namespace stator::model

#define STATOR_ASSERT(condition, why) \
  ((condition) ? void(0) : ::stator::model::assertion_failed(#condition, __FILE__, __LINE__, why))
