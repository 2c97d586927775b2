// Goal: nodes find each other, notice at once or after the silence that is allowed when the other one is
// gone, however it went, and find each other again; and nobody talks to those who do not belong to them. Real
// sockets on free ports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "link_fixture.h"
#include "net/link.h"
#include "net/wall_clock.h"

namespace stator::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr seconds kLong{20};

LinkLimits hasty() {
  LinkLimits limits;
  limits.heartbeat_interval = milliseconds(30);
  limits.silence_max = milliseconds(400);
  limits.handshake_deadline = milliseconds(400);
  limits.sweep_interval = milliseconds(5);
  return limits;
}

// --- Losing and finding each other

TEST(LinkPeers, ALostPeerFailsItsCallsAndIsToldOnce) {
  TestNode a(1), b(2);
  connect(a, b);
  CallResult call;
  a.link().call(b.id(), TestNode::kHold, "x", kLong, call.done());
  ASSERT_TRUE(b.wait([&] { return b.held.size() == 1; }));
  b.stop();
  EXPECT_THAT(call.text(), StartsWith("lost: "));
  ASSERT_TRUE(a.wait_lost(b.id()));
  EXPECT_FALSE(a.link().connected(b.id()));
  EXPECT_FALSE(a.link().send(b.id(), LinkClass::kData, 1, "x"));
  const uint64_t dials = a.link().stats().dials;
  ASSERT_TRUE(eventually_true([&] { return a.link().stats().dials > dials + 6; }));  // tries again and again
  EXPECT_EQ(a.times_lost(b.id()), 1);
}

TEST(LinkPeers, ARestartedPeerIsFoundOnItsPort) {
  TestNode a(1);
  auto b = std::make_unique<TestNode>(2);
  connect(a, *b);
  const uint16_t port = b->port();
  b.reset();
  ASSERT_TRUE(a.wait_lost(model::NodeId(2)));
  TestNode again(2, {}, port);
  again.link().set_peers({a.as_peer()});
  ASSERT_TRUE(a.wait_up(again.id(), 2));
  ASSERT_TRUE(again.wait_up(a.id()));
  EXPECT_EQ(a.up_identities[again.id()].boot_epoch, again.identity().boot_epoch);
  ASSERT_TRUE(a.link().send(again.id(), LinkClass::kData, 1, "welcome back"));
  ASSERT_TRUE(again.wait_messages(1));
}

TEST(LinkPeers, APeerThatStartsLaterIsFound) {
  uint16_t port = 0;
  {
    port = TestNode(2).port();
  }
  TestNode a(1);
  a.link().set_peers({{model::NodeId(2), {"127.0.0.1", port}}});
  ASSERT_TRUE(eventually_true([&] { return a.link().stats().dials > 9; }));
  TestNode b(2, {}, port);
  ASSERT_TRUE(a.wait_up(b.id()));
}

TEST(LinkPeers, AProcessThatStandsStillIsNoticedAndFoundAgain) {
  TestNode a(1, hasty()), b(2, hasty());
  connect(a, b);
  std::promise<void> go_on;
  b.set_on_message([future = go_on.get_future().share()] { future.wait(); });  // its thread stands
  ASSERT_TRUE(a.link().send(b.id(), LinkClass::kData, 1, "stand still"));
  ASSERT_TRUE(a.wait_lost(b.id()));
  go_on.set_value();
  ASSERT_TRUE(a.wait_up(b.id(), 2));
  ASSERT_TRUE(b.wait_up(a.id(), 2));
  EXPECT_TRUE(eventually_true([&] { return a.link().send(b.id(), LinkClass::kData, 1, "go on"); }));
  ASSERT_TRUE(b.wait_messages(2));
}

// As long as they are connected, both ends of a control connection tell each other.
TEST(LinkPeers, PeersTellWhatTheirClocksShow) {
  const uint64_t begun = system_clock_micros();
  TestNode a(1, hasty()), b(2, hasty());
  connect(a, b);
  ASSERT_TRUE(a.wait([&] { return a.clocks[b.id()].size() >= 6; }));
  ASSERT_TRUE(b.wait([&] { return b.clocks[a.id()].size() >= 6; }));
  a.stop();
  b.stop();
  for (const auto& told : {a.clocks[b.id()], b.clocks[a.id()]}) {
    EXPECT_GE(told.front(), begun);
    EXPECT_GT(told.back(), told.front());
    EXPECT_LE(told.back(), system_clock_micros());
  }
}

