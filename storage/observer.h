// Hooks for metrics: what the storage threads tell whoever counts. monitoring/ implements it; the default
// does nothing. Called on the committer's, applier's and readers' threads, so implementations are thread-safe
// and do not block.
#pragma once

#include <cstdint>

namespace stator::storage {

class StorageObserver {
 public:
  virtual ~StorageObserver() = default;
  // One synced batch of log/: how long write and sync took, how many submissions and entries it carried,
  // their bytes.
  virtual void log_sync(double /*seconds*/, uint64_t /*submissions*/, uint64_t /*entries*/,
                        uint64_t /*bytes*/) {}
  // One batch of items/ (not synced): batches of partitions that it merged, rows, bytes.
  virtual void items_apply(double /*seconds*/, uint64_t /*batches*/, uint64_t /*rows*/, uint64_t /*bytes*/) {}
  virtual void items_sync(double /*seconds*/) {}
  // The applier held back for level-0 files to be compacted.
  virtual void items_throttled(double /*seconds*/) {}
  // A queue refused work because it was full: "committer", "applier" or "readers".
  virtual void queue_full(const char* /*queue*/) {}
  // A database handle failed for good. `database` is "log" or "items".
  virtual void handle_failed(const char* /*database*/) {}
};

// For those who do not count.
StorageObserver& no_observer();

}  // namespace stator::storage
