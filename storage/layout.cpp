// The data folder (layout.h).
#include "storage/layout.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <vector>

#include "model/assert.h"
#include "storage/cluster_file.h"
#include "storage/durable_file.h"
#include "storage/status.h"

namespace stator::storage {

namespace {

constexpr size_t kIncarnationBytes = 16;
constexpr std::string_view kLogName = "stator.log";  // a launcher writes it before the folder is opened

std::string format_text() { return "stator " + std::to_string(kDataFormat) + "\n"; }

// Makes the folder and its parents, each durable in its parent.
Result<void> make_folder(FileSystem& files, const std::string& path) {
  if (path.empty() || path == "/" || path == "." || files.FileExists(path)) return {};
  const std::string parent = directory_of(path);
  if (auto made = make_folder(files, parent); !made) return made;
  leveldb::Status status = files.CreateDir(path);
  if (!status.ok() && files.FileExists(path)) status = leveldb::Status::OK();  // somebody else was faster
  if (status.ok()) status = files.sync_directory(parent);
  if (!status.ok()) {
    return Failure(
        to_error(status, "Cannot create the data folder; choose another or change its owner", path));
  }
  return {};
}

// A trailing slash would make the folder its own parent.
std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string random_incarnation() {
  std::array<unsigned char, kIncarnationBytes> bytes;
  const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
  STATOR_ASSERT(got == static_cast<ssize_t>(bytes.size()), "getrandom gives up to 256 bytes at once");
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15]);
  }
  return text;
}

bool is_incarnation(std::string_view text) {
  return text.size() == 2 * kIncarnationBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Removes everything below `path`, and itself. Depth: our own layout's three levels.
leveldb::Status remove_folder(FileSystem& files, const std::string& path, int depth_left) {
  std::vector<std::string> names;
  if (!files.GetChildren(path, &names).ok()) return leveldb::Status::OK();
  leveldb::Status status;
  for (const std::string& name : names) {
    if (name == "." || name == "..") continue;
    const std::string child = path + "/" + name;
    if (files.RemoveFile(child).ok()) continue;
    std::vector<std::string> grandchildren;
    if (depth_left == 0 || !files.GetChildren(child, &grandchildren).ok()) {
      return leveldb::Status::IOError(child, "cannot be removed");
    }
    status = remove_folder(files, child, depth_left - 1);
    if (!status.ok()) return status;
  }
  status = files.sync_directory(path);
  if (status.ok()) status = files.RemoveDir(path);
  return status;
}

}  // namespace

Result<std::unique_ptr<DataFolder>> DataFolder::open(FileSystem& files, const std::string& path) {
  std::unique_ptr<DataFolder> folder(new DataFolder(files, without_trailing_slashes(path)));
  if (auto done = folder->prepare(); !done) return Failure(std::move(done.error()));
  return folder;
}

DataFolder::~DataFolder() {
  if (lock_) files_.UnlockFile(lock_);
}

std::string DataFolder::log_path(uint32_t store) const {
  return path_ + "/stores/" + std::to_string(store) + "/log";
}
std::string DataFolder::items_path(uint32_t store) const {
  return path_ + "/stores/" + std::to_string(store) + "/items";
}

Result<void> DataFolder::prepare() {
  if (auto done = make_folder(files_, path_); !done) return done;
  if (auto done = lock(); !done) return done;
  if (auto done = check_format(); !done) return done;
  if (files_.FileExists(path_ + "/WIPING")) {
    if (auto done = finish_wipe(); !done) return done;
  }
  if (auto done = read_incarnation(); !done) return done;
  for (const std::string& folder : {log_path(), items_path()}) {
    if (auto done = make_folder(files_, folder); !done) return done;
  }
  return {};
}

Result<void> DataFolder::lock() {
  const leveldb::Status status = files_.LockFile(path_ + "/LOCK", &lock_);
  if (status.ok()) return {};
  lock_ = nullptr;
  Error error = to_error(status, "Cannot lock the data folder", path_);
  if (error.code == ErrorCode::kLocked) {
    error.what = "The data folder is in use by another process; stop that one, or choose another folder";
  } else if (error.code == ErrorCode::kPermission) {
    error.what = "The data folder cannot be written; change its owner or its mode, or choose another: " +
                 status.ToString();
  }
  return Failure(std::move(error));
}

Result<void> DataFolder::check_format() {
  const std::string file = path_ + "/FORMAT";
  if (!files_.FileExists(file)) {
    std::vector<std::string> names;
    files_.GetChildren(path_, &names);
    for (const std::string& name : names) {
      const bool ours = name == "." || name == ".." || name == "LOCK" || name == "FORMAT.new" || name == kLogName;
      if (ours || name == "lost+found") continue;
      return Failure(Error{
          ErrorCode::kFormat,
          "The folder is not empty and no data folder of Stator (it holds " + name + "); choose another",
          path_});
    }
    return write_durably(files_, file, format_text());
  }
  std::string contents;
  const leveldb::Status status = leveldb::ReadFileToString(&files_, file, &contents);
  if (!status.ok()) return Failure(to_error(status, "Cannot read the data folder's format", file));
  if (contents == format_text()) return {};
  return Failure(Error{ErrorCode::kFormat,
                       "The data folder has a format that this version does not know (\"" +
                           contents.substr(0, contents.find('\n')) + "\"); run the version that wrote it",
                       path_});
}

Result<void> DataFolder::read_incarnation() {
  const std::string file = path_ + "/INCARNATION";
  if (!files_.FileExists(file)) return renew_incarnation();
  std::string contents;
  const leveldb::Status status = leveldb::ReadFileToString(&files_, file, &contents);
  if (!status.ok()) return Failure(to_error(status, "Cannot read the data folder's incarnation", file));
  if (!contents.empty() && contents.back() == '\n') contents.pop_back();
  if (!is_incarnation(contents)) {
    return Failure(Error{ErrorCode::kCorruption,
                         "The data folder's incarnation is damaged; wipe the folder and rejoin", file});
  }
  incarnation_ = contents;
  return {};
}

Result<void> DataFolder::renew_incarnation() {
  const std::string incarnation = random_incarnation();
  if (auto written = write_durably(files_, path_ + "/INCARNATION", incarnation + "\n"); !written)
    return written;
  incarnation_ = incarnation;
  return {};
}

// WIPING is there before the first file goes and until the new incarnation is: otherwise a crash between
// could leave an empty folder under the old name, which would vote again (protocol 5).
Result<void> DataFolder::finish_wipe() {
  leveldb::Status status = remove_folder(files_, path_ + "/stores", 3);
  if (!status.ok()) return Failure(to_error(status, "Cannot wipe the data folder", path_));
  if (auto removed = remove_cluster_file(files_, path_); !removed) return removed;
  status = files_.sync_directory(path_);
  if (!status.ok()) return Failure(to_error(status, "Cannot wipe the data folder", path_));
  if (auto renewed = renew_incarnation(); !renewed) return renewed;
  status = files_.RemoveFile(path_ + "/WIPING");
  if (status.ok()) status = files_.sync_directory(path_);
  if (!status.ok()) return Failure(to_error(status, "Cannot wipe the data folder", path_));
  return {};
}

Result<void> DataFolder::wipe() {
  if (auto marked = write_durably(files_, path_ + "/WIPING", "\n"); !marked) return marked;
  return finish_wipe();
}

Result<void> wipe_data_folder(FileSystem& files, const std::string& path) {
  auto folder = DataFolder::open(files, path);
  if (!folder) return Failure(std::move(folder.error()));
  return (*folder)->wipe();
}

}  // namespace stator::storage
