// DiskGuard: says when the data folder's disk is nearly full, so that writes are refused while there is still room for what
// was accepted, for compactions and for the logs that followers must take: a LevelDB that met a full disk is not written
// again before a restart (storage/engine.h). Reads go on, and a dropped table makes room. Any thread; looks at the disk a
// few times a second at most, on the thread that asks.
#pragma once

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "actors/clock.h"

namespace stator::actors {

inline constexpr uint64_t kDiskReserveBytes = 256 * 1024 * 1024;
inline constexpr int64_t kDiskLookMillis = 250;

class DiskGuard {
 public:
  // `free_bytes` asks the disk. Writes are refused below `reserve`, and taken again from a quarter above it on.
  DiskGuard(std::function<uint64_t()> free_bytes, uint64_t reserve)
      : free_bytes_(std::move(free_bytes)), reserve_(std::min(reserve, UINT64_MAX / 2)) {}

  bool low() { return low(steady_millis()); }
  // `now_ms` never goes back.
  bool low(int64_t now_ms) {
    int64_t due = look_at_ms_.load(std::memory_order_relaxed);
    if (now_ms >= due && look_at_ms_.compare_exchange_strong(due, now_ms + kDiskLookMillis)) look();
    return low_.load(std::memory_order_relaxed);
  }

 private:
  void look() {
    const uint64_t free = free_bytes_();
    const bool was = low_.load(std::memory_order_relaxed);
    const bool is = free < (was ? reserve_ + reserve_ / 4 : reserve_);
    low_.store(is, std::memory_order_relaxed);
    if (is && !was) spdlog::error("the disk is nearly full: writes are refused free_bytes={} reserve={}", free, reserve_);
    if (was && !is) spdlog::info("the disk has room again: writes are taken free_bytes={}", free);
  }

  const std::function<uint64_t()> free_bytes_;
  const uint64_t reserve_;
  std::atomic<int64_t> look_at_ms_{INT64_MIN};
  std::atomic<bool> low_{false};
};

}  // namespace stator::actors
