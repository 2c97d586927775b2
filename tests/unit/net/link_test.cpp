// Goal: nodes find each other, tell each other everything in order, and notice when the other one is gone, however it went.
// Real sockets on free ports; what garbage does is link_garbage_test.cpp's.
#include "net/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <thread>

#include "link_fixture.h"

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

// --- Messages

TEST(Link, MessagesArriveInOrderInBothDirections) {
  TestNode a(1), b(2);
  connect(a, b);
  std::vector<std::string> expected;
  for (int i = 0; i < 500; ++i) {
    expected.push_back(std::to_string(i));
    ASSERT_TRUE(a.link().send(b.id(), LinkClass::kData, 17, expected.back()));
    ASSERT_TRUE(b.link().send(a.id(), LinkClass::kData, 18, expected.back()));
  }
  ASSERT_TRUE(a.wait_messages(500));
  ASSERT_TRUE(b.wait_messages(500));
  EXPECT_EQ(a.messages, expected);
  EXPECT_EQ(b.messages, expected);
  EXPECT_EQ(a.events.front(), "2:18 0");
  EXPECT_EQ(b.events.front(), "1:17 0");
}

TEST(Link, EveryClassAndSizeArrives) {
  TestNode a(1), b(2);
  connect(a, b);
  std::vector<std::string> bodies{"", "x", body_of_size(kFragmentBytes), body_of_size(kFrameBodyMax + 1),
                                  body_of_size(5'000'000)};
  for (const LinkClass link_class : {LinkClass::kControl, LinkClass::kData, LinkClass::kBulk}) {
    const size_t before = b.messages.size();
    for (const std::string& body : bodies) {
      ASSERT_TRUE(eventually_true([&] { return a.link().send(b.id(), link_class, 1, body); }));
    }
    ASSERT_TRUE(b.wait_messages(before + bodies.size()));
    EXPECT_TRUE(std::equal(bodies.begin(), bodies.end(), b.messages.begin() + static_cast<std::ptrdiff_t>(before)));
  }
  EXPECT_FALSE(a.link().send(b.id(), LinkClass::kData, 1, std::string(kMessageBytesMax + 1, 'x')));
}

