// The data folder: what lies where, who owns it, and which incarnation it is.
//
//   DIR/LOCK             held by the process that uses the folder
//   DIR/FORMAT           "stator 1\n": refuses versions that do not know what lies here
//   DIR/INCARNATION      32 hex digits, random: a wiped folder gets a new one, and new replicas (protocol 5)
//   DIR/CLUSTER          which cluster this is a node of (cluster_file.h); none in a cluster of one
//   DIR/WIPING           there while wipe_data_folder() is at work; the next open finishes it
//   DIR/stores/0/log     the two LevelDBs of a store
//   DIR/stores/0/items
//   DIR/stator.log       what the process printed, where `stator cluster` started it
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "storage/env.h"
#include "storage/error.h"

namespace stator::storage {

inline constexpr uint32_t kDataFormat = 1;

// An open data folder. The lock is released when this is destroyed. Any thread.
class DataFolder {
 public:
  // Creates what is missing, down to the parents of `path`, and makes it durable. kLocked, kPermission and
  // kFormat say in one sentence what the operator can do.
  static Result<std::unique_ptr<DataFolder>> open(FileSystem& files, const std::string& path);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  const std::string& path() const { return path_; }
  const std::string& incarnation() const { return incarnation_; }
  std::string log_path(uint32_t store = 0) const;
  std::string items_path(uint32_t store = 0) const;
  // A new random incarnation, durable.
  Result<void> renew_incarnation();
  // Deletes all data and renews the incarnation. Requires that no database in it is open; it needs a new open
  // afterwards.
  Result<void> wipe();
  FileSystem& files() { return files_; }

 private:
  DataFolder(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  Result<void> prepare();
  Result<void> lock();
  Result<void> check_format();
  Result<void> read_incarnation();
  Result<void> finish_wipe();

  FileSystem& files_;
  const std::string path_;
  std::string incarnation_;
  leveldb::FileLock* lock_ = nullptr;
};

// Deletes all data of a folder and gives it a new incarnation: what an operator (or a node with a healthy
// quorum elsewhere) does with a store that counts as wiped. Never called by opening. Requires that nobody has
// it open.
Result<void> wipe_data_folder(FileSystem& files, const std::string& path);

}  // namespace stator::storage
