// Goal: every step toward other members keeps the group able to commit, and the steps end where they should.
#include "cluster/membership_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace stator::cluster {
namespace {

using raft::Membership;
using raft::MembershipChange;
using raft::ReplicaId;

constexpr raft::Index kCommit = 1000;

std::vector<ReplicaId> ids(std::string_view digits) {
  std::vector<ReplicaId> result;
  for (char digit : digits) result.push_back(ReplicaId(static_cast<uint64_t>(digit - '0')));
  return result;
}

// A group as its leader, replica `self`, sees it. Peers keep up unless said otherwise.
struct Group {
  Membership actual;
  ReplicaId self{1};
  std::set<uint64_t> silent;  // do not answer
  std::set<uint64_t> behind;  // answer, and lack entries

  std::vector<raft::PeerStatus> peers() const {
    std::vector<raft::PeerStatus> result;
    for (const auto* part : {&actual.voters, &actual.learners}) {
      for (ReplicaId id : *part) {
        if (id == self) continue;
        raft::PeerStatus peer;
        peer.replica = id;
        peer.voter = part == &actual.voters;
        peer.active = !silent.contains(id.value);
        peer.state = peer.active ? raft::PeerStatus::State::kReplicate : raft::PeerStatus::State::kProbe;
        peer.match = behind.contains(id.value) || !peer.active ? 1 : kCommit - id.value;
        result.push_back(peer);
      }
    }
    return result;
  }
  MembershipStep step(const Membership& wish) const {
    return next_step(actual, wish, self, peers(), kCommit);
  }
  // "+4" a learner is added, "^4" promoted, "v4" demoted, "-4" removed, ">2" handed over to 2, "." done, "?"
  // waiting.
  std::string next(const Membership& wish) const {
    MembershipStep step = this->step(wish);
    switch (step.kind) {
      case MembershipStep::Kind::kDone:
        return ".";
      case MembershipStep::Kind::kWait:
        return "?";
      case MembershipStep::Kind::kHandOver:
        return ">" + std::to_string(step.to.value);
      case MembershipStep::Kind::kChange:
        break;
    }
    static constexpr std::string_view kSigns = " +^v-";
    return kSigns[static_cast<size_t>(step.change.kind)] + std::to_string(step.change.replica.value);
  }
  // Follows the steps to their end.
  std::string all(const Membership& wish) {
    std::string text;
    for (int i = 0; i < 50; ++i) {
      std::string sign = next(wish);
      text += (text.empty() ? "" : " ") + sign;
      MembershipStep step = this->step(wish);
      if (step.kind == MembershipStep::Kind::kHandOver) {
        self = step.to;
      } else if (step.kind == MembershipStep::Kind::kChange) {
        auto changed = raft::changed(actual, step.change);
        EXPECT_TRUE(changed.has_value()) << text;
        if (!changed) break;
        actual = *changed;
      } else {
        break;
      }
    }
    return text;
  }
};

Group group(std::string_view voters, std::string_view learners = "") {
  Group result;
  result.actual = {ids(voters), ids(learners)};
  return result;
}
Membership wish(std::string_view voters, std::string_view learners = "") {
  return {ids(voters), ids(learners)};
}

TEST(MembershipPlan, NothingIsDoneWhereNothingIsToDo) {
  EXPECT_EQ(group("123").all(wish("123")), ".");
  EXPECT_EQ(group("12", "3").all(wish("12", "3")), ".");
}

TEST(MembershipPlan, ALostMemberIsReplaced) {
  Group g = group("123");
  g.silent = {3};
  EXPECT_EQ(g.all(wish("124")), "+4 -3 ^4 .");
}

TEST(MembershipPlan, ALearnerThatIsBehindIsWaitedFor) {
  Group g = group("123", "4");
  g.behind = {4};
  EXPECT_EQ(g.all(wish("124")), "?");
  g.behind = {};
  g.silent = {4};
  EXPECT_EQ(g.all(wish("124")), "?");
  g.silent = {};
  EXPECT_EQ(g.all(wish("124")), "^4 -3 .");
}

TEST(MembershipPlan, OneThatFellSlightlyBehindIsCaughtUp) {
  Group g = group("123", "4");
  std::vector<raft::PeerStatus> peers = g.peers();
  auto step = [&](raft::Index match) {
    for (raft::PeerStatus& peer : peers) {
      if (peer.replica == ReplicaId(4)) peer.match = match;
    }
    return next_step(g.actual, wish("124"), g.self, peers, kCommit).kind;
  };
  EXPECT_EQ(step(kCommit - kLearnerLagMax), MembershipStep::Kind::kChange);
  EXPECT_EQ(step(kCommit - kLearnerLagMax - 1), MembershipStep::Kind::kWait);
}

// Removing 3 first would leave 1 with 2, and neither could be lost.
TEST(MembershipPlan, AMemberThatLivesGoesAfterItsSuccessorCame) {
  Group g = group("123");
  EXPECT_EQ(g.all(wish("124")), "+4 ^4 -3 .");
  g = group("123");
  g.silent = {2};
  EXPECT_EQ(g.all(wish("124")), "+4 ^4 -3 .");
}

TEST(MembershipPlan, WithASecondMemberDownTheChangeWaits) {
  Group g = group("123", "4");
  g.silent = {2, 3};
  EXPECT_EQ(g.all(wish("124")), "?");
}

// A new leader has heard of nobody yet: what it does not know is no majority.
TEST(MembershipPlan, PeersThatSaidNothingYetDoNotCount) {
  Group g = group("123", "4");
  std::vector<raft::PeerStatus> peers = g.peers();
  for (raft::PeerStatus& peer : peers) {
    peer.match = 0;
    peer.state = raft::PeerStatus::State::kProbe;  // active, as a new leader takes them to be
  }
  EXPECT_EQ(next_step(g.actual, wish("124"), g.self, peers, 5).kind, MembershipStep::Kind::kWait);
}

TEST(MembershipPlan, TheLeaderGoesLast) {
  EXPECT_EQ(group("123").all(wish("234")), "+4 ^4 >2 -1 .");  // the peer with the longest log takes over
  EXPECT_EQ(group("123").all(wish("456")), "+4 +5 +6 ^4 -2 ^5 -3 ^6 >4 -1 .");
  EXPECT_EQ(group("1").all(wish("2")), "+2 ^2 >2 -1 .");
  EXPECT_EQ(group("123").all(wish("23", "1")), ">2 v1 .");
}

TEST(MembershipPlan, ALeaderWithoutASuccessorStays) {
  Group g = group("123");
  g.silent = {2, 3};
  EXPECT_EQ(g.next(wish("23")), "?");
}

TEST(MembershipPlan, GroupsGrowAndShrink) {
  EXPECT_EQ(group("1").all(wish("123")), "+2 +3 ^2 ^3 .");
  EXPECT_EQ(group("12345").all(wish("123")), "-4 -5 .");
  EXPECT_EQ(group("123").all(wish("1")), "-2 -3 .");
  Group g = group("12345");
  g.silent = {5};
  EXPECT_EQ(g.all(wish("123")), "-5 -4 .");  // the silent one first
}

TEST(MembershipPlan, LearnersComeAndGo) {
  EXPECT_EQ(group("123", "4").all(wish("123")), "-4 .");
  EXPECT_EQ(group("123").all(wish("123", "4")), "+4 .");
  EXPECT_EQ(group("123").all(wish("12", "3")), "v3 .");
  EXPECT_EQ(group("123", "4").all(wish("123", "5")), "-4 +5 .");  // room first
}

TEST(MembershipPlan, OneThatWasRemovedAndLeadsStillChangesNothing) {
  EXPECT_EQ(group("234").next(wish("235")), "?");
  EXPECT_EQ(group("234", "5").next(wish("235")), "?");
}

TEST(MembershipPlan, AFullGroupMakesRoomFirst) {
  Group g;
  for (uint64_t id = 1; id <= raft::kMembersMax; ++id) g.actual.voters.push_back(ReplicaId(id));
  Membership wished;
  for (uint64_t id = 1; id < raft::kMembersMax; ++id) wished.voters.push_back(ReplicaId(id));
  wished.voters.push_back(ReplicaId(99));
  EXPECT_EQ(g.next(wished), "?");  // no room for a learner, and no voter to spare
  wished.voters.erase(wished.voters.begin() + 5);
  EXPECT_EQ(g.next(wished), "-6");
}

// Whatever the start, the wish and who answers: voters stay within one of the wish (where they began so),
// each step is one that Raft takes, leaves a majority of live voters, and is the last of finitely many.
TEST(MembershipPlan, EveryWayIsSafe) {
  uint64_t random = 7;
  auto next_random = [&](uint64_t bound) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (random >> 33) % bound;
  };
  int completed = 0;
  for (int run = 0; run < 20'000; ++run) {
    Group g;
    Membership wished;
    for (uint64_t id = 1; id <= 7; ++id) {
      uint64_t role = id == 1 ? 0 : next_random(4);
      if (role <= 1) g.actual.voters.push_back(ReplicaId(id));
      if (role == 2) g.actual.learners.push_back(ReplicaId(id));
      uint64_t wanted = next_random(3);
      if (wanted <= 1) wished.voters.push_back(ReplicaId(id));
      if (wanted == 2 && next_random(2) == 0) wished.learners.push_back(ReplicaId(id));
      if (id != 1 && next_random(6) == 0) g.silent.insert(id);
    }
    if (wished.voters.empty()) continue;
    auto live = [&] {
      size_t count = 0;
      for (ReplicaId id : g.actual.voters) count += !g.silent.contains(id.value);
      return count > g.actual.voters.size() / 2;
    };
    if (!live()) continue;
    const size_t low = std::min(g.actual.voters.size(), wished.voters.size() - 1);
    const size_t high = std::max(g.actual.voters.size(), wished.voters.size() + 1);
    for (int steps = 0;; ++steps) {
      ASSERT_LT(steps, 60) << "run " << run;
      MembershipStep step = g.step(wished);
      if (step.kind == MembershipStep::Kind::kDone) ++completed;
      if (step.kind == MembershipStep::Kind::kHandOver) {
        ASSERT_TRUE(raft::is_voter(g.actual, step.to));
        g.self = step.to;
        continue;
      }
      if (step.kind != MembershipStep::Kind::kChange) break;
      auto changed = raft::changed(g.actual, step.change);
      ASSERT_TRUE(changed.has_value()) << "run " << run;
      ASSERT_FALSE(step.change.replica == g.self) << "run " << run;
      g.actual = *changed;
      ASSERT_TRUE(live()) << "run " << run;
      ASSERT_GE(g.actual.voters.size(), low) << "run " << run;
      ASSERT_LE(g.actual.voters.size(), high) << "run " << run;
    }
    EXPECT_TRUE(!g.silent.empty() || g.actual == wished) << "run " << run;
  }
  EXPECT_GT(completed, 5000);
}

}  // namespace
}  // namespace stator::cluster
