// The faulty file system (env_faulty.h): inodes with a durable prefix, directory entries with a journal of
// unsynced changes.
#include "storage/env_faulty.h"

#include <algorithm>
#include <cstring>

#include "model/assert.h"

namespace stator::storage {

namespace {

constexpr size_t kPage = 4096;

leveldb::Status not_found(const std::string& name) {
  return leveldb::Status::NotFound(name, "No such file or directory");
}
leveldb::Status dead_status() { return leveldb::Status::IOError("the process is dead", ""); }

}  // namespace

class FaultyFileSystem::Writable : public leveldb::WritableFile {
 public:
  Writable(FaultyFileSystem& files, std::shared_ptr<Inode> inode)
      : files_(files), inode_(std::move(inode)), generation_(files.generation_) {}

  leveldb::Status Append(const leveldb::Slice& data) override {
    std::lock_guard lock(files_.mutex_);
    const leveldb::Status status = files_.alive_check(generation_);
    return status.ok() ? files_.append(*inode_, data) : status;
  }
  leveldb::Status Sync() override {
    std::lock_guard lock(files_.mutex_);
    const leveldb::Status status = files_.alive_check(generation_);
    return status.ok() ? files_.sync(*inode_) : status;
  }
  leveldb::Status Close() override { return leveldb::Status::OK(); }
  leveldb::Status Flush() override { return leveldb::Status::OK(); }

 private:
  FaultyFileSystem& files_;
  const std::shared_ptr<Inode> inode_;
  const uint64_t generation_;
};

class FaultyFileSystem::Readable : public leveldb::SequentialFile, public leveldb::RandomAccessFile {
 public:
  Readable(const FaultyFileSystem& files, std::shared_ptr<Inode> inode)
      : files_(files), inode_(std::move(inode)) {}

  leveldb::Status Read(size_t size, leveldb::Slice* result, char* scratch) override {
    const leveldb::Status status = Read(position_, size, result, scratch);
    position_ += result->size();
    return status;
  }
  leveldb::Status Skip(uint64_t size) override {
    position_ += size;
    return leveldb::Status::OK();
  }
  leveldb::Status Read(uint64_t offset, size_t size, leveldb::Slice* result, char* scratch) const override {
    std::lock_guard lock(files_.mutex_);
    const std::string& data = inode_->data;
    const size_t from = std::min<uint64_t>(offset, data.size());
    const size_t count = std::min(size, data.size() - from);
    std::memcpy(scratch, data.data() + from, count);
    *result = leveldb::Slice(scratch, count);
    return leveldb::Status::OK();
  }

 private:
  const FaultyFileSystem& files_;
  const std::shared_ptr<Inode> inode_;
  uint64_t position_ = 0;
};

class FaultyFileSystem::Lock : public leveldb::FileLock {
 public:
  Lock(std::string name, uint64_t generation) : name(std::move(name)), generation(generation) {}
  const std::string name;
  const uint64_t generation;
};

FaultyFileSystem::FaultyFileSystem(uint64_t seed)
    : FileSystem(leveldb::Env::Default()), random_state_(seed) {}

FaultyFileSystem::~FaultyFileSystem() = default;

void FaultyFileSystem::plan(const FaultPlan& plan) {
  std::lock_guard lock(mutex_);
  plan_ = plan;
  operations_ = 0;
}

uint64_t FaultyFileSystem::operations() const {
  std::lock_guard lock(mutex_);
  return operations_;
}

bool FaultyFileSystem::dead() const {
  std::lock_guard lock(mutex_);
  return dead_;
}

uint64_t FaultyFileSystem::random(uint64_t bound) {
  random_state_ += 0x9E3779B97F4A7C15ULL;  // splitmix64
  uint64_t z = random_state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return (z ^ (z >> 31)) % bound;
}

leveldb::Status FaultyFileSystem::step() {
  if (dead_) return dead_status();
  ++operations_;
  if (plan_.die_at == 0 || operations_ < plan_.die_at) return leveldb::Status::OK();
  dead_ = true;
  return dead_status();
}

leveldb::Status FaultyFileSystem::alive_check(uint64_t generation) const {
  return generation == generation_ && !dead_ ? leveldb::Status::OK() : dead_status();
}

leveldb::Status FaultyFileSystem::append(Inode& inode, const leveldb::Slice& data) {
  const leveldb::Status status = step();
  if (!status.ok()) {
    // The write under way when the machine dies may have reached the page cache in part.
    if (operations_ == plan_.die_at) inode.data.append(data.data(), data.size() / 2);
    return status;
  }
  if (plan_.fail_append_at != 0 && operations_ >= plan_.fail_append_at) {
    plan_.fail_append_at = 0;
    inode.data.append(data.data(), data.size() / 2);
    return leveldb::Status::IOError("append", "Input/output error");
  }
  const uint64_t room = plan_.capacity_bytes > bytes_ ? plan_.capacity_bytes - bytes_ : 0;
  const size_t written = std::min<uint64_t>(data.size(), room);
  inode.data.append(data.data(), written);
  bytes_ += written;
  return written == data.size() ? leveldb::Status::OK()
                                : leveldb::Status::IOError("append", "No space left on device");
}

leveldb::Status FaultyFileSystem::sync(Inode& inode) {
  const leveldb::Status status = step();
  if (!status.ok()) return status;
  if (plan_.fail_sync_at != 0 && operations_ >= plan_.fail_sync_at) {
    plan_.fail_sync_at = 0;
    inode.sync_failed = true;
    return leveldb::Status::IOError("sync", "Input/output error");
  }
  if (!inode.sync_failed) inode.synced = inode.data.size();
  return leveldb::Status::OK();
}

std::shared_ptr<FaultyFileSystem::Inode> FaultyFileSystem::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second;
}

