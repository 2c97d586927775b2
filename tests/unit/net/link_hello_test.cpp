// Goal: two processes talk only where both may, and each of the reasons against it is told in words that
// help.
#include "net/link_hello.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stator::net {
namespace {

using testing::HasSubstr;

LinkHello some_hello() {
  LinkHello hello;
  LinkIdentity& identity = hello.identity;
  identity.cluster_id.fill(1);
  identity.node = model::NodeId(2);
  identity.incarnation.fill(3);
  identity.boot_epoch = 4;
  identity.formats_min = 5;
  identity.formats_max = 7;
  identity.active_version = 6;
  identity.version = "1.2.3";
  identity.zone = "zone";
  identity.link_address = "[::1]:1";
  identity.client_address = "host:2";
  identity.admin_address = "host:3";
  identity.wall_clock_micros = 8;
  hello.to = model::NodeId(9);
  hello.session = 10;
  return hello;
}

LinkIdentity ours() {
  LinkIdentity identity;
  identity.cluster_id.fill(1);
  identity.node = model::NodeId(9);
  identity.boot_epoch = 40;
  identity.formats_min = 6;
  identity.formats_max = 8;
  return identity;
}

std::string refusal(const LinkHello& theirs, FrameClass frame_class = FrameClass::kData,
                    uint64_t expected = 0) {
  return refusal_of(ours(), theirs, model::NodeId(expected), frame_class).value_or("");
}

TEST(LinkHello, IsReadAsItWasWritten) {
  const auto hello = decode_hello(encode_hello(some_hello()));
  ASSERT_TRUE(hello.ok()) << hello.error();
  EXPECT_EQ(*hello, some_hello());
}

TEST(LinkHello, LongTextsAreCutAndNeverTaken) {
  LinkHello hello = some_hello();
  hello.identity.zone.assign(10'000, 'z');
  const std::string bytes = encode_hello(hello);
  EXPECT_LE(bytes.size(), kHelloBytesMax);
  EXPECT_EQ(decode_hello(bytes)->identity.zone.size(), kHelloTextMax);
}

TEST(LinkHello, CutBytesAreNoHello) {
  const std::string bytes = encode_hello(some_hello());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_hello(bytes.substr(0, size)).ok()) << size;
  EXPECT_FALSE(decode_hello(std::string(kHelloBytesMax + 8, '\0')).ok());
  EXPECT_FALSE(decode_hello(std::string(64, '\xFF')).ok());
}

TEST(LinkHello, AMemberOfOurClusterIsWelcome) {
  EXPECT_EQ(refusal(some_hello()), "");
  EXPECT_EQ(refusal(some_hello(), FrameClass::kRequest), "");
  EXPECT_EQ(refusal(some_hello(), FrameClass::kData, 2), "");
}

TEST(LinkHello, AnotherClusterIsRefusedAndNoneIsNot) {
  LinkHello hello = some_hello();
  hello.identity.cluster_id.fill(2);
  EXPECT_THAT(refusal(hello), HasSubstr("another cluster"));
  EXPECT_THAT(refusal(hello, FrameClass::kRequest), HasSubstr("another cluster"));
  hello.identity.cluster_id.fill(0);
  EXPECT_EQ(refusal(hello), "");
  EXPECT_FALSE(same_cluster(hello.identity, hello.identity));
}

TEST(LinkHello, ToolsMaySendRequestsOnly) {
  LinkHello hello = some_hello();
  hello.identity.node = model::NodeId();
  EXPECT_THAT(refusal(hello), HasSubstr("only send requests"));
  EXPECT_EQ(refusal(hello, FrameClass::kRequest), "");
}

TEST(LinkHello, NodesMustBeWhomTheOtherWants) {
  LinkHello hello = some_hello();
  EXPECT_THAT(refusal(hello, FrameClass::kData, 3), HasSubstr("node 3 was wanted, that is node 2"));
  hello.to = model::NodeId(3);
  EXPECT_THAT(refusal(hello), HasSubstr("node 3 was wanted, this is node 9"));
  hello.to = model::NodeId();
  EXPECT_EQ(refusal(hello), "");
}

TEST(LinkHello, NobodyTalksToHimself) {
  LinkHello hello = some_hello();
  hello.identity.boot_epoch = ours().boot_epoch;
  EXPECT_THAT(refusal(hello, FrameClass::kRequest), HasSubstr("itself"));
  hello = some_hello();
  hello.identity.node = ours().node;
  EXPECT_THAT(refusal(hello), HasSubstr("both processes are node 9"));
}

TEST(LinkHello, FormatsMustOverlap) {
  LinkHello hello = some_hello();
  hello.identity.formats_max = 6;
  EXPECT_EQ(refusal(hello), "");
  hello.identity.formats_max = 5;
  EXPECT_THAT(refusal(hello), HasSubstr("formats 5 to 5 and ours, 6 to 8, do not overlap"));
  hello.identity.formats_min = 9;
  hello.identity.formats_max = 10;
  EXPECT_THAT(refusal(hello), HasSubstr("do not overlap"));
  hello.identity.formats_min = 8;
  hello.identity.formats_max = 7;
  EXPECT_THAT(refusal(hello), HasSubstr("do not overlap"));
}

TEST(LinkHello, TextsOfOthersDoNotBreakOurLog) {
  EXPECT_EQ(printable("a\nb\x1b[2J\xC3\xA9"), "a?b?[2J??");
  EXPECT_EQ(printable(std::string(5000, 'x')).size(), kRefusalBytesMax);
}

TEST(LinkAddress, IsReadFromText) {
  EXPECT_EQ(*parse_link_address("127.0.0.1:80"), (LinkAddress{"127.0.0.1", 80}));
  EXPECT_EQ(*parse_link_address("node-2.example:65535"), (LinkAddress{"node-2.example", 65535}));
  EXPECT_EQ(*parse_link_address("[::1]:7"), (LinkAddress{"::1", 7}));
  for (const char* text : {"127.0.0.1:80", "[::1]:7", "a:1"})
    EXPECT_EQ(to_string(*parse_link_address(text)), text);
}

TEST(LinkAddress, OtherTextIsNone) {
  for (const char* text :
       {"", ":", "host", "host:", ":80", "host:0", "host:65536", "host:-1", "host:+1", "host: 1", "host:1x",
        "::1:80", "[::1]", "[::1]:", "[]:1", "[a]:1", "[::1:1", "a b:1", "a\n:1"}) {
    const auto parsed = parse_link_address(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(parsed.error(), HasSubstr("host:port"));
  }
  EXPECT_FALSE(parse_link_address(std::string(300, 'h') + ":1").ok());
}

}  // namespace
}  // namespace stator::net
