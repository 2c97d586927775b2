// Keys of index marks.
#include "cluster/index_marks.h"

#include "model/byte_order.h"
#include "model/key.h"

namespace stator::cluster {
namespace {

constexpr size_t kSuffix = 2 + 8 + 2;

}  // namespace

std::string encode_mark_key(const IndexMark& mark) {
  std::string key;
  key.reserve(mark.item_key.size() + kSuffix);
  key = mark.item_key;
  model::append_big_endian(key, mark.index);
  model::append_big_endian(key, mark.version.index);
  model::append_big_endian(key, mark.version.ordinal);
  return key;
}

std::optional<IndexMark> decode_mark_key(std::string_view key) {
  if (key.size() <= model::kHashSize + kSuffix) return std::nullopt;
  const char* suffix = key.data() + key.size() - kSuffix;
  IndexMark mark;
  mark.item_key = key.substr(0, key.size() - kSuffix);
  mark.index = model::load_big_endian<uint16_t>(suffix);
  mark.version.index = model::load_big_endian<uint64_t>(suffix + 2);
  mark.version.ordinal = model::load_big_endian<uint16_t>(suffix + 10);
  return mark;
}

}  // namespace stator::cluster
