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
// metadata_late and retired, which group 0 gives (state()->nodes has them afterwards).
//   - Nothing is new: no entry.
//   - The same incarnation: addresses, zone, version and formats are replaced.
//   - A new incarnation: its folder was wiped. In one entry the node gets a new metadata_replica
//     (metadata_late), and each of its replicas is replaced in the wish by one with a fresh id, `late`.
// Refused: the cluster is not bootstrapped yet (ServiceUnavailable: try again); the node id is unknown
// (adding nodes is not supported yet); the incarnation is one that was replaced before (an old folder came
// back); the node does not read what the cluster writes.
struct RegisterNode {
  NodeRecord node;
};

using MetadataCommand = std::variant<Bootstrap, RegisterNode>;

}  // namespace stator::cluster
