// Goal: an idle group rests: nobody sends or times out; and everything that happens wakes those whom it concerns, so that no
// entry, read or lost leader waits for ever (docs/architecture.md, protocol 15).
#include <gtest/gtest.h>

#include "lone.h"

namespace stator::raft {
namespace {

constexpr uint32_t kRest = 10;

Config resting_config(uint64_t self) {
  Config config = config_of(self);
  config.rest_ticks = kRest;
  return config;
}

// A leader of three whose followers have everything and rest.
Lone resting_leader() {
  Lone lone(resting_config(1), Lone::fresh(voters({1, 2, 3})));
  lone.lead({2, 3});
  lone.acknowledge(2, 1);
  lone.acknowledge(3, 1);
  for (uint32_t i = 0; i < kRest + 2; ++i) {
    lone.ticks(1);
    const Output out = lone.pump();
    for (uint64_t peer : {2, 3}) {
      const Heartbeat* heartbeat = out.to<Heartbeat>(peer);
      if (heartbeat) lone.step(peer, lone->term(), HeartbeatResponse{0, heartbeat->rest});
    }
  }
  lone.pump();
  return lone;
}

// A follower of 2 that has entry 1 applied and was told to rest.
Lone resting_follower() {
  Lone lone(resting_config(1), Lone::fresh(voters({1, 2, 3})));
  lone.step(2, 1, Append{0, 0, 1, {entry(1, 1)}});
  lone.pump();
  lone.step(2, 1, Heartbeat{1, 0, true});
  lone.pump();
  return lone;
}

TEST(Rest, AnIdleLeaderRestsOnceAllFollowersDo) {
  Lone lone = resting_leader();
  EXPECT_TRUE(lone->resting());
  lone.ticks(500);
  EXPECT_TRUE(lone.pump().messages.empty());
  EXPECT_EQ(lone->role(), Role::kLeader) << "nobody is missed";
}

TEST(Rest, AnEntryAReadAndATransferWakeTheLeader) {
  Lone writing = resting_leader();
  ASSERT_TRUE(writing->propose("x").ok());
  EXPECT_FALSE(writing->resting());
  EXPECT_EQ(writing.pump().of<Append>().size(), 2u);
  writing.ticks(1);
  EXPECT_EQ(writing.pump().of<Heartbeat>().size(), 2u) << "at once, since followers may wait for it";

  Lone reading = resting_leader();
  ASSERT_TRUE(reading->read_index(7).ok());
  EXPECT_FALSE(reading->resting());
  EXPECT_EQ(reading.pump().of<Heartbeat>().size(), 2u);

  Lone leaving = resting_leader();
  ASSERT_TRUE(leaving->transfer_leadership(id(2)).ok());
  EXPECT_FALSE(leaving->resting());
}

TEST(Rest, WhoeverSpeaksWakesTheLeader) {
  Lone lone = resting_leader();
  lone.step(3, lone->term() + 1, PreVoteRequest{1, 1});  // it did not hear of the rest, or lost its connection
  EXPECT_FALSE(lone->resting());
  lone.ticks(1);
  EXPECT_NE(lone.pump().to<Heartbeat>(3), nullptr);
}

TEST(Rest, ALeaderThatWokeStepsDownWhereNobodyAnswers) {
  Lone lone = resting_leader();
  ASSERT_TRUE(lone->propose("x").ok());
  lone.pump();
  lone.ticks(45);
  lone.pump();
  EXPECT_EQ(lone->role(), Role::kFollower);
}

TEST(Rest, AGroupWithAFollowerBehindDoesNotRest) {
  Lone lone(resting_config(1), Lone::fresh(voters({1, 2, 3})));
  lone.lead({2, 3});
  lone.acknowledge(2, 1);  // 3 lacks the entry
  for (uint32_t i = 0; i < 3 * kRest; ++i) {
    lone.ticks(1);
    const Output out = lone.pump();
    const Heartbeat* heartbeat = out.to<Heartbeat>(2);
    EXPECT_FALSE(heartbeat && heartbeat->rest);
    for (uint64_t peer : {2, 3}) lone.step(peer, lone->term(), HeartbeatResponse{});
  }
  EXPECT_FALSE(lone->resting());
}

TEST(Rest, AFollowerRestsWhereItHasAppliedEverything) {
  Lone lone = resting_follower();
  EXPECT_TRUE(lone->resting());
  lone.ticks(500);
  EXPECT_TRUE(lone.pump().messages.empty());
  EXPECT_EQ(lone->role(), Role::kFollower);

  Lone behind(resting_config(1), Lone::fresh(voters({1, 2, 3})));
  behind.hold_applies = true;
  behind.step(2, 1, Append{0, 0, 1, {entry(1, 1)}});
  behind.pump();
  behind.step(2, 1, Heartbeat{1, 0, true});
  const Output out = behind.pump();
  EXPECT_FALSE(behind->resting());
  ASSERT_NE(out.to<HeartbeatResponse>(2), nullptr);
  EXPECT_FALSE(out.to<HeartbeatResponse>(2)->resting);
}

TEST(Rest, ALostConnectionToTheLeaderWakesAFollower) {
  Lone lone = resting_follower();
  lone->peer_connection_lost(id(3));
  EXPECT_TRUE(lone->resting()) << "not its leader";
  lone->peer_connection_lost(id(2));
  EXPECT_FALSE(lone->resting());
  lone.ticks(10);
  EXPECT_EQ(lone.pump().of<PreVoteRequest>().size(), 2u);
}

TEST(Rest, ItsLeaderWakesAFollower) {
  Lone lone = resting_follower();
  lone.step(2, 1, Heartbeat{1, 0, false});
  EXPECT_FALSE(lone->resting());
  lone.ticks(20);
  EXPECT_FALSE(lone.pump().of<PreVoteRequest>().empty()) << "it times out again";
}

TEST(Rest, AFollowerThatRestsRefusesPreVotes) {
  Lone lone = resting_follower();
  lone.ticks(500);
  lone.step(3, 2, PreVoteRequest{1, 1});
  const Output out = lone.pump();
  ASSERT_NE(out.to<PreVoteResponse>(3), nullptr);
  EXPECT_FALSE(out.to<PreVoteResponse>(3)->granted);
}

}  // namespace
}  // namespace stator::raft
