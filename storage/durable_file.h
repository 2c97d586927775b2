// A small file replaced whole and durably: written beside, synced, renamed. Any thread, one at a time a file.
#pragma once

#include <string>
#include <string_view>

#include "storage/env.h"
#include "storage/error.h"

namespace stator::storage {

// What is written beside a file before it takes its place; left behind by a crash it means nothing.
inline constexpr std::string_view kTemporarySuffix = ".new";

// After a crash `path` holds the old contents or the new ones; once this returns, the new ones. Requires that
// its folder exists.
Result<void> write_durably(FileSystem& files, const std::string& path, const std::string& contents);

}  // namespace stator::storage
