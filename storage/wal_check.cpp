// The pass over the write-ahead logs before LevelDB opens them (wal_check.h says what is cut and what is
// reported).
#include "storage/wal_check.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <vector>

#include "storage/status.h"
#include "storage/wal_format.h"

namespace stator::storage {

namespace {

constexpr size_t kReadChunk = 1024 * 1024;

// "000012.log" -> 12.
std::optional<uint64_t> log_number(const std::string& name) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || std::string_view(end) != ".log") return std::nullopt;
  return number;
}

// The pass over one database. One use.
class WalCheck {
 public:
  WalCheck(FileSystem& files, const std::string& path, WalPolicy policy)
      : files_(files), path_(path), policy_(policy) {}

  Result<WalReport> run() {
    leveldb::Status status = files_.GetChildren(path_, &names_);
    if (!status.ok()) return report_;  // no folder yet
    if (!files_.FileExists(path_ + "/CURRENT")) return without_current();
    if (auto manifest = check_manifest(); !manifest) return Failure(std::move(manifest.error()));
    if (auto logs = check_logs(); !logs) return Failure(std::move(logs.error()));
    return report_;
  }

 private:
  ErrorCode damage_code() const {
    return policy_ == WalPolicy::kTornTailOnly ? ErrorCode::kLogDamaged : ErrorCode::kCorruption;
  }
  Failure damage(const std::string& file, const std::string& what) const {
    return Failure(Error{damage_code(), what, path_ + "/" + file});
  }
  Failure io(const leveldb::Status& status, const std::string& what, const std::string& file) const {
    return Failure(to_error(status, what, path_ + "/" + file));
  }

  // CURRENT is durable before the first log or table comes to be.
  Result<WalReport> without_current() {
    for (const std::string& name : names_) {
      if (log_number(name) || name.ends_with(".ldb") || name.ends_with(".sst")) {
        return damage("CURRENT",
                      "The file that names the database's MANIFEST is gone, and data of it is still there");
      }
    }
    return report_;
  }

  // Not ReadFileToString: that one reads 8 KiB at a time.
  Result<std::string> read(const std::string& file) const {
    std::string contents;
    uint64_t size = 0;
    leveldb::Status status = files_.GetFileSize(path_ + "/" + file, &size);
    leveldb::SequentialFile* raw = nullptr;
    if (status.ok()) status = files_.NewSequentialFile(path_ + "/" + file, &raw);
    if (!status.ok()) return io(status, "Cannot read a file of the database", file);
    const std::unique_ptr<leveldb::SequentialFile> open(raw);
    contents.reserve(size);
    std::string scratch(std::clamp<uint64_t>(size, 1, kReadChunk), '\0');
    while (true) {
      leveldb::Slice piece;
      status = open->Read(scratch.size(), &piece, scratch.data());
      if (!status.ok()) return io(status, "Cannot read a file of the database", file);
      if (piece.empty()) return contents;
      contents.append(piece.data(), piece.size());
    }
  }

  // Keeps the first `size` bytes. A new file takes the old one's place in one step, so that a crash leaves
  // either.
  Result<void> cut(const std::string& file, std::string_view contents, size_t size) {
    const std::string temporary =
        path_ + "/" + file + ".dbtmp";  // LevelDB removes such files where we do not come to it
    leveldb::WritableFile* raw = nullptr;
    leveldb::Status status = files_.NewWritableFile(temporary, &raw);
    if (status.ok()) {
      const std::unique_ptr<leveldb::WritableFile> open(raw);
      status = open->Append(leveldb::Slice(contents.data(), size));
      if (status.ok()) status = open->Sync();
      if (status.ok()) status = open->Close();
    }
    if (status.ok()) status = files_.RenameFile(temporary, path_ + "/" + file);
    if (status.ok()) status = files_.sync_directory(path_);
    if (!status.ok()) return io(status, "Cannot cut the torn end of a log", file);
    report_.cut_bytes += contents.size() - size;
    return {};
  }

  void note(const std::string& file, const WalScan& scan, size_t size) {
    if (!report_.detail.empty()) report_.detail += "; ";
    report_.detail += file + " is good up to byte " + std::to_string(scan.good_end) + " of " +
                      std::to_string(size) + " (" + scan.problem + ")";
  }

