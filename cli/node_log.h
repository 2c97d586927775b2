// A node's log file: its end, and what is added to it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace stator::cli {

inline constexpr size_t kLogTailBytesMax = 4 * 1024 * 1024;  // of the file's end that are looked at

struct LogEnd {
  std::string text;    // whole lines, each with its newline
  uint64_t until = 0;  // where in the file it ends
};
// The last `lines` lines; fewer where they are longer than kLogTailBytesMax together, none where the file
// cannot be read.
LogEnd last_lines(const std::string& path, size_t lines);

// Copies to stdout what is added to the file after `from`, until the file is gone or `stop()` says so. Begins
// anew where the file got shorter.
void follow(const std::string& path, uint64_t from, const std::function<bool()>& stop);

}  // namespace stator::cli
