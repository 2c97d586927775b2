// Engine: one LevelDB, opened with the options of its role, that never writes again after a failed write.
//
// Why: after one ENOSPC LevelDB 1.23 accepts writes again although its log has a hole, and loses acknowledged
// ones; a failed sync leaves the pages clean, so that a retry proves nothing. After the first error only
// close, and open again through Store, which checks the logs (wal_check.h). Thread-safe.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "leveldb/db.h"
#include "leveldb/write_batch.h"
#include "storage/env.h"
#include "storage/error.h"
#include "storage/observer.h"

namespace stator::storage {

struct EngineOptions {
  const char* name = "items";  // "log" or "items": for errors and metrics
  // 64 KiB to 1 GiB. What is written twice as often into tables costs twice the processor time, and replay
  // after a kill costs 0.7 s at 64 MiB: a quarter of that is the embedded default.
  size_t write_buffer_bytes = 16 * 1024 * 1024;
  size_t block_cache_bytes = 8 * 1024 * 1024;  // as good as 256 MB while the page cache is warm
  size_t table_bytes = 2 * 1024 * 1024;        // LevelDB's max_file_size
  int open_files_max = 500;
  int bloom_bits = 10;   // 0: no filter
  bool compress = true;  // snappy
  size_t zeros_ahead = 0;  // of the write-ahead log (env.h)
  DatabaseEnv::Background background = DatabaseEnv::Background::kThread;
};
// No filter and no compression: rows are read in ranges, live for seconds, and are mostly encrypted or small.
EngineOptions log_engine_options();
EngineOptions items_engine_options();

class Engine {
 public:
  // Creates the database where there is none. Requires that `files` and `observer` outlive the engine.
  static Result<std::unique_ptr<Engine>> open(FileSystem& files, const std::string& path,
                                              const EngineOptions& options,
                                              StorageObserver& observer = no_observer());
  // Waits for background work. Does not flush: see flush().
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Atomic. With `sync`: durable with everything written before it (DatabaseEnv makes that true over a
  // rotation of the log). After a failure every call answers kHandleFailed with the first error.
  Result<void> write(leveldb::WriteBatch& batch, bool sync);
  // The first failure, as every later write will report it; nullopt while all is well.
  std::optional<Error> failure() const;

  // nullopt where the key is absent. Checksums are always verified.
  Result<std::optional<std::string>> get(std::string_view key,
                                         const leveldb::Snapshot* snapshot = nullptr) const;
  // The caller checks status() before it believes what it read: an iterator passes over a damaged block in
  // silence.
  std::unique_ptr<leveldb::Iterator> iterate(const leveldb::Snapshot* snapshot = nullptr,
                                             bool fill_cache = true) const;
  const leveldb::Snapshot* take_snapshot() const { return db_->GetSnapshot(); }
  void release_snapshot(const leveldb::Snapshot* snapshot) const { db_->ReleaseSnapshot(snapshot); }

  // Writes the memory table to a table file, so that the next open has no log to replay. Before a clean
  // close.
  Result<void> flush();
  // Files at level 0: what a writer throttles by. LevelDB itself sleeps 1 ms a write at 8 and stops at 12.
  int level0_files() const;
  // Bytes on disk in [from, to), approximately.
  uint64_t approximate_bytes(std::string_view from, std::string_view to) const;
  uint64_t memory_bytes() const;

  // A Status of a read of this database as an Error.
  Error read_error(const leveldb::Status& status) const;
  DatabaseEnv& env() { return *env_; }
  const std::string& path() const { return path_; }

 private:
  Engine(FileSystem& files, std::string path, const EngineOptions& options, StorageObserver& observer);
  Error fail(const leveldb::Status& status);

  const std::string path_;
  const EngineOptions options_;
  StorageObserver& observer_;
  std::unique_ptr<leveldb::Logger> logger_;  // discards: LevelDB's LOG file grows without a bound
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<DatabaseEnv> env_;
  std::unique_ptr<leveldb::DB> db_;  // uses all above

  std::atomic<bool> failed_{false};
  mutable std::mutex failure_mutex_;
  std::optional<Error> failure_;  // by failure_mutex_
};

}  // namespace stator::storage
