// leveldb::Status to storage::Error. Private to storage/.
#pragma once

#include <string>

#include "leveldb/status.h"
#include "storage/error.h"

namespace stator::storage {

// Requires a status that is not OK.
ErrorCode code_of(const leveldb::Status& status);
// "what: LevelDB's own words".
Error to_error(const leveldb::Status& status, const std::string& what, const std::string& path);

}  // namespace stator::storage
