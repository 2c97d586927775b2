// The clocks, read in this one place: everything below takes the time as an input.
//
// The wall clock may jump: an administrator, a virtual machine that was moved, a laptop that slept. What stamps and ages are
// made of must not jump with it before peers were asked (cluster/clock_watch.h). So the time of a process runs with its
// steady clock, and the node sets it by the wall clock a few times a second, while that agrees with its peers'.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "net/wall_clock.h"

namespace stator::actors {

// Microseconds of the steady clock.
inline uint64_t steady_micros() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

// Milliseconds of the steady clock.
inline int64_t steady_millis() { return static_cast<int64_t>(steady_micros() / 1000); }

namespace detail {
// The process' time, seen from its steady clock: as the wall clock was at the start, until somebody looks again. One for
// the process, as the clocks are.
inline std::atomic<int64_t> wall_from_steady_micros{static_cast<int64_t>(net::system_clock_micros() - steady_micros())};
}  // namespace detail

// Microseconds since 1970. Any thread.
inline uint64_t wall_clock_micros() {
  return steady_micros() + static_cast<uint64_t>(detail::wall_from_steady_micros.load(std::memory_order_relaxed));
}

// It is `wall` now, at `steady`; both in microseconds. Any thread.
inline void set_wall_clock(int64_t wall, int64_t steady) {
  detail::wall_from_steady_micros.store(wall - steady, std::memory_order_relaxed);
}

}  // namespace stator::actors
