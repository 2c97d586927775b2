// DatabaseEnv and the disk's FileSystem (env.h says why they exist). Called by LevelDB on the threads of its
// users and on the background thread that lives here.
#include "storage/env.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "model/assert.h"

namespace stator::storage {

namespace {

class DiskFileSystem : public FileSystem {
 public:
  DiskFileSystem() : FileSystem(leveldb::Env::Default()) {}

  leveldb::Status sync_directory(const std::string& directory) override {
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failure("open", directory);
    leveldb::Status status;
    if (::fsync(fd) != 0) status = failure("sync", directory);
    ::close(fd);
    return status;
  }

  leveldb::Status write_zeros(const std::string& name, uint64_t offset, size_t bytes) override {
    const int fd = ::open(name.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return failure("open", name);
    static const std::string zeros(64 * 1024, '\0');
    leveldb::Status status;
    while (bytes > 0) {
      const ssize_t done = ::pwrite(fd, zeros.data(), std::min(bytes, zeros.size()), static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) {
        status = failure("write", name);
        break;
      }
      offset += static_cast<uint64_t>(done);
      bytes -= static_cast<size_t>(done);
    }
    ::close(fd);
    return status;
  }

  leveldb::Status truncate(const std::string& name, uint64_t size) override {
    return ::truncate(name.c_str(), static_cast<off_t>(size)) == 0 ? leveldb::Status::OK()
                                                                   : failure("truncate", name);
  }

  uint64_t free_bytes(const std::string& directory) const override {
    struct statvfs volume;
    if (::statvfs(directory.c_str(), &volume) != 0) return UINT64_MAX;
    return static_cast<uint64_t>(volume.f_bavail) * volume.f_frsize;
  }

 private:
  static leveldb::Status failure(const char* verb, const std::string& name) {
    return leveldb::Status::IOError(std::string(verb) + " " + name, std::strerror(errno));
  }
};

bool is_log(std::string_view name) { return name.ends_with(".log"); }

}  // namespace

std::unique_ptr<FileSystem> disk_file_system() { return std::make_unique<DiskFileSystem>(); }

std::string directory_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Counts, and syncs a write-ahead log that is closed with unsynced bytes in it.
class DatabaseEnv::SyncedFile : public leveldb::WritableFile {
 public:
  // `zeros_ahead`: see DatabaseEnv; 0 for a file that is not new.
  SyncedFile(DatabaseEnv& env, std::string name, size_t zeros_ahead, leveldb::WritableFile* file)
      : env_(env), name_(std::move(name)), log_(is_log(name_)), zeros_ahead_(log_ ? zeros_ahead : 0), file_(file) {}

  ~SyncedFile() override {
    // LevelDB drops its log by deleting it and looks at no status: what fails here is latched.
    env_.latch(sync_if_log());
    file_.reset();
    drop_zeros();
  }

  leveldb::Status Append(const leveldb::Slice& data) override {
    unsynced_ = true;
    env_.counters_.written_bytes += data.size();
    if (log_) env_.counters_.log_bytes += data.size();
    size_ += data.size();
    if (zeros_ahead_ != 0 && size_ > filled_to_) {
      // Behind what is appended: our own bytes, some of them still in the file's buffer, are written over nothing.
      const leveldb::Status filled = env_.files_.write_zeros(name_, size_, zeros_ahead_);
      if (!filled.ok()) return filled;
      filled_to_ = size_ + zeros_ahead_;
      env_.counters_.written_bytes += zeros_ahead_;
    }
    return file_->Append(data);
  }

  leveldb::Status Close() override {
    const leveldb::Status synced = sync_if_log();
    env_.latch(synced);
    const leveldb::Status closed = file_->Close();
    drop_zeros();
    return synced.ok() ? closed : synced;
  }

  leveldb::Status Flush() override { return file_->Flush(); }

  leveldb::Status Sync() override {
    ++env_.counters_.syncs;
    const leveldb::Status status = file_->Sync();
    if (status.ok()) unsynced_ = false;
    return status;
  }

 private:
  leveldb::Status sync_if_log() {
    if (!log_ || !unsynced_) return leveldb::Status::OK();
    const leveldb::Status status = Sync();
    unsynced_ = false;  // a failed sync is not repeated: the pages are clean now, and a second one would
                        // prove nothing
    return status;
  }

