// MetadataCommand: what nodes, not clients, ask of group 0. Submitted to its leader as a Command (command.h);
// metadata_plan.h says what each does to the state.
//
// How the carrier learns the outcome: the Answered of its token holds an error (refused: the text says why,
// and is for the operator; ServiceUnavailable: try again), or an empty StaticAnswer, which says nothing but
// that MetadataMachine::state() now holds the outcome: its cluster_id, nodes and partitions. It comes when
// the entry is applied, or, where the command changed nothing, behind a barrier as every read.
//
// Plain values; pure.
#pragma once

#include <variant>
#include <vector>

#include "cluster/node_record.h"

namespace stator::cluster {

// Records the cluster and the nodes that it begins with. Submitted by the first leader of group 0 while
// ClusterState::bootstrapped() is false; changes nothing where this cluster is recorded already. Of each node
// id, incarnation, metadata_replica, zone, addresses, version and formats are taken.
// Refused: another cluster is recorded; the nodes make no sense (none, too many, an id or a replica twice,
// formats without a common one).
struct Bootstrap {
  ClusterId cluster_id{};
  std::vector<NodeRecord> nodes;
};

// A node tells, whenever it starts, who it is and where: of `node` all is taken but metadata_replica,
// metadata_late, retired and phase, which group 0 gives (state()->nodes has them afterwards).
//   - Nothing is new: no entry.
//   - The same incarnation: addresses, zone, version and formats are replaced; one that was away is a member again.
//   - A new incarnation of a node: its folder was wiped. In one entry the node gets a new metadata_replica
//     (metadata_late), and each of its replicas is replaced in the wish by one with a fresh id, `late`.
//   - A node that there is not yet is added, late: under the id that it names, where that is above all that ever
//     were, or, where it names none, under the next one. An incarnation that is known is its node, told again.
// Refused: the cluster is not bootstrapped yet (ServiceUnavailable: try again); the node id was another node's; the
// cluster is full; the incarnation is one that was replaced before (an old folder came back); the node does not
// read what the cluster writes.
struct RegisterNode {
  NodeRecord node;
};

// --- what operators ask for (move_plan.h) ---

// The node's replicas are to go to others, and then the node. Nothing where that is under way.
// Refused: no such node; what remains would not have a node for each replica of a partition, or fewer zones than
// replicas are spread over now; ServiceUnavailable: too few of the others answer.
struct DecommissionNode {
  model::NodeId node;
};
// Leaders are to write the highest version that any node reads (docs/architecture.md, protocol 6). Nothing where they do.
// Refused: a node does not read it, or, ServiceUnavailable, does not answer.
struct FinalizeVersion {};

// --- what group 0's leader finds (rebalance.h); nothing where it is so, or makes no sense any more ---

// A node that was not heard for long, or is heard again.
struct SetAway {
  model::NodeId node;
  bool away = true;
};
// A node that was decommissioned, holds nothing any more and does not run is taken out.
struct RemoveNode {
  model::NodeId node;
};
// `from` is to go from the partition's group, once a new replica on `to` is in it. No `from`: one more.
struct MoveReplica {
  model::PartitionId partition;
  model::ReplicaId from;
  model::NodeId to;
};
// The group goes on without this place, which was leaving: the committed members are the others.
struct DropReplica {
  model::PartitionId partition;
  model::ReplicaId replica;
};
// Who is to lead the partition.
struct PreferLeader {
  model::PartitionId partition;
  model::ReplicaId replica;
};

using MetadataCommand = std::variant<Bootstrap, RegisterNode, DecommissionNode, FinalizeVersion, SetAway, RemoveNode,
                                     MoveReplica, DropReplica, PreferLeader>;

}  // namespace stator::cluster
