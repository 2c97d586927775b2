// Names of the error codes, and the translation of LevelDB's statuses, which carry the system's reason only
// as text.
#include "storage/error.h"

#include "storage/status.h"

namespace stator::storage {

std::string_view error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kNoSpace:
      return "no_space";
    case ErrorCode::kPermission:
      return "permission";
    case ErrorCode::kLocked:
      return "locked";
    case ErrorCode::kFormat:
      return "format";
    case ErrorCode::kCorruption:
      return "corruption";
    case ErrorCode::kLogDamaged:
      return "log_damaged";
    case ErrorCode::kHandleFailed:
      return "handle_failed";
    case ErrorCode::kCompacted:
      return "compacted";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kClosed:
      return "closed";
    case ErrorCode::kRemoved:
      return "removed";
  }
  return "unknown";
}

ErrorCode code_of(const leveldb::Status& status) {
  const std::string text = status.ToString();
  const auto mentions = [&text](const char* words) { return text.find(words) != std::string::npos; };
  if (status.IsCorruption()) return ErrorCode::kCorruption;
  if (mentions("No space left on device") || mentions("Disk quota exceeded")) return ErrorCode::kNoSpace;
  if (mentions("Permission denied") || mentions("Read-only file system") ||
      mentions("Operation not permitted")) {
    return ErrorCode::kPermission;
  }
  if (mentions("already held by process") || mentions("Resource temporarily unavailable"))
    return ErrorCode::kLocked;
  return ErrorCode::kIo;
}

Error to_error(const leveldb::Status& status, const std::string& what, const std::string& path) {
  return Error{code_of(status), what + ": " + status.ToString(), path};
}

}  // namespace stator::storage
