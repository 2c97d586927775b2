// Ticker: a thread that calls in a regular interval: the clock of Raft, of parked calls and of all that is done now and then. What
// it calls must be short and must not block.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace stator::actors {

inline constexpr std::chrono::milliseconds kTick{10};  // raft::Config's defaults fit it
inline constexpr uint32_t kRestTicks = 100;            // an idle group rests after this

class Ticker {
 public:
  explicit Ticker(std::function<void()> tick, std::chrono::milliseconds interval = kTick)
      : tick_(std::move(tick)), interval_(interval), thread_([this] { run(); }) {}
  ~Ticker() { stop(); }

  void stop() {
    {
      std::lock_guard lock(mutex_);
      if (std::exchange(stopping_, true)) return;
      changed_.notify_all();
    }
    thread_.join();
  }

 private:
  void run() {
    auto next = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    for (;;) {
      next += interval_;
      // Ticks that were missed (a stopped process) are not made up for: nobody was silent meanwhile but this one.
      next = std::max(next, std::chrono::steady_clock::now());
      if (changed_.wait_until(lock, next, [this] { return stopping_; })) return;
      lock.unlock();
      tick_();
      lock.lock();
    }
  }

  const std::function<void()> tick_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // by mutex_
  std::thread thread_;
};

}  // namespace stator::actors
