// Goal: whatever comes over a connection that is none of ours costs that connection, and nothing else: no
// memory, no thread, no other connection. Bytes over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "link_fixture.h"

namespace stator::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::StartsWith;

class LinkGarbage : public testing::Test {
 protected:
  static LinkLimits limits() {
    LinkLimits limits;
    limits.handshake_deadline = milliseconds(300);
    limits.idle_max = milliseconds(300);
    limits.unauthenticated_max = 4;
    limits.incoming_max = 12;
    limits.serving_max = 8;
    limits.sweep_interval = milliseconds(5);
    return limits;
  }
  LinkGarbage() : a_(1, limits()), b_(2) {}
  void SetUp() override { connect(a_, b_); }
  // The two that were connected before notice nothing.
  void TearDown() override {
    CallResult call;
    b_.link().call(a_.id(), TestNode::kEcho, "still here", seconds(20), call.done());
    EXPECT_EQ(call.text(), "ok: still here");
    EXPECT_EQ(a_.times_lost(b_.id()), 0);
    EXPECT_EQ(b_.times_lost(a_.id()), 0);
  }
  uint64_t garbage() { return a_.link().stats().garbage_closes; }

  // A connection for requests, after its handshake.
  RawLink tool() {
    RawLink link(a_.port());
    LinkIdentity identity;
    identity.boot_epoch = 9;
    EXPECT_EQ(shake_hands(link, identity, FrameClass::kRequest), kHello);
    return link;
  }
  static FrameHeader request(uint16_t kind, uint64_t correlation, uint32_t deadline_ms = 20'000) {
    FrameHeader header;
    header.frame_class = FrameClass::kRequest;
    header.kind = kind;
    header.correlation = correlation;
    header.deadline_ms = deadline_ms;
    return header;
  }

  TestNode a_, b_;
};

TEST_F(LinkGarbage, OtherProtocolsAreClosed) {
  const std::string http =
      "GET / HTTP/1.1\r\nHost: stator\r\nUser-Agent: " + std::string(200, 'x') + "\r\n\r\n";
  for (const std::string& bytes :
       {http, std::string(128, '\0'), std::string(1'000'000, '\xFF'), body_of_size(5000)}) {
    RawLink link(a_.port());
    link.send(bytes);
    EXPECT_TRUE(link.closed());
  }
  EXPECT_TRUE(eventually_true([&] { return garbage() == 4; }));
}

TEST_F(LinkGarbage, AHugeLengthIsClosedUnread) {
  RawLink before(a_.port());
  FrameHeader header;
  header.kind = kHello;
  header.body_bytes = kFrameBodyMax;
  const std::string body(kFrameBodyMax, 'x');
  const FrameHeaderBytes bytes = encode_frame_header(header, body);
  before.send({bytes.data(), bytes.size()});
  EXPECT_TRUE(before.closed());

  RawLink after = tool();
  FrameHeaderBytes huge = encode_frame_header(request(TestNode::kEcho, 1), "");
  huge[13] = '\x7F';  // 2 GB
  after.send({huge.data(), huge.size()});
  EXPECT_TRUE(after.closed());
  EXPECT_TRUE(eventually_true([&] { return garbage() == 2; }));
}

TEST_F(LinkGarbage, ASlowHelloIsClosed) {
  RawLink mute(a_.port());
  RawLink half(a_.port());
  half.send("STL");
  EXPECT_TRUE(mute.closed());
  EXPECT_TRUE(half.closed());
  EXPECT_EQ(garbage(), 0u);
}