void FaultyFileSystem::apply(Entries& entries, const Change& change) {
  if (change.inode) {
    entries[change.name] = change.inode;
  } else {
    entries.erase(change.name);
  }
  if (!change.renamed_from.empty()) entries.erase(change.renamed_from);
}

void FaultyFileSystem::change(const std::string& name, std::shared_ptr<Inode> inode,
                              const std::string& renamed_from) {
  changes_.push_back({directory_of(name), name, std::move(inode), renamed_from});
  apply(entries_, changes_.back());
}

leveldb::Status FaultyFileSystem::sync_directory(const std::string& directory) {
  std::lock_guard lock(mutex_);
  const leveldb::Status status = step();
  if (!status.ok()) return status;
  if (plan_.fail_sync_at != 0 && operations_ >= plan_.fail_sync_at) {
    plan_.fail_sync_at = 0;
    return leveldb::Status::IOError("sync " + directory, "Input/output error");
  }
  std::erase_if(changes_, [&](const Change& change) {
    if (change.directory != directory) return false;
    apply(durable_, change);
    return true;
  });
  return leveldb::Status::OK();
}

void FaultyFileSystem::tear(Inode& inode) {
  const size_t unsynced = inode.data.size() - inode.synced;
  if (unsynced == 0) return;
  inode.data.resize(inode.synced + random(unsynced + 1));
  // Pages reach the disk in any order: one of those that are left may be zeroes, or have been cut short and
  // garbled.
  const size_t left = inode.data.size() - inode.synced;
  const uint64_t dice = random(3);
  if (left == 0 || dice == 0) return;
  const size_t from = inode.synced + random(left);
  const size_t to = std::min(inode.data.size(), (from / kPage + 1) * kPage);
  for (size_t i = from; i < to; ++i) inode.data[i] = dice == 1 ? '\0' : static_cast<char>(random(256));
}

void FaultyFileSystem::crash(CrashKind kind) {
  std::lock_guard lock(mutex_);
  if (kind == CrashKind::kProcess) {
    for (const Change& change : changes_) apply(durable_, change);
  } else if (kind == CrashKind::kTorn) {
    const size_t kept = random(changes_.size() + 1);
    for (size_t i = 0; i < kept; ++i) apply(durable_, changes_[i]);
  }
  changes_.clear();
  // What lies in a directory that is not there any more is gone too.
  std::erase_if(durable_, [this](const auto& entry) {
    const std::string parent = directory_of(entry.first);
    return parent != "/" && parent != "." && !durable_.contains(parent);
  });
  bytes_ = 0;
  for (auto& [name, inode] : durable_) {
    // A new inode: what the dead process still holds open is not the file any more.
    auto left = std::make_shared<Inode>(*inode);
    if (kind == CrashKind::kDropAll) left->data.resize(left->synced);
    if (kind == CrashKind::kTorn) tear(*left);
    left->synced = left->data.size();
    left->sync_failed = false;
    bytes_ += left->data.size();
    inode = std::move(left);
  }
  entries_ = durable_;
  locked_.clear();
  ++generation_;
  dead_ = false;
  plan_ = {};
  operations_ = 0;
}

std::string FaultyFileSystem::contents(const std::string& name) const {
  std::lock_guard lock(mutex_);
  const auto inode = find(name);
  STATOR_ASSERT(inode != nullptr, "the file is there");
  return inode->data;
}

void FaultyFileSystem::overwrite(const std::string& name, std::string contents) {
  std::lock_guard lock(mutex_);
  const auto inode = find(name);
  STATOR_ASSERT(inode != nullptr, "the file is there");
  inode->data = std::move(contents);
  inode->synced = inode->data.size();
}

std::vector<std::string> FaultyFileSystem::files() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, inode] : entries_) {
    if (!inode->directory) names.push_back(name);
  }
  return names;
}

leveldb::Status FaultyFileSystem::NewSequentialFile(const std::string& name, leveldb::SequentialFile** file) {
  std::lock_guard lock(mutex_);
  *file = nullptr;
  const auto inode = find(name);
  if (!inode || inode->directory) return not_found(name);
  *file = new Readable(*this, inode);
  return leveldb::Status::OK();
}