TEST(Link, ManyThreadsMaySend) {
  TestNode a(1), b(2);
  connect(a, b);
  constexpr int kThreads = 4, kEach = 300;
  std::vector<std::thread> threads;
  std::atomic<int> answered{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_TRUE(a.link().send(b.id(), LinkClass::kData, 1, std::to_string(t) + " " + std::to_string(1000 + i)));
        a.link().call(b.id(), TestNode::kEcho, "x", kLong, [&](model::Result<LinkBody, CallError> result) {
          EXPECT_TRUE(result.ok());
          ++answered;
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(b.wait_messages(kThreads * kEach));
  ASSERT_TRUE(eventually_true([&] { return answered == kThreads * kEach; }));
  std::vector<std::string> sorted = b.messages;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& x, const auto& y) { return x[0] < y[0]; });
  EXPECT_TRUE(std::is_sorted(sorted.begin(), sorted.end()));  // each thread's came in its order
}

TEST(Link, AFullQueueRefusesAndTellsWhenItIsEmpty) {
  LinkLimits limits;
  limits.queue_bytes_max[1] = 1024 * 1024;
  TestNode a(1, limits), b(2);
  connect(a, b);
  std::promise<int> taken;
  // On the link's own thread, which therefore writes nothing meanwhile.
  a.link().post([&] {
    int count = 0;
    while (a.link().send(b.id(), LinkClass::kData, 1, std::string(100'000, 'x'))) ++count;
    EXPECT_GT(a.link().queued_bytes(b.id(), LinkClass::kData), 900'000u);
    EXPECT_TRUE(a.link().send(b.id(), LinkClass::kBulk, 1, "another class has its own bound"));
    taken.set_value(count);
  });
  EXPECT_EQ(taken.get_future().get(), 10);
  ASSERT_TRUE(a.wait([&] { return a.drains.size() == 1; }));
  EXPECT_EQ(a.drains[0], std::pair(b.id(), LinkClass::kData));
  EXPECT_EQ(a.link().queued_bytes(b.id(), LinkClass::kData), 0u);
  EXPECT_TRUE(a.link().send(b.id(), LinkClass::kData, 1, "again"));
  ASSERT_TRUE(b.wait_messages(12));
}

TEST(Link, AMessageThatIsAloneMayBeLargerThanTheQueue) {
  LinkLimits limits;
  limits.queue_bytes_max[0] = 1000;
  TestNode a(1, limits), b(2);
  connect(a, b);
  EXPECT_TRUE(a.link().send(b.id(), LinkClass::kControl, 1, std::string(50'000, 'x')));
  ASSERT_TRUE(b.wait_messages(1));
}

// --- Calls

TEST(Link, RequestsAreAnswered) {
  TestNode a(1), b(2);
  connect(a, b);
  CallResult echo, fail, dropped;
  a.link().call(b.id(), TestNode::kEcho, "hello", kLong, echo.done());
  a.link().call(b.id(), TestNode::kFail, "why", kLong, fail.done());
  a.link().call(b.id(), TestNode::kDrop, "x", kLong, dropped.done());
  EXPECT_EQ(echo.text(), "ok: hello");
  EXPECT_EQ(fail.text(), "refused: no: why");
  EXPECT_THAT(dropped.text(), StartsWith("lost: "));
}

TEST(Link, ALargeRequestAndItsAnswerLetOthersPass) {
  TestNode a(1), b(2);
  connect(a, b);
  const std::string large = body_of_size(20'000'000);
  CallResult large_result;
  std::vector<CallResult> small_results(50);
  // All are queued before the first is written.
  a.link().post([&] {
    a.link().call(b.id(), TestNode::kHold, large, kLong, large_result.done());
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(a.link().send(b.id(), LinkClass::kData, 1, std::to_string(i)));
    for (CallResult& small : small_results) a.link().call(b.id(), TestNode::kHold, "small", kLong, small.done());
  });
  ASSERT_TRUE(b.wait([&] { return b.held.size() == 51; }));
  ASSERT_TRUE(b.wait_messages(100));
  EXPECT_THAT(b.events.back(), StartsWith("1?2 " + large.substr(0, 40)));  // the large one came last
  // Answered in the order large, small ones; and all before the first byte is written.
  std::rotate(b.held.begin(), b.held.end() - 1, b.held.end());
  ASSERT_TRUE(b.held.front().first == large);
  bool large_was_first = false;
  b.link().post([&] { b.release(); });
  for (CallResult& small : small_results) {
    EXPECT_EQ(small.text(), "ok: small");
    large_was_first |= large_result.is_done() && &small == &small_results.front();
  }
  EXPECT_FALSE(large_was_first);
  const auto answer = large_result.wait();
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(**answer == large);
}

TEST(Link, ACallEndsWithItsTimeout) {
  TestNode a(1), b(2);
  connect(a, b);
  CallResult held, after;
  a.link().call(b.id(), TestNode::kHold, "x", milliseconds(50), held.done());
  EXPECT_THAT(held.text(), StartsWith("timeout: "));
  b.release();  // the late answer concerns nobody
  a.link().call(b.id(), TestNode::kEcho, "y", kLong, after.done());
  EXPECT_EQ(after.text(), "ok: y");
}

TEST(Link, ACallThatCannotBeSentSaysSo) {
  LinkLimits limits;
  limits.calls_max = 2;
  limits.queue_bytes_max[1] = 300'000;
  TestNode a(1, limits), b(2);
  CallResult nobody, large, full, many;
  a.link().call(b.id(), TestNode::kEcho, "x", kLong, nobody.done());
  EXPECT_THAT(nobody.text(), StartsWith("not connected: "));
  connect(a, b);
  a.link().call(b.id(), TestNode::kEcho, std::string(kMessageBytesMax + 1, 'x'), kLong, large.done());
  EXPECT_THAT(large.text(), StartsWith("too large: "));
  std::vector<CallResult> fitting(2);
  a.link().post([&] {
    a.link().call(b.id(), TestNode::kHold, std::string(200'000, 'x'), kLong, fitting[0].done());
    a.link().call(b.id(), TestNode::kHold, std::string(200'000, 'x'), kLong, full.done());
    a.link().call(b.id(), TestNode::kHold, "x", kLong, fitting[1].done());
    a.link().call(b.id(), TestNode::kHold, "x", kLong, many.done());
  });
  EXPECT_THAT(full.text(), HasSubstr("full: too many bytes"));
  EXPECT_THAT(many.text(), HasSubstr("full: too many calls"));
  ASSERT_TRUE(b.wait([&] { return b.held.size() == 2; }));
  b.release();
  for (CallResult& call : fitting) EXPECT_THAT(call.text(), StartsWith("ok: "));
}

TEST(Link, AnswersAreBounded) {
  LinkLimits limits;
  limits.queue_bytes_max[1] = 1'000'000;
  TestNode a(1), b(2, limits);
  connect(a, b);
  std::vector<CallResult> calls(3);
  for (CallResult& call : calls) a.link().call(b.id(), TestNode::kHold, std::string(600'000, 'x'), kLong, call.done());
  ASSERT_TRUE(b.wait([&] { return b.held.size() == 3; }));
  b.link().post([&] { b.release(); });
  int lost = 0;
  for (CallResult& call : calls) lost += call.text().starts_with("lost: too many bytes of answers");
  EXPECT_EQ(lost, 2);
}

TEST(Link, AReplyMayOutliveItsLink) {
  TestNode a(1);
  std::vector<std::pair<std::string, Reply>> replies;
  {
    TestNode b(2);
    connect(a, b);
    CallResult one, two;
    a.link().call(b.id(), TestNode::kHold, "1", kLong, one.done());
    a.link().call(b.id(), TestNode::kHold, "2", kLong, two.done());
    ASSERT_TRUE(b.wait([&] { return b.held.size() == 2; }));
    replies = std::move(b.held);
    b.held.clear();
    b.stop();
    EXPECT_THAT(one.text(), StartsWith("lost: "));
    EXPECT_THAT(two.text(), StartsWith("lost: "));
  }
  replies[0].second(std::string("too late"));
  replies.clear();  // the other one unanswered
}

TEST(Link, StoppingEndsCalls) {
  TestNode a(1), b(2);
  connect(a, b);
  CallResult pending, after, after_address;
  a.link().call(b.id(), TestNode::kHold, "x", kLong, pending.done());
  ASSERT_TRUE(b.wait([&] { return b.held.size() == 1; }));
  a.stop();
  EXPECT_THAT(pending.text(), StartsWith("lost: "));
  a.link().call(b.id(), TestNode::kEcho, "x", kLong, after.done());
  EXPECT_THAT(after.text(), StartsWith("not connected: "));
  a.link().call_address(b.as_peer().address, TestNode::kEcho, "x", kLong, after_address.done());
  EXPECT_THAT(after_address.text(), StartsWith("not connected: "));
  EXPECT_FALSE(a.link().send(b.id(), LinkClass::kData, 1, "x"));
  EXPECT_FALSE(a.link().connected(b.id()));
  ASSERT_TRUE(b.wait_lost(a.id()));
}

// --- Losing and finding each other

TEST(Link, ALostPeerFailsItsCallsAndIsToldOnce) {
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

TEST(Link, ARestartedPeerIsFoundOnItsPort) {
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

TEST(Link, APeerThatStartsLaterIsFound) {
  uint16_t port = 0;
  { port = TestNode(2).port(); }
  TestNode a(1);
  a.link().set_peers({{model::NodeId(2), {"127.0.0.1", port}}});
  ASSERT_TRUE(eventually_true([&] { return a.link().stats().dials > 9; }));
  TestNode b(2, {}, port);
  ASSERT_TRUE(a.wait_up(b.id()));
}

TEST(Link, AProcessThatStandsStillIsNoticedAndFoundAgain) {
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

// It has our connections, and answers nothing on them.
TEST(Link, APeerThatDoesNotAnswerHeartbeatsIsLost) {
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
TEST(Link, APeerThatFallsSilentIsLost) {
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

TEST(Link, ABrokenConnectionOfThePeerIsNoticedAtOnce) {
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

TEST(Link, ALaterProcessReplacesAnEarlierOne) {
  TestNode a(1), b(2);
  a.link().set_peers({b.as_peer()});
  ASSERT_TRUE(a.wait_up(b.id()));
  RawLink later(a.port());
  ASSERT_EQ(shake_hands(later, identity_of(2), FrameClass::kControl), kHello);
  ASSERT_TRUE(a.wait_lost(b.id()));  // what we dialled leads to the one before
}

TEST(Link, PeersComeAndGo) {
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

// --- Who may talk to whom

TEST(Link, AnotherClusterIsRefused) {
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

TEST(Link, AnotherNodeThanTheOneThatWasDialledIsRefused) {
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

TEST(Link, TheHandlerMayRefuse) {
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

TEST(Link, AProcessDoesNotTalkToItself) {
  TestNode a(1);
  CallResult call;
  a.link().call_address(a.as_peer().address, TestNode::kEcho, "x", kLong, call.done());
  EXPECT_THAT(call.text(), HasSubstr("refused: this is a connection of the process to itself"));
}

TEST(Link, OutsideOfAClusterThereAreOnlyRequests) {
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

// --- Calls to an address

TEST(Link, AToolMaySendRequestsAndNothingElse) {
  TestNode a(1);
  LinkIdentity identity;
  identity.boot_epoch = 5;
  LinkOptions options;
  options.listen = false;
  TestNode tool(identity, options);
  EXPECT_EQ(tool.port(), 0);
  CallResult small, large;
  const std::string body = body_of_size(3'000'000);
  tool.link().call_address(a.as_peer().address, TestNode::kEcho, "x", kLong, small.done());
  tool.link().call_address({"localhost", a.port()}, TestNode::kEcho, body, kLong, large.done());
  EXPECT_EQ(small.text(), "ok: x");
  const auto answer = large.wait();
  ASSERT_TRUE(answer.ok()) << answer.error().text;
  EXPECT_TRUE(**answer == body);
  tool.link().set_peers({a.as_peer()});
  ASSERT_TRUE(eventually_true([&] { return tool.link().stats().handshakes_refused >= 3; }));
  EXPECT_FALSE(tool.link().connected(a.id()));
}

TEST(Link, ACallToAnAddressEndsInAnyCase) {
  LinkLimits limits = hasty();
  limits.address_calls_max = 1;
  TestNode a(1, limits), b(2);
  uint16_t nobody = 0;
  { nobody = TestNode(3).port(); }
  CallResult refused, held, full, mute;
  a.link().call_address({"127.0.0.1", nobody}, TestNode::kEcho, "x", kLong, refused.done());
  EXPECT_THAT(refused.text(), StartsWith("not connected: "));
  // Whoever listens says nothing.
  RawListener listener;
  a.link().call_address({"127.0.0.1", listener.port()}, TestNode::kEcho, "x", kLong, mute.done());
  EXPECT_EQ(mute.text(), "not connected: no connection in time");
  a.link().call_address(b.as_peer().address, TestNode::kHold, "x", milliseconds(150), held.done());
  a.link().call_address(b.as_peer().address, TestNode::kHold, "x", kLong, full.done());
  EXPECT_THAT(full.text(), StartsWith("full: "));
  EXPECT_EQ(held.text(), "timeout: no answer in time");
  CallResult lost;
  a.link().call_address(b.as_peer().address, TestNode::kHold, "x", kLong, lost.done());
  ASSERT_TRUE(b.wait([&] { return b.requests >= 2; }));
  b.stop();
  EXPECT_THAT(lost.text(), StartsWith("lost: "));
}

TEST(Link, ListenErrorsAreTold) {
  TestNode a(1);
  LinkOptions options;
  options.port = a.port();
  const auto taken = Link::start(options, identity_of(2), a);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().kind, ListenError::Kind::kAddressInUse);
}

}  // namespace
}  // namespace stator::net