// It has our connections, and answers nothing on them.
TEST(LinkPeers, APeerThatDoesNotAnswerHeartbeatsIsLost) {
  RawListener listener;
  TestNode a(1, hasty());
  a.link().set_peers({{model::NodeId(2), {"127.0.0.1", listener.port()}}});
  const LinkIdentity identity = identity_of(2);
  const auto accept_three = [&] {
    std::vector<RawLink> links;
    for (int i = 0; i < 3; ++i) {
      links.push_back(listener.accept());
      const auto hello = links.back().read_frame();
      EXPECT_TRUE(hello && hello->header.kind == kHello);
      const FrameClass frame_class = hello ? hello->header.frame_class : FrameClass::kRequest;
      EXPECT_TRUE(links.back().send_hello(identity, frame_class, 0, 0, kFrameResponse));
    }
    return links;
  };
  auto first = accept_three();
  ASSERT_TRUE(a.wait_up(model::NodeId(2)));
  ASSERT_TRUE(a.wait_lost(model::NodeId(2)));
  for (RawLink& link : first) EXPECT_TRUE(link.closed());
  auto second = accept_three();
  ASSERT_TRUE(a.wait_up(model::NodeId(2), 2));
}

// Its connections to us are there, and silent; ours to it work.
TEST(LinkPeers, APeerThatFallsSilentIsLost) {
  TestNode a(1, hasty()), b(2, hasty());
  a.link().set_peers({b.as_peer()});
  ASSERT_TRUE(a.wait_up(b.id()));
  std::vector<RawLink> links;
  for (const FrameClass frame_class : {FrameClass::kControl, FrameClass::kData, FrameClass::kBulk}) {
    links.emplace_back(a.port());
    ASSERT_EQ(shake_hands(links.back(), b.identity(), frame_class), kHello);
  }
  ASSERT_TRUE(a.wait_lost(b.id()));
  ASSERT_TRUE(a.wait_up(b.id(), 2));
}

TEST(LinkPeers, ABrokenConnectionOfThePeerIsNoticedAtOnce) {
  TestNode a(1), b(2);
  a.link().set_peers({b.as_peer()});
  ASSERT_TRUE(a.wait_up(b.id()));
  std::vector<RawLink> links;
  for (const FrameClass frame_class : {FrameClass::kControl, FrameClass::kData, FrameClass::kBulk}) {
    links.emplace_back(a.port());
    ASSERT_EQ(shake_hands(links.back(), b.identity(), frame_class), kHello);
  }
  EXPECT_EQ(a.times_lost(b.id()), 0);
  links.pop_back();
  ASSERT_TRUE(a.wait_lost(b.id()));
  ASSERT_TRUE(a.wait_up(b.id(), 2));
}

TEST(LinkPeers, ALaterProcessReplacesAnEarlierOne) {
  TestNode a(1), b(2);
  a.link().set_peers({b.as_peer()});
  ASSERT_TRUE(a.wait_up(b.id()));
  RawLink later(a.port());
  ASSERT_EQ(shake_hands(later, identity_of(2), FrameClass::kControl), kHello);
  ASSERT_TRUE(a.wait_lost(b.id()));  // what we dialled leads to the one before
}

TEST(LinkPeers, PeersComeAndGo) {
  TestNode a(1), b(2), c(3);
  a.link().set_peers({b.as_peer(), c.as_peer(), a.as_peer()});  // itself is left out
  ASSERT_TRUE(a.wait_up(b.id()));
  ASSERT_TRUE(a.wait_up(c.id()));
  a.link().set_peers({c.as_peer()});
  ASSERT_TRUE(a.wait_lost(b.id()));
  EXPECT_FALSE(a.link().connected(b.id()));
  EXPECT_TRUE(a.link().connected(c.id()));
  EXPECT_EQ(a.times_lost(c.id()), 0);
  TestNode moved(3);
  a.link().set_peers({moved.as_peer(), b.as_peer()});
  ASSERT_TRUE(a.wait_lost(c.id()));
  ASSERT_TRUE(a.wait_up(moved.id(), 2));
  ASSERT_TRUE(a.wait_up(b.id(), 2));
  EXPECT_EQ(a.up_identities[moved.id()].boot_epoch, moved.identity().boot_epoch);
  EXPECT_EQ(a.times_up(a.id()), 0);
}

TEST(LinkPeers, AnAddressThatSwallowsEverythingDelaysNobody) {
  RawListener hole;
  hole.become_a_black_hole();
  LinkLimits limits;
  limits.connect_timeout = milliseconds(100);
  TestNode a(1, limits), b(2);
  const LinkAddress address{"127.0.0.1", hole.port()};
  a.link().set_peers({{model::NodeId(3), address}, b.as_peer(), {model::NodeId(4), address}});
  ASSERT_TRUE(a.wait_up(b.id()));
  CallResult call;
  a.link().call_address(address, TestNode::kEcho, "x", kLong, call.done());
  EXPECT_EQ(call.text(), "not connected: no connection in time");
  const uint64_t dials = a.link().stats().dials;
  ASSERT_TRUE(eventually_true([&] { return a.link().stats().dials > dials + 12; }));
  EXPECT_TRUE(a.link().connected(b.id()));
  EXPECT_EQ(a.times_lost(b.id()), 0);
}