  Result<void> check_manifest() {
    auto current = read("CURRENT");
    if (!current) return Failure(std::move(current.error()));
    std::string file = *current;
    if (file.empty() || file.back() != '\n') return damage("CURRENT", "The file does not name a MANIFEST");
    file.pop_back();
    if (!file.starts_with("MANIFEST-") || !files_.FileExists(path_ + "/" + file)) {
      return damage(file, "The MANIFEST that CURRENT names is not there");
    }
    auto contents = read(file);
    if (!contents) return Failure(std::move(contents.error()));
    const WalScan scan = scan_wal(*contents, [this](std::string_view edit) {
      return take_manifest_edit(edit, manifest_) ? std::string() : std::string("not a version edit");
    });
    if (scan.clean()) return {};
    note(file, scan, contents->size());
    // The first edit is synced before CURRENT names the file; each one before its consequences.
    const auto is_edit = [](std::string_view record) {
      ManifestState ignored;
      return !record.empty() && take_manifest_edit(record, ignored);
    };
    if (scan.records == 0 || whole_record_behind(*contents, scan.good_end, is_edit)) {
      return damage(file, "The MANIFEST is damaged: " + report_.detail);
    }
    return cut(file, *contents, scan.good_end);
  }

  Result<void> check_logs() {
    std::vector<std::pair<uint64_t, std::string>> logs;
    for (const std::string& name : names_) {
      const auto number = log_number(name);
      if (number && *number >= manifest_.log_number)
        logs.emplace_back(*number, name);  // older ones are in tables
    }
    std::sort(logs.begin(), logs.end());
    // A log is created, and its name synced, before the MANIFEST names it.
    if (manifest_.log_number != 0 && (logs.empty() || logs.front().first != manifest_.log_number)) {
      if (policy_ == WalPolicy::kTornTailOnly) {
        return damage("CURRENT",
                      "The write-ahead log " + std::to_string(manifest_.log_number) + " is needed and gone");
      }
      report_.detail += "log " + std::to_string(manifest_.log_number) + " is gone";
      return drop_from(logs, 0);
    }
    next_sequence_ = 0;
    for (size_t i = 0; i < logs.size(); ++i) {
      auto good = check_log(logs, i);
      if (!good) return Failure(std::move(good.error()));
      if (!*good) return {};
    }
    return {};
  }

  // False where the log was cut, and those behind it dropped.
  Result<bool> check_log(const std::vector<std::pair<uint64_t, std::string>>& logs, size_t i) {
    const std::string& file = logs[i].second;
    auto contents = read(file);
    if (!contents) return Failure(std::move(contents.error()));
    const WalScan scan =
        scan_wal(*contents, [this](std::string_view record) { return accept_batch(record); });
    ++report_.logs;
    report_.records += scan.records;
    if (scan.clean()) return true;
    note(file, scan, contents->size());
    if (policy_ == WalPolicy::kTornTailOnly) {
      const auto is_later_batch = [this](std::string_view record) {
        const auto batch = parse_wal_batch(record);
        return batch && batch->sequence >= next_sequence_;
      };
      if (i + 1 < logs.size() || whole_record_behind(*contents, scan.good_end, is_later_batch)) {
        return damage(file, "Synced writes of the Raft log are damaged: " + report_.detail);
      }
    } else {
      // Last first, and durably so before the cut: a crash between must not leave a later log behind a log
      // that looks whole.
      if (auto dropped = drop_from(logs, i + 1); !dropped) return Failure(std::move(dropped.error()));
    }
    if (auto done = cut(file, *contents, scan.good_end); !done) return Failure(std::move(done.error()));
    return false;
  }

  // Sequence numbers run on over the batches of a run, and only one run's logs are ever needed: the first
  // open of the next run writes them to tables. So a gap is a hole, even where it falls between two whole
  // records or two files.
  std::string accept_batch(std::string_view record) {
    const auto batch = parse_wal_batch(record);
    if (!batch) return "a record that is no batch";
    const bool first = next_sequence_ == 0;
    const bool gap =
        first ? batch->sequence > manifest_.last_sequence + 1 : batch->sequence != next_sequence_;
    if (gap) return "batches are missing before sequence " + std::to_string(batch->sequence);
    next_sequence_ = batch->sequence + batch->count;
    return {};
  }

  Result<void> drop_from(const std::vector<std::pair<uint64_t, std::string>>& logs, size_t first) {
    for (size_t i = logs.size(); i > first; --i) {
      leveldb::Status status = files_.RemoveFile(path_ + "/" + logs[i - 1].second);
      if (status.ok()) status = files_.sync_directory(path_);
      if (!status.ok()) return io(status, "Cannot drop a log behind a torn one", logs[i - 1].second);
      ++report_.dropped_logs;
    }
    return {};
  }

  FileSystem& files_;
  const std::string& path_;
  const WalPolicy policy_;
  std::vector<std::string> names_;
  ManifestState manifest_;
  uint64_t next_sequence_ = 0;  // that the next batch must have; 0: none was read yet
  WalReport report_;
};

}  // namespace

Result<WalReport> check_write_ahead_logs(FileSystem& files, const std::string& path, WalPolicy policy) {
  return WalCheck(files, path, policy).run();
}

}  // namespace stator::storage
