// BuildPace: the budget (cluster/build_budget.h) that the builds of all partitions led by a node share. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>

#include "cluster/build_budget.h"

namespace stator::actors {

class BuildPace {
 public:
  using Clock = std::chrono::steady_clock;

  // A client asked a partition for something.
  void client_called() { client_calls_.fetch_add(1, std::memory_order_relaxed); }
  // How many items a piece of a build may read; 0: none now.
  size_t items(Clock::time_point now) {
    std::lock_guard lock(mutex_);
    return budget_.items(micros(now.time_since_epoch()), client_calls_.load(std::memory_order_relaxed));
  }
  // A piece took so long.
  void spent(Clock::duration time) {
    std::lock_guard lock(mutex_);
    budget_.spent(micros(time));
  }

 private:
  static uint64_t micros(Clock::duration time) {
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
  }

  std::atomic<uint64_t> client_calls_{0};
  std::mutex mutex_;
  cluster::BuildBudget budget_;  // by mutex_
};

}  // namespace stator::actors
