// Goal: membership changes one replica at a time without two disjoint majorities ever (dissertation §4.1 to
// §4.3, and the error found in 2015), in force from the append and taken back with the entry.
#include "raft/membership.h"

#include <gtest/gtest.h>

#include "lone.h"

namespace stator::raft {
namespace {

using Kind = MembershipChange::Kind;

MembershipChange change(Kind kind, uint64_t replica) { return {kind, id(replica)}; }

// Leader 1 of 1, 2, 3 and learner 4, its no-op committed, everybody up to date.
Lone leader() {
  Lone lone(1, voters({1, 2, 3}, {4}));
  lone.lead({2});
  for (uint64_t peer : {2, 3, 4}) lone.acknowledge(peer, 1);
  return lone;
}

TEST(Membership, ChangesThatMakeNoSenseAreRefused) {
  const Membership start = voters({1, 2}, {3});
  EXPECT_EQ(changed(start, change(Kind::kAddLearner, 4)), voters({1, 2}, {3, 4}));
  EXPECT_EQ(changed(start, change(Kind::kPromote, 3)), voters({1, 2, 3}));
  EXPECT_EQ(changed(start, change(Kind::kDemote, 1)), voters({2}, {1, 3}));
  EXPECT_EQ(changed(start, change(Kind::kRemove, 2)), voters({1}, {3}));
  EXPECT_EQ(changed(start, change(Kind::kRemove, 3)), voters({1, 2}));
  EXPECT_EQ(changed(start, change(Kind::kAddLearner, 1)), std::nullopt);
  EXPECT_EQ(changed(start, change(Kind::kAddLearner, 3)), std::nullopt);
  EXPECT_EQ(changed(start, change(Kind::kAddLearner, 0)), std::nullopt);
  EXPECT_EQ(changed(start, change(Kind::kPromote, 1)), std::nullopt);
  EXPECT_EQ(changed(start, change(Kind::kPromote, 9)), std::nullopt);
  EXPECT_EQ(changed(start, change(Kind::kDemote, 3)), std::nullopt);
  EXPECT_EQ(changed(start, change(Kind::kRemove, 9)), std::nullopt);
  EXPECT_EQ(changed(voters({1}, {2}), change(Kind::kRemove, 1)), std::nullopt) << "somebody must vote";
  EXPECT_EQ(changed(voters({1}, {2}), change(Kind::kDemote, 1)), std::nullopt);
}

TEST(Membership, EncodingIsFixed) {
  const Membership membership = voters({1, 0x0203}, {9});
  const std::string bytes = encode_membership(membership);
  EXPECT_EQ(bytes, std::string("\x01\x02\x00\x01\x00"
                               "\x01\x00\x00\x00\x00\x00\x00\x00"
                               "\x03\x02\x00\x00\x00\x00\x00\x00"
                               "\x09\x00\x00\x00\x00\x00\x00\x00",
                               29));
  EXPECT_EQ(decode_membership(bytes), membership);
}

TEST(Membership, BytesThatAreNoneAreRefused) {
  const std::string good = encode_membership(voters({1, 2}, {3}));
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_EQ(decode_membership(good.substr(0, size)), std::nullopt);
  EXPECT_EQ(decode_membership(good + "x"), std::nullopt);
  std::string other_format = good;
  other_format[0] = 2;
  EXPECT_EQ(decode_membership(other_format), std::nullopt);
  std::string twice = good;
  twice[13] = 1;  // voters 1, 1
  EXPECT_EQ(decode_membership(twice), std::nullopt);
  std::string both = good;
  both[21] = 2;  // 2 votes and learns
  EXPECT_EQ(decode_membership(both), std::nullopt);
  std::string none = good;
  none[5] = 0;
  EXPECT_EQ(decode_membership(none), std::nullopt);
}

TEST(Membership, HistoryGivesEachIndexItsMembership) {
  MembershipLog log(voters({1}), 5);
  log.append(7, voters({1}, {2}));
  log.append(9, voters({1, 2}));
  EXPECT_EQ(log.at(5), voters({1}));
  EXPECT_EQ(log.at(6), voters({1}));
  EXPECT_EQ(log.at(8), voters({1}, {2}));
  EXPECT_EQ(log.latest(), voters({1, 2}));
  log.truncate(8);
  EXPECT_EQ(log.latest(), voters({1}, {2}));
  EXPECT_EQ(log.latest_index(), 7u);
  log.commit(100);
  EXPECT_EQ(log.latest_index(), 7u);
  EXPECT_EQ(log.at(50), voters({1}, {2}));
}

// Ongaro on raft-dev, July 2015: a leader must not change the membership before it has committed an entry of
// its own term.
TEST(Membership, NoChangeBeforeTheTermsOwnCommit) {
  Lone lone(1, voters({1, 2, 3}));
  lone.lead({2});
  EXPECT_EQ(error_of(lone->propose_membership(change(Kind::kAddLearner, 4))),
            ProposeError::kMembershipPending);
  lone.acknowledge(2, 1);
  EXPECT_TRUE(lone->propose_membership(change(Kind::kAddLearner, 4)).ok());
}

TEST(Membership, OneChangeAtATime) {
  Lone lone = leader();
  ASSERT_TRUE(lone->propose_membership(change(Kind::kAddLearner, 5)).ok());
  EXPECT_EQ(error_of(lone->propose_membership(change(Kind::kAddLearner, 6))),
            ProposeError::kMembershipPending);
  lone.pump();
  lone.acknowledge(2, 2);
  EXPECT_TRUE(lone->propose_membership(change(Kind::kAddLearner, 6)).ok());
  EXPECT_EQ(error_of(lone->propose_membership(change(Kind::kRemove, 9))), ProposeError::kMembershipPending);
}

TEST(Membership, D4_1_InForceFromTheAppend) {
  Lone lone = leader();
  ASSERT_TRUE(lone->propose_membership(change(Kind::kPromote, 4)).ok());
  EXPECT_EQ(lone->membership(), voters({1, 2, 3, 4}));
  lone.pump();
  lone.acknowledge(2, 2);
  EXPECT_EQ(lone->commit_index(), 1u) << "two of four are no majority any more";
  lone.acknowledge(4, 2);
  EXPECT_EQ(lone->commit_index(), 2u);
}

TEST(Membership, D4_1_TakenBackWithItsEntry) {
  Lone lone(2, voters({1, 2, 3}));
  const std::string body = encode_membership(voters({1, 2, 3}, {4}));
  lone.step(1, 1, Append{0, 0, 0, {entry(1, 1), entry(2, 1, body, EntryKind::kMembership)}});
  lone.pump();
  EXPECT_EQ(lone->membership(), voters({1, 2, 3}, {4}));
  lone.restart();
  EXPECT_EQ(lone->membership(), voters({1, 2, 3}, {4})) << "uncommitted, and yet in force after a restart";
  lone.step(3, 2, Append{1, 1, 2, {entry(2, 2)}});
  lone.pump();
  EXPECT_EQ(lone->membership(), voters({1, 2, 3}));
}

TEST(Membership, AnUnreadableMembershipIsNotTaken) {
  Lone lone(2, voters({1, 2, 3}));
  lone.step(1, 1, Append{0, 0, 0, {entry(1, 1, "garbage", EntryKind::kMembership)}});
  EXPECT_TRUE(lone.pump().messages.empty());
  EXPECT_EQ(lone->last_index(), 0u);
}

TEST(Membership, D4_2_1_ALearnerCountsForNothingAndIsPromotedWhenUpToDate) {
  Lone lone = leader();
  ASSERT_TRUE(lone->propose_membership(change(Kind::kAddLearner, 5)).ok());
  lone.pump();
  lone.acknowledge(4, 2);
  EXPECT_EQ(lone->commit_index(), 1u);
  lone.acknowledge(2, 2);
  EXPECT_EQ(lone->commit_index(), 2u);
  EXPECT_EQ(error_of(lone->propose_membership(change(Kind::kPromote, 5))), ProposeError::kLearnerBehind);
  lone.acknowledge(5, 2);
  EXPECT_TRUE(lone->propose_membership(change(Kind::kPromote, 5)).ok());
}

TEST(Membership, D4_2_2_ALeaderThatRemovesItselfLeadsUntilThatIsCommitted) {
  Lone lone = leader();
  ASSERT_TRUE(lone->propose_membership(change(Kind::kRemove, 1)).ok());
  lone.pump();
  lone.acknowledge(2, 2);
  EXPECT_EQ(lone->commit_index(), 1u) << "it does not count itself: one of two";
  EXPECT_EQ(lone->role(), Role::kLeader);
  lone.step(3, 1, AppendResponse{false, 2, 0, 0});
  const Output out = lone.pump();
  EXPECT_EQ(lone->commit_index(), 2u);
  EXPECT_EQ(lone->role(), Role::kFollower);
  EXPECT_EQ(out.of<TimeoutNow>().size(), 1u) << "and names a successor";
  lone.ticks(100);
  EXPECT_EQ(lone->role(), Role::kFollower) << "it does not come back";
}

// Leader 1 of {1, 2} wrote its own removal and crashed before anyone had it. Its log is the longer one, so
// only it can win: it must stand, though it is no voter in its own latest membership.
TEST(Membership, D4_2_2_OneWhoseRemovalIsUncommittedStillCampaigns) {
  Disk disk = Lone::with_log(voters({1, 2}), {1}, {1, id(1)});
  disk.log.entries.push_back(entry(2, 1, encode_membership(voters({2})), EntryKind::kMembership));
  Lone lone(config_of(1), disk);
  EXPECT_EQ(lone->membership(), voters({2}));
  lone.ticks(20);
  EXPECT_EQ(lone->role(), Role::kCandidate);
  lone.pump();
  lone.step(2, 2, PreVoteResponse{true});
  lone.pump();
  lone.step(2, 2, VoteResponse{true});
  lone.pump();
  EXPECT_EQ(lone->role(), Role::kLeader);
  lone.acknowledge(2, 3);
  EXPECT_EQ(lone->role(), Role::kFollower) << "and it leaves once the removal is committed";
}

TEST(Membership, RemovingAVoterMayCompleteAMajority) {
  Lone lone = leader();
  ASSERT_TRUE(lone->propose("x").ok());
  lone.pump();
  EXPECT_EQ(lone->commit_index(), 1u);
  ASSERT_TRUE(lone->propose_membership(change(Kind::kRemove, 3)).ok());
  lone.pump();
  const Output out = lone.acknowledge(2, 3);
  EXPECT_EQ(lone->commit_index(), 3u);
  EXPECT_EQ(lone->status().peers.size(), 2u);
  lone.step(3, 1, AppendResponse{false, 3, 0, 0});
  EXPECT_TRUE(lone.pump().messages.empty()) << "one that left is not answered";
}

}  // namespace
}  // namespace stator::raft