leveldb::Status FaultyFileSystem::NewRandomAccessFile(const std::string& name,
                                                      leveldb::RandomAccessFile** file) {
  std::lock_guard lock(mutex_);
  *file = nullptr;
  const auto inode = find(name);
  if (!inode || inode->directory) return not_found(name);
  *file = new Readable(*this, inode);
  return leveldb::Status::OK();
}

leveldb::Status FaultyFileSystem::NewWritableFile(const std::string& name, leveldb::WritableFile** file) {
  std::lock_guard lock(mutex_);
  *file = nullptr;
  const leveldb::Status status = step();
  if (!status.ok()) return status;
  const std::string parent = directory_of(name);
  if (parent != "." && parent != "/" && !find(parent)) return not_found(parent);
  auto inode = std::make_shared<Inode>();
  change(name, inode);
  *file = new Writable(*this, std::move(inode));
  return leveldb::Status::OK();
}

leveldb::Status FaultyFileSystem::NewAppendableFile(const std::string& name, leveldb::WritableFile** file) {
  {
    std::lock_guard lock(mutex_);
    if (const auto inode = find(name); inode && !inode->directory) {
      *file = new Writable(*this, inode);
      return leveldb::Status::OK();
    }
  }
  return NewWritableFile(name, file);
}

bool FaultyFileSystem::FileExists(const std::string& name) {
  std::lock_guard lock(mutex_);
  return find(name) != nullptr;
}

leveldb::Status FaultyFileSystem::GetChildren(const std::string& directory, std::vector<std::string>* names) {
  std::lock_guard lock(mutex_);
  names->clear();
  const auto inode = find(directory);
  if (!inode || !inode->directory) return not_found(directory);
  const std::string prefix = directory + "/";
  for (const auto& [name, inode] : entries_) {
    if (name.starts_with(prefix) && name.find('/', prefix.size()) == std::string::npos) {
      names->push_back(name.substr(prefix.size()));
    }
  }
  return leveldb::Status::OK();
}

leveldb::Status FaultyFileSystem::RemoveFile(const std::string& name) {
  std::lock_guard lock(mutex_);
  const leveldb::Status status = step();
  if (!status.ok()) return status;
  const auto inode = find(name);
  if (!inode || inode->directory) return not_found(name);
  bytes_ -= std::min<uint64_t>(bytes_, inode->data.size());
  change(name, nullptr);
  return leveldb::Status::OK();
}

leveldb::Status FaultyFileSystem::CreateDir(const std::string& name) {
  std::lock_guard lock(mutex_);
  if (find(name)) return leveldb::Status::IOError(name, "File exists");
  const leveldb::Status status = step();
  if (!status.ok()) return status;
  auto inode = std::make_shared<Inode>();
  inode->directory = true;
  change(name, std::move(inode));
  return leveldb::Status::OK();
}

leveldb::Status FaultyFileSystem::RemoveDir(const std::string& name) {
  std::lock_guard lock(mutex_);
  const leveldb::Status status = step();
  if (!status.ok()) return status;
  const auto inode = find(name);
  if (!inode || !inode->directory) return not_found(name);
  const auto child = entries_.lower_bound(name + "/");
  if (child != entries_.end() && child->first.starts_with(name + "/")) {
    return leveldb::Status::IOError(name, "Directory not empty");
  }
  change(name, nullptr);
  return leveldb::Status::OK();
}

leveldb::Status FaultyFileSystem::GetFileSize(const std::string& name, uint64_t* size) {
  std::lock_guard lock(mutex_);
  const auto inode = find(name);
  if (!inode) return not_found(name);
  *size = inode->data.size();
  return leveldb::Status::OK();
}

leveldb::Status FaultyFileSystem::RenameFile(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  const leveldb::Status status = step();
  if (!status.ok()) return status;
  auto inode = find(from);
  if (!inode || inode->directory) return not_found(from);
  STATOR_ASSERT(directory_of(from) == directory_of(to), "a rename stays within its directory");
  change(to, inode, from);
  return leveldb::Status::OK();
}

leveldb::Status FaultyFileSystem::LockFile(const std::string& name, leveldb::FileLock** lock) {
  std::lock_guard guard(mutex_);
  *lock = nullptr;
  if (dead_) return dead_status();
  const std::string parent = directory_of(name);
  if (parent != "." && parent != "/" && !find(parent)) return not_found(parent);
  if (!locked_.insert(name).second)
    return leveldb::Status::IOError("lock " + name, "already held by process");
  *lock = new Lock(name, generation_);
  return leveldb::Status::OK();
}

leveldb::Status FaultyFileSystem::UnlockFile(leveldb::FileLock* lock) {
  const std::unique_ptr<Lock> owned(static_cast<Lock*>(lock));
  std::lock_guard guard(mutex_);
  if (owned->generation == generation_) locked_.erase(owned->name);
  return leveldb::Status::OK();
}

}  // namespace stator::storage
