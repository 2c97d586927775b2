// Goal: three replicas and the end of a leadership: which promises are kept, which are broken, and what a
// deposed leader must not say. Messages and disks move when the test says so.
#include "cluster/replica.h"

#include "tests/unit/cluster/group.h"

namespace stator::cluster {
namespace {

class ReplicaGroupTest : public ::testing::Test {
 protected:
  ReplicaGroupTest() { group.begin(1); }
  // Everything that `from` has for `to`, taken out of its queue.
  std::vector<raft::Message> take_messages(uint64_t from, uint64_t to) {
    std::vector<raft::Message> taken;
    std::deque<raft::Message> rest;
    for (raft::Message& message : group[from].messages) {
      if (message.to.value == to) {
        taken.push_back(std::move(message));
      } else {
        rest.push_back(std::move(message));
      }
    }
    group[from].messages = std::move(rest);
    return taken;
  }
  void hand_over(std::vector<raft::Message> messages) {
    for (raft::Message& message : messages) {
      Carrier& to = group[message.to.value];
      to.replica->step(std::move(message), to.now);
      to.settle();
    }
  }
  // On leader 1, with its disk done, nothing sent.
  Token propose(const std::string& json, std::optional<RequestId> id = std::nullopt) {
    Token token = group[1].submit("PutItem", json, id);
    group[1].settle();
    return token;
  }