// --- Who may talk to whom

TEST(LinkPeers, AnotherClusterIsRefused) {
  LinkIdentity other = identity_of(2);
  other.cluster_id.fill(8);
  TestNode a(1), b(other, LinkOptions{});
  a.link().set_peers({b.as_peer()});
  ASSERT_TRUE(eventually_true([&] { return a.link().stats().handshakes_refused >= 3; }));
  EXPECT_FALSE(a.link().connected(b.id()));
  CallResult call;
  a.link().call_address(b.as_peer().address, TestNode::kEcho, "x", kLong, call.done());
  EXPECT_EQ(call.text(), "refused: it belongs to another cluster");
  EXPECT_EQ(b.requests, 0);
}

TEST(LinkPeers, AnotherNodeThanTheOneThatWasDialledIsRefused) {
  TestNode a(1), b(2);
  a.link().set_peers({{model::NodeId(3), b.as_peer().address}});
  ASSERT_TRUE(eventually_true([&] { return a.link().stats().handshakes_refused >= 3; }));
  EXPECT_FALSE(a.link().connected(model::NodeId(3)));
  // And by our end, where the other one does not mind.
  RawListener listener;
  TestNode c(4);
  c.link().set_peers({{model::NodeId(3), {"127.0.0.1", listener.port()}}});
  RawLink link = listener.accept();
  const auto hello = link.read_frame();
  ASSERT_TRUE(hello);
  ASSERT_TRUE(link.send_hello(identity_of(2), hello->header.frame_class, 0, 0, kFrameResponse));
  const auto refusal = link.read_frame();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->header.kind, kRefusal);
  EXPECT_EQ(refusal->body, "node 3 was wanted, that is node 2");
  EXPECT_TRUE(link.closed());
}

TEST(LinkPeers, TheHandlerMayRefuse) {
  TestNode a(1), b(2);
  std::atomic<bool> open{false};
  b.set_refuse([&](const LinkIdentity& peer) -> std::optional<std::string> {
    if (open) return std::nullopt;
    return "an earlier incarnation of node " + std::to_string(peer.node.value);
  });
  CallResult call;
  a.link().call_address(b.as_peer().address, TestNode::kEcho, "x", kLong, call.done());
  EXPECT_EQ(call.text(), "refused: an earlier incarnation of node 1");
  a.link().set_peers({b.as_peer()});
  ASSERT_TRUE(eventually_true([&] { return b.link().stats().handshakes_refused >= 2; }));
  open = true;
  ASSERT_TRUE(a.wait_up(b.id()));
}

TEST(LinkPeers, AProcessDoesNotTalkToItself) {
  TestNode a(1);
  CallResult call;
  a.link().call_address(a.as_peer().address, TestNode::kEcho, "x", kLong, call.done());
  EXPECT_THAT(call.text(), HasSubstr("refused: this is a connection of the process to itself"));
}

TEST(LinkPeers, OutsideOfAClusterThereAreOnlyRequests) {
  LinkIdentity none = identity_of(2);
  none.cluster_id.fill(0);
  TestNode a(1), b(none, LinkOptions{});
  connect(a, b);
  EXPECT_FALSE(a.link().send(b.id(), LinkClass::kData, 1, "x"));
  EXPECT_FALSE(b.link().send(a.id(), LinkClass::kData, 1, "x"));
  CallResult to_none, to_member;
  a.link().call(b.id(), TestNode::kEcho, "x", kLong, to_none.done());
  b.link().call(a.id(), TestNode::kEcho, "y", kLong, to_member.done());
  EXPECT_EQ(to_none.text(), "ok: x");
  EXPECT_EQ(to_member.text(), "ok: y");
  // It joins: connections are made anew, and carry everything.
  LinkIdentity joined = none;
  joined.cluster_id = a.identity().cluster_id;
  b.link().set_identity(joined);
  ASSERT_TRUE(b.wait_lost(a.id()));
  ASSERT_TRUE(eventually_true([&] { return b.link().send(a.id(), LinkClass::kData, 1, "joined"); }));
  ASSERT_TRUE(eventually_true([&] { return a.link().send(b.id(), LinkClass::kData, 1, "welcome"); }));
  ASSERT_TRUE(a.wait_messages(1));
  ASSERT_TRUE(b.wait_messages(1));
}

}  // namespace
}  // namespace stator::net
