// Applier: writes items/, on a thread of its own, or, where that has nothing to do, on the thread that has something to
// apply (two wake-ups less for a small batch). It merges the batches of many partitions into one LevelDB
// write, holds back by level-0 files before LevelDB would stop, syncs now and then so that logs can be cut,
// and deletes dropped spaces when idle.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "storage/item_store.h"
#include "storage/observer.h"

namespace stator::storage {

// Called once its batch can be read from the store, or never will be. Cumulative like Committed
// (committer_queue.h): of several batches of one partition in one write only the newest one's callback runs.
// On the applier's thread: short.
using Applied = std::function<void(const Result<void>&)>;
// Up to where each partition is durable; on failure the error. On the applier's thread.
using ItemsSynced = std::function<void(const Result<std::vector<SyncedIndex>>&)>;

struct ApplierLimits {
  size_t queue_bytes_max = 64 * 1024 * 1024;  // waiting; one batch of any size is accepted by an empty queue
  size_t write_bytes = 1024 * 1024;           // a LevelDB write closes after the batch that crosses this
  size_t sync_every_bytes =
      16 * 1024 * 1024;      // applied since the last sync: syncs by itself and tells on_synced
  size_t now_bytes_max = 64 * 1024;  // of a batch for try_apply_now()
  size_t delete_rows = 500;  // of dropped spaces at a time, when idle
  std::chrono::milliseconds delete_pause{10};  // between two of those
};

// How long a write of `bytes` waits with `level0_files` tables at level 0: nothing below 6, then at 32 MiB/s
// and half of that with each table more, so that LevelDB's stop at 12 is not met. Pure.
std::chrono::microseconds throttle_delay(int level0_files, size_t bytes);

// Thread-safe.
class Applier {
 public:
  // Requires that `items` and `observer` outlive this. `on_synced` may be empty.
  Applier(ItemStore& items, ApplierLimits limits = {}, ItemsSynced on_synced = {},
          StorageObserver& observer = no_observer());
  // stop()s.
  ~Applier();

  // False, with `batch` untouched, where the bound is reached: the caller keeps it; commit minus applied
  // grows, and past its bound proposals are refused. It tries again when when_room() calls. After a failure
  // (or stop) it is accepted and its callback runs, on the caller's thread, with that error.
  [[nodiscard]] bool try_apply(ApplyBatch& batch, Applied& applied);
  // Applies a small batch at once, on the caller's thread, where nothing is before it and LevelDB does not hold back.
  // False, with `batch` untouched: not now, see try_apply(). It may wait for LevelDB, as long as that waits for the flush
  // of a write buffer.
  [[nodiscard]] bool try_apply_now(ApplyBatch& batch, Result<void>& outcome);
  void when_room(std::function<void()> again);
  // Syncs after all that was accepted before this call, then tells `done` and on_synced. Requests that wait
  // together share one sync.
  void request_sync(ItemsSynced done = {});

  std::optional<Error> failure() const;
  // Applies what waits, syncs, then ends the thread.
  void stop();

 private:
  struct Waiting {
    ApplyBatch batch;
    Applied applied;
    size_t bytes;
  };
  struct SyncRequest {
    uint64_t after;  // so many batches were accepted before it
    ItemsSynced done;
  };
  struct Taken {
    std::vector<ApplyBatch> batches;
    std::vector<Applied> callbacks;
    size_t bytes = 0;
    std::vector<SyncRequest> syncs;
    bool sync = false;
  };
  void run();
  Taken take();
  void apply(Taken& taken);
  void sync(Taken& taken);
  void throttle(size_t bytes);
  void delete_some();
  void run_room_callbacks();
  void fail(const Error& error);

  ItemStore& items_;
  const ApplierLimits limits_;
  const ItemsSynced on_synced_;
  StorageObserver& observer_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;                          // by mutex_
  size_t waiting_bytes_ = 0;                             // by mutex_
  uint64_t accepted_ = 0;                                // by mutex_: batches, ever
  uint64_t taken_ = 0;                                   // by mutex_: of those, out of the queue
  std::deque<SyncRequest> sync_requests_;                // by mutex_
  std::vector<std::function<void()>> waiting_for_room_;  // by mutex_
  std::optional<Error> failed_;                          // by mutex_
  bool stopping_ = false;                                // by mutex_
  size_t unsynced_bytes_ = 0;                            // by mutex_
  bool busy_ = false;                                    // by mutex_: the thread has taken something
  bool lent_ = false;                                    // by mutex_: a caller applies
  std::thread thread_;
};

}  // namespace stator::storage
