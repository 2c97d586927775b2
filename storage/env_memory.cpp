// The in-memory file system: LevelDB's own, made to fit FileSystem.
#include "storage/env_memory.h"

#include "leveldb/helpers/memenv.h"

namespace stator::storage {

namespace {

// Owns what it wraps; a base class, so that it is there before FileSystem's constructor and after its
// destructor.
struct OwnedEnv {
  std::unique_ptr<leveldb::Env> owned{leveldb::NewMemEnv(leveldb::Env::Default())};
};

class MemoryFileSystem : private OwnedEnv, public FileSystem {
 public:
  MemoryFileSystem() : FileSystem(owned.get()) {}
  leveldb::Status sync_directory(const std::string&) override { return leveldb::Status::OK(); }
};

}  // namespace

std::unique_ptr<FileSystem> memory_file_system() { return std::make_unique<MemoryFileSystem>(); }

}  // namespace stator::storage