  Group group{3};
};

TEST_F(ReplicaGroupTest, AllApplyTheSame) {
  Token token = group[1].submit("PutItem", put("a", "1"));
  group.settle();
  group.tick(3);
  EXPECT_EQ(group[1].answer(token), "ok");
  EXPECT_EQ(group[2].rows, group[1].rows);
  EXPECT_EQ(group[3].rows, group[1].rows);
  EXPECT_EQ(group[3].replica->applied_state().checksum, group[1].replica->applied_state().checksum);
  EXPECT_FALSE(group[1].replica->serves_alone());
}

TEST_F(ReplicaGroupTest, AnAppendCarriesTheCommitAndNoNoticeGoesBesideIt) {
  Token first = group[1].submit("PutItem", put("a", "1"));
  group[1].take();
  group[1].load_one();
  Token second = group[1].submit("PutItem", put("b", "1"));  // waits: one entry is on its way
  group[1].settle();
  hand_over(take_messages(1, 2));
  hand_over(take_messages(2, 1));
  EXPECT_EQ(group[1].answer(first), "ok");
  EXPECT_FALSE(group[1].answered(second));
  size_t appends = 0;
  for (const raft::Message& message : take_messages(1, 2)) {
    EXPECT_FALSE(std::holds_alternative<raft::CommitNotice>(message.body));
    appends += std::holds_alternative<raft::Append>(message.body) ? 1 : 0;
  }
  EXPECT_EQ(appends, 1u);
}

TEST_F(ReplicaGroupTest, AStrongReadNeedsAMajority) {
  group.cut_off = {1};
  Token read = group[1].read();
  group.settle();
  EXPECT_TRUE(group[1].reads.empty());
  group.cut_off = {};
  group.tick(3);
  EXPECT_EQ(group[1].reads, std::deque<Token>{read});
}

TEST_F(ReplicaGroupTest, AFailedConditionNeedsAMajority) {
  group[1].submit("PutItem", put("a", "1"));
  group.settle();
  group.cut_off = {1};
  Token failed = propose(put("a", "2", kIfAbsent));
  EXPECT_FALSE(group[1].answered(failed));
  group.elect(2);
  group.cut_off = {};
  group.tick(5);
  EXPECT_EQ(group[1].answer(failed), "ServiceUnavailable");
}

// The regression. The condition saw a proposal of this leader that is not committed; that proposal's
// acknowledgement is on its way while another leader takes over and overwrites the item. The commit of what
// it saw is then no proof that it is still the newest.
TEST_F(ReplicaGroupTest, AFailedConditionIsNotAnsweredByAnOldAcknowledgement) {
  group[1].submit("PutItem", put("a", "0"));
  group.settle();
  Token write = propose(put("a", "1"));
  hand_over(take_messages(1, 2));
  std::vector<raft::Message> late = take_messages(2, 1);  // the acknowledgement
  ASSERT_FALSE(late.empty());
  group[1].messages.clear();

  group.cut_off = {1};
  group.elect(2);
  Token remove_it = group[2].submit("DeleteItem", remove("a"));
  group.settle();
  EXPECT_EQ(group[2].answer(remove_it), "ok");  // acknowledged: from now on there is no item

  Token failed = propose(put("a", "2", kIfAbsent));  // 1 does not know of it
  hand_over(std::move(late));
  group[1].settle();
  EXPECT_EQ(group[1].answer(write), "ok");  // committed it is
  EXPECT_FALSE(group[1].answered(failed));  // but not the newest
  group.cut_off = {};
  group.tick(5);
  EXPECT_EQ(group[1].answer(failed), "ServiceUnavailable");
}

// The confirmation and the end of the leadership arrive together: what was seen is not committed, and may be
// overwritten.
TEST_F(ReplicaGroupTest, AConfirmationDoesNotOutliveTheLeadership) {
  group[1].submit("PutItem", put("a", "0"));
  group[1].submit("DeleteItem", remove("a"));
  group.settle();
  group.cut_off = {1};
  Token write = propose(put("a", "1"));  // stays alone
  group[1].messages.clear();
  Token failed = propose(put("a", "2", kIfAbsent));
  std::vector<raft::Message> heartbeats = take_messages(1, 2);
  ASSERT_FALSE(heartbeats.empty());
  hand_over(std::move(heartbeats));
  std::vector<raft::Message> confirmation = take_messages(2, 1);
  ASSERT_FALSE(confirmation.empty());
  group.elect(2);
  Token other = group[2].submit("PutItem", put("b", "1"));
  group[2].settle();
  group[2].tick_heartbeat();
  std::vector<raft::Message> news = take_messages(2, 1);
  // All in one batch of inputs.
  for (raft::Message& message : confirmation) group[1].replica->step(std::move(message), group[1].now);
  for (raft::Message& message : news) group[1].replica->step(std::move(message), group[1].now);
  group[1].settle();
  EXPECT_EQ(group[1].answer(failed), "ServiceUnavailable");
  group.cut_off = {};
  group.tick(5);
  EXPECT_EQ(group[2].answer(other), "ok");
  EXPECT_EQ(group[1].answer(write), "ServiceUnavailable");  // overwritten
  EXPECT_EQ(group[1].item("a"), "absent");
}

TEST_F(ReplicaGroupTest, ADeposedLeaderKeepsItsPromiseUntilItsEntryIsCommitted) {
  Token token = propose(put("a", "1"), request_id(1));
  Token retry = propose(put("a", "1"), request_id(1));
  hand_over(take_messages(1, 2));
  group[2].messages.clear();  // the acknowledgement is lost
  group.cut_off = {1};
  group.elect(2);  // has the entry, so it commits
  group.cut_off = {};
  group.tick(5);
  EXPECT_FALSE(group[1].replica->leads());
  EXPECT_EQ(group[1].answer(token), "ok");
  EXPECT_EQ(group[1].answer(retry), "ok");
  EXPECT_EQ(group[1].replica->waiting(), 0u);
}

TEST_F(ReplicaGroupTest, ADeposedLeaderBreaksItsPromiseWhenItsEntryIsOverwritten) {
  group.cut_off = {1};
  Token token = propose(put("a", "1"), request_id(1));
  Token retry = propose(put("a", "1"), request_id(1));
  group.elect(2);
  EXPECT_FALSE(group[1].answered(token));
  Token elsewhere = group[2].submit("PutItem", put("a", "1"), request_id(1));
  group.settle();
  EXPECT_EQ(group[2].answer(elsewhere), "ok");
  group.cut_off = {};
  group.tick(5);
  EXPECT_EQ(group[1].answer(token), "ServiceUnavailable");
  EXPECT_EQ(group[1].answer(retry), "ServiceUnavailable");
  EXPECT_EQ(group[1].replica->waiting(), 0u);
  EXPECT_EQ(group[1].rows, group[2].rows);
}

TEST_F(ReplicaGroupTest, ARetryAtTheNextLeaderIsRecognised) {
  Token first = group[1].submit("UpdateItem", add_one("a"), request_id(1));
  group.settle();
  group.tick(3);
  group.cut_off = {1};
  group.elect(2);
  Token retry = group[2].submit("UpdateItem", add_one("a"), request_id(1));
  group.settle();
  EXPECT_EQ(group[2].answer(retry), group[1].answer(first));
  EXPECT_EQ(group[2].item("a"), R"(k={"S":"a"} n={"N":"1"})");
}

TEST_F(ReplicaGroupTest, WhatWasParkedOrOnlyEvaluatedIsRefusedWithTheLeadership) {
  group[1].submit("PutItem", put("b", "1"));
  group.settle();
  group.cut_off = {1};
  Token proposed = group[1].submit("PutItem", put("b", "2"));
  group[1].take();
  group[1].load_one();
  Token parked = group[1].submit("PutItem", put("a", "1"));
  group[1].take();  // its load is under way
  RowLoad load = group[1].loads.front();
  group[1].loads.clear();
  group.elect(2);
  group[2].tick_heartbeat();
  std::vector<raft::Message> news = take_messages(2, 1);
  Token evaluated = group[1].submit("PutItem", put("b", "3"), request_id(1));
  Token retry = group[1].submit("PutItem", put("b", "3"), request_id(1));
  Token failed = group[1].submit("PutItem", put("b", "4", kIfAbsent));
  for (raft::Message& message : news) group[1].replica->step(std::move(message), group[1].now);
  Token late = group[1].submit("PutItem", put("b", "5"));
  group[1].take();
  for (Token token : {parked, evaluated, retry, failed, late}) {
    EXPECT_EQ(group[1].answer(token), "ServiceUnavailable") << token;
  }
  EXPECT_FALSE(group[1].answered(proposed));
  EXPECT_FALSE(group[1].replica->serving());
  // The load of that time says nothing to a later leadership.
  group[1].replica->row_loaded(load.key, load.load, nullptr, group[1].now);
  group.cut_off = {};
  group.tick(5);
  EXPECT_EQ(group[1].answer(proposed), "ServiceUnavailable");
  EXPECT_EQ(group[1].replica->waiting(), 0u);
}

TEST_F(ReplicaGroupTest, AStaleLoadIsNotTakenByALaterLeadership) {
  Token before = group[1].submit("UpdateItem", add_one("a"));
  group[1].take();
  RowLoad stale = group[1].loads.front();  // reads "absent", and takes its time
  group[1].loads.clear();
  group.cut_off = {1};
  group.elect(2);
  group[2].submit("UpdateItem", add_one("a"));
  group.settle();
  group.cut_off = {};
  group.tick(5);
  EXPECT_EQ(group[1].answer(before), "ServiceUnavailable");
  group.cut_off = {2};
  group.elect(1);
  Token after = group[1].submit("UpdateItem", add_one("a"));
  group[1].take();
  group[1].replica->row_loaded(stale.key, stale.load, nullptr, group[1].now);
  group.settle();
  EXPECT_EQ(group[1].answer(after), R"(ok k={"S":"a"} n={"N":"2"})");
}

TEST_F(ReplicaGroupTest, ALogIsCutOnlyWhereAllMembersHoldIt) {
  Group small(3);
  for (uint64_t id : {1, 2, 3}) {
    small[id].config.log_cut_entries_min = 3;
    small[id].start();
  }
  small.begin(1);
  small.cut_off = {3};
  raft::Index stored_on_all = small[3].log.size();
  for (int i = 0; i < 20; ++i) {
    small[1].submit("UpdateItem", add_one("a"));
    small.settle();
  }
  for (uint64_t id : {1, 2}) {
    small[id].replica->items_synced(small[id].state.index, small[id].now);
    small[id].take();
  }
  EXPECT_TRUE(!small[1].cut_log || *small[1].cut_log <= stored_on_all);
  EXPECT_TRUE(!small[2].cut_log || *small[2].cut_log <= stored_on_all);  // as far as it has heard
  small.cut_off = {};
  small.tick(10);
  small[1].replica->items_synced(small[1].state.index, small[1].now);
  small[1].take();
  ASSERT_TRUE(small[1].cut_log.has_value());
  EXPECT_GE(*small[1].cut_log, 20u);
}

// A follower that acknowledged what it cannot apply would count for a majority that it is no part of.
TEST_F(ReplicaGroupTest, DamagedEntriesAreNotAcknowledged) {
  Token token = propose(put("a", "1"));
  std::vector<raft::Message> messages = take_messages(1, 2);
  group[1].messages.clear();
  for (raft::Message& message : messages) {
    if (auto* append = std::get_if<raft::Append>(&message.body)) {
      for (raft::Entry& entry : append->entries) {
        std::string damaged = *entry.data;
        damaged[100] = static_cast<char>(damaged[100] ^ 4);
        entry.data = std::make_shared<const std::string>(damaged);
      }
    }
  }
  raft::Index before = group[2].log.size();
  hand_over(std::move(messages));
  EXPECT_EQ(group[2].log.size(), before);
  EXPECT_FALSE(group[1].answered(token));
  group.tick(10);  // sent again
  EXPECT_EQ(group[1].answer(token), "ok");
  EXPECT_EQ(group[2].rows, group[1].rows);
}

// --- failure
// ----------------------------------------------------------------------------------------------------------

TEST_F(ReplicaGroupTest, AReplicaThatFailsAnswersAllThatWait) {
  // An entry of a kind that this version does not know, committed by others.
  group[1].submit("PutItem", put("a", "1"));
  group.settle();
  Token committed = group[1].submit("PutItem", put("a", "2"));
  group[1].take();
  group[1].load_one();
  raft::Index bad = group[1].log.size() + 1;
  // The leader's own copy of its newest entry is damaged in memory before it is applied.
  Token parked = group[1].submit("PutItem", put("p", "1"));
  Token failed = group[1].submit("PutItem", put("a", "3", kIfAbsent));
  Token read = group[1].read();
  group[1].take();
  ASSERT_FALSE(group[1].persists.empty());
  auto& data = group[1].persists.back().entries.back().data;
  const_cast<std::string&>(*data)[90] ^= 1;  // shared with the log and the link
  group[1].loads.clear();
  group[1].sync();
  // The followers refuse the damaged copy, so nothing commits; a lone voter would apply it. Let one
  // acknowledge it.
  raft::Message ack{model::ReplicaId(2), model::ReplicaId(1), group[1].replica->node().term(),
                    raft::AppendResponse{false, bad, 0, 0}};
  group[1].replica->step(ack, group[1].now);
  group[1].take();
  ASSERT_TRUE(group[1].replica->failure().has_value());
  EXPECT_EQ(group[1].replica->failure()->index, bad);
  EXPECT_EQ(group[1].answer(committed), "InternalServerError");
  EXPECT_EQ(group[1].answer(parked), "ServiceUnavailable");
  EXPECT_EQ(group[1].answer(failed), "ServiceUnavailable");
  EXPECT_EQ(group[1].answer(read), "ServiceUnavailable");
  EXPECT_EQ(group[1].replica->waiting(), 0u);
  // The others go on without it.
  group.cut_off = {1};
  group.elect(2);
  Token after = group[2].submit("PutItem", put("a", "4"));
  group.settle();
  EXPECT_EQ(group[2].answer(after), "ok");
}

}  // namespace
}  // namespace stator::cluster
