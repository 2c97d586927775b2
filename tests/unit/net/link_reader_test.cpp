// Goal: messages leave a queue as frames and come out of a reader as they were, whatever their sizes and
// however the bytes are cut; a reader takes nothing that its connection may not carry, and keeps no more than
// its bounds.
#include "net/link_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>

#include "link_fixture.h"
#include "net/link_queue.h"

namespace stator::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

using End = LinkReader::End;
const LinkTime kNow{seconds(1000)};

std::string frame(FrameHeader header, std::string_view body) {
  header.body_bytes = static_cast<uint32_t>(body.size());
  const FrameHeaderBytes bytes = encode_frame_header(header, body);
  return std::string(bytes.data(), bytes.size()) + std::string(body);
}

FrameHeader header_of(uint16_t kind, uint16_t flags, uint64_t correlation = 1, uint32_t fragment = 0) {
  FrameHeader header;
  header.frame_class = FrameClass::kData;
  header.kind = kind;
  header.flags = flags;
  header.correlation = correlation;
  header.fragment = fragment;
  return header;
}

// Feeds in pieces of at most `step`. The error, or nothing.
std::string feed(LinkReader& reader, std::string_view bytes, std::vector<LinkMessage>& out,
                 size_t step = SIZE_MAX) {
  while (!bytes.empty()) {
    const auto [at, size] = reader.room();
    const size_t some = std::min({size, step, bytes.size()});
    std::memcpy(at, bytes.data(), some);
    bytes.remove_prefix(some);
    reader.commit(some);
    for (;;) {
      auto next = reader.next(kNow);
      if (!next.ok()) return next.error();
      if (!next->has_value()) break;
      out.push_back(std::move(**next));
    }
  }
  return "";
}

std::string error_of(const std::string& bytes, End end = End::kAccepted,
                     FrameClass frame_class = FrameClass::kData, bool one_way = true) {
  LinkReader reader(end, frame_class);
  reader.establish(frame_class, one_way);
  std::vector<LinkMessage> out;
  return feed(reader, bytes, out);
}

std::string handshake_error_of(const std::string& bytes, End end = End::kAccepted) {
  LinkReader reader(end, end == End::kDialled ? std::optional(FrameClass::kData) : std::nullopt);
  std::vector<LinkMessage> out;
  return feed(reader, bytes, out);
}

OutMessagePtr message_of(uint16_t flags, uint64_t correlation, std::string body,
                         LinkTime deadline = kNow + seconds(5)) {
  auto message = std::make_unique<OutMessage>();
  message->kind = 7;
  message->flags = flags;
  message->correlation = correlation;
  message->deadline = deadline;
  message->cost = queue_cost(body);
  message->body = std::move(body);
  return message;
}

struct Sent {
  FrameHeader header;
  std::string bytes;
};

std::vector<Sent> drain(LinkQueue& queue, size_t most = SIZE_MAX, LinkTime now = kNow) {
  std::vector<Sent> out;
  OutFrame next;
  while (out.size() < most && queue.next(now, next)) {
    const std::string header(next.header.data(), next.header.size());
    out.push_back({*decode_frame_header(header), header + std::string(next.body)});
  }
  return out;
}

// --- Both together

TEST(LinkReaderAndQueue, AnyMessagesInAnyPieces) {
  std::mt19937_64 random(4711);
  for (int round = 0; round < 40; ++round) {
    LinkQueue queue(FrameClass::kData);
    std::map<uint64_t, std::string> sent;
    std::vector<uint64_t> one_way_sent;
    for (uint64_t correlation = 1; correlation <= 30; ++correlation) {
      const bool one_way = random() % 2 == 0;
      const size_t scale =
          std::array<size_t, 4>{10, 1000, kFragmentBytes * 2, kFrameBodyMax * 2}[random() % 4];
      std::string body = body_of_size(random() % scale, correlation);
      if (one_way) one_way_sent.push_back(correlation);
      sent[correlation] = body;
      queue.push(message_of(one_way ? kFrameOneWay : 0, correlation, std::move(body)));
    }
    std::string bytes;
    for (const Sent& one : drain(queue)) bytes += one.bytes;
    EXPECT_TRUE(queue.empty());
    LinkReader reader(End::kAccepted, FrameClass::kData);
    reader.establish(FrameClass::kData, true);
    std::vector<LinkMessage> got;
    ASSERT_EQ(feed(reader, bytes, got, 1 + random() % 200'000), "");
    ASSERT_EQ(got.size(), sent.size());
    std::vector<uint64_t> one_way_got;
    for (const LinkMessage& message : got) {
      EXPECT_TRUE(message.body == sent.at(message.header.correlation));
      if (message.header.has(kFrameOneWay)) one_way_got.push_back(message.header.correlation);
    }
    EXPECT_EQ(one_way_got, one_way_sent);
    EXPECT_EQ(reader.reassembly_bytes(), 0u);
  }
}

TEST(LinkReaderAndQueue, ByteByByte) {
  LinkQueue queue(FrameClass::kData);
  queue.push(message_of(0, 1, "one"));
  queue.push(message_of(0, 2, body_of_size(kFragmentBytes + 1)));
  std::string bytes;
  for (const Sent& one : drain(queue)) bytes += one.bytes;
  LinkReader reader(End::kAccepted, FrameClass::kData);
  reader.establish(FrameClass::kData, true);
  std::vector<LinkMessage> got;
  ASSERT_EQ(feed(reader, bytes, got, 1), "");
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].body, "one");
  EXPECT_TRUE(got[1].body == body_of_size(kFragmentBytes + 1));
  EXPECT_EQ(reader.take_frame_count(), 3u);
}

