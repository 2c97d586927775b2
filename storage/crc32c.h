// CRC-32C (Castagnoli, RFC 3720 B.4), as LevelDB's logs carry it: masked, since a checksum of bytes that
// contain checksums is weak. Ours, since Debian has no library of it. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace stator::storage {

uint32_t crc32c(std::string_view bytes);
// LevelDB's log format: rotated right by 15 bits, plus a constant.
inline uint32_t masked_crc32c(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8U; }

}  // namespace stator::storage
