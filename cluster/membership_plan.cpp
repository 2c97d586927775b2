// One step of a group toward its wished members.
#include "cluster/membership_plan.h"

#include <algorithm>
#include <optional>

#include "model/assert.h"

namespace stator::cluster {
namespace {

using raft::Membership;
using raft::MembershipChange;
using raft::ReplicaId;

MembershipStep change(MembershipChange::Kind kind, ReplicaId replica) {
  return {MembershipStep::Kind::kChange, {kind, replica}, {}};
}

class Planner {
 public:
  Planner(const Membership& actual, const Membership& wish, ReplicaId self,
          const std::vector<raft::PeerStatus>& peers, raft::Index commit)
      : actual_(actual), wish_(wish), self_(self), peers_(peers), commit_(commit) {}

  MembershipStep next() const {
    if (actual_ == wish_) return {MembershipStep::Kind::kDone, {}, {}};
    if (!raft::is_voter(actual_, self_)) return wait();  // leads only until its own removal is committed
    if (auto step = change_learners()) return *step;
    if (auto step = change_voters()) return *step;
    return wait();
  }

 private:
  static MembershipStep wait() { return {MembershipStep::Kind::kWait, {}, {}}; }

  const raft::PeerStatus* find(ReplicaId replica) const {
    auto it = std::find_if(peers_.begin(), peers_.end(),
                           [&](const raft::PeerStatus& peer) { return peer.replica == replica; });
    return it == peers_.end() ? nullptr : &*it;
  }

  // Answers, and has nearly all that is committed: by what it told this leader, in this term.
  bool keeps_up(ReplicaId replica) const {
    if (replica == self_) return true;
    const raft::PeerStatus* peer = find(replica);
    return peer && peer->active && peer->state == raft::PeerStatus::State::kReplicate &&
           peer->match + kLearnerLagMax >= commit_;
  }

  // Whether these voters would go on committing.
  bool would_commit(const std::vector<ReplicaId>& voters) const {
    auto live = std::count_if(voters.begin(), voters.end(), [&](ReplicaId id) { return keeps_up(id); });
    return static_cast<size_t>(live) > voters.size() / 2;
  }

  std::optional<MembershipStep> change_learners() const {
    for (ReplicaId id : actual_.learners) {
      if (!raft::is_member(wish_, id)) return change(MembershipChange::Kind::kRemove, id);
    }
    if (actual_.voters.size() + actual_.learners.size() >= raft::kMembersMax) return std::nullopt;
    for (const auto* ids : {&wish_.voters, &wish_.learners}) {
      for (ReplicaId id : *ids) {
        if (!raft::is_member(actual_, id)) return change(MembershipChange::Kind::kAddLearner, id);
      }
    }
    return std::nullopt;
  }

  // Of the voters that are to be none, the leader aside, one that does not answer where there is such.
  ReplicaId surplus() const {
    ReplicaId found;
    for (ReplicaId id : actual_.voters) {
      if (id == self_ || raft::is_voter(wish_, id)) continue;
      if (!keeps_up(id)) return id;
      if (!found) found = id;
    }
    return found;
  }

  std::optional<MembershipStep> change_voters() const {
    ReplicaId ready;
    bool waiting = false;  // for learners that are to be voters
    for (ReplicaId id : actual_.learners) {
      if (!raft::is_voter(wish_, id)) continue;
      waiting = true;
      if (!ready && keeps_up(id)) ready = id;
    }
    const size_t voters = actual_.voters.size(), wished = wish_.voters.size();
    const ReplicaId leaving = surplus();
    // One that is lost goes before its successor comes: it only makes the majority larger. One that lives
    // goes after: between the two, the group can lose another.
    const bool exchange = ready && voters == wished && !keeps_up(leaving);
    if (leaving && (voters > wished || exchange)) {
      std::vector<ReplicaId> rest = actual_.voters;
      std::erase(rest, leaving);
      bool stays = raft::is_member(wish_, leaving);
      if (would_commit(rest))
        return change(stays ? MembershipChange::Kind::kDemote : MembershipChange::Kind::kRemove, leaving);
    }
    if (ready && voters <= wished) {
      std::vector<ReplicaId> all = actual_.voters;
      all.push_back(ready);
      if (would_commit(all)) return change(MembershipChange::Kind::kPromote, ready);
    }
    if (!leaving && !waiting && !raft::is_voter(wish_, self_)) return hand_over();
    return std::nullopt;
  }

  std::optional<MembershipStep> hand_over() const {
    const raft::PeerStatus* best = nullptr;
    for (ReplicaId id : actual_.voters) {
      if (id == self_ || !keeps_up(id)) continue;
      const raft::PeerStatus* peer = find(id);
      if (!best || peer->match > best->match) best = peer;
    }
    if (!best) return std::nullopt;
    return MembershipStep{MembershipStep::Kind::kHandOver, {}, best->replica};
  }

  const Membership& actual_;
  const Membership& wish_;
  const ReplicaId self_;
  const std::vector<raft::PeerStatus>& peers_;
  const raft::Index commit_;
};

}  // namespace

MembershipStep next_step(const Membership& actual, const Membership& wish, ReplicaId self,
                         const std::vector<raft::PeerStatus>& peers, raft::Index commit) {
  STATOR_ASSERT(!wish.voters.empty(), "a group keeps a voter");
  return Planner(actual, wish, self, peers, commit).next();
}

}  // namespace stator::cluster
