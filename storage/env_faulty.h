// A file system in memory that fails as disks do, for tests and the simulator. It remembers which bytes of
// which files, and which directory entries, a sync made durable, and forgets the rest at a crash.
//
//   files.plan({.die_at = 17});    // the 17th operation from now does not happen, nor does any after it
//   ... run until all fails, destroy what used the files ...
//   files.crash(...);              // what was durable is what is left; alive again
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/env.h"

namespace stator::storage {

enum class CrashKind : uint8_t {
  kProcess,  // a kill: the page cache survives, so nothing is lost
  kDropAll,  // power loss: everything unsynced is gone
  kTorn,     // power loss: a random part of what is unsynced survives: prefixes of files, some with zeroed or
             // garbled pages, and a prefix of the changes of directories
};

struct FaultPlan {
  // Operations are counted from plan(), from 1: appends, file syncs, directory syncs, creations, renames,
  // removals.
  uint64_t die_at = 0;  // from this operation on everything fails and nothing has an effect; 0: never
  uint64_t fail_sync_at =
      0;  // this operation number or the first sync after it fails, once, and its bytes are lost at a crash
  uint64_t fail_append_at =
      0;  // this operation number or the first append after it fails, once, half written
  uint64_t capacity_bytes = UINT64_MAX;  // of all files: appends beyond it write what fits and answer ENOSPC
};

// Thread-safe. Names are plain paths; directories must exist, as on a disk.
class FaultyFileSystem : public FileSystem {
 public:
  explicit FaultyFileSystem(uint64_t seed = 1);
  ~FaultyFileSystem() override;

  void plan(const FaultPlan& plan);  // replaces the plan; counts anew
  uint64_t operations() const;       // since plan()
  bool dead() const;
  // Requires that nobody uses the files any more; handles still open are dead for ever. Clears the plan.
  void crash(CrashKind kind);

  // For tests that damage what is there. Requires that the file exists.
  std::string contents(const std::string& name) const;
  void overwrite(const std::string& name, std::string contents);  // durable at once
  std::vector<std::string> files() const;

  leveldb::Status sync_directory(const std::string& directory) override;
  leveldb::Status NewSequentialFile(const std::string& name, leveldb::SequentialFile** file) override;
  leveldb::Status NewRandomAccessFile(const std::string& name, leveldb::RandomAccessFile** file) override;
  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& name, leveldb::WritableFile** file) override;
  bool FileExists(const std::string& name) override;
  leveldb::Status GetChildren(const std::string& directory, std::vector<std::string>* names) override;
  leveldb::Status RemoveFile(const std::string& name) override;
  leveldb::Status CreateDir(const std::string& name) override;
  leveldb::Status RemoveDir(const std::string& name) override;
  leveldb::Status GetFileSize(const std::string& name, uint64_t* size) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& name, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;

 private:
  struct Inode {
    std::string data;
    size_t synced = 0;         // this prefix is durable
    bool sync_failed = false;  // the pages after `synced` are marked clean: no later sync saves them
    bool directory = false;
  };
  using Entries = std::map<std::string, std::shared_ptr<Inode>>;
  struct Change {  // of a directory entry, not durable yet
    std::string directory;
    std::string name;
    std::shared_ptr<Inode> inode;  // null: removed
    std::string renamed_from;      // goes in the same step, as a rename is atomic; may be empty
  };
  class Writable;
  class Readable;
  class Lock;

  leveldb::Status step();  // counts an operation; not OK where it must not happen
  leveldb::Status append(Inode& inode, const leveldb::Slice& data);
  leveldb::Status sync(Inode& inode);
  leveldb::Status alive_check(uint64_t generation) const;
  std::shared_ptr<Inode> find(const std::string& name) const;
  void change(const std::string& name, std::shared_ptr<Inode> inode, const std::string& renamed_from = {});
  static void apply(Entries& entries, const Change& change);
  void tear(Inode& inode);
  uint64_t random(uint64_t bound);

  mutable std::mutex mutex_;
  Entries entries_;  // as the running process sees them
  Entries durable_;
  std::vector<Change> changes_;  // in order, from durable_ to entries_
  std::set<std::string> locked_;
  FaultPlan plan_;
  uint64_t operations_ = 0;
  uint64_t bytes_ = 0;
  uint64_t generation_ = 0;  // of the process that uses the files
  bool dead_ = false;
  uint64_t random_state_;
};

}  // namespace stator::storage
