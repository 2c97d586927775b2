// Goal: a leadership that is handed over, or whose process is gone: nothing promised is lost, nothing is
// served between two leaders, and the next one is there soon.
#include "cluster/replica.h"

#include "tests/unit/cluster/group.h"

namespace stator::cluster {
namespace {

class ReplicaTransferTest : public ::testing::Test {
 protected:
  ReplicaTransferTest() { group.begin(1); }
  Replica& replica(uint64_t id) { return *group[id].replica; }
  auto transfer(uint64_t from, uint64_t to) {
    auto begun = replica(from).transfer_leadership(model::ReplicaId(to), group[from].now);
    group[from].take();
    return begun;
  }

  Group group{3};
};

TEST_F(ReplicaTransferTest, TheOtherLeadsWithoutATick) {
  ASSERT_TRUE(transfer(1, 2).ok());
  group.settle();
  EXPECT_FALSE(replica(1).leads());
  EXPECT_TRUE(replica(2).serving());
  Token token = group[2].submit("PutItem", put("a", "1"));
  group.settle();
  EXPECT_EQ(group[2].answer(token), "ok");
}

TEST_F(ReplicaTransferTest, WhatWasTakenBeforeIsKept) {
  Token before = group[1].submit("PutItem", put("a", "1"));
  for (bool busy = true; busy; busy = !group[1].loads.empty()) {
    group[1].take();
    while (!group[1].loads.empty()) group[1].load_one();
  }
  Token evaluated =
      group[1].submit("PutItem", put("a", "2"));  // not proposed yet: no outputs were taken since
  ASSERT_TRUE(transfer(1, 2).ok());
  EXPECT_TRUE(replica(1).transferring());
  EXPECT_FALSE(replica(1).serving());
  Token during = group[1].submit("PutItem", put("a", "3"));
  group.settle();
  group.tick(3);
  EXPECT_EQ(group[1].answer(before), "ok");
  EXPECT_EQ(group[1].answer(evaluated), "ok");
  EXPECT_EQ(group[1].answer(during), "ServiceUnavailable");
  EXPECT_TRUE(replica(2).serving());
  EXPECT_EQ(group[2].item("a"), group[1].item("a"));
  EXPECT_EQ(group[2].item("a"), R"(k={"S":"a"} v={"S":"2"})");
}

TEST_F(ReplicaTransferTest, ARowThatWasBeingLoadedIsRefused) {
  Token waiting = group[1].submit("PutItem", put("a", "1"));
  group[1].take();
  ASSERT_EQ(group[1].loads.size(), 1u);
  group.cut_off = {2};
  ASSERT_TRUE(transfer(1, 2).ok());
  group[1].load_one();
  EXPECT_EQ(group[1].answer(waiting), "ServiceUnavailable");
}

TEST_F(ReplicaTransferTest, ItIsGivenUpAfterAnElectionTimeout) {
  group.cut_off = {2};
  ASSERT_TRUE(transfer(1, 2).ok());
  group.settle();
  EXPECT_FALSE(replica(1).serving());
  group.tick(group[1].config.raft.election_ticks_max);
  EXPECT_FALSE(replica(1).transferring());
  EXPECT_TRUE(replica(1).serving());
  Token token = group[1].submit("PutItem", put("a", "1"));
  group.settle();
  EXPECT_EQ(group[1].answer(token), "ok");
}

// A schema that is wished meanwhile is proposed when the leadership stays.
TEST_F(ReplicaTransferTest, ASchemaWaitsForItsEnd) {
  group.cut_off = {2};
  ASSERT_TRUE(transfer(1, 2).ok());
  replica(1).configure(test_table(2), group[1].now);
  group.settle();
  EXPECT_EQ(replica(1).machine().schema_version(), 1u);
  group.tick(group[1].config.raft.election_ticks_max + 2);
  EXPECT_EQ(replica(1).machine().schema_version(), 2u);
}

TEST_F(ReplicaTransferTest, OnlyALeaderAndOnlyToAVoter) {
  auto at_follower = transfer(2, 3);
  ASSERT_FALSE(at_follower.ok());
  EXPECT_EQ(at_follower.error(), raft::TransferError::kNotLeader);
  auto to_nobody = transfer(1, 9);
  ASSERT_FALSE(to_nobody.ok());
  EXPECT_EQ(to_nobody.error(), raft::TransferError::kNotVoter);
  EXPECT_TRUE(replica(1).serving());
  EXPECT_TRUE(transfer(1, 1).ok());  // to itself: as it is
  EXPECT_TRUE(replica(1).serving());
}

TEST_F(ReplicaTransferTest, ALeaderWhoseProcessIsGoneIsMissedAtOnce) {
  group.cut_off = {1};
  for (uint64_t id : {2, 3}) replica(id).peer_connection_lost(model::ReplicaId(1), group[id].now);
  const uint32_t ticks = group[2].config.raft.lost_leader_ticks_max;
  for (uint32_t i = 0; i < 2 * ticks && !replica(2).serving() && !replica(3).serving(); ++i) {
    for (uint64_t id : {2, 3}) replica(id).tick(group[id].now);
    group.settle();
  }
  EXPECT_TRUE(replica(2).serving() || replica(3).serving());
}

TEST_F(ReplicaTransferTest, AConnectionToAFollowerChangesNothing) {
  replica(2).peer_connection_lost(model::ReplicaId(3), group[2].now);
  replica(1).peer_connection_lost(model::ReplicaId(3), group[1].now);
  group.tick(group[1].config.raft.election_ticks_max * 2);
  EXPECT_TRUE(replica(1).serving());
}

}  // namespace
}  // namespace stator::cluster
