// Lookups in group 0's state, and its changes.
#include "cluster/cluster_state.h"

#include <algorithm>

namespace stator::cluster {

const model::Table* ClusterState::find(std::string_view name) const {
  auto it = tables.find(name);
  return it == tables.end() ? nullptr : &it->second;
}

const model::Table* ClusterState::find(model::TableId id) const {
  for (const auto& [name, table] : tables) {
    if (table.id == id) return &table;
  }
  return nullptr;
}

const NodeRecord* ClusterState::find(model::NodeId id) const {
  auto it = nodes.find(id);
  return it == nodes.end() ? nullptr : &it->second;
}

std::vector<const Partition*> ClusterState::partitions_of(model::TableId table) const {
  std::vector<const Partition*> result;
  for (const auto& [id, partition] : partitions) {
    if (partition.table == table) result.push_back(&partition);
  }
  std::sort(result.begin(), result.end(),
            [](const Partition* a, const Partition* b) { return a->range.from < b->range.from; });
  return result;
}

model::NodeId ClusterState::next_node_id() const {
  const uint64_t above = nodes.empty() ? 1 : nodes.rbegin()->first.value + 1;
  return model::NodeId(std::max(allocated.node, above));
}

raft::Membership ClusterState::wished_metadata_members() const {
  raft::Membership members;
  for (const auto& [id, node] : nodes)
    (node.phase == NodePhase::kMember ? members.voters : members.learners).push_back(node.metadata_replica);
  std::sort(members.voters.begin(), members.voters.end());
  std::sort(members.learners.begin(), members.learners.end());
  return members;
}

void ClusterState::apply(const MetadataChange& change) {
  switch (change.kind) {
    case MetadataChange::Kind::kPutTable:
      tables[change.table.name] = change.table;
      break;
    case MetadataChange::Kind::kDeleteTable:
      std::erase_if(tables, [&](const auto& entry) { return entry.second.id == change.table.id; });
      break;
    case MetadataChange::Kind::kPutPartition:
      partitions[change.partition.id] = change.partition;
      break;
    case MetadataChange::Kind::kDeletePartition:
      partitions.erase(change.partition.id);
      break;
    case MetadataChange::Kind::kAllocated:
      allocated = change.allocated;
      break;
    case MetadataChange::Kind::kPutNode:
      nodes[change.node.id] = change.node;
      break;
    case MetadataChange::Kind::kDeleteNode:
      nodes.erase(change.node.id);
      break;
    case MetadataChange::Kind::kPutCluster:
      cluster_id = change.cluster.id;
      active_version = change.cluster.active_version;
      break;
  }
}

}  // namespace stator::cluster
