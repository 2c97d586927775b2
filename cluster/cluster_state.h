// ClusterState: what group 0 holds: the cluster, its nodes, tables and partitions. Small, so all of it is in
// memory; changed by entries of group 0's log alone (metadata_machine.h). Plain values; pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/log_entry.h"
#include "cluster/node_record.h"
#include "cluster/partition.h"
#include "model/table.h"

namespace stator::cluster {

// Immutable once published.
struct ClusterState {
  std::map<std::string, model::Table, std::less<>> tables;  // by name
  std::map<model::PartitionId, Partition> partitions;
  Allocated allocated;
  // None in a cluster of one, which was never bootstrapped: its only node is not recorded.
  std::map<model::NodeId, NodeRecord> nodes;
  ClusterId cluster_id{};
  uint32_t active_version = kLogFormatVersion;  // what leaders write (docs/architecture.md, protocol 6)

  bool bootstrapped() const { return cluster_id != ClusterId{}; }
  const model::Table* find(std::string_view name) const;
  const model::Table* find(model::TableId id) const;
  const NodeRecord* find(model::NodeId id) const;
  // In order of their ranges.
  std::vector<const Partition*> partitions_of(model::TableId table) const;
  // The id of a node that is added now: above that of every node that there is or was.
  model::NodeId next_node_id() const;
  // Who should belong to group 0: every node's metadata_replica; those of nodes that leave, or are away, do not
  // vote. Empty where there are no nodes.
  raft::Membership wished_metadata_members() const;

  // Applies one change. Requires that it makes sense: it was evaluated against the state before it.
  void apply(const MetadataChange& change);
};

}  // namespace stator::cluster
