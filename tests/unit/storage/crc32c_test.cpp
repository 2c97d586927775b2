// Goal: crc32c() is the Castagnoli checksum (vectors of RFC 3720 B.4), and its mask is LevelDB's.
#include "storage/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace stator::storage {
namespace {

TEST(Crc32c, Rfc3720Vectors) {
  EXPECT_EQ(0x8a9136aaU, crc32c(std::string(32, '\0')));
  EXPECT_EQ(0x62a8ab43U, crc32c(std::string(32, '\xff')));
  std::string rising, falling;
  for (int i = 0; i < 32; ++i) {
    rising.push_back(static_cast<char>(i));
    falling.push_back(static_cast<char>(31 - i));
  }
  EXPECT_EQ(0x46dd794eU, crc32c(rising));
  EXPECT_EQ(0x113fdb5cU, crc32c(falling));
  const unsigned char read_command[48] = {0x01, 0xc0, 0, 0, 0, 0, 0,    0, 0,    0, 0, 0,    0, 0, 0, 0,
                                          0x14, 0,    0, 0, 0, 0, 0x04, 0, 0,    0, 0, 0x14, 0, 0, 0, 0x18,
                                          0x28, 0,    0, 0, 0, 0, 0,    0, 0x02, 0, 0, 0,    0, 0, 0, 0};
  EXPECT_EQ(0xd9963a56U, crc32c({reinterpret_cast<const char*>(read_command), sizeof read_command}));
}

TEST(Crc32c, ShortAndUnevenLengths) {
  EXPECT_EQ(0U, crc32c(""));
  EXPECT_EQ(0xc1d04330U, crc32c("a"));
  EXPECT_EQ(0xe3069283U, crc32c("123456789"));
}

TEST(Crc32c, MaskChangesTheValueReversibly) {
  const uint32_t crc = crc32c("foo");
  const uint32_t masked = masked_crc32c(crc);
  EXPECT_NE(crc, masked);
  const uint32_t rotated = masked - 0xa282ead8U;
  EXPECT_EQ(crc, (rotated >> 17) | (rotated << 15));
}

}  // namespace
}  // namespace stator::storage
