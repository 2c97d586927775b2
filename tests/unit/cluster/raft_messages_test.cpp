// Goal: every kind of Raft message travels whole and keeps its bytes for ever; whatever else comes in is an
// error or another message, never a crash, and never much memory.
#include "cluster/raft_messages.h"

#include <random>

#include "tests/unit/cluster/cluster_testing.h"

namespace stator::cluster {
namespace {

using model::ReplicaId;

raft::Entry entry_of(raft::Index index, raft::Term term, raft::EntryKind kind, std::string data) {
  return {index, term, kind, std::make_shared<const std::string>(std::move(data))};
}

// One of each kind, in the order of the variant.
std::vector<raft::MessageBody> bodies() {
  raft::Append append{41, 3, 40, {}};
  append.entries.push_back(entry_of(42, 3, raft::EntryKind::kNormal, "forty-two"));
  append.entries.push_back(entry_of(43, 5, raft::EntryKind::kNoop, ""));
  append.entries.push_back(entry_of(44, 5, raft::EntryKind::kMembership, std::string(20, 'm')));
  raft::SnapshotChunk chunk;
  chunk.meta = {90, 7, {{ReplicaId(1), ReplicaId(2)}, {ReplicaId(9)}}};
  chunk.stream = 2;
  chunk.offset = 262'144;
  chunk.done = true;
  chunk.data = std::make_shared<const std::string>("a piece");
  return {append,
          raft::AppendResponse{true, 11, 12, 13},
          raft::Heartbeat{21, 22, true, 20},
          raft::HeartbeatResponse{23, true},
          raft::CommitNotice{24},
          raft::PreVoteRequest{25, 26},
          raft::PreVoteResponse{true},
          raft::VoteRequest{27, 28, true},
          raft::VoteResponse{true},
          raft::TimeoutNow{},
          chunk,
          raft::SnapshotAck{31, 32, 33}};
}

std::vector<GroupMessage> bundle() {
  std::vector<GroupMessage> messages;
  uint64_t number = 0;
  for (raft::MessageBody& body : bodies()) {
    ++number;
    messages.push_back({model::PartitionId(number - 1),
                        static_cast<uint32_t>(number),
                        {ReplicaId(number * 10), ReplicaId(number * 10 + 1), number * 100, std::move(body)}});
  }
  return messages;
}

void expect_equal(const raft::Entry& a, const raft::Entry& b) {
  EXPECT_EQ(a.index, b.index);
  EXPECT_EQ(a.term, b.term);
  EXPECT_EQ(a.kind, b.kind);
  ASSERT_TRUE(a.data && b.data);
  EXPECT_EQ(*a.data, *b.data);
}

struct ExpectEqual {
  void operator()(const raft::Append& a, const raft::Append& b) const {
    EXPECT_EQ(std::tie(a.prev_index, a.prev_term, a.commit), std::tie(b.prev_index, b.prev_term, b.commit));
    ASSERT_EQ(a.entries.size(), b.entries.size());
    for (size_t i = 0; i < a.entries.size(); ++i) expect_equal(a.entries[i], b.entries[i]);
  }
  void operator()(const raft::AppendResponse& a, const raft::AppendResponse& b) const {
    EXPECT_EQ(std::tie(a.rejected, a.index, a.hint_index, a.hint_term),
              std::tie(b.rejected, b.index, b.hint_index, b.hint_term));
  }
  void operator()(const raft::Heartbeat& a, const raft::Heartbeat& b) const {
    EXPECT_EQ(std::tie(a.commit, a.read_round, a.rest, a.floor),
              std::tie(b.commit, b.read_round, b.rest, b.floor));
  }
  void operator()(const raft::HeartbeatResponse& a, const raft::HeartbeatResponse& b) const {
    EXPECT_EQ(std::tie(a.read_round, a.resting), std::tie(b.read_round, b.resting));
  }
  void operator()(const raft::CommitNotice& a, const raft::CommitNotice& b) const {
    EXPECT_EQ(a.commit, b.commit);
  }
  void operator()(const raft::PreVoteRequest& a, const raft::PreVoteRequest& b) const {
    EXPECT_EQ(std::tie(a.last_index, a.last_term), std::tie(b.last_index, b.last_term));
  }
  void operator()(const raft::PreVoteResponse& a, const raft::PreVoteResponse& b) const {
    EXPECT_EQ(a.granted, b.granted);
  }
  void operator()(const raft::VoteRequest& a, const raft::VoteRequest& b) const {
    EXPECT_EQ(std::tie(a.last_index, a.last_term, a.transfer),
              std::tie(b.last_index, b.last_term, b.transfer));
  }
  void operator()(const raft::VoteResponse& a, const raft::VoteResponse& b) const {
    EXPECT_EQ(a.granted, b.granted);
  }
  void operator()(const raft::TimeoutNow&, const raft::TimeoutNow&) const {}
  void operator()(const raft::SnapshotChunk& a, const raft::SnapshotChunk& b) const {
    EXPECT_EQ(std::tie(a.meta, a.stream, a.offset, a.done), std::tie(b.meta, b.stream, b.offset, b.done));
    ASSERT_TRUE(a.data && b.data);
    EXPECT_EQ(*a.data, *b.data);
  }
  void operator()(const raft::SnapshotAck& a, const raft::SnapshotAck& b) const {
    EXPECT_EQ(std::tie(a.stream, a.offset, a.next_offset), std::tie(b.stream, b.offset, b.next_offset));
  }
  template <class A, class B>
  void operator()(const A&, const B&) const {
    ADD_FAILURE() << "another kind of message";
  }
};

TEST(RaftMessages, EveryKindTravelsWhole) {
  const std::vector<GroupMessage> sent = bundle();
  ASSERT_EQ(sent.size(), std::variant_size_v<raft::MessageBody>) << "a new kind belongs into bodies()";
  auto received = decode_raft_messages(encode_raft_messages(sent));
  ASSERT_TRUE(received.ok());
  ASSERT_EQ(received->size(), sent.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    const raft::Message& a = sent[i].message;
    const raft::Message& b = (*received)[i].message;
    EXPECT_EQ(sent[i].partition, (*received)[i].partition);
    EXPECT_EQ(sent[i].range_epoch, (*received)[i].range_epoch);
    EXPECT_EQ(std::tie(a.from, a.to, a.term), std::tie(b.from, b.to, b.term));
    std::visit(ExpectEqual{}, a.body, b.body);
  }
}

TEST(RaftMessages, TheBytesStay) { expect_golden("raft_bundle", encode_raft_messages(bundle())); }

TEST(RaftMessages, ABundleOfNothing) {
  auto received = decode_raft_messages(encode_raft_messages({}));
  ASSERT_TRUE(received.ok());
  EXPECT_TRUE(received->empty());
}

TEST(RaftMessages, EntriesAreAlignedAsTheReadersOfTheirBodiesWant) {
  auto received = decode_raft_messages(encode_raft_messages(bundle()));
  ASSERT_TRUE(received.ok());
  for (const raft::Entry& entry : std::get<raft::Append>((*received)[0].message.body).entries) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(entry.data->data()) % 8, 0u) << entry.index;
  }
}

