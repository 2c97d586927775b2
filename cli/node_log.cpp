// Reads logs from their ends.
#include "cli/node_log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

namespace stator::cli {
namespace {

constexpr auto kFollowInterval = std::chrono::milliseconds(100);

}  // namespace

LogEnd last_lines(const std::string& path, size_t lines) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const auto size = static_cast<size_t>(std::max<std::streamoff>(file.tellg(), 0));
  const size_t looked_at = std::min(size, kLogTailBytesMax);
  file.seekg(static_cast<std::streamoff>(size - looked_at));
  std::string text(looked_at, '\0');
  file.read(text.data(), static_cast<std::streamsize>(looked_at));
  text.resize(static_cast<size_t>(file.gcount()));
  const uint64_t until = size - looked_at + text.size();
  if (text.empty() || lines == 0) return {{}, until};
  if (text.back() != '\n') text += '\n';
  size_t from = text.size() - 1;
  for (size_t line = 0; line < lines && from != std::string::npos; ++line) {
    from = from == 0 ? std::string::npos : text.rfind('\n', from - 1);
  }
  if (from != std::string::npos) {
    text.erase(0, from + 1);
  } else if (looked_at < size) {
    text.erase(0, text.find('\n') + 1);  // begins in the middle of a line
  }
  return {std::move(text), until};
}

void follow(const std::string& path, uint64_t from, const std::function<bool()>& stop) {
  std::error_code error;
  while (!stop()) {
    const auto size = std::filesystem::file_size(path, error);
    if (error) return;
    if (size < from) from = 0;  // cut, or another file
    if (size > from) {
      std::ifstream file(path, std::ios::binary);
      file.seekg(static_cast<std::streamoff>(from));
      std::array<char, 64 * 1024> piece;
      while (file.read(piece.data(), piece.size()), file.gcount() > 0) {
        std::fwrite(piece.data(), 1, static_cast<size_t>(file.gcount()), stdout);
        from += static_cast<size_t>(file.gcount());
      }
      std::fflush(stdout);
    }
    std::this_thread::sleep_for(kFollowInterval);
  }
}

}  // namespace stator::cli
