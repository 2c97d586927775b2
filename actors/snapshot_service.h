// SnapshotService: what the replicas of a node share for their snapshots: one thread that reads and writes
// pieces, so that they never hold up readers or the applier, and the right to send, which one replica has at
// a time: two snapshots at once would both be slow, and each keeps a whole old state on disk. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "storage/reader_pool.h"

namespace stator::actors {

class SnapshotService {
 public:
  // `bytes_per_second`: read from the disk for sending, at most; 0: as fast as the peer takes them, one piece
  // at a time.
  explicit SnapshotService(uint64_t bytes_per_second = 0) : bytes_per_second_(bytes_per_second) {}

  // Runs the job on the snapshots' thread. False where too many wait, or the node stops.
  [[nodiscard]] bool try_submit(std::function<void()> job) { return thread_.try_submit(std::move(job)); }
  void stop() { thread_.stop(); }

  // The right to send. False: another one has it; `again` is called, once, when that one ends.
  [[nodiscard]] bool try_begin(std::function<void()> again) {
    std::lock_guard lock(mutex_);
    if (!std::exchange(sending_, true)) return true;
    waiting_.push_back(std::move(again));
    return false;
  }
  void end() {
    std::vector<std::function<void()>> waiting;
    {
      std::lock_guard lock(mutex_);
      sending_ = false;
      waiting.swap(waiting_);
    }
    for (const auto& again : waiting) again();
  }

  // On the snapshots' thread: waits until so many bytes may be sent.
  void pace(size_t bytes) const {
    if (bytes_per_second_ == 0) return;
    std::this_thread::sleep_for(std::chrono::microseconds(bytes * 1'000'000 / bytes_per_second_));
  }

 private:
  static constexpr size_t kJobsMax = 10'000;  // a piece a replica, coming or going

  const uint64_t bytes_per_second_;
  std::mutex mutex_;
  bool sending_ = false;                        // by mutex_
  std::vector<std::function<void()>> waiting_;  // by mutex_: at most one a replica and turn
  storage::ReaderPool thread_{1, kJobsMax};
};

}  // namespace stator::actors
