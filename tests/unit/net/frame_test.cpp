// Goal: the bytes of a frame are what docs/link.md says, and no other bytes are taken for a frame.
#include "net/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/byte_order.h"
#include "model/checksum.h"

namespace stator::net {
namespace {

using testing::HasSubstr;

FrameHeader some_header() {
  FrameHeader header;
  header.frame_class = FrameClass::kData;
  header.kind = 0x0203;
  header.flags = kFrameResponse | kFrameMoreFragments;
  header.body_bytes = 5;
  header.correlation = 0x1112131415161718;
  header.fragment = 0x21222324;
  header.deadline_ms = 0x31323334;
  header.stamp = 0x4142434445464748;
  header.map_version = 0x5152535455565758;
  for (size_t i = 0; i < header.trace_id.size(); ++i) header.trace_id[i] = static_cast<uint8_t>(0x60 + i);
  return header;
}

std::string bytes_of(const FrameHeader& header, std::string_view body) {
  const FrameHeaderBytes bytes = encode_frame_header(header, body);
  return {bytes.data(), bytes.size()};
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    out += kDigits[static_cast<uint8_t>(byte) >> 4];
    out += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return out;
}

std::string error_of(const std::string& bytes) {
  const auto header = decode_frame_header(bytes);
  return header.ok() ? "" : header.error();
}

TEST(Frame, HasTheBytesOfTheTable) {
  EXPECT_EQ(hex(bytes_of(some_header(), "hello")),
            "53544c4b"                          // magic
            "01"                                // header version
            "01"                                // class
            "0302"                              // kind
            "0500"                              // flags
            "05000000"                          // body length
            "1817161514131211"                  // correlation
            "24232221"                          // fragment
            "34333231"                          // deadline
            "4847464544434241"                  // stamp
            "5857565554535251"                  // map version
            "606162636465666768696a6b6c6d6e6f"  // trace id
            "3f503f99ef03542d");                // checksum
}

TEST(Frame, IsReadAsItWasWritten) {
  const std::string bytes = bytes_of(some_header(), "hello");
  const auto header = decode_frame_header(bytes);
  ASSERT_TRUE(header.ok()) << header.error();
  EXPECT_EQ(*header, some_header());
  EXPECT_TRUE(frame_is_intact(bytes, "hello"));
}

TEST(Frame, AnyBitThatFlipsIsFound) {
  const std::string bytes = bytes_of(some_header(), "hello");
  for (size_t bit = 0; bit < (bytes.size() + 5) * 8; ++bit) {
    std::string all = bytes + "hello";
    all[bit / 8] = static_cast<char>(all[bit / 8] ^ (1 << (bit % 8)));
    const std::string_view view(all);
    EXPECT_FALSE(frame_is_intact(view.substr(0, kFrameHeaderBytes), view.substr(kFrameHeaderBytes))) << bit;
  }
}

TEST(Frame, OtherBytesAreRefusedByTheirHeader) {
  const std::string good = bytes_of(some_header(), "hello");
  const auto with = [&](size_t at, auto value) {
    std::string bytes = good;
    model::store_little_endian(bytes.data() + at, value);
    return error_of(bytes);
  };
  EXPECT_EQ(error_of(good), "");
  EXPECT_THAT(with(0, uint32_t{0x20544547}), HasSubstr("magic"));
  EXPECT_THAT(with(4, uint8_t{2}), HasSubstr("version"));
  EXPECT_THAT(with(5, uint8_t{4}), HasSubstr("class"));
  EXPECT_THAT(with(8, kFrameCompressed), HasSubstr("flags"));
  EXPECT_THAT(with(8, uint16_t{0x8000}), HasSubstr("flags"));
  EXPECT_THAT(with(8, uint16_t{kFrameResponse | kFrameOneWay}), HasSubstr("one-way"));
  EXPECT_THAT(with(10, kFrameBodyMax + 1), HasSubstr("too large"));
  EXPECT_THAT(with(10, uint32_t{0xFFFFFFFF}), HasSubstr("too large"));
  EXPECT_THAT(with(10, uint32_t{0}), HasSubstr("empty fragment"));
  EXPECT_EQ(with(10, kFrameBodyMax), "");
}

TEST(Frame, AnEmptyBodyIsAWholeMessage) {
  FrameHeader header;
  header.kind = kHeartbeat;
  const std::string bytes = bytes_of(header, "");
  EXPECT_EQ(error_of(bytes), "");
  EXPECT_TRUE(frame_is_intact(bytes, ""));
}

}  // namespace
}  // namespace stator::net
