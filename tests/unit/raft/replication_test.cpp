// Goal: the log is replicated, committed and applied by the paper's rules (Raft §5.3, §5.4, §5.5, §8), with
// asynchronous syncs: an acknowledgement, the leader's own included, covers only what is synced, and a slow
// peer costs no memory.
#include <gtest/gtest.h>

#include "lone.h"

namespace stator::raft {
namespace {

Append append_of(const std::vector<Term>& log, Index prev, Index commit = 0) {
  const std::vector<Entry> entries = log_of(log);
  const Term prev_term = prev == 0 ? 0 : entries[prev - 1].term;
  return {prev, prev_term, commit, {entries.begin() + static_cast<std::ptrdiff_t>(prev), entries.end()}};
}

std::vector<Term> terms_of(const Lone& lone) {
  std::vector<Term> terms;
  for (const Entry& each : const_cast<Lone&>(lone).disk().log.entries) terms.push_back(each.term);
  return terms;
}

// A follower of term `term` with this log, all of it synced.
Lone follower(const std::vector<Term>& log, Term term) {
  return Lone(config_of(1), Lone::with_log(voters({1, 2, 3}), log, {term, ReplicaId()}));
}

TEST(Replication, S8_ATermBeginsWithANoop) {
  Lone lone(config_of(1), Lone::with_log(voters({1, 2, 3}), {1, 1}, {1, ReplicaId()}));
  lone.lead({2});
  ASSERT_EQ(lone->last_index(), 3u);
  EXPECT_EQ(lone.disk().log.at(3).kind, EntryKind::kNoop);
  EXPECT_EQ(lone.disk().log.at(3).term, 2u);
}

TEST(Replication, S5_3_ALeaderSendsToAllAndCommitsWithAMajority) {
  Lone lone(1, voters({1, 2, 3}));
  lone.lead({2});
  lone.acknowledge(2, 1);
  lone.acknowledge(3, 1);
  const auto index = lone->propose("hello");
  ASSERT_TRUE(index.ok());
  EXPECT_EQ(*index, 2u);
  const Output out = lone.pump();
  ASSERT_EQ(out.of<Append>().size(), 2u);
  EXPECT_EQ(out.to<Append>(3)->prev_index, 1u);
  EXPECT_EQ(*out.to<Append>(3)->entries.at(0).data, "hello");
  EXPECT_EQ(lone->commit_index(), 1u);
  const Output committed = lone.acknowledge(3, 2);
  EXPECT_EQ(lone->commit_index(), 2u);
  ASSERT_EQ(committed.committed.size(), 1u);
  ASSERT_NE(committed.to<CommitNotice>(3), nullptr) << "told at once, not with the next heartbeat";
  EXPECT_EQ(committed.to<CommitNotice>(3)->commit, 2u);
  EXPECT_EQ(committed.to<CommitNotice>(2), nullptr) << "it is not known to have the entry";
}

TEST(Replication, S5_3_ProposalsOfOneRoundShareAnAppend) {
  Lone lone(1, voters({1, 2, 3}));
  lone.lead({2});
  lone.acknowledge(2, 1);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(lone->propose("x").ok());
  const Ready ready = lone->take_ready();
  EXPECT_EQ(ready.entries.size(), 10u);
  size_t appends = 0;
  for (const Message& message : ready.messages) {
    const auto* append = std::get_if<Append>(&message.body);
    if (append == nullptr || message.to != id(2)) continue;
    ++appends;
    EXPECT_EQ(append->entries.size(), 10u);
  }
  EXPECT_EQ(appends, 1u);
}

TEST(Replication, S5_3_FollowersApplyWhatTheLeaderCommitted) {
  Lone lone = follower({}, 1);
  lone.step(2, 1, append_of({1, 1}, 0, 1));
  const Output out = lone.pump();
  ASSERT_EQ(out.committed.size(), 1u);
  EXPECT_EQ(out.committed[0].index, 1u);
  lone.step(2, 1, CommitNotice{2});
  EXPECT_EQ(lone.pump().committed.size(), 1u);
  lone.step(2, 1, CommitNotice{9});
  EXPECT_EQ(lone->commit_index(), 2u) << "a commit beyond the log is not believed";
}

TEST(Replication, S5_3_CommitGoesNoFurtherThanWhatTheAppendVouchesFor) {
  // The follower's index 2 is of a deposed leader; the new one has sent only index 1 so far.
  Lone lone = follower({1, 1}, 2);
  lone.step(2, 2, append_of({1}, 0, 2));
  lone.pump();
  EXPECT_EQ(lone->commit_index(), 1u);
}

TEST(Replication, S5_3_AnAppendThatDoesNotFitIsRejected) {
  struct Case {
    Index prev_index;
    Term prev_term;
    bool rejected;
  };
  for (const Case& each : {Case{0, 0, false}, Case{1, 1, false}, Case{2, 2, false}, Case{1, 2, true},
                           Case{2, 1, true}, Case{3, 3, true}}) {
    Lone lone = follower({1, 2}, 2);
    lone.step(2, 2, Append{each.prev_index, each.prev_term, 0, {}});
    const Output out = lone.pump();
    ASSERT_NE(out.to<AppendResponse>(2), nullptr);
    EXPECT_EQ(out.to<AppendResponse>(2)->rejected, each.rejected) << each.prev_index << "/" << each.prev_term;
    EXPECT_EQ(out.to<AppendResponse>(2)->index, each.prev_index);
  }
}

TEST(Replication, S5_3_ConflictingEntriesGoAndNewOnesCome) {
  struct Case {
    Index prev;
    std::vector<Term> sent;
    std::vector<Term> after;
    std::vector<Term> written;
  };
  const Case cases[] = {
      {2, {1, 2, 3}, {1, 2, 3}, {3}},
      {1, {1, 3, 4}, {1, 3, 4}, {3, 4}},
      {0, {1}, {1, 2}, {}},  // an old Append takes nothing away
      {0, {3}, {3}, {3}},
  };
  for (const Case& each : cases) {
    Lone lone = follower({1, 2}, 4);
    lone.step(2, 4, append_of(each.sent, each.prev));
    const Output out = lone.pump();
    EXPECT_EQ(terms_of(lone), each.after);
    std::vector<Term> written;
    for (const Entry& one : out.persisted_entries) written.push_back(one.term);
    EXPECT_EQ(written, each.written);
  }
}

TEST(Replication, S5_3_WhatIsCommittedIsNeverTakenBack) {
  Lone lone = follower({}, 1);
  lone.step(2, 1, append_of({1, 1}, 0, 2));
  lone.pump();
  lone.step(2, 1, Append{0, 0, 0, {entry(1, 1), entry(3, 1)}});  // a hole: nonsense
  lone.step(2, 1, Append{0, 0, 0, {entry(1, 7)}});               // a term beyond the message's: nonsense
  lone.pump();
  EXPECT_EQ(terms_of(lone), (std::vector<Term>{1, 1}));
}

// Figure 7: whatever followers have, the leader's log replaces it.
TEST(Replication, S5_3_ALeaderBringsFigure7IntoLine) {
  const std::vector<Term> lead = {1, 1, 1, 4, 4, 5, 5, 6, 6, 6};
  const std::vector<std::vector<Term>> logs = {
      {1, 1, 1, 4, 4, 5, 5, 6, 6},          {1, 1, 1, 4},          {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},
      {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7}, {1, 1, 1, 4, 4, 4, 4}, {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3},
  };
  for (const std::vector<Term>& log : logs) {
    Lone leader(config_of(1), Lone::with_log(voters({1, 2, 3}), lead, {7, ReplicaId()}));
    Lone behind(config_of(2), Lone::with_log(voters({1, 2, 3}), log, {7, ReplicaId()}));
    leader.lead({3});
    ASSERT_EQ(leader->term(), 8u);
    int rounds = 0;
    leader.ticks(2);
    for (; rounds < 20 && terms_of(behind) != terms_of(leader); ++rounds) {
      leader.step(2, 8, HeartbeatResponse{});
      for (const Message& message : leader.pump().messages) {
        if (message.to == id(2)) behind->step(message);
      }
      for (const Message& message : behind.pump().messages) leader->step(message);
    }
    EXPECT_EQ(terms_of(behind), terms_of(leader));
    EXPECT_LE(rounds, 5) << "a round a term, not an entry";
  }
}

TEST(Replication, S5_3_BacktrackingSkipsWholeTerms) {
  std::vector<Term> mine(100, 1);
  std::vector<Term> theirs(10, 1);
  theirs.resize(200, 2);
  mine.resize(300, 3);
  Lone leader(config_of(1), Lone::with_log(voters({1, 2, 3}), mine, {3, ReplicaId()}));
  leader.lead({3});
  Lone behind(config_of(2), Lone::with_log(voters({1, 2, 3}), theirs, {3, ReplicaId()}));
  int rejections = 0;
  for (int i = 0; i < 10; ++i) {
    leader.step(2, 4, HeartbeatResponse{});
    for (const Message& message : leader.pump().messages) {
      if (message.to == id(2)) behind->step(message);
    }
    for (const Message& message : behind.pump().messages) {
      const auto* response = std::get_if<AppendResponse>(&message.body);
      rejections += response && response->rejected;
      leader->step(message);
    }
  }
  EXPECT_EQ(behind->last_index(), 301u);
  EXPECT_LE(rejections, 2);
}

// Figure 8: an entry of an older term is not committed by counting it, only by one of this term that follows.
TEST(Replication, S5_4_2_OnlyEntriesOfItsOwnTermAreCommittedByCounting) {
  Lone lone(config_of(1), Lone::with_log(voters({1, 2, 3}), {1, 2}, {3, ReplicaId()}));
  lone.lead({3});
  lone.acknowledge(2, 2);
  EXPECT_EQ(lone->commit_index(), 0u);
  lone.acknowledge(2, 3);
  EXPECT_EQ(lone->commit_index(), 3u) << "and what precedes it with it";
}

TEST(Replication, S5_5_ARepeatedAppendChangesNothingAndIsAnswered) {
  Lone lone = follower({}, 1);
  lone.step(2, 1, append_of({1, 1}, 0, 1));
  lone.pump();
  lone.step(2, 1, append_of({1, 1}, 0, 1));
  const Output out = lone.pump();
  EXPECT_TRUE(out.persisted_entries.empty());
  EXPECT_TRUE(out.committed.empty());
  EXPECT_EQ(out.to<AppendResponse>(2)->index, 2u);
}

// -- syncs
// ---------------------------------------------------------------------------------------------------------------

TEST(Replication, AnAcknowledgementLeavesAfterItsSync) {
  Lone lone = follower({}, 1);
  lone.hold_syncs = true;
  lone.step(2, 1, append_of({1}, 0));
  EXPECT_EQ(lone.pump().to<AppendResponse>(2), nullptr);
  // A repeated Append writes nothing, but what it acknowledges is still under way.
  lone.step(2, 1, append_of({1}, 0));
  EXPECT_EQ(lone.pump().to<AppendResponse>(2), nullptr);
  EXPECT_NE(lone.sync().to<AppendResponse>(2), nullptr);
  EXPECT_NE(lone.sync().to<AppendResponse>(2), nullptr);
  lone.step(2, 1, append_of({1}, 0));
  EXPECT_NE(lone.pump().to<AppendResponse>(2), nullptr) << "nothing is under way any more";
}

TEST(Replication, TheLeaderCountsItselfOnceSynced) {
  Lone lone(1, voters({1, 2, 3}));
  lone.lead({2});
  lone.acknowledge(2, 1);
  lone.hold_syncs = true;
  ASSERT_TRUE(lone->propose("x").ok());
  EXPECT_FALSE(lone.pump().of<Append>().empty()) << "sent before its own sync";
  lone.acknowledge(2, 2);
  EXPECT_EQ(lone->commit_index(), 1u);
  lone.sync();
  EXPECT_EQ(lone->commit_index(), 2u);
}

TEST(Replication, AMajorityOfOthersCommitsBeforeTheLeaderIsSyncedButItAppliesAfter) {
  Lone lone(1, voters({1, 2, 3}));
  lone.lead({2});
  lone.acknowledge(2, 1);
  lone.hold_syncs = true;
  ASSERT_TRUE(lone->propose("x").ok());
  lone.pump();
  lone.acknowledge(2, 2);
  const Output early = lone.acknowledge(3, 2);
  EXPECT_EQ(lone->commit_index(), 2u);
  EXPECT_TRUE(early.committed.empty()) << "protocol 1: up to min(commit, synced)";
  EXPECT_EQ(lone.sync().committed.size(), 1u);
}

// The late acknowledgement of a write whose entries were overwritten counts for nothing.
TEST(Replication, ASyncOfOverwrittenEntriesCountsForNothing) {
  Lone lone = follower({}, 1);
  lone.hold_syncs = true;
  lone.step(2, 1, append_of({1, 1, 1}, 0));
  lone.pump();
  lone.step(3, 2, Append{1, 1, 3, {entry(2, 2), entry(3, 2)}});
  lone.pump();
  ASSERT_EQ(lone.unsynced(), 2u);
  const Output out = lone.sync();
  EXPECT_EQ(lone->status().persisted, 1u);
  EXPECT_EQ(out.committed.size(), 1u);
  EXPECT_EQ(lone.sync().committed.size(), 2u);
}

// -- bounds
// ---------------------------------------------------------------------------------------------------------------

TEST(Replication, ProposalsBeyondTheUncommittedBoundAreRefused) {
  Config config = config_of(1);
  config.uncommitted_bytes_max = 10;
  Lone lone(config, Lone::fresh(voters({1, 2, 3})));
  EXPECT_EQ(error_of(lone->propose("x")), ProposeError::kNotLeader);
  lone.lead({2});
  lone.acknowledge(2, 1);
  EXPECT_TRUE(lone->propose(std::string(50, 'x')).ok()) << "one that is too large alone is let through";
  EXPECT_EQ(error_of(lone->propose("x")), ProposeError::kUncommittedFull);
  lone.pump();
  lone.acknowledge(2, 2);
  EXPECT_TRUE(lone->propose("12345").ok());
  EXPECT_TRUE(lone->propose("67890").ok());
  EXPECT_EQ(error_of(lone->propose("x")), ProposeError::kUncommittedFull);
}

TEST(Replication, AppendsStayWithinTheWindow) {
  Config config = config_of(1);
  config.append_bytes_max = 10;
  config.inflight_messages_max = 3;
  Lone lone(config, Lone::fresh(voters({1, 2, 3})));
  lone.lead({2});
  lone.acknowledge(2, 1);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(lone->propose(std::string(6, 'x')).ok());
  Output out = lone.pump();
  size_t appends = 0;
  for (const Message& message : out.of<Append>()) appends += message.to == id(2);
  EXPECT_EQ(appends, 3u);
  out = lone.acknowledge(2, 2);
  ASSERT_EQ(out.of<Append>().size(), 1u);
  EXPECT_EQ(out.of<Append>()[0].to, id(2));
  EXPECT_EQ(out.to<Append>(2)->prev_index, 4u);
}

TEST(Replication, ALostAppendIsFoundByTheNextHeartbeat) {
  Lone lone(1, voters({1, 2, 3}));
  lone.lead({2});
  lone.acknowledge(2, 1);
  ASSERT_TRUE(lone->propose("lost").ok());
  lone.pump();
  lone.step(2, 1, HeartbeatResponse{});
  Output out = lone.pump();
  ASSERT_NE(out.to<Append>(2), nullptr);
  EXPECT_EQ(out.to<Append>(2)->prev_index, 2u);
  EXPECT_TRUE(out.to<Append>(2)->entries.empty());
  lone.step(2, 1, AppendResponse{true, 2, 1, 1});
  out = lone.pump();
  ASSERT_NE(out.to<Append>(2), nullptr);
  EXPECT_EQ(out.to<Append>(2)->prev_index, 1u);
  EXPECT_EQ(*out.to<Append>(2)->entries.at(0).data, "lost");
}

TEST(Replication, ADeadFollowerIsSentNothingButHeartbeats) {
  Lone lone(1, voters({1, 2, 3}));
  lone.lead({2});
  lone.acknowledge(2, 1);
  lone.acknowledge(3, 1);
  for (int i = 0; i < 40; ++i) {
    lone.ticks(1);
    lone.step(2, 1, HeartbeatResponse{});
  }
  lone.pump();
  ASSERT_TRUE(lone->propose("x").ok());
  Output out = lone.pump();
  EXPECT_NE(out.to<Append>(2), nullptr);
  EXPECT_EQ(out.to<Append>(3), nullptr);
  lone.step(3, 1, HeartbeatResponse{});
  out = lone.pump();
  ASSERT_NE(out.to<Append>(3), nullptr) << "it lives again";
  EXPECT_EQ(out.to<Append>(3)->entries.size(), 1u);
}

TEST(Replication, ASlowFollowerCostsNoMemoryItIsFedFromDisk) {
  Config config = config_of(1);
  config.cached_log_bytes_max = 100;
  config.append_bytes_max = 50;
  Lone lone(config, Lone::fresh(voters({1, 2, 3})));
  lone.lead({2});
  lone.acknowledge(3, 1);
  lone->peer_connection_lost(id(3));
  for (Index index = 2; index <= 101; ++index) {
    ASSERT_TRUE(lone->propose(std::string(10, 'x')).ok());
    lone.pump();
    lone.acknowledge(2, index);
  }
  lone.pump();
  EXPECT_LE(lone->status().cached_bytes, 110u);
  // It lives again: a probe, then entries from disk.
  lone.step(3, 1, HeartbeatResponse{});
  Output out = lone.pump();
  ASSERT_NE(out.to<Append>(3), nullptr);
  EXPECT_EQ(out.to<Append>(3)->prev_index, 1u);
  EXPECT_TRUE(out.to<Append>(3)->entries.empty());
  out = lone.acknowledge(3, 1);
  ASSERT_EQ(out.log_reads.size(), 1u);
  const LogRead read = out.log_reads[0];
  EXPECT_EQ(read.first, 2u);
  EXPECT_LT(read.last, 101u);
  lone->log_loaded(read.id + 100, {});  // of somebody else
  EXPECT_TRUE(lone.pump().empty_reads());
  lone->log_loaded(read.id, {lone.disk().log.at(2), lone.disk().log.at(3)});
  out = lone.pump();
  ASSERT_NE(out.to<Append>(3), nullptr);
  EXPECT_EQ(out.to<Append>(3)->entries.size(), 2u);
  ASSERT_EQ(out.log_reads.size(), 1u);
  EXPECT_EQ(out.log_reads[0].first, 4u);
  lone->log_loaded(out.log_reads[0].id, {});
  EXPECT_TRUE(lone.pump().empty_reads()) << "not again at once";
  lone.ticks(1);
  EXPECT_FALSE(lone.pump().empty_reads());
}

TEST(Replication, ARestartAppliesFromDiskWithinItsBound) {
  Config config = config_of(1);
  config.applying_bytes_max = 2;
  Lone lone(config, Lone::with_log(voters({1, 2, 3}), {1, 1, 1, 1}, {1, ReplicaId()}));
  lone.restart(1);  // only the newest entry is loaded
  lone.hold_applies = true;
  lone.step(2, 1, Append{4, 1, 4, {}});
  Output out = lone.pump();
  EXPECT_TRUE(out.committed.empty());
  ASSERT_EQ(out.log_reads.size(), 1u);
  EXPECT_EQ(out.log_reads[0].first, 1u);
  EXPECT_EQ(out.log_reads[0].last, 3u);
  lone->log_loaded(out.log_reads[0].id, {lone.disk().log.at(1), lone.disk().log.at(2)});
  out = lone.pump();
  EXPECT_EQ(out.committed.size(), 2u);
  EXPECT_TRUE(out.empty_reads()) << "two bytes are being applied";
  lone.apply();
  out = lone.pump();
  ASSERT_EQ(out.log_reads.size(), 1u);
  lone->log_loaded(out.log_reads[0].id, {lone.disk().log.at(3)});
  EXPECT_EQ(lone.pump().committed.size(), 2u) << "the one read, and the one in memory";
}

TEST(Replication, SealedBytesAreWhatIsStoredAndSent) {
  Config config = config_of(1);
  config.seal = [](EntryKind kind, Term term, Index index, std::string_view body) {
    return std::make_shared<const std::string>(std::to_string(static_cast<int>(kind)) + std::to_string(term) +
                                               std::to_string(index) + ":" + std::string(body));
  };
  Lone lone(config, Lone::fresh(voters({1})));
  lone->campaign();
  lone.pump();
  ASSERT_TRUE(lone->propose("body").ok());
  const Output out = lone.pump();
  ASSERT_EQ(out.committed.size(), 1u);
  EXPECT_EQ(*out.committed[0].data, "212:body");
  EXPECT_EQ(out.committed[0].data, out.persisted_entries.back().data) << "shared, not copied";
}

// So that followers may cut their logs too: what all members have no log needs for another's sake.
TEST(Replication, HeartbeatsSayWhatAllMembersHave) {
  Lone leader(1, voters({1, 2, 3}, {4}));
  leader.lead({2, 3});
  leader.pump();
  EXPECT_EQ(leader->group_floor(), 0u) << "the learner has nothing";
  for (uint64_t peer : {2, 3, 4}) leader.acknowledge(peer, 1);
  for (int i = 0; i < 2; ++i) leader->tick();
  const Output out = leader.pump();
  EXPECT_EQ(leader->group_floor(), 1u);
  ASSERT_NE(out.to<Heartbeat>(4), nullptr);
  EXPECT_EQ(out.to<Heartbeat>(4)->floor, 1u);

  Lone follower(2, voters({1, 2, 3}, {4}));
  follower.step(1, 1, Append{0, 0, 0, {entry(1, 1)}});
  follower.step(1, 1, Heartbeat{1, 0, false, 1});
  follower.step(1, 1, Heartbeat{1, 0, false, 0});  // an old one
  EXPECT_EQ(follower->group_floor(), 1u);
}

}  // namespace
}  // namespace stator::raft
