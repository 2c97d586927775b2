// Files that a crash leaves old or new.
#include "storage/durable_file.h"

#include <memory>

#include "storage/status.h"

namespace stator::storage {

Result<void> write_durably(FileSystem& files, const std::string& path, const std::string& contents) {
  const std::string temporary = path + std::string(kTemporarySuffix);
  leveldb::WritableFile* raw = nullptr;
  leveldb::Status status = files.NewWritableFile(temporary, &raw);
  if (status.ok()) {
    const std::unique_ptr<leveldb::WritableFile> file(raw);
    status = file->Append(contents);
    if (status.ok()) status = file->Sync();
    if (status.ok()) status = file->Close();
  }
  if (status.ok()) status = files.RenameFile(temporary, path);
  if (status.ok()) status = files.sync_directory(directory_of(path));
  if (!status.ok()) return Failure(to_error(status, "Cannot write a file of the data folder", path));
  return {};
}

}  // namespace stator::storage
