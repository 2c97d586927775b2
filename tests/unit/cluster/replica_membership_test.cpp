// Goal: the leader brings its group to the members that it should have, over lost members, leaders that
// change on the way and clients that go on writing; a group that lacks a majority waits, and loses nothing.
#include <algorithm>

#include "cluster/membership_plan.h"
#include "tests/unit/cluster/group.h"

namespace stator::cluster {
namespace {

raft::Membership members(std::vector<uint64_t> voters, std::vector<uint64_t> learners = {}) {
  raft::Membership result;
  for (uint64_t id : voters) result.voters.push_back(model::ReplicaId(id));
  for (uint64_t id : learners) result.learners.push_back(model::ReplicaId(id));
  return result;
}

std::string text_of(const raft::Membership& membership) {
  std::string text;
  for (model::ReplicaId id : membership.voters) text += std::to_string(id.value);
  if (!membership.learners.empty()) text += "+";
  for (model::ReplicaId id : membership.learners) text += std::to_string(id.value);
  return text;
}

class ReplicaMembershipTest : public ::testing::Test {
 protected:
  ReplicaMembershipTest() {
    group.begin(1);
    for (int i = 0; i < 5; ++i) write(1);
  }

  // All replicas are told what group 0 wishes.
  void wish(raft::Membership wished) {
    for (auto& member : group.members) member->replica->reconfigure(wished, member->now);
    group.settle();
  }
  // An item that is acknowledged by replica `id`.
  void write(uint64_t id) {
    std::string name = "item" + std::to_string(written.size());
    Token token = group[id].submit("PutItem", put(name, "1"));
    group.settle();
    EXPECT_EQ(group[id].answer(token), "ok");
    written.push_back(name);
  }
  const raft::Membership& membership(uint64_t id) { return group[id].replica->node().membership(); }
  uint64_t leader() {
    for (auto& member : group.members) {
      uint64_t id = member->config.raft.self.value;
      if (!group.cut_off.contains(id) && member->replica->serving()) return id;
    }
    return 0;
  }
  // Ticks until the leader's group is as wished. The memberships that its log went through, "123+4 12+4 124".
  std::string follow(const raft::Membership& wished, uint64_t ticks = 300) {
    uint64_t id = 0;
    for (; ticks > 0; --ticks) {
      id = leader();
      if (id && !group[id].replica->reconfiguring() && group[id].state.membership == wished) break;
      group.tick(1);
    }
    group.tick(5);
    std::string way;
    if (id) {
      for (const raft::Entry& entry : group[id].log) {
        if (entry.kind != raft::EntryKind::kMembership) continue;
        way += (way.empty() ? "" : " ") + text_of(*raft::decode_membership(log_body(*entry.data)));
      }
    }
    return way;
  }
  // Each of them holds every acknowledged item, and they are equal.
  void expect_all_hold_everything(std::vector<uint64_t> ids) {
    for (uint64_t id : ids) {
      for (const std::string& name : written) {
        EXPECT_NE(group[id].item(name), "absent") << name << " at " << id;
      }
      EXPECT_EQ(group[id].rows, group[ids.front()].rows) << id;
    }
  }

