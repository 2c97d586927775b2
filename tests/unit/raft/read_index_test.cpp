// Goal: reads are linearizable without leases (dissertation §6.4): a read waits for the term's own commit,
// then for a round of heartbeats that began after it came, and is never answered by one that has lost its
// leadership.
#include <gtest/gtest.h>

#include "lone.h"

namespace stator::raft {
namespace {

Lone leader() {
  Lone lone(1, voters({1, 2, 3}, {4}));
  lone.lead({2});
  lone.acknowledge(2, 1);
  return lone;
}

uint64_t round_of(const Output& out) {
  const auto* heartbeat = out.to<Heartbeat>(2);
  return heartbeat ? heartbeat->read_round : 0;
}

TEST(ReadIndex, OnlyALeaderIsAsked) {
  Lone lone(1, voters({1, 2, 3}));
  EXPECT_EQ(error_of(lone->read_index(1)), ReadError::kNotLeader);
}

TEST(ReadIndex, S8_AReadWaitsForTheTermsOwnCommit) {
  Lone lone(1, voters({1, 2, 3}));
  lone.lead({2});
  ASSERT_TRUE(lone->read_index(7).ok());
  EXPECT_EQ(round_of(lone.pump()), 0u);
  const uint64_t round = round_of(lone.acknowledge(2, 1));
  ASSERT_GT(round, 0u);
  lone.step(2, 1, HeartbeatResponse{round});
  const Output out = lone.pump();
  ASSERT_EQ(out.read_states.size(), 1u);
  EXPECT_EQ(out.read_states[0].context, 7u);
  EXPECT_EQ(out.read_states[0].index, 1u);
}

TEST(ReadIndex, D6_4_AMajorityConfirms) {
  Lone lone = leader();
  ASSERT_TRUE(lone->read_index(1).ok());
  ASSERT_TRUE(lone->read_index(2).ok());
  const Output sent = lone.pump();
  EXPECT_EQ(sent.of<Heartbeat>().size(), 2u) << "to the voters";
  EXPECT_TRUE(sent.read_states.empty());
  lone.step(4, 1, HeartbeatResponse{round_of(sent)});
  lone.step(9, 1, HeartbeatResponse{round_of(sent)});
  lone.step(2, 1, HeartbeatResponse{0});
  EXPECT_TRUE(lone.pump().read_states.empty()) << "a learner, a stranger and an old answer confirm nothing";
  lone.step(3, 1, HeartbeatResponse{round_of(sent)});
  EXPECT_EQ(lone.pump().read_states.size(), 2u) << "one round for both";
}

// Protocol 11: the round under way may have been answered before the read came.
TEST(ReadIndex, AReadJoinsTheNextRound) {
  Lone lone = leader();
  ASSERT_TRUE(lone->read_index(1).ok());
  const uint64_t first = round_of(lone.pump());
  ASSERT_TRUE(lone->read_index(2).ok());
  EXPECT_EQ(round_of(lone.pump()), 0u) << "one round at a time";
  lone.step(2, 1, HeartbeatResponse{first});
  const Output out = lone.pump();
  ASSERT_EQ(out.read_states.size(), 1u);
  EXPECT_EQ(out.read_states[0].context, 1u);
  const uint64_t second = round_of(out);
  EXPECT_GT(second, first);
  lone.step(3, 1, HeartbeatResponse{first});
  EXPECT_TRUE(lone.pump().read_states.empty());
  lone.step(3, 1, HeartbeatResponse{second});
  EXPECT_EQ(lone.pump().read_states.size(), 1u);
}

TEST(ReadIndex, TheIndexIsTheCommitWhenTheRoundBegan) {
  Lone lone = leader();
  ASSERT_TRUE(lone->propose("x").ok());
  lone.pump();
  lone.acknowledge(2, 2);
  ASSERT_TRUE(lone->read_index(1).ok());
  const uint64_t round = round_of(lone.pump());
  lone.step(2, 1, HeartbeatResponse{round});
  EXPECT_EQ(lone.pump().read_states.at(0).index, 2u);
}

TEST(ReadIndex, ALostRoundIsRepeatedByTheNextHeartbeat) {
  Lone lone = leader();
  ASSERT_TRUE(lone->read_index(1).ok());
  const uint64_t round = round_of(lone.pump());
  lone.ticks(2);
  EXPECT_EQ(round_of(lone.pump()), round);
}

TEST(ReadIndex, AGroupOfOneConfirmsAtOnceWithoutTicks) {
  Lone lone(1, voters({1}, {2}));
  lone->campaign();
  lone.pump();
  ASSERT_EQ(lone->role(), Role::kLeader);
  ASSERT_TRUE(lone->read_index(1).ok());
  const Output out = lone.pump();
  ASSERT_EQ(out.read_states.size(), 1u);
  EXPECT_EQ(out.read_states[0].index, 1u);
}

TEST(ReadIndex, LosingLeadershipDropsThemAll) {
  Lone lone = leader();
  ASSERT_TRUE(lone->read_index(1).ok());
  const uint64_t round = round_of(lone.pump());
  ASSERT_TRUE(lone->read_index(2).ok());
  lone.step(2, 2, Heartbeat{});
  lone.step(3, 1, HeartbeatResponse{round});
  const Output out = lone.pump();
  EXPECT_TRUE(out.read_states.empty());
  EXPECT_EQ(out.dropped_reads, (std::vector<uint64_t>{1, 2}));
}

TEST(ReadIndex, WaitingReadsAreBounded) {
  Config config = config_of(1);
  config.pending_reads_max = 2;
  Lone lone(config, Lone::fresh(voters({1, 2, 3})));
  lone.lead({2});
  EXPECT_TRUE(lone->read_index(1).ok());
  EXPECT_TRUE(lone->read_index(2).ok());
  EXPECT_EQ(error_of(lone->read_index(3)), ReadError::kFull);
}

}  // namespace
}  // namespace stator::raft
