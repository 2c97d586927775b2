// Goal: messages arrive in their order, requests are answered, and each of them ends, in a way that says what
// happened. Real sockets on free ports; link_peers_test.cpp has the coming and going of peers,
// link_garbage_test.cpp what strangers do.
#include "net/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "link_fixture.h"
#include "net/link_burst.h"

namespace stator::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr seconds kLong{20};

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
    EXPECT_TRUE(
        std::equal(bodies.begin(), bodies.end(), b.messages.begin() + static_cast<std::ptrdiff_t>(before)));
  }
  EXPECT_FALSE(a.link().send(b.id(), LinkClass::kData, 1, std::string(kMessageBytesMax + 1, 'x')));
}

TEST(Link, ABurstGoesOutAtItsEndAndInOrder) {
  TestNode a(1), b(2);
  connect(a, b);
  const uint64_t before = a.link().stats().frames_out[1];
  std::vector<std::string> expected;
  {
    LinkBurst burst;
    LinkBurst::Use use(burst);
    for (int i = 0; i < 20; ++i) {
      expected.push_back(std::to_string(i));
      ASSERT_TRUE(a.link().send(b.id(), LinkClass::kData, 17, expected.back()));
    }
    EXPECT_EQ(a.link().stats().frames_out[1], before);
    EXPECT_GT(a.link().queued_bytes(b.id(), LinkClass::kData), 0u);
    burst.flush();
    EXPECT_EQ(a.link().stats().frames_out[1], before + 20) << "on this thread";
    expected.emplace_back("last");
    ASSERT_TRUE(a.link().send(b.id(), LinkClass::kData, 17, expected.back()));
  }
  ASSERT_TRUE(b.wait_messages(expected.size()));
  EXPECT_EQ(b.messages, expected);
}

TEST(Link, ABurstMayOutliveItsLink) {
  LinkBurst burst;
  {
    TestNode a(1), b(2);
    connect(a, b);
    LinkBurst::Use use(burst);
    ASSERT_TRUE(a.link().send(b.id(), LinkClass::kData, 17, "lost"));
  }
  burst.flush();
}

TEST(Link, ThreadsMaySendWhileItStops) {
  for (int round = 0; round < 20; ++round) {
    auto a = std::make_unique<TestNode>(1);
    auto b = std::make_unique<TestNode>(2);
    connect(*a, *b);
    std::atomic<bool> stop{false};
    std::atomic<int> begun{0}, ended{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        while (!stop) {
          (void)a->link().send(b->id(), LinkClass::kData, 1, body_of_size(2'000));
          ++begun;
          a->link().call(b->id(), TestNode::kEcho, "x", kLong, [&](const auto&) { ++ended; });
        }
      });
    }
    while (begun < round * 20) std::this_thread::yield();
    (round % 2 == 0 ? a : b)->stop();
    a->stop();
    stop = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(begun, ended) << "each call ends once";
  }
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
        EXPECT_TRUE(
            a.link().send(b.id(), LinkClass::kData, 1, std::to_string(t) + " " + std::to_string(1000 + i)));
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
    LinkBurst burst;  // nothing is written before its end
    LinkBurst::Use use(burst);
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
    for (CallResult& small : small_results)
      a.link().call(b.id(), TestNode::kHold, "small", kLong, small.done());
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
    LinkBurst burst;  // nothing is written before its end
    LinkBurst::Use use(burst);
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
  for (CallResult& call : calls)
    a.link().call(b.id(), TestNode::kHold, std::string(600'000, 'x'), kLong, call.done());
  ASSERT_TRUE(b.wait([&] { return b.held.size() == 3; }));
  b.link().post([&] {
    LinkBurst burst;  // nothing is written before its end
    LinkBurst::Use use(burst);
    b.release();
  });
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
  LinkLimits limits;
  limits.handshake_deadline = milliseconds(400);
  limits.address_calls_max = 1;
  TestNode a(1, limits), b(2);
  uint16_t nobody = 0;
  {
    nobody = TestNode(3).port();
  }
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
