// Where the replicas of a new table go, and which of them leads first. The same inputs give the same places;
// the result goes into group 0's log, so that replicas need not agree on which nodes are live. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cluster/partition.h"
#include "model/ids.h"

namespace stator::cluster {

// Replicas of a partition, where there are so many nodes.
inline constexpr size_t kReplicasPerPartition = 3;
// At most so many partitions are given to a new table that did not ask for a number.
inline constexpr uint32_t kAutomaticPartitionsMax = 4;

// Whether a node answers now, as the carrier sees it. Called while group 0's leader evaluates, on its thread.
// Empty: all do.
using LiveNodes = std::function<bool(model::NodeId)>;

struct CandidateNode {
  model::NodeId id;
  std::string zone;  // empty: not told; counts as one zone
  bool live = true;
};

struct PlannedPartition {
  std::vector<model::NodeId> nodes;  // ascending; no node twice
  model::NodeId first_leader;        // one of them
};

// As many as give each live node a leader, within [1, kAutomaticPartitionsMax].
uint32_t automatic_partitions(const std::vector<CandidateNode>& nodes);

// Places `count` partitions of a new table beside the ones that exist. REQUIRES: nodes is not empty, no id
// twice. Each gets min(nodes, kReplicasPerPartition) replicas, spread over as many zones as there are; of
// zones that serve as well, the node with the fewest replicas, then the lowest id. Nodes that are not live
// get the smaller half of a partition's replicas at most, while live ones are left: a new table is to serve.
// Leaders are live where a replica's node is, and balanced by count.
std::vector<PlannedPartition> place_partitions(const std::vector<CandidateNode>& nodes,
                                               const std::map<model::PartitionId, Partition>& existing,
                                               uint32_t count);

// How many partitions each node is to lead.
std::map<model::NodeId, size_t> leaders_by_node(const std::map<model::PartitionId, Partition>& partitions);

// Another first leader for a partition: a replica that has the data, that answers, whose node is to lead the fewest, which
// then counts it. REQUIRES: a place that is not leaving.
void choose_first_leader(Partition& partition, const LiveNodes& live, std::map<model::NodeId, size_t>& leaders);

}  // namespace stator::cluster
