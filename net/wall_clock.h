// What the system's wall clock shows. It may jump; who needs a time that does not looks at actors/clock.h.
#pragma once

#include <chrono>
#include <cstdint>

namespace stator::net {

// Microseconds since 1970.
inline uint64_t system_clock_micros() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(since).count());
}

}  // namespace stator::net