TEST_F(LinkGarbage, ATruncatedFrameIsForgotten) {
  {
    RawLink link = tool();
    const std::string body(50'000, 'x');
    FrameHeader header = request(TestNode::kEcho, 1);
    header.body_bytes = static_cast<uint32_t>(body.size());
    const FrameHeaderBytes bytes = encode_frame_header(header, body);
    link.send({bytes.data(), bytes.size()});
    link.send(body.substr(0, 10'000));
  }
  EXPECT_EQ(a_.requests, 0);
}

TEST_F(LinkGarbage, AnIdleConnectionForRequestsIsClosed) {
  RawLink link = tool();
  ASSERT_TRUE(link.send(request(TestNode::kEcho, 1), "x"));
  ASSERT_EQ(link.read_frame()->body, "x");
  EXPECT_TRUE(link.closed());
}

TEST_F(LinkGarbage, AFrameWithAWrongChecksumIsClosed) {
  RawLink link = tool();
  FrameHeader header = request(TestNode::kEcho, 1);
  header.body_bytes = 5;
  const FrameHeaderBytes bytes = encode_frame_header(header, "hello");
  link.send(std::string(bytes.data(), bytes.size()) + "hellO");
  EXPECT_TRUE(link.closed());
  EXPECT_EQ(a_.requests, 0);
  EXPECT_TRUE(eventually_true([&] { return garbage() == 1; }));
}

TEST_F(LinkGarbage, AToolThatSendsOneWayIsClosed) {
  RawLink link = tool();
  FrameHeader header = request(17, 1);
  header.flags = kFrameOneWay;
  link.send(header, "a vote");
  EXPECT_TRUE(link.closed());
  EXPECT_TRUE(eventually_true([&] { return garbage() == 1; }));
}

TEST_F(LinkGarbage, APeerOfNoClusterThatSendsOneWayIsClosed) {
  LinkIdentity identity = identity_of(3);
  identity.cluster_id.fill(0);
  RawLink link(a_.port());
  ASSERT_EQ(shake_hands(link, identity, FrameClass::kControl), kHello);
  FrameHeader header;
  header.kind = 17;
  header.flags = kFrameOneWay;
  link.send(header, "a vote");
  EXPECT_TRUE(link.closed());
  EXPECT_TRUE(a_.messages.empty());
}

TEST_F(LinkGarbage, ARequestIsNotTakenTwice) {
  RawLink link = tool();
  ASSERT_TRUE(link.send(request(TestNode::kHold, 1), "x"));
  ASSERT_TRUE(link.send(request(TestNode::kHold, 1), "x"));
  EXPECT_TRUE(link.closed());
  EXPECT_EQ(a_.requests, 1);
  a_.release();
}

TEST_F(LinkGarbage, RequestsThatAreLateAreDroppedUnanswered) {
  RawLink link = tool();
  ASSERT_TRUE(link.send(request(TestNode::kEcho, 1, 0), "late"));
  ASSERT_TRUE(link.send(request(TestNode::kEcho, 2), "in time"));
  const auto answer = link.read_frame();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header.correlation, 2u);
  EXPECT_EQ(answer->body, "in time");
  EXPECT_EQ(a_.requests, 1);
  EXPECT_EQ(a_.link().stats().expired_requests, 1u);
}

TEST_F(LinkGarbage, TheSameConnectionTwiceIsRefused) {
  const LinkIdentity identity = identity_of(3);
  RawLink first(a_.port()), second(a_.port()), earlier(a_.port());
  ASSERT_EQ(shake_hands(first, identity, FrameClass::kControl, 5), kHello);
  EXPECT_EQ(shake_hands(second, identity, FrameClass::kControl, 5), kRefusal);
  EXPECT_EQ(shake_hands(earlier, identity, FrameClass::kData, 4), kRefusal);
  RawLink later(a_.port());
  EXPECT_EQ(shake_hands(later, identity, FrameClass::kControl, 6), kHello);
  EXPECT_TRUE(first.closed());  // replaced
}

TEST_F(LinkGarbage, AnIncompleteSetOfConnectionsIsClosed) {
  RawLink link(a_.port());
  ASSERT_EQ(shake_hands(link, identity_of(3), FrameClass::kData), kHello);
  EXPECT_TRUE(link.closed());
}

TEST_F(LinkGarbage, ManyThatSayNothingKeepNobodyOut) {
  std::vector<RawLink> crowd;
  for (int i = 0; i < 20; ++i) crowd.emplace_back(a_.port());
  ASSERT_TRUE(eventually_true([&] { return a_.link().stats().accepts_refused >= 16; }));
  CallResult call;
  b_.link().call_address(a_.as_peer().address, TestNode::kEcho, "x", seconds(20), call.done());
  EXPECT_EQ(call.text(), "ok: x");
}

TEST_F(LinkGarbage, ConnectionsAreBounded) {
  std::vector<RawLink> crowd;
  for (int i = 0; i < 8; ++i) crowd.push_back(tool());  // and the three of node 2
  for (RawLink& link : crowd) ASSERT_TRUE(link.send(request(TestNode::kHold, 1), "x"));
  ASSERT_TRUE(a_.wait([&] { return a_.held.size() == 8; }));
  LinkIdentity identity;
  identity.boot_epoch = 9;
  RawLink ninth(a_.port());
  EXPECT_EQ(shake_hands(ninth, identity, FrameClass::kRequest), kRefusal);
  RawLink peer(a_.port()), one_more(a_.port());
  ASSERT_EQ(shake_hands(peer, identity_of(3), FrameClass::kControl), kHello);  // peers have room of their own
  EXPECT_TRUE(one_more.closed());
  a_.release();
}

// What a dialled process may say is checked as well.
TEST_F(LinkGarbage, GarbageOfADialledPeerIsClosedAndItIsDialledAgain) {
  RawListener listener;
  a_.link().set_peers({b_.as_peer(), {model::NodeId(3), {"127.0.0.1", listener.port()}}});
  RawLink first = listener.accept();
  first.send(std::string(200, 'x'));
  EXPECT_TRUE(first.closed());
  EXPECT_TRUE(listener.accept().closed());  // the two others of that attempt
  EXPECT_TRUE(listener.accept().closed());
  EXPECT_TRUE(listener.accept().read_frame());
  EXPECT_GE(garbage(), 1u);
}

}  // namespace
}  // namespace stator::net
