// Keys of index marks.
#include "cluster/index_marks.h"

#include "model/key.h"

namespace stator::cluster {
namespace {

constexpr size_t kSuffix = 2 + 8 + 2;

void append_big_endian(std::string& out, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

uint64_t read_big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

}  // namespace

std::string encode_mark_key(const IndexMark& mark) {
  std::string key;
  key.reserve(mark.item_key.size() + kSuffix);
  key = mark.item_key;
  append_big_endian(key, mark.index, 2);
  append_big_endian(key, mark.version.index, 8);
  append_big_endian(key, mark.version.ordinal, 2);
  return key;
}

std::optional<IndexMark> decode_mark_key(std::string_view key) {
  if (key.size() <= model::kHashSize + kSuffix) return std::nullopt;
  const std::string_view suffix = key.substr(key.size() - kSuffix);
  IndexMark mark;
  mark.item_key = key.substr(0, key.size() - kSuffix);
  mark.index = static_cast<uint16_t>(read_big_endian(suffix.substr(0, 2)));
  mark.version.index = read_big_endian(suffix.substr(2, 8));
  mark.version.ordinal = static_cast<uint16_t>(read_big_endian(suffix.substr(10)));
  return mark;
}

}  // namespace stator::cluster
