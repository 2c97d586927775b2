// How a group gets from the members that it has to those that it should have, one Raft change at a time.
// Pure: replica_membership.cpp carries it out, on the leader.
//
//   add the missing as learners ─▶ [one is caught up] ─┬─ a voter to go is lost: remove it ─▶ promote
//                                                      └─ it lives: promote ─▶ remove it
//
// No step is made that would leave fewer live voters than a majority: then the group waits. On its way a group
// has one voter less or one more than wished at most, except where it began with fewer or more. The leader
// itself goes last: it hands over, and its successor removes it.
#pragma once

#include <vector>

#include "raft/membership.h"
#include "raft/node.h"

namespace stator::cluster {

// A learner counts as caught up when it is in the stream of new entries and misses at most so many of those
// that are committed.
inline constexpr raft::Index kLearnerLagMax = 64;

struct MembershipStep {
  enum class Kind : uint8_t {
    kDone = 1,  // the group is as wished
    kWait,      // for a learner to catch up, or for members that do not answer
    kChange,    // propose `change`
    kHandOver,  // transfer the leadership to `to`: all that is left is to remove this leader
  };
  Kind kind = Kind::kDone;
  raft::MembershipChange change;
  model::ReplicaId to;
};

// The next step of a leader toward `wish`. `actual` is the latest membership in its log, `peers` and `commit`
// are from its raft::Status. REQUIRES: `wish` has a voter, its parts are ascending.
MembershipStep next_step(const raft::Membership& actual, const raft::Membership& wish, model::ReplicaId self,
                         const std::vector<raft::PeerStatus>& peers, raft::Index commit);

}  // namespace stator::cluster
