// Placement of a new table's replicas and first leaders: greedy, one replica after the other.
#include "cluster/placement.h"

#include <algorithm>
#include <tuple>

#include "model/assert.h"

namespace stator::cluster {
namespace {

struct Load {
  size_t replicas = 0;
  size_t leaders = 0;
};

std::map<model::NodeId, Load> loads_of(const std::map<model::PartitionId, Partition>& partitions) {
  std::map<model::NodeId, Load> loads;
  for (const auto& [id, partition] : partitions) {
    for (const ReplicaPlace& place : partition.replicas) {
      if (place.leaving) continue;
      Load& load = loads[place.node];
      ++load.replicas;
      if (place.id == partition.first_leader) ++load.leaders;
    }
  }
  return loads;
}

// The best node for the next replica of a partition that has `chosen` already.
const CandidateNode& next_node(const std::vector<CandidateNode>& nodes,
                               const std::vector<const CandidateNode*>& chosen,
                               std::map<model::NodeId, Load>& loads, bool live_only) {
  auto rank = [&](const CandidateNode& node) {
    auto in_its_zone = std::count_if(chosen.begin(), chosen.end(),
                                     [&](const CandidateNode* other) { return other->zone == node.zone; });
    return std::tuple(in_its_zone, !node.live, loads[node.id].replicas, node.id);
  };
  const CandidateNode* best = nullptr;
  for (const CandidateNode& node : nodes) {
    bool taken = std::find(chosen.begin(), chosen.end(), &node) != chosen.end();
    if (taken || (live_only && !node.live)) continue;
    if (!best || rank(node) < rank(*best)) best = &node;
  }
  STATOR_ASSERT(best != nullptr, "there is a node left");
  return *best;
}

PlannedPartition place_one(const std::vector<CandidateNode>& nodes, std::map<model::NodeId, Load>& loads) {
  const size_t replicas = std::min(nodes.size(), kReplicasPerPartition);
  std::vector<const CandidateNode*> chosen;
  size_t live_left = static_cast<size_t>(
      std::count_if(nodes.begin(), nodes.end(), [](const CandidateNode& node) { return node.live; }));
  size_t silent = 0;
  while (chosen.size() < replicas) {
    bool live_only = live_left > 0 && silent >= (replicas - 1) / 2;
    const CandidateNode& node = next_node(nodes, chosen, loads, live_only);
    if (node.live) {
      --live_left;
    } else {
      ++silent;
    }
    ++loads[node.id].replicas;
    chosen.push_back(&node);
  }
  const CandidateNode* leader =
      *std::min_element(chosen.begin(), chosen.end(), [&](const CandidateNode* a, const CandidateNode* b) {
        return std::tuple(!a->live, loads[a->id].leaders, a->id) <
               std::tuple(!b->live, loads[b->id].leaders, b->id);
      });
  ++loads[leader->id].leaders;
  PlannedPartition planned;
  planned.first_leader = leader->id;
  for (const CandidateNode* node : chosen) planned.nodes.push_back(node->id);
  std::sort(planned.nodes.begin(), planned.nodes.end());
  return planned;
}

}  // namespace

uint32_t automatic_partitions(const std::vector<CandidateNode>& nodes) {
  auto live = std::count_if(nodes.begin(), nodes.end(), [](const CandidateNode& node) { return node.live; });
  return std::clamp(static_cast<uint32_t>(live), 1u, kAutomaticPartitionsMax);
}

std::vector<PlannedPartition> place_partitions(const std::vector<CandidateNode>& nodes,
                                               const std::map<model::PartitionId, Partition>& existing,
                                               uint32_t count) {
  STATOR_ASSERT(!nodes.empty(), "partitions live on nodes");
  std::map<model::NodeId, Load> loads = loads_of(existing);
  std::vector<PlannedPartition> planned;
  for (uint32_t i = 0; i < count; ++i) planned.push_back(place_one(nodes, loads));
  return planned;
}

std::map<model::NodeId, size_t> leaders_by_node(const std::map<model::PartitionId, Partition>& partitions) {
  std::map<model::NodeId, size_t> leaders;
  for (const auto& [id, partition] : partitions) {
    for (const ReplicaPlace& place : partition.replicas) {
      if (place.id == partition.first_leader) ++leaders[place.node];
    }
  }
  return leaders;
}

void choose_first_leader(Partition& partition, const LiveNodes& live, std::map<model::NodeId, size_t>& leaders) {
  auto rank = [&](const ReplicaPlace& place) {
    return std::tuple(place.leaving, place.late || place.learner, live && !live(place.node), leaders[place.node],
                      place.id);
  };
  const ReplicaPlace& best =
      *std::min_element(partition.replicas.begin(), partition.replicas.end(),
                        [&](const ReplicaPlace& a, const ReplicaPlace& b) { return rank(a) < rank(b); });
  partition.first_leader = best.id;
  ++leaders[best.node];
}

}  // namespace stator::cluster