TEST(LinkReaderAndQueue, TheDeadlineThatIsLeftTravels) {
  LinkQueue queue(FrameClass::kData);
  queue.push(message_of(0, 1, "request", kNow + milliseconds(1500)));
  queue.push(message_of(kFrameOneWay, 2, "one-way"));
  const auto sent = drain(queue, SIZE_MAX, kNow + milliseconds(500));
  std::string bytes;
  for (const Sent& one : sent) bytes += one.bytes;
  LinkReader reader(End::kAccepted, FrameClass::kData);
  reader.establish(FrameClass::kData, true);
  std::vector<LinkMessage> got;
  ASSERT_EQ(feed(reader, bytes, got), "");
  ASSERT_EQ(got.size(), 2u);
  const auto& request = got[0].body == "request" ? got[0] : got[1];
  EXPECT_EQ(request.header.deadline_ms, 1000u);
  EXPECT_EQ(request.deadline, kNow + milliseconds(1000));
}

// --- The queue

TEST(LinkQueue, ALargeRequestLetsOthersPass) {
  LinkQueue queue(FrameClass::kData);
  queue.push(message_of(0, 1, body_of_size(10 * kFragmentBytes)));
  for (uint64_t i = 10; i < 13; ++i) queue.push(message_of(kFrameOneWay, i, "append"));
  for (uint64_t i = 20; i < 23; ++i) queue.push(message_of(0, i, "small"));
  queue.push(message_of(0, 2, body_of_size(2 * kFragmentBytes)));
  std::vector<uint64_t> order;
  for (const Sent& one : drain(queue)) order.push_back(one.header.correlation);
  EXPECT_THAT(order, ElementsAre(10, 20, 1, 11, 21, 2, 12, 22, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1));
}

TEST(LinkQueue, OnlySoManyMessagesAreInPiecesAtATime) {
  LinkQueue queue(FrameClass::kData);
  for (uint64_t i = 1; i <= 3 * kInterleavedMax; ++i)
    queue.push(message_of(0, i, body_of_size(3 * kFragmentBytes)));
  for (uint64_t i = 1000; i < 1003; ++i) queue.push(message_of(0, i, body_of_size(kMessageBytesMax / 2 + 1)));
  std::map<uint64_t, size_t> open;
  size_t most = 0;
  size_t most_large = 0;
  for (const Sent& one : drain(queue)) {
    open[one.header.correlation] = 1;
    most = std::max(most, open.size());
    most_large = std::max(most_large, static_cast<size_t>(std::distance(open.lower_bound(1000), open.end())));
    if (!one.header.has(kFrameMoreFragments)) open.erase(one.header.correlation);
  }
  EXPECT_EQ(most, kInterleavedMax);
  EXPECT_EQ(most_large, 1u);  // two would be more bytes than may be in pieces
}

TEST(LinkQueue, TheNewestHeartbeatGoesFirst) {
  LinkQueue queue(FrameClass::kControl);
  queue.push(message_of(kFrameOneWay, 1, "vote"));
  for (uint64_t i = 2; i <= 3; ++i) {
    auto heartbeat = message_of(0, i, "");
    heartbeat->kind = kHeartbeat;
    queue.set_heartbeat(std::move(heartbeat));
  }
  const auto sent = drain(queue);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].header.correlation, 3u);
  EXPECT_EQ(sent[0].header.kind, kHeartbeat);
  EXPECT_EQ(sent[1].header.correlation, 1u);
}

