// What group 0's leader finds to do about nodes and replicas: nodes that are away or have left, replicas that should be
// elsewhere, leaderships that are uneven. Asked now and then; it names a few steps, which go through group 0's log as
// commands (metadata_command.h) and may come to nothing there. Slow on purpose: at most kMovesPerNode replicas are on
// their way to a node, and nothing is evened out while anything else is under way. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "cluster/cluster_state.h"
#include "cluster/metadata_command.h"
#include "raft/entry.h"

namespace stator::cluster {

// Replicas that may be on their way to one node: each costs it a snapshot.
inline constexpr size_t kMovesPerNode = 2;
// Commands of one look.
inline constexpr size_t kStepsMax = 16;
// Nodes differ by at least so many replicas, or leaderships, before one goes to the other: one less, and it would come
// back.
inline constexpr size_t kUnevenMin = 2;

// What is known of a node now, from the link and from its reports.
struct NodeSight {
  bool live = false;              // reached by group 0's leader
  bool clock_astray = false;      // leads nothing (clock_watch.h)
  uint64_t silent_micros = 0;     // for how long nobody has reached it; 0: somebody does
};

// What a partition's leader reported last.
struct GroupSight {
  raft::Membership members;  // committed
  bool complete = false;     // they are as the leader was told, and none lags far behind
};

struct Sight {
  std::map<model::NodeId, NodeSight> nodes;            // those that are left out are not live
  std::map<model::PartitionId, GroupSight> groups;     // of those that are led
  raft::Membership metadata_members;                   // group 0's own, committed
  uint64_t replace_dead_after_micros = 0;              // 0: never
};

// In the order in which they are to be submitted.
std::vector<MetadataCommand> next_steps(const ClusterState& state, const Sight& sight);

// What is left to do until a node that is decommissioned holds nothing: places on it, and its vote in group 0.
size_t left_on(const ClusterState& state, model::NodeId node);

}  // namespace stator::cluster