TEST(RaftMessages, ALargeAppendIsOneSegment) {
  raft::Append append;
  for (raft::Index i = 1; i <= 64; ++i)
    append.entries.push_back(entry_of(i, 1, raft::EntryKind::kNormal, std::string(40'000 + i, 'x')));
  const std::vector<GroupMessage> sent{
      {model::PartitionId(3), 1, {ReplicaId(1), ReplicaId(2), 1, std::move(append)}}};
  const std::string body = encode_raft_messages(sent);
  EXPECT_GE(approximate_bytes(sent[0]), body.size() - 1024);
  EXPECT_LE(approximate_bytes(sent[0]), body.size() + 1024);
  auto received = decode_raft_messages(body);
  ASSERT_TRUE(received.ok());
  std::visit(ExpectEqual{}, sent[0].message.body, (*received)[0].message.body);
}

TEST(RaftMessages, TheirClassesOfTraffic) {
  std::vector<int> classes;
  for (raft::MessageBody& body : bodies()) {
    classes.push_back(static_cast<int>(traffic_of({ReplicaId(1), ReplicaId(2), 1, std::move(body)})));
  }
  EXPECT_EQ(classes, (std::vector<int>{2, 2, 1, 1, 2, 1, 1, 1, 1, 1, 3, 2}));
}

TEST(RaftMessages, ACutBodyIsRefusedOrShorter) {
  const std::string body = encode_raft_messages(bundle());
  for (size_t size = 0; size < body.size(); ++size) {
    auto received = decode_raft_messages(std::string_view(body).substr(0, size));
    if (received.ok()) ADD_FAILURE() << size << " of " << body.size() << " bytes are taken for a bundle";
  }
}

// What a flipped bit makes may be a bundle, of other messages. It must be readable then.
TEST(RaftMessages, FlippedBitsNeverCrash) {
  const std::string body = encode_raft_messages(bundle());
  for (size_t bit = 0; bit < body.size() * 8; ++bit) {
    std::string flipped = body;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    auto received = decode_raft_messages(flipped);
    if (received.ok()) (void)encode_raft_messages(*received);
  }
}

TEST(RaftMessages, RandomWordsNeverCrash) {
  std::mt19937_64 random(7);  // NOLINT: the same in every run
  for (int round = 0; round < 20'000; ++round) {
    std::string body(random() % 64 * 8, '\0');
    for (char& byte : body) byte = static_cast<char>(random() % 4 == 0 ? random() : 0);
    auto received = decode_raft_messages(body);
    if (received.ok()) (void)encode_raft_messages(*received);
  }
}

TEST(RaftMessages, AMessageWithoutSenderOrReceiverIsNone) {
  for (const bool sender : {true, false}) {
    std::vector<GroupMessage> messages = bundle();
    (sender ? messages[2].message.from : messages[2].message.to) = ReplicaId();
    EXPECT_FALSE(decode_raft_messages(encode_raft_messages(messages)).ok());
  }
}

TEST(RaftMessages, AnEntryOfNoKindIsNone) {
  std::vector<GroupMessage> messages = bundle();
  std::get<raft::Append>(messages[0].message.body).entries[1].kind = static_cast<raft::EntryKind>(9);
  EXPECT_FALSE(decode_raft_messages(encode_raft_messages(messages)).ok());
}

TEST(RaftMessages, AnIndexThatWouldWrapIsNone) {
  std::vector<GroupMessage> messages = bundle();
  auto& append = std::get<raft::Append>(messages[0].message.body);
  append.prev_index = UINT64_MAX - 1;
  append.entries.resize(2);
  append.entries[0].index = UINT64_MAX;
  append.entries[1].index = 0;
  EXPECT_FALSE(decode_raft_messages(encode_raft_messages(messages)).ok());
}

}  // namespace
}  // namespace stator::cluster
