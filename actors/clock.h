// The clocks, read in this one place: everything below takes the time as an input.
#pragma once

#include <chrono>
#include <cstdint>

namespace stator::actors {

// Microseconds since 1970.
inline uint64_t wall_clock_micros() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

// Microseconds of the steady clock.
inline uint64_t steady_micros() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

// Milliseconds of the steady clock.
inline int64_t steady_millis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace stator::actors