TEST(LinkQueue, RequestsThatAreLateAreNotBegun) {
  LinkQueue queue(FrameClass::kData);
  queue.push(message_of(0, 1, body_of_size(2 * kFragmentBytes), kNow + seconds(1)));
  EXPECT_EQ(drain(queue, 1).size(), 1u);  // begun: its rest must follow
  const std::string small = "small";
  const std::string large = body_of_size(3 * kFragmentBytes);
  queue.push(message_of(0, 2, small, kNow + seconds(1)));
  queue.push(message_of(0, 3, large, kNow + seconds(1)));
  queue.push(message_of(kFrameResponse, 4, small, LinkTime{}));
  std::vector<uint64_t> order;
  for (const Sent& one : drain(queue, SIZE_MAX, kNow + seconds(1))) order.push_back(one.header.correlation);
  EXPECT_THAT(order, testing::UnorderedElementsAre(1, 4));
  EXPECT_EQ(queue.take_dropped_cost(), queue_cost(small) + queue_cost(large));
}

// --- What a reader refuses

TEST(LinkReader, TakesNothingBeforeAHello) {
  const std::string hello = encode_hello({identity_of(1), model::NodeId(), 1});
  EXPECT_EQ(handshake_error_of(frame(header_of(kHello, 0), hello)), "");
  EXPECT_EQ(handshake_error_of(frame(header_of(kHello, kFrameResponse), hello), End::kDialled), "");
  EXPECT_EQ(handshake_error_of(frame(header_of(kRefusal, kFrameOneWay), "no"), End::kDialled), "");
  EXPECT_THAT(handshake_error_of(frame(header_of(7, 0), "request")), HasSubstr("before the handshake"));
  EXPECT_THAT(handshake_error_of(frame(header_of(kHeartbeat, 0), "")), HasSubstr("before the handshake"));
  EXPECT_THAT(handshake_error_of(frame(header_of(kHello, kFrameResponse), hello)),
              HasSubstr("before the handshake"));
  EXPECT_THAT(handshake_error_of(frame(header_of(kRefusal, kFrameOneWay), "no")),
              HasSubstr("before the handshake"));
  EXPECT_THAT(handshake_error_of(frame(header_of(kHello, kFrameMoreFragments), hello)),
              HasSubstr("handshake"));
  EXPECT_THAT(handshake_error_of(frame(header_of(kHello, 0), std::string(kHelloBytesMax + 8, '\0'))),
              HasSubstr("too large"));
  FrameHeader other = header_of(kHello, kFrameResponse);
  other.frame_class = FrameClass::kBulk;
  EXPECT_THAT(handshake_error_of(frame(other, hello), End::kDialled), HasSubstr("another class"));
}

TEST(LinkReader, TakesWhatItsConnectionMayCarry) {
  EXPECT_EQ(error_of(frame(header_of(7, 0), "request")), "");
  EXPECT_EQ(error_of(frame(header_of(7, kFrameOneWay), "message")), "");
  EXPECT_EQ(error_of(frame(header_of(7, kFrameResponse), "answer"), End::kDialled), "");
  EXPECT_EQ(error_of(frame(header_of(kReplyLost, kFrameResponse), "answer"), End::kDialled), "");
  EXPECT_THAT(error_of(frame(header_of(7, kFrameResponse), "answer")), HasSubstr("direction"));
  EXPECT_THAT(error_of(frame(header_of(7, 0), "request"), End::kDialled), HasSubstr("direction"));
  EXPECT_THAT(error_of(frame(header_of(7, kFrameOneWay), "message"), End::kDialled), HasSubstr("direction"));
  EXPECT_THAT(error_of(frame(header_of(7, kFrameOneWay), "x"), End::kAccepted, FrameClass::kData, false),
              HasSubstr("only send requests"));
  EXPECT_THAT(error_of(frame(header_of(kHello, 0), "again")), HasSubstr("unknown kind"));
  EXPECT_THAT(error_of(frame(header_of(kReplyLost, 0), "x")), HasSubstr("unknown kind"));
  EXPECT_THAT(error_of(frame(header_of(0xFFFF, kFrameOneWay), "x")), HasSubstr("unknown kind"));
  EXPECT_THAT(error_of(frame(header_of(kHeartbeat, 0), "")), HasSubstr("heartbeat"));  // on data
  EXPECT_THAT(error_of(frame(header_of(kRefusal, 0), "no")), HasSubstr("refusal"));
  FrameHeader control = header_of(7, 0);
  control.frame_class = FrameClass::kControl;
  EXPECT_THAT(error_of(frame(control, "request")), HasSubstr("another class"));
  EXPECT_THAT(error_of(frame(control, "request"), End::kAccepted, FrameClass::kControl),
              HasSubstr("not for them"));
  control.kind = kHeartbeat;
  EXPECT_EQ(error_of(frame(control, ""), End::kAccepted, FrameClass::kControl), "");
  EXPECT_THAT(error_of(frame(control, "x"), End::kAccepted, FrameClass::kControl), HasSubstr("heartbeat"));
}

