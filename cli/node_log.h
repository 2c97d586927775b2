// A node's log file: its end, and what is added to it.
#pragma once

#include <functional>
#include <string>

namespace stator::cli {

inline constexpr size_t kLogTailBytesMax = 4 * 1024 * 1024;  // of the file's end that are looked at

// The last `lines` lines, each with its newline; fewer where they are longer than kLogTailBytesMax together,
// none where the file cannot be read.
std::string last_lines(const std::string& path, size_t lines);

// Copies what is added to the file to stdout until the file is gone or `stop()` says so. Begins at its
// present end.
void follow(const std::string& path, const std::function<bool()>& stop);

}  // namespace stator::cli