  void drop_zeros() {
    // Zeros that stay cost room, and nothing else.
    if (filled_to_ > size_) (void)env_.files_.truncate(name_, size_);
    filled_to_ = 0;
  }

  DatabaseEnv& env_;
  const std::string name_;
  const bool log_;
  const size_t zeros_ahead_;
  uint64_t size_ = 0;       // appended
  uint64_t filled_to_ = 0;  // there are zeros, or our bytes, up to here
  bool unsynced_ = false;
  std::unique_ptr<leveldb::WritableFile> file_;
};

DatabaseEnv::DatabaseEnv(FileSystem& files, Background background, size_t zeros_ahead)
    : leveldb::EnvWrapper(&files),
      files_(files),
      zeros_ahead_(zeros_ahead),
      hold_(background == Background::kManual),
      manual_(background == Background::kManual) {}

DatabaseEnv::~DatabaseEnv() {
  {
    std::lock_guard lock(mutex_);
    STATOR_ASSERT(work_.empty(), "the database is closed before its Env, and waits for its work");
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

leveldb::Status DatabaseEnv::latched() const {
  if (!failed_.load(std::memory_order_acquire)) return leveldb::Status::OK();
  std::lock_guard lock(latch_mutex_);
  return latched_;
}

void DatabaseEnv::latch(const leveldb::Status& status) {
  if (status.ok()) return;
  std::lock_guard lock(latch_mutex_);
  if (latched_.ok()) latched_ = status;
  failed_.store(true, std::memory_order_release);
}

leveldb::Status DatabaseEnv::sync_directory_of(const std::string& name) {
  ++counters_.directory_syncs;
  const leveldb::Status status = files_.sync_directory(directory_of(name));
  latch(status);
  return status;
}

leveldb::Status DatabaseEnv::wrap(const std::string& name, leveldb::WritableFile* file, size_t zeros_ahead,
                                  leveldb::WritableFile** out) {
  // A temporary file counts only once it is renamed, and the rename syncs the directory.
  const bool temporary = std::string_view(name).ends_with(".dbtmp");
  auto wrapped = std::make_unique<SyncedFile>(*this, name, zeros_ahead, file);
  const leveldb::Status status = temporary ? leveldb::Status::OK() : sync_directory_of(name);
  *out = status.ok() ? wrapped.release() : nullptr;
  return status;
}

leveldb::Status DatabaseEnv::NewWritableFile(const std::string& name, leveldb::WritableFile** file) {
  leveldb::WritableFile* inner = nullptr;
  const leveldb::Status status = files_.NewWritableFile(name, &inner);
  if (status.ok()) return wrap(name, inner, zeros_ahead_, file);
  *file = nullptr;
  return status;
}

leveldb::Status DatabaseEnv::NewAppendableFile(const std::string& name, leveldb::WritableFile** file) {
  leveldb::WritableFile* inner = nullptr;
  const leveldb::Status status = files_.NewAppendableFile(name, &inner);
  if (status.ok()) return wrap(name, inner, 0, file);
  *file = nullptr;
  return status;
}

leveldb::Status DatabaseEnv::RenameFile(const std::string& from, const std::string& to) {
  const leveldb::Status status = files_.RenameFile(from, to);
  return status.ok() ? sync_directory_of(to) : status;
}

void DatabaseEnv::Schedule(void (*function)(void*), void* argument) {
  // LevelDB holds its mutex: queue and return.
  std::lock_guard lock(mutex_);
  STATOR_ASSERT(!stopping_, "a database outlived its Env");
  work_.push_back({function, argument});
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

void DatabaseEnv::run_background() {
  std::unique_lock lock(mutex_);
  hold_ = false;
  changed_.notify_all();
  changed_.wait(lock, [this] { return work_.empty() && !running_; });
  hold_ = manual_;
}

void DatabaseEnv::release_background() {
  std::lock_guard lock(mutex_);
  manual_ = false;
  hold_ = false;
  changed_.notify_all();
}

void DatabaseEnv::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || (!hold_ && !work_.empty()); });
    if (stopping_) return;
    const Work work = work_.front();
    work_.pop_front();
    running_ = true;
    lock.unlock();
    work.function(work.argument);  // may call Schedule
    lock.lock();
    running_ = false;
    changed_.notify_all();
  }
}

}  // namespace stator::storage
