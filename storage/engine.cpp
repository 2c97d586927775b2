// Engine: LevelDB behind the fatal-error rule (engine.h).
#include "storage/engine.h"

#include <cstdlib>

#include "leveldb/cache.h"
#include "leveldb/filter_policy.h"
#include "model/assert.h"
#include "storage/status.h"

namespace stator::storage {

namespace {

class NullLogger : public leveldb::Logger {
 public:
  void Logv(const char*, std::va_list) override {}
};

leveldb::ReadOptions read_options(const leveldb::Snapshot* snapshot, bool fill_cache) {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = fill_cache;
  options.snapshot = snapshot;
  return options;
}

leveldb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

EngineOptions log_engine_options() {
  EngineOptions options;
  options.name = "log";
  options.block_cache_bytes = 1024 * 1024;
  options.bloom_bits = 0;
  options.compress = false;
  options.zeros_ahead = 1024 * 1024;
  return options;
}

EngineOptions items_engine_options() { return {}; }

Engine::Engine(FileSystem& files, std::string path, const EngineOptions& options, StorageObserver& observer)
    : path_(std::move(path)),
      options_(options),
      observer_(observer),
      logger_(std::make_unique<NullLogger>()),
      filter_(options.bloom_bits > 0 ? leveldb::NewBloomFilterPolicy(options.bloom_bits) : nullptr),
      cache_(leveldb::NewLRUCache(options.block_cache_bytes)),
      env_(std::make_unique<DatabaseEnv>(files, options.background, options.zeros_ahead)) {}

Result<std::unique_ptr<Engine>> Engine::open(FileSystem& files, const std::string& path,
                                             const EngineOptions& options, StorageObserver& observer) {
  std::unique_ptr<Engine> engine(new Engine(files, path, options, observer));
  leveldb::Options leveldb_options;
  leveldb_options.create_if_missing = true;
  leveldb_options.paranoid_checks = true;
  leveldb_options.env = engine->env_.get();
  leveldb_options.info_log = engine->logger_.get();
  leveldb_options.write_buffer_size = options.write_buffer_bytes;
  leveldb_options.max_open_files = options.open_files_max;
  leveldb_options.block_cache = engine->cache_.get();
  leveldb_options.max_file_size = options.table_bytes;
  leveldb_options.compression = options.compress ? leveldb::kSnappyCompression : leveldb::kNoCompression;
  leveldb_options.filter_policy = engine->filter_.get();
  leveldb::DB* db = nullptr;
  const leveldb::Status status = leveldb::DB::Open(leveldb_options, path, &db);
  engine->db_.reset(db);
  if (!status.ok()) {
    return Failure(to_error(status, std::string("Cannot open the database of ") + options.name, path));
  }
  if (const leveldb::Status latched = engine->env_->latched(); !latched.ok()) {
    return Failure(
        to_error(latched, std::string("Cannot make the database of ") + options.name + " durable", path));
  }
  return engine;
}

Engine::~Engine() {
  env_->release_background();
  db_.reset();
}

Error Engine::fail(const leveldb::Status& status) {
  std::lock_guard lock(failure_mutex_);
  if (!failure_) {
    Error error = to_error(status, std::string("A write to ") + options_.name + "/ failed", path_);
    const char* remedy =
        error.code == ErrorCode::kNoSpace
            ? "free disk space, then restart"
            : "check the disk, then restart; what was not confirmed is fetched from the other replicas";
    error.what += ". Nothing more is written there; " + std::string(remedy);
    failure_ = std::move(error);
    failed_.store(true, std::memory_order_release);
    observer_.handle_failed(options_.name);
  }
  return *failure_;
}

std::optional<Error> Engine::failure() const {
  if (!failed_.load(std::memory_order_acquire)) return std::nullopt;
  std::lock_guard lock(failure_mutex_);
  Error error = *failure_;
  error.code = ErrorCode::kHandleFailed;
  return error;
}

Result<void> Engine::write(leveldb::WriteBatch& batch, bool sync) {
  if (auto failed = failure()) return Failure(std::move(*failed));
  leveldb::WriteOptions options;
  options.sync = sync;
  leveldb::Status status = db_->Write(options, &batch);
  // The write may have rotated the log, and the sync of the old one failed: LevelDB does not see that.
  if (status.ok()) status = env_->latched();
  if (!status.ok()) return Failure(fail(status));
  return {};
}

Result<std::optional<std::string>> Engine::get(std::string_view key,
                                               const leveldb::Snapshot* snapshot) const {
  std::string value;
  const leveldb::Status status = db_->Get(read_options(snapshot, true), slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return Failure(read_error(status));
  return std::optional<std::string>(std::move(value));
}

std::unique_ptr<leveldb::Iterator> Engine::iterate(const leveldb::Snapshot* snapshot, bool fill_cache) const {
  return std::unique_ptr<leveldb::Iterator>(db_->NewIterator(read_options(snapshot, fill_cache)));
}

Result<void> Engine::flush() {
  if (auto failed = failure()) return Failure(std::move(*failed));
  env_->release_background();  // or a manual one would wait for ever
  // Compacting a range that holds nothing writes the memory table out first, and does nothing else.
  const std::string behind_all(32, '\xff');
  const leveldb::Slice key(behind_all);
  db_->CompactRange(&key, &key);
  leveldb::WriteBatch nothing;
  return write(nothing, true);  // reports what CompactRange could not
}

int Engine::level0_files() const {
  std::string value;
  return db_->GetProperty("leveldb.num-files-at-level0", &value) ? std::atoi(value.c_str()) : 0;
}

uint64_t Engine::approximate_bytes(std::string_view from, std::string_view to) const {
  const leveldb::Range range(slice(from), slice(to));
  uint64_t bytes = 0;
  db_->GetApproximateSizes(&range, 1, &bytes);
  return bytes;
}

uint64_t Engine::memory_bytes() const {
  std::string value;
  return db_->GetProperty("leveldb.approximate-memory-usage", &value)
             ? std::strtoull(value.c_str(), nullptr, 10)
             : 0;
}

Error Engine::read_error(const leveldb::Status& status) const {
  return to_error(status, std::string("A read of ") + options_.name + "/ failed", path_);
}

}  // namespace stator::storage
