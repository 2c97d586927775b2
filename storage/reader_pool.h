// ReaderPool: threads for LevelDB reads, which block, so that the threads that drive Raft and its timers
// never do.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/observer.h"

namespace stator::storage {

// Thread-safe. Jobs start in the order in which they were submitted.
class ReaderPool {
 public:
  // Requires threads >= 1 and jobs_max >= 1.
  explicit ReaderPool(size_t threads, size_t jobs_max = 10'000, StorageObserver& observer = no_observer());
  // stop()s.
  ~ReaderPool();

  // False where the queue is full or the pool stopped: the request is answered as throttled. A job must not
  // throw.
  [[nodiscard]] bool try_submit(std::function<void()> job);
  // Runs what was accepted, then ends the threads.
  void stop();
  size_t waiting() const;

 private:
  void run();

  const size_t jobs_max_;
  StorageObserver& observer_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;  // by mutex_
  bool stopping_ = false;                   // by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace stator::storage
