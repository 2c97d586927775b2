// Sizes of item collections as bytes.
#include "model/collection_size.h"

#include "model/byte_order.h"
#include "model/checksum.h"

namespace stator::model {
namespace {

constexpr char kFormat = 1;
constexpr size_t kChecksumAt = 9;
constexpr size_t kSize = kChecksumAt + 8;

}  // namespace

std::string encode_collection_size(std::string_view key, uint64_t bytes) {
  std::string value(kSize, '\0');
  value[0] = kFormat;
  store_little_endian(value.data() + 1, bytes);
  store_little_endian(value.data() + kChecksumAt, checksum_of({key, std::string_view(value).substr(0, kChecksumAt)}));
  return value;
}

std::optional<uint64_t> decode_collection_size(std::string_view key, std::string_view value) {
  if (value.size() != kSize || value[0] != kFormat) return std::nullopt;
  const uint64_t checksum = checksum_of({key, value.substr(0, kChecksumAt)});
  if (load_little_endian<uint64_t>(value.data() + kChecksumAt) != checksum) return std::nullopt;
  return load_little_endian<uint64_t>(value.data() + 1);
}

}  // namespace stator::model
