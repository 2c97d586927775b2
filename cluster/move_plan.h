// What commands on nodes that go, and replicas that move, do to group 0's state (metadata_command.h has their
// contracts). A move is two entries, with Raft's own changes between them, so that a group never has a member less
// than it should:
//
//   MoveReplica ─▶ wish: the new place, late; the old one, leaving ─▶ learner, caught up, voter; the old one removed
//               ─▶ the leader reports the committed members ─▶ DropReplica: its node deletes what it held
//
// Pure.
#pragma once

#include <vector>

#include "api/error.h"
#include "cluster/cluster_state.h"
#include "cluster/metadata_command.h"
#include "cluster/placement.h"

namespace stator::cluster {

// A partition has at most so many places, those that leave among them.
inline constexpr size_t kPlacesMax = 8;

// The changes of one entry, as plan_changes(): REQUIRES a command that is neither Bootstrap nor RegisterNode.
api::Result<std::vector<MetadataChange>> plan_move(const ClusterState& state, const MetadataCommand& command,
                                                   const LiveNodes& live);

}  // namespace stator::cluster
