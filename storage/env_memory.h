// The file system of --in-memory: files are byte blocks in this process and vanish with it. The same code
// runs on it as on the disk; there is no second path for development (docs/architecture.md, decision 9).
#pragma once

#include <memory>

#include "storage/env.h"

namespace stator::storage {

// Locks always succeed and syncs do nothing: nobody else can see these files. Any thread.
std::unique_ptr<FileSystem> memory_file_system();

}  // namespace stator::storage
