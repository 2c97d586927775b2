// Goal: what is packed comes back; what is damaged, cut off or a bomb is refused within the bound.
#include "net/gzip.h"

#include <gtest/gtest.h>

#include <string>

namespace stator::net {
namespace {

constexpr uint64_t kMax = 1'000'000;

std::string packed(std::string text) {
  Gzipper gzipper;
  EXPECT_TRUE(gzipper.pack(text));
  return text;
}

TEST(Gzip, ComesBack) {
  Gzipper gzipper;
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{5000}, size_t{16384}, size_t{16385}, size_t{999'999}}) {
    std::string text;
    for (size_t i = 0; i < size; ++i) text.push_back(static_cast<char>(i * 2654435761u >> 13));
    std::string body = text;
    ASSERT_TRUE(gzipper.pack(body));
    std::string out;
    EXPECT_EQ(gunzip(body, kMax, out), GunzipError::kNone);
    EXPECT_EQ(out, text);
  }
}

TEST(Gzip, TheBoundIsExact) {
  std::string out;
  EXPECT_EQ(gunzip(packed(std::string(kMax, 'a')), kMax, out), GunzipError::kNone);
  EXPECT_EQ(out.size(), kMax);
  EXPECT_EQ(gunzip(packed(std::string(kMax + 1, 'a')), kMax, out), GunzipError::kTooLarge);
  EXPECT_LE(out.capacity(), 2 * kMax);
}

TEST(Gzip, MembersAreJoined) {
  const std::string two = packed("one, ") + packed("two");
  std::string out;
  EXPECT_EQ(gunzip(two, kMax, out), GunzipError::kNone);
  EXPECT_EQ(out, "one, two");
  EXPECT_EQ(gunzip(two, out.size(), out), GunzipError::kNone);
  EXPECT_EQ(gunzip(two, out.size() - 1, out), GunzipError::kTooLarge);
  EXPECT_EQ(gunzip(two.substr(0, two.size() - 1), kMax, out), GunzipError::kCorrupt);
  EXPECT_EQ(gunzip(packed(std::string(kMax, 'a')) + packed(""), kMax, out), GunzipError::kNone);
  EXPECT_EQ(gunzip(packed(std::string(kMax, 'a')) + packed("a"), kMax, out), GunzipError::kTooLarge);
}

TEST(Gzip, ABombIsStoppedAtTheBound) {
  const std::string bomb = packed(std::string(100'000'000, '\0'));
  EXPECT_LT(bomb.size(), 1'000'000u);
  std::string out;
  EXPECT_EQ(gunzip(bomb, kMax, out), GunzipError::kTooLarge);
  EXPECT_LE(out.capacity(), 2 * kMax);
}

TEST(Gzip, EveryCutIsSeen) {
  const std::string whole = packed("some text that is not so short, some text that is not so short");
  std::string out;
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(gunzip(whole.substr(0, size), kMax, out), GunzipError::kCorrupt) << size;
  }
  EXPECT_EQ(gunzip(whole + "x", kMax, out), GunzipError::kCorrupt);
  EXPECT_EQ(gunzip("plain text", kMax, out), GunzipError::kCorrupt);
}

TEST(Gzip, ADamagedTrailerIsSeen) {
  std::string body = packed(std::string(10'000, 'q'));
  body[body.size() - 6] ^= 1;  // of the CRC
  std::string out;
  EXPECT_EQ(gunzip(body, kMax, out), GunzipError::kCorrupt);
}

}  // namespace
}  // namespace stator::net
