// Committer: the one thread that writes log/. Everything that waits goes into one synced LevelDB batch, since
// group commit decides write speed; then each replica gets one callback. The decisions are
// committer_queue.h's.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "storage/committer_queue.h"
#include "storage/observer.h"

namespace stator::storage {

// Thread-safe. Callbacks run on the committer's thread.
class Committer {
 public:
  // Requires that `log` and `observer` outlive this, and that nobody else writes to `log`.
  explicit Committer(LogStore& log, CommitterLimits limits = {}, StorageObserver& observer = no_observer());
  // stop()s.
  ~Committer();

  // False, with `submission` untouched, where the queue's bound is reached: the caller keeps it, refuses new
  // proposals, and tries again when when_room() calls. After a write has failed (or after stop) it is
  // accepted and its callback runs, on the caller's thread, with that error.
  [[nodiscard]] bool try_submit(Submission& submission);
  // Runs `again` once, as soon as the queue is at most half full; at once where it is already.
  void when_room(std::function<void()> again);

  // The first failed write; nullopt while all is well. Once set, nothing is written any more.
  std::optional<Error> failure() const;
  // Writes what waits, then ends the thread. What is submitted later gets kClosed.
  void stop();

 private:
  void run();
  void write(CommitBatch batch);

  LogStore& log_;
  StorageObserver& observer_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  CommitterQueue queue_;                                 // by mutex_
  std::vector<std::function<void()>> waiting_for_room_;  // by mutex_
  bool stopping_ = false;                                // by mutex_
  std::thread thread_;
};

}  // namespace stator::storage
