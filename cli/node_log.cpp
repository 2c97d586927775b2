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

std::string last_lines(const std::string& path, size_t lines) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file || lines == 0) return {};
  const auto size = static_cast<size_t>(std::max<std::streamoff>(file.tellg(), 0));
  const size_t looked_at = std::min(size, kLogTailBytesMax);
  file.seekg(static_cast<std::streamoff>(size - looked_at));
  std::string text(looked_at, '\0');
  file.read(text.data(), static_cast<std::streamsize>(looked_at));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.empty()) return text;
  if (text.back() != '\n') text += '\n';
  size_t from = text.size() - 1;
  for (size_t line = 0; line < lines && from != std::string::npos; ++line) {
    from = from == 0 ? std::string::npos : text.rfind('\n', from - 1);
  }
  if (from != std::string::npos) return text.substr(from + 1);
  if (looked_at < size) return text.substr(text.find('\n') + 1);  // begins in the middle of a line
  return text;
}

void follow(const std::string& path, const std::function<bool()>& stop) {
  std::error_code error;
  auto at = std::filesystem::file_size(path, error);
  while (!error && !stop()) {
    const auto size = std::filesystem::file_size(path, error);
    if (error) return;
    if (size < at) at = 0;  // cut, or another file
    if (size > at) {
      std::ifstream file(path, std::ios::binary);
      file.seekg(static_cast<std::streamoff>(at));
      std::array<char, 64 * 1024> piece;
      while (file.read(piece.data(), piece.size()), file.gcount() > 0) {
        std::fwrite(piece.data(), 1, static_cast<size_t>(file.gcount()), stdout);
        at += static_cast<size_t>(file.gcount());
      }
      std::fflush(stdout);
    }
    std::this_thread::sleep_for(kFollowInterval);
  }
}

}  // namespace stator::cli
