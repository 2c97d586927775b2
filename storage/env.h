// The file systems that LevelDB runs on, and the wrapper that each of our databases runs in.
//
//   DatabaseEnv (one a database)  -->  FileSystem: the disk, env_memory.h, env_faulty.h
//
// DatabaseEnv closes LevelDB 1.23's hole: a rotated-out write-ahead log is closed without a sync, so that a
// later synced write would cover only the newer log. Here a log is synced before it is closed, a directory
// after a file was created or renamed in it, and a failure of either is latched: the database counts as
// failed (engine.h).
//
// A log that is synced often is filled with zeros ahead of its writer, since a sync that makes a file longer also waits
// for the file system's journal: half of the time of a small one. wal_format.h takes zeros up to a log's end for its end.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "leveldb/env.h"

namespace stator::storage {

// A leveldb::Env that can also make directory entries durable. Any thread.
class FileSystem : public leveldb::EnvWrapper {
 public:
  explicit FileSystem(leveldb::Env* target) : leveldb::EnvWrapper(target) {}
  // Files created, renamed or removed in `directory` before this call survive a power loss after it.
  virtual leveldb::Status sync_directory(const std::string& directory) = 0;
  // For a file that is being written from its begin on, as another descriptor does: zeros from `offset` on, so that what is
  // written there later does not make the file longer. May do nothing.
  virtual leveldb::Status write_zeros(const std::string& /*name*/, uint64_t /*offset*/, size_t /*bytes*/) {
    return leveldb::Status::OK();
  }
  // The opposite: what write_zeros() added and nobody wrote goes. Need not be durable.
  virtual leveldb::Status truncate(const std::string& /*name*/, uint64_t /*size*/) {
    return leveldb::Status::OK();
  }
  // Room left where `directory` lies, for those who refuse writes before the disk is full; UINT64_MAX where
  // nobody knows.
  virtual uint64_t free_bytes(const std::string& /*directory*/) const { return UINT64_MAX; }
};

// The operating system's.
std::unique_ptr<FileSystem> disk_file_system();
// The folder part of a path, "." where there is none.
std::string directory_of(const std::string& path);

// Totals since the database was opened, for metrics. written_bytes / log_bytes is the write amplification.
// Written by LevelDB's threads, read by any.
struct EnvCounters {
  std::atomic<uint64_t> written_bytes{0};  // all files
  std::atomic<uint64_t> log_bytes{0};      // write-ahead logs only
  std::atomic<uint64_t> syncs{0};          // of files
  std::atomic<uint64_t> directory_syncs{0};
};

// The Env of one database: syncs as described above, and runs its compactions on a thread of its own, so that
// a long compaction of items/ never blocks the flush of log/ (LevelDB's default is one thread for a whole
// process). Outlives its database, and is destroyed after it. Any thread.
class DatabaseEnv : public leveldb::EnvWrapper {
 public:
  enum class Background : uint8_t {
    kThread,  // work runs as it comes
    kManual,  // work waits for run_background(): a deterministic test decides when. A writer must then never
              // have to wait for a compaction: less than one write buffer between two calls.
  };
  // Requires that `files` outlives this. `zeros_ahead`: by how many bytes write-ahead logs are filled ahead of their
  // writer at a time; 0: not at all.
  explicit DatabaseEnv(FileSystem& files, Background background = Background::kThread, size_t zeros_ahead = 0);
  ~DatabaseEnv() override;

  // The first failed sync of a closed log or of a directory; OK where none failed. Once set it stays.
  leveldb::Status latched() const;
  const EnvCounters& counters() const { return counters_; }

  // Waits until all queued work, and what it queues itself, has run. In kThread: until the thread is idle.
  void run_background();
  // Leaves kManual for good. Before the database is closed, since closing waits for its compaction.
  void release_background();

  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& name, leveldb::WritableFile** file) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  void Schedule(void (*function)(void*), void* argument) override;

 private:
  class SyncedFile;
  struct Work {
    void (*function)(void*);
    void* argument;
  };
  leveldb::Status wrap(const std::string& name, leveldb::WritableFile* file, size_t zeros_ahead,
                       leveldb::WritableFile** out);
  leveldb::Status sync_directory_of(const std::string& name);
  void latch(const leveldb::Status& status);
  void run();

  FileSystem& files_;
  const size_t zeros_ahead_;
  EnvCounters counters_;
  std::atomic<bool> failed_{false};
  mutable std::mutex latch_mutex_;
  leveldb::Status latched_;  // by latch_mutex_

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> work_;  // by mutex_. At most one at a time: LevelDB schedules one compaction a database
  bool hold_ = false;      // by mutex_. kManual and not within run_background()
  bool manual_ = false;    // by mutex_
  bool running_ = false;   // by mutex_
  bool stopping_ = false;  // by mutex_
  std::thread thread_;     // started with the first work
};

}  // namespace stator::storage