  Group group{3};
  std::vector<std::string> written;
};

TEST_F(ReplicaMembershipTest, NothingIsLoggedWhereNothingIsToDo) {
  raft::Index last = group[1].replica->node().last_index();
  wish(members({1, 2, 3}));
  group.tick(20);
  EXPECT_EQ(group[1].replica->node().last_index(), last);
  EXPECT_FALSE(group[1].replica->reconfiguring());
}

TEST_F(ReplicaMembershipTest, ALostMemberIsReplaced) {
  group.cut_off = {3};
  group.tick(40);  // until it is missed
  group.add(4);
  wish(members({1, 2, 4}));
  EXPECT_TRUE(group[1].replica->reconfiguring());
  EXPECT_FALSE(group[2].replica->reconfiguring());  // it does not lead
  EXPECT_EQ(follow(members({1, 2, 4})), "123+4 12+4 124");
  EXPECT_EQ(group[1].state.membership, members({1, 2, 4}));
  EXPECT_EQ(group[4].state.membership, members({1, 2, 4}));
  expect_all_hold_everything({1, 2, 4});

  // The new one counts, and leads where it must.
  write(1);
  group.cut_off = {1, 3};
  group.elect(4);
  write(4);
  expect_all_hold_everything({2, 4});

  // The old one, which knows nothing of it all, comes back and disturbs nobody.
  group.cut_off = {1};
  raft::Term term = group[4].replica->node().term();
  group.tick(100);
  EXPECT_EQ(leader(), 4u);
  EXPECT_EQ(group[4].replica->node().term(), term);
}

TEST_F(ReplicaMembershipTest, ClientsGoOnWriting) {
  group.add(4);
  wish(members({1, 2, 4}));
  std::string way;
  for (int i = 0; i < 40; ++i) {
    // Evaluated, not proposed yet, when the next change is.
    Token token = group[1].submit("PutItem", put("other", std::to_string(i)));
    group.tick(1);
    EXPECT_EQ(group[1].answer(token), "ok");
    write(1);
  }
  EXPECT_EQ(membership(1), members({1, 2, 4}));
  group.tick(5);
  expect_all_hold_everything({1, 2, 4});
}

// What was evaluated before a change has its index: the change goes behind it, in the same turn.
TEST_F(ReplicaMembershipTest, AChangeGoesBehindWhatWasEvaluated) {
  group[1].submit("PutItem", put("a", "1"));
  group.settle();
  group.add(4);
  Token first = group[1].submit("PutItem", put("a", "2"));
  Token second = group[1].submit("PutItem", put("a", "3"));
  wish(members({1, 2, 3, 4}));
  EXPECT_EQ(group[1].answer(first), "ok");
  EXPECT_EQ(group[1].answer(second), "ok");
  follow(members({1, 2, 3, 4}));
  EXPECT_EQ(group[4].item("a"), R"(k={"S":"a"} v={"S":"3"})");
}

TEST_F(ReplicaMembershipTest, ALearnerThatIsAwayIsWaitedFor) {
  group.add(4);
  group.cut_off = {4};
  wish(members({1, 2, 4}));
  group.tick(50);
  EXPECT_EQ(membership(1), members({1, 2, 3}, {4}));  // nobody left yet
  write(1);
  group.cut_off = {};
  follow(members({1, 2, 4}));
  EXPECT_EQ(membership(1), members({1, 2, 4}));
  expect_all_hold_everything({1, 2, 4});
}

TEST_F(ReplicaMembershipTest, WithASecondMemberDownTheChangeWaitsAndNothingIsLost) {
  group.add(4);
  group.cut_off = {2, 3};  // 3 is lost for good, 2 is away
  wish(members({1, 2, 4}));
  Token unknown = group[1].submit("PutItem", put("unknown", "1"));
  group.tick(100);
  EXPECT_EQ(leader(), 0u);  // refuses to elect
  EXPECT_FALSE(group[4].replica->leads());
  EXPECT_FALSE(group[1].answered(unknown) && group[1].answer(unknown) == "ok");
  group.cut_off = {3};
  follow(members({1, 2, 4}));
  ASSERT_NE(leader(), 0u);
  EXPECT_EQ(membership(leader()), members({1, 2, 4}));
  write(leader());
  expect_all_hold_everything({1, 2, 4});
}

// The regression: the leader had not noticed yet that 2 is silent, removed 3, and was left with 2.
TEST_F(ReplicaMembershipTest, AMemberThatLivesIsReplacedWhileAnotherIsAway) {
  group.add(4);
  group.cut_off = {2};
  wish(members({1, 2, 4}));
  EXPECT_EQ(follow(members({1, 2, 4})), "123+4 1234 124");
  write(1);
  group.cut_off = {};
  group.tick(10);
  expect_all_hold_everything({1, 2, 4});
}

TEST_F(ReplicaMembershipTest, TheNextLeaderGoesOn) {
  group.add(4);
  wish(members({1, 2, 4}));
  for (int i = 0; i < 20 && membership(2) == members({1, 2, 3}); ++i) group.tick(1);
  ASSERT_EQ(membership(2), members({1, 2, 3}, {4}));
  group.cut_off = {1};
  group.elect(2);
  EXPECT_EQ(follow(members({1, 2, 4})), "123+4 1234 124");
  EXPECT_EQ(membership(2), members({1, 2, 4}));
  write(2);
  group.cut_off = {};
  group.tick(10);
  EXPECT_EQ(membership(1), members({1, 2, 4}));
  expect_all_hold_everything({1, 2, 4});
}

TEST_F(ReplicaMembershipTest, AChangeThatIsOverwrittenIsMadeAgain) {
  group.add(4);
  group.cut_off = {1};
  group[1].replica->reconfigure(members({1, 2, 4}), group[1].now);
  group.settle();
  ASSERT_EQ(membership(1), members({1, 2, 3}, {4}));  // in its own log only
  group.elect(2);
  group.cut_off = {};
  group.tick(5);
  EXPECT_EQ(membership(1), members({1, 2, 3}));
  wish(members({1, 2, 4}));
  follow(members({1, 2, 4}));
  EXPECT_EQ(membership(2), members({1, 2, 4}));
  EXPECT_EQ(membership(1), members({1, 2, 4}));
  write(2);
  group.tick(5);
  expect_all_hold_everything({1, 2, 4});
}

TEST_F(ReplicaMembershipTest, ALeaderThatIsToGoHandsOver) {
  group.add(4);
  wish(members({2, 3, 4}));
  follow(members({2, 3, 4}));
  ASSERT_NE(leader(), 0u);
  EXPECT_NE(leader(), 1u);
  EXPECT_FALSE(group[1].replica->leads());
  EXPECT_EQ(membership(leader()), members({2, 3, 4}));
  write(leader());
  group.tick(60);
  expect_all_hold_everything({2, 3, 4});
}

TEST_F(ReplicaMembershipTest, AllMembersAreReplaced) {
  for (uint64_t id : {4, 5, 6}) group.add(id);
  wish(members({4, 5, 6}));
  follow(members({4, 5, 6}));
  ASSERT_NE(leader(), 0u);
  EXPECT_EQ(membership(leader()), members({4, 5, 6}));
  group.cut_off = {1, 2, 3};
  write(leader());
  group.tick(5);
  expect_all_hold_everything({4, 5, 6});
}

TEST_F(ReplicaMembershipTest, RestartsOnTheWayChangeNothing) {
  group.cut_off = {3};
  group.add(4);
  wish(members({1, 2, 4}));
  for (int i = 0; i < 200 && membership(leader() ? leader() : 1) != members({1, 2, 4}); ++i) {
    group.tick(1);
    uint64_t id = i % 2 ? 4 : 2;
    if (i % 7 == 6) {
      group[id].start();
      group[id].replica->reconfigure(members({1, 2, 4}), group[id].now);
    }
  }
  group.tick(40);
  ASSERT_NE(leader(), 0u);
  EXPECT_EQ(membership(leader()), members({1, 2, 4}));
  write(leader());
  group.tick(5);
  expect_all_hold_everything({1, 2, 4});
}

// A wish from before the last one: the leader goes back, and forward again. Nothing is lost.
TEST_F(ReplicaMembershipTest, AnOldWishCostsTimeOnly) {
  group.cut_off = {3};
  group.add(4);
  wish(members({1, 2, 4}));
  follow(members({1, 2, 4}));
  wish(members({1, 2, 3}));
  group.tick(60);
  EXPECT_TRUE(raft::is_voter(membership(1), model::ReplicaId(4)));  // 3 never answers, so 4 stays
  wish(members({1, 2, 4}));
  follow(members({1, 2, 4}));
  EXPECT_EQ(membership(1), members({1, 2, 4}));
  write(1);
  group.tick(5);
  expect_all_hold_everything({1, 2, 4});
}

// --- one that knows no members
// ----------------------------------------------------------------------------------------

TEST_F(ReplicaMembershipTest, AReplicaThatIsToBeAddedElectsNobody) {
  Carrier& late = group.add(4);
  for (int i = 0; i < 500; ++i) {
    late.replica->tick(late.now);
    late.settle();
    EXPECT_TRUE(late.messages.empty());
  }
  late.replica->campaign(late.now);
  late.settle();
  EXPECT_FALSE(late.replica->leads());
  EXPECT_EQ(late.replica->node().term(), 0u);
}

// Replica 3's node was down when the table was made; then the folder of replica 2 was wiped. What is wished
// by now, {1, 4, 3}, is not what the group began with: two that know nothing would be its majority.
TEST(ReplicaMembership, TheReplicasOfANodeThatWasDownAllAlongElectNobodyWithALateOne) {
  Group group(3);
  group.cut_off = {3};
  group.begin(1);
  Token token = group[1].submit("PutItem", put("a", "1"));
  group.settle();
  ASSERT_EQ(group[1].answer(token), "ok");
  Partition wished;
  wished.replicas = {{model::ReplicaId(1), model::NodeId(1)},
                     {model::ReplicaId(4), model::NodeId(2), 0, false, true},
                     {model::ReplicaId(3), model::NodeId(3)}};
  std::vector<uint64_t> begins_with;
  for (model::ReplicaId id : first_members(wished).voters) begins_with.push_back(id.value);
  group.members[2] = std::make_unique<Carrier>(3, begins_with);
  group[3].start();
  group.add(4);
  auto wish = [&](Carrier& member) { member.replica->reconfigure(wished_members(wished), member.now); };
  wish(group[3]);
  wish(group[4]);
  group.cut_off = {1, 2};
  group.tick(200);
  EXPECT_FALSE(group[3].replica->leads());
  EXPECT_FALSE(group[4].replica->leads());

  group.cut_off = {2};  // 1 is back, with what was written
  wish(group[1]);
  group.tick(200);
  EXPECT_TRUE(group[1].replica->serving());
  EXPECT_EQ(group[1].state.membership, wished_members(wished));
  for (uint64_t id : {3, 4}) {
    EXPECT_EQ(group[id].rows, group[1].rows) << id;
    EXPECT_NE(group[id].item("a"), "absent") << id;
  }
}

TEST(ReplicaMembership, AGroupOfOneGrows) {
  Group group(1);
  group.begin(1);
  group[1].submit("PutItem", put("a", "1"));
  group.settle();
  EXPECT_TRUE(group[1].replica->serves_alone());
  group.add(2);
  group.add(3);
  for (auto& member : group.members) member->replica->reconfigure(members({1, 2, 3}), member->now);
  group.tick(20);
  EXPECT_EQ(group[1].replica->node().membership(), members({1, 2, 3}));
  EXPECT_FALSE(group[1].replica->serves_alone());
  EXPECT_EQ(group[3].rows, group[1].rows);
  group.cut_off = {1};
  group.elect(3);
  Token token = group[3].submit("PutItem", put("a", "2"));
  group.settle();
  EXPECT_EQ(group[3].answer(token), "ok");
}

}  // namespace
}  // namespace stator::cluster