TEST(LinkReader, FragmentsFollowEachOther) {
  const std::string first = frame(header_of(7, kFrameMoreFragments), "a");
  EXPECT_EQ(error_of(first + frame(header_of(7, 0, 1, 1), "b")), "");
  EXPECT_THAT(error_of(frame(header_of(7, 0, 1, 1), "b")), HasSubstr("without the one before"));
  EXPECT_THAT(error_of(first + frame(header_of(7, 0, 1, 2), "b")), HasSubstr("without the one before"));
  EXPECT_THAT(error_of(first + frame(header_of(7, 0, 2, 1), "b")), HasSubstr("without the one before"));
  EXPECT_THAT(error_of(first + first), HasSubstr("begins twice"));
  EXPECT_THAT(error_of(first + frame(header_of(7, 0), "a")), HasSubstr("begins twice"));
  EXPECT_THAT(error_of(first + frame(header_of(8, 0, 1, 1), "b")), HasSubstr("two messages"));
  EXPECT_THAT(error_of(first + frame(header_of(7, kFrameOneWay, 1, 1), "b")), HasSubstr("two messages"));
}

TEST(LinkReader, DamageIsFound) {
  std::string bytes = frame(header_of(7, 0), "request");
  bytes.back() ^= 1;
  EXPECT_THAT(error_of(bytes), HasSubstr("checksum"));
  bytes = frame(header_of(7, 0), "request");
  bytes[20] ^= 1;  // in the correlation
  EXPECT_THAT(error_of(bytes), HasSubstr("checksum"));
}

TEST(LinkReader, MessagesInPiecesAreBounded) {
  std::string many;
  for (uint64_t i = 0; i <= kPartialMessagesMax; ++i)
    many += frame(header_of(7, kFrameMoreFragments, i), "x");
  EXPECT_THAT(error_of(many), HasSubstr("too many messages"));

  LinkReader reader(End::kAccepted, FrameClass::kData);
  reader.establish(FrameClass::kData, true);
  std::vector<LinkMessage> out;
  const std::string body(kFrameBodyMax, 'x');
  uint32_t fragment = 0;
  while (fragment < kMessageBytesMax / kFrameBodyMax) {
    ASSERT_EQ(feed(reader, frame(header_of(7, kFrameMoreFragments, 1, fragment++), body), out), "");
  }
  EXPECT_EQ(reader.reassembly_bytes(), kMessageBytesMax);
  EXPECT_THAT(feed(reader, frame(header_of(7, 0, 1, fragment), "x"), out), HasSubstr("too large"));
}

TEST(LinkReader, BytesInPiecesAreBounded) {
  LinkReader reader(End::kAccepted, FrameClass::kData);
  reader.establish(FrameClass::kData, true);
  std::vector<LinkMessage> out;
  const std::string body(kFrameBodyMax, 'x');
  for (uint32_t i = 0; i < kReassemblyBytesMax / kFrameBodyMax; ++i)
    ASSERT_EQ(feed(reader, frame(header_of(7, kFrameMoreFragments, i % 16, i / 16), body), out), "");
  EXPECT_EQ(reader.reassembly_bytes(), kReassemblyBytesMax);
  EXPECT_THAT(feed(reader, frame(header_of(7, kFrameMoreFragments, 16), "x"), out),
              HasSubstr("too many bytes"));
}

TEST(LinkReader, AHugeLengthTakesNoMemory) {
  FrameHeader header = header_of(7, 0);
  std::string bytes = frame(header, "x");
  bytes[13] = '\x7F';  // the highest byte of the length
  LinkReader reader(End::kAccepted, FrameClass::kData);
  reader.establish(FrameClass::kData, true);
  std::vector<LinkMessage> out;
  EXPECT_THAT(feed(reader, bytes, out), HasSubstr("body is too large"));
  EXPECT_LT(reader.room().second, 100'000u);
}

}  // namespace
}  // namespace stator::net
