// What can go wrong on the disk, as values. One enum for the module; `what` is a whole sentence that names
// the thing and the remedy, so that it can be logged or printed as it is. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/result.h"

namespace stator::storage {

enum class ErrorCode : uint8_t {
  kIo = 1,      // the file system failed: read, write, sync, create
  kNoSpace,     // the disk is full
  kPermission,  // the data folder cannot be created or written
  kLocked,      // another process, or another handle of this one, has the folder open
  kFormat,      // written by a version that this one does not know, or no data folder of ours at all
  kCorruption,  // bytes that a checksum, an order or a cross-check proves wrong: items/, or one replica's log
  kLogDamaged,  // a synced batch of log/ rotted: the store counts as wiped (docs/architecture.md, protocol 1)
  kHandleFailed,  // an earlier write through this handle failed; it never writes again. `what` carries the
                  // first error
  kCompacted,     // the log entries asked for are below the log's first index
  kNotFound,      // no such replica, partition or space
  kClosed,        // the queue is shutting down
  kRemoved,       // the replica was removed here, and its id never comes back
};
std::string_view error_code_name(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kIo;
  std::string what;  // a sentence: what happened, and what to do about it
  std::string path;  // the file or folder concerned; may be empty
  // "what (path)", for logs and the command line.
  std::string text() const { return path.empty() ? what : what + " (" + path + ")"; }
};

template <class T>
using Result = model::Result<T, Error>;
using Failure = model::Failure<Error>;

}  // namespace stator::storage
