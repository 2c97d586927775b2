// Goal: elections keep every rule of the paper (Raft §5.1, §5.2, §5.4.1) and of the dissertation (PreVote
// §9.6, disruptive servers §4.2.3, CheckQuorum §6.2, leadership transfer §3.10), and promise nothing before
// it is synced.
#include <gtest/gtest.h>

#include <set>

#include "lone.h"
#include "raft/follower.h"

namespace stator::raft {
namespace {

// A candidate of term 1, votes asked for.
Lone candidate(const Membership& membership, std::initializer_list<uint64_t> would_vote) {
  Lone lone(1, membership);
  lone->campaign();
  lone.pump();
  for (uint64_t peer : would_vote) lone.step(peer, 1, PreVoteResponse{true});
  lone.pump();
  return lone;
}

TEST(Election, S5_1_AHigherTermMakesAFollowerOfAnyRole) {
  Lone follower(1, voters({1, 2, 3}));
  follower.step(2, 7, Heartbeat{});
  EXPECT_EQ(follower->term(), 7u);
  EXPECT_EQ(follower->leader(), id(2));

  Lone running = candidate(voters({1, 2, 3}), {2});
  ASSERT_EQ(running->role(), Role::kCandidate);
  running.step(2, 7, VoteResponse{false});
  EXPECT_EQ(running->role(), Role::kFollower);
  EXPECT_EQ(running->term(), 7u);

  Lone leading(1, voters({1, 2, 3}));
  leading.lead({2});
  leading.step(2, 7, AppendResponse{true, 0, 0, 0});
  EXPECT_EQ(leading->role(), Role::kFollower);
  EXPECT_EQ(leading->term(), 7u);
}

TEST(Election, S5_1_AStaleLeaderIsToldTheTerm) {
  Lone lone(1, voters({1, 2, 3}));
  lone.step(3, 5, Heartbeat{});
  lone.pump();
  lone.step(2, 4, Append{0, 0, 0, {entry(1, 4)}});
  const Output out = lone.pump();
  EXPECT_EQ(lone->last_index(), 0u);
  ASSERT_EQ(out.messages.size(), 1u);
  EXPECT_EQ(out.messages[0].to, id(2));
  EXPECT_EQ(out.messages[0].term, 5u);
}

TEST(Election, S5_2_StartsAsAFollowerOfNobody) {
  Lone lone(1, voters({1, 2, 3}));
  EXPECT_EQ(lone->role(), Role::kFollower);
  EXPECT_FALSE(lone->leader());
  EXPECT_TRUE(lone.pump().messages.empty());
}

TEST(Election, S5_2_ALeaderSendsHeartbeatsToAll) {
  Lone lone(1, voters({1, 2, 3}, {4}));
  lone.lead({2});
  lone.ticks(1);
  EXPECT_TRUE(lone.pump().of<Heartbeat>().empty());
  lone.ticks(1);
  EXPECT_EQ(lone.pump().of<Heartbeat>().size(), 3u);
}

TEST(Election, S5_2_SilenceBeginsAnElectionWithinTheTimeout) {
  std::set<uint32_t> timeouts;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Config config = config_of(1);
    config.seed = seed;
    Lone lone(config, Lone::fresh(voters({1, 2, 3})));
    uint32_t ticks = 0;
    while (lone->role() == Role::kFollower) {
      lone.ticks(1);
      ++ticks;
    }
    EXPECT_GE(ticks, 10u);
    EXPECT_LE(ticks, 20u);
    timeouts.insert(ticks);
  }
  EXPECT_EQ(timeouts.size(), 11u) << "timeouts are random over the whole range";
}

TEST(Election, S5_2_HeartbeatsHoldElectionsBack) {
  Lone lone(1, voters({1, 2, 3}));
  for (int i = 0; i < 20; ++i) {
    lone.step(2, 1, Heartbeat{});
    lone.ticks(9);
  }
  EXPECT_EQ(lone->role(), Role::kFollower);
  EXPECT_EQ(lone->term(), 1u);
}

TEST(Election, S5_2_ACandidateRaisesItsTermVotesForItselfAndAsksAllVoters) {
  Lone lone = candidate(voters({1, 2, 3}, {4}), {});
  lone.step(2, 1, PreVoteResponse{true});
  const Output out = lone.pump();
  EXPECT_EQ(lone->term(), 1u);
  EXPECT_EQ(lone.disk().hard_state, (HardState{1, id(1)}));
  EXPECT_EQ(out.of<VoteRequest>().size(), 2u);
}

TEST(Election, S5_2_AMajorityDecides) {
  struct Case {
    size_t voters;
    std::vector<bool> answers;  // of replicas 2, 3, ...
    Role role;
  };
  const Case cases[] = {
      {1, {}, Role::kLeader},
      {2, {true}, Role::kLeader},
      {2, {}, Role::kCandidate},
      {3, {true}, Role::kLeader},
      {3, {false, true}, Role::kLeader},
      {3, {false}, Role::kCandidate},
      {3, {false, false}, Role::kFollower},
      {5, {true, true}, Role::kLeader},
      {5, {true}, Role::kCandidate},
      {5, {true, false, false}, Role::kCandidate},
      {5, {true, false, false, false}, Role::kFollower},
      {4, {true}, Role::kCandidate},
      {4, {true, true}, Role::kLeader},
      {4, {false, false}, Role::kFollower},
  };
  for (const Case& each : cases) {
    Membership membership;
    for (uint64_t i = 1; i <= each.voters; ++i) membership.voters.push_back(id(i));
    Lone lone(1, membership);
    lone->campaign();
    lone.pump();
    for (uint64_t i = 2; i <= each.voters; ++i) lone.step(i, 1, PreVoteResponse{true});
    lone.pump();
    for (uint64_t i = 0; i < each.answers.size(); ++i) lone.step(i + 2, 1, VoteResponse{each.answers[i]});
    EXPECT_EQ(lone->role(), each.role) << each.voters << " voters, " << each.answers.size() << " answers";
  }
}

TEST(Election, S5_2_AVoteCountsOnce) {
  Lone lone = candidate(voters({1, 2, 3, 4, 5}), {2, 3});
  lone.step(2, 1, VoteResponse{true});
  lone.step(2, 1, VoteResponse{true});
  lone.step(9, 1, VoteResponse{true});  // no voter
  EXPECT_EQ(lone->role(), Role::kCandidate);
}

TEST(Election, S5_2_OneVoteATermFirstComeFirstServed) {
  Lone lone(1, voters({1, 2, 3}));
  lone.step(2, 1, VoteRequest{0, 0, false});
  ASSERT_TRUE(lone.pump().to<VoteResponse>(2)->granted);
  lone.step(3, 1, VoteRequest{0, 0, false});
  EXPECT_FALSE(lone.pump().to<VoteResponse>(3)->granted);
  lone.step(2, 1, VoteRequest{0, 0, false});
  EXPECT_TRUE(lone.pump().to<VoteResponse>(2)->granted) << "Raft §5.5: a repeated request is answered alike";
  lone.restart();
  lone.step(3, 1, VoteRequest{0, 0, false});
  EXPECT_FALSE(lone.pump().to<VoteResponse>(3)->granted) << "a vote outlives a restart";
  lone.step(3, 2, VoteRequest{0, 0, false});
  EXPECT_TRUE(lone.pump().to<VoteResponse>(3)->granted);
}

TEST(Election, S5_2_ACandidateFollowsALeaderOfItsTerm) {
  Lone lone = candidate(voters({1, 2, 3}), {2});
  lone.step(3, 1, Append{0, 0, 0, {entry(1, 1)}});
  EXPECT_EQ(lone->role(), Role::kFollower);
  EXPECT_EQ(lone->leader(), id(3));
  EXPECT_EQ(lone->last_index(), 1u);
}

TEST(Election, S5_2_ASplitVoteEndsByAnotherTimeout) {
  Lone lone = candidate(voters({1, 2, 3}), {2});
  ASSERT_EQ(lone->term(), 1u);
  lone.ticks(20);
  EXPECT_EQ(lone.pump().of<PreVoteRequest>().size(), 2u);
  lone.step(3, 2, PreVoteResponse{true});
  lone.pump();
  EXPECT_EQ(lone->term(), 2u);
}

TEST(Election, S5_4_1_VotesOnlyForALogThatIsAsUpToDate) {
  struct Case {
    std::vector<Term> log;
    Index last_index;
    Term last_term;
    bool granted;
  };
  const Case cases[] = {
      {{1}, 1, 1, true},  {{1}, 2, 1, true},  {{1, 1}, 1, 1, false},
      {{1}, 1, 2, true},  {{1}, 2, 2, true},  {{1, 1}, 1, 2, true},
      {{2}, 1, 1, false}, {{2}, 2, 1, false}, {{2, 2}, 1, 1, false},
  };
  for (const Case& each : cases) {
    for (const bool pre : {false, true}) {
      Lone lone(config_of(1), Lone::with_log(voters({1, 2, 3}), each.log, {2, ReplicaId()}));
      if (pre) {
        lone.step(2, 3, PreVoteRequest{each.last_index, each.last_term});
        EXPECT_EQ(lone.pump().to<PreVoteResponse>(2)->granted, each.granted);
      } else {
        lone.step(2, 3, VoteRequest{each.last_index, each.last_term, false});
        EXPECT_EQ(lone.pump().to<VoteResponse>(2)->granted, each.granted);
      }
    }
  }
}

// -- what is promised is synced first
// ---------------------------------------------------------------------------------

TEST(Election, AVoteLeavesAfterItsSync) {
  Lone lone(1, voters({1, 2, 3}));
  lone.hold_syncs = true;
  lone.step(2, 1, VoteRequest{0, 0, false});
  EXPECT_EQ(lone.pump().to<VoteResponse>(2), nullptr);
  const Output out = lone.sync();
  ASSERT_NE(out.to<VoteResponse>(2), nullptr);
  EXPECT_TRUE(out.to<VoteResponse>(2)->granted);
  EXPECT_EQ(lone.disk().hard_state, (HardState{1, id(2)}));
}

TEST(Election, AVoteInATermThatIsKnownAlreadyIsPersistedToo) {
  Lone lone(1, voters({1, 2, 3}));
  lone.step(3, 4, VoteResponse{false});
  lone.pump();
  ASSERT_EQ(lone.disk().hard_state, (HardState{4, ReplicaId()}));
  lone.step(2, 4, VoteRequest{0, 0, false});
  EXPECT_TRUE(lone.pump().to<VoteResponse>(2)->granted);
  EXPECT_EQ(lone.disk().hard_state, (HardState{4, id(2)}));
}

TEST(Election, ACandidateAsksAfterItsTermIsSyncedAndCountsItselfThen) {
  Lone lone(1, voters({1, 2, 3}));
  lone.hold_syncs = true;
  lone->campaign();
  lone.pump();
  lone.step(2, 1, PreVoteResponse{true});
  EXPECT_TRUE(lone.pump().of<VoteRequest>().empty());
  lone.step(2, 1, VoteResponse{true});  // from an election before a crash, say
  lone.pump();
  EXPECT_EQ(lone->role(), Role::kCandidate);
  lone.sync();
  EXPECT_EQ(lone->role(), Role::kLeader);
}

TEST(Election, AGroupOfOneLeadsWithoutTicks) {
  Lone lone(1, voters({1}));
  lone.hold_syncs = true;
  lone->campaign();
  lone.pump();
  EXPECT_EQ(lone->role(), Role::kCandidate) << "its learners must not see a term that a crash takes back";
  lone.sync();
  EXPECT_EQ(lone->role(), Role::kLeader);
  EXPECT_EQ(lone->commit_index(), 0u);
  lone.sync();
  EXPECT_EQ(lone->commit_index(), 1u);
}

// -- dissertation: PreVote, disruptive servers, CheckQuorum
// --------------------------------------------------------------

TEST(Election, D9_6_APreVoteChangesNothing) {
  Lone asked(1, voters({1, 2, 3}));
  asked.step(2, 5, PreVoteRequest{0, 0});
  const Output out = asked.pump();
  ASSERT_EQ(out.messages.size(), 1u);
  EXPECT_TRUE(out.to<PreVoteResponse>(2)->granted);
  EXPECT_EQ(out.messages[0].term, 5u);
  EXPECT_EQ(asked->term(), 0u);
  asked.step(3, 5, PreVoteRequest{0, 0});
  EXPECT_TRUE(asked.pump().to<PreVoteResponse>(3)->granted) << "a promise to nobody";
  EXPECT_EQ(asked.disk().hard_state, HardState{});

  Lone cut_off(1, voters({1, 2, 3}));
  cut_off.ticks(1000);
  cut_off.pump();
  EXPECT_EQ(cut_off->term(), 0u) << "one that is cut off does not raise its term";
}

TEST(Election, D9_6_ARefusedPreVoteRaisesALateTerm) {
  Lone lone(1, voters({1, 2, 3}));
  lone->campaign();
  lone.pump();
  lone.step(2, 8, PreVoteResponse{false});
  EXPECT_EQ(lone->term(), 8u);
  EXPECT_EQ(lone->role(), Role::kFollower);
}

TEST(Election, D4_2_3_OneThatHearsALeaderRefuses) {
  Lone lone(1, voters({1, 2, 3}));
  lone.step(2, 1, Heartbeat{});
  lone.pump();
  lone.ticks(9);
  lone.step(3, 2, PreVoteRequest{9, 1});
  EXPECT_FALSE(lone.pump().to<PreVoteResponse>(3)->granted);
  lone.step(3, 2, VoteRequest{9, 1, false});
  EXPECT_EQ(lone.pump().messages.size(), 0u);
  EXPECT_EQ(lone->term(), 1u);
  lone.ticks(1);
  lone.step(3, 2, VoteRequest{9, 1, false});
  EXPECT_TRUE(lone.pump().to<VoteResponse>(3)->granted) << "after the shortest timeout it may";
}

TEST(Election, D3_10_AnElectionThatTheLeaderAskedForIsNotRefused) {
  Lone lone(1, voters({1, 2, 3}));
  lone.step(2, 1, Heartbeat{});
  lone.pump();
  lone.step(3, 2, VoteRequest{0, 0, true});
  EXPECT_TRUE(lone.pump().to<VoteResponse>(3)->granted);
}

TEST(Election, ALeaderStepsDownWithoutAMajority) {
  Lone lone(1, voters({1, 2, 3}, {4}));
  lone.lead({2});
  for (int i = 0; i < 60; ++i) {
    lone.ticks(1);
    lone.step(2, 1, HeartbeatResponse{});
  }
  EXPECT_EQ(lone->role(), Role::kLeader);
  for (int i = 0; i < 40; ++i) {
    lone.ticks(1);
    lone.step(4, 1, HeartbeatResponse{});  // a learner is no majority
  }
  EXPECT_EQ(lone->role(), Role::kFollower);
  EXPECT_EQ(lone->term(), 1u);
}

// The known stall: one that raised its term while cut off ignores a leader of a lower term, and is ignored by
// all that hear that leader. It must tell the leader, so that all meet in a higher term.
TEST(Election, AHigherTermThatCannotWinReachesTheLeader) {
  Lone lone(config_of(1), Lone::with_log(voters({1, 2, 3}), {}, {9, id(1)}));
  lone.step(2, 4, Heartbeat{});
  const Output out = lone.pump();
  ASSERT_EQ(out.messages.size(), 1u);
  EXPECT_EQ(out.messages[0].term, 9u);

  Lone leading(1, voters({1, 2, 3}));
  leading.lead({2});
  leading.step(3, 9, HeartbeatResponse{});
  EXPECT_EQ(leading->role(), Role::kFollower);
  EXPECT_EQ(leading->term(), 9u);
}

// Protocol 13.
TEST(Election, AReluctantReplicaLetsOthersCampaignFirst) {
  Config config = config_of(1);
  Lone lone(config, Lone::fresh(voters({1, 2, 3})));
  lone->set_reluctant(true);
  for (int again = 0; again < 2; ++again) {
    lone.step(2, 1, Heartbeat{});
    if (again == 1) lone->peer_connection_lost(id(2));  // not even then
    lone.ticks(config.election_ticks_min * kReluctance - 1);
    EXPECT_EQ(lone->role(), Role::kFollower);
  }
  lone.ticks(config.election_ticks_max * kReluctance);  // nobody else did
  EXPECT_EQ(lone->role(), Role::kCandidate);
  lone.step(2, 1, Heartbeat{});
  lone->set_reluctant(false);
  lone.step(2, 1, Heartbeat{});
  lone.ticks(config.election_ticks_max);
  EXPECT_EQ(lone->role(), Role::kCandidate);
}

TEST(Election, ABrokenConnectionToTheLeaderCutsTheTimeoutShort) {
  Config config = config_of(1);
  config.lost_leader_ticks_min = 2;
  config.lost_leader_ticks_max = 4;
  Lone lone(config, Lone::fresh(voters({1, 2, 3})));
  lone.step(2, 1, Heartbeat{});
  lone->peer_connection_lost(id(3));
  lone.ticks(5);
  EXPECT_EQ(lone->role(), Role::kFollower) << "the other one is not the leader";
  lone->peer_connection_lost(id(2));
  EXPECT_FALSE(lone->leader());
  lone.step(3, 2, PreVoteRequest{0, 0});
  EXPECT_TRUE(lone.pump().to<PreVoteResponse>(3)->granted) << "and it no longer vouches for that leader";
  lone.ticks(1);
  EXPECT_EQ(lone->role(), Role::kFollower);
  lone.ticks(3);
  EXPECT_EQ(lone->role(), Role::kCandidate);
}

// Protocol 5.
TEST(Election, AMessageForAnotherIncarnationIsDropped) {
  Lone lone(1, voters({1, 2, 3}));
  lone->step({id(2), id(9), 5, VoteRequest{0, 0, false}});
  lone->step({ReplicaId(), id(1), 5, VoteRequest{0, 0, false}});
  lone->step({id(1), id(1), 5, VoteRequest{0, 0, false}});
  EXPECT_EQ(lone->term(), 0u);
  EXPECT_TRUE(lone.pump().messages.empty());
}

TEST(Election, OnlyVotersCampaign) {
  Lone learner(3, voters({1, 2}, {3}));
  learner.ticks(100);
  learner->campaign();
  EXPECT_EQ(learner->role(), Role::kFollower);
  Lone stranger(3, Membership());
  stranger.ticks(100);
  EXPECT_EQ(stranger->role(), Role::kFollower);
  learner.step(1, 1, Heartbeat{});
  learner.ticks(20);
  EXPECT_FALSE(learner->leader()) << "silence";
  learner.pump();
  learner.step(1, 1, VoteRequest{0, 0, false});
  EXPECT_TRUE(learner.pump().to<VoteResponse>(1)->granted) << "one may be a voter by now without knowing it";
}

// -- leadership transfer (dissertation §3.10)
// -----------------------------------------------------------------------------

TEST(Election, D3_10_TransferWaitsForTheLogThenTellsTheTarget) {
  Lone lone(1, voters({1, 2, 3}, {4}));
  lone.lead({2});
  EXPECT_EQ(error_of(lone->transfer_leadership(id(4))), TransferError::kNotVoter);
  ASSERT_TRUE(lone->transfer_leadership(id(3)).ok());
  EXPECT_TRUE(lone.pump().of<TimeoutNow>().empty());
  EXPECT_EQ(error_of(lone->propose("x")), ProposeError::kTransferring);
  const Output out = lone.acknowledge(3, 1);
  EXPECT_NE(out.to<TimeoutNow>(3), nullptr);
  lone.ticks(10);
  EXPECT_EQ(error_of(lone->propose("x")), ProposeError::kTransferring);
  lone.step(2, 1, HeartbeatResponse{});
  lone.ticks(10);
  EXPECT_TRUE(lone->propose("x").ok()) << "given up after a timeout";
}

TEST(Election, D3_10_TheTargetCampaignsAtOnceWithoutAPreVote) {
  Lone lone(1, voters({1, 2, 3}));
  lone.step(2, 1, Heartbeat{});
  lone.pump();
  lone.step(3, 1, TimeoutNow{});
  EXPECT_EQ(lone->role(), Role::kFollower) << "only the leader may ask";
  lone.step(2, 1, TimeoutNow{});
  const Output out = lone.pump();
  EXPECT_EQ(lone->term(), 2u);
  ASSERT_NE(out.to<VoteRequest>(3), nullptr);
  EXPECT_TRUE(out.to<VoteRequest>(3)->transfer);
}

}  // namespace
}  // namespace stator::raft
