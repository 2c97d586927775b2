// Nodes that are decommissioned, away and removed; replicas that move; the version that leaders write.
#include "cluster/move_plan.h"

#include <algorithm>
#include <set>
#include <string>

#include "model/assert.h"

namespace stator::cluster {
namespace {

using Changes = api::Result<std::vector<MetadataChange>>;

constexpr int kAskAgainMs = 500;

std::vector<MetadataChange> nothing() { return {}; }

std::vector<MetadataChange> put(NodeRecord node) {
  std::vector<MetadataChange> changes(1);
  changes[0].kind = MetadataChange::Kind::kPutNode;
  changes[0].node = std::move(node);
  return changes;
}

MetadataChange put(Partition partition) {
  MetadataChange change;
  change.kind = MetadataChange::Kind::kPutPartition;
  change.partition = std::move(partition);
  return change;
}

MetadataChange put(const Allocated& next) {
  MetadataChange change;
  change.kind = MetadataChange::Kind::kAllocated;
  change.allocated = next;
  return change;
}

std::string name_of(model::NodeId node) { return "Node " + std::to_string(node.value); }
std::string count_of(size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

size_t wished_replicas(const Partition& partition) {
  return static_cast<size_t>(std::count_if(partition.replicas.begin(), partition.replicas.end(),
                                           [](const ReplicaPlace& place) { return !place.leaving; }));
}

// --- nodes ---

// Members aside from `without`: how many there are, and answer, and in which zones.
struct Remaining {
  size_t nodes = 0;
  size_t live = 0;
  std::set<std::string> zones;
};
Remaining remaining(const ClusterState& state, model::NodeId without, const LiveNodes& live) {
  Remaining rest;
  for (const auto& [id, node] : state.nodes) {
    if (id == without || node.phase != NodePhase::kMember) continue;
    ++rest.nodes;
    rest.live += !live || live(id) ? 1 : 0;
    rest.zones.insert(node.zone);
  }
  return rest;
}

// How many nodes the partitions need, and group 0, which keeps three voters where it has them. `members`: that there
// are.
size_t nodes_needed(const ClusterState& state, size_t members) {
  size_t needed = std::min(members, kReplicasPerPartition);
  for (const auto& [id, partition] : state.partitions) needed = std::max(needed, wished_replicas(partition));
  return needed;
}

Changes plan(const ClusterState& state, const DecommissionNode& command, const LiveNodes& live) {
  const NodeRecord* node = state.find(command.node);
  if (!node) return api::validation_error("The cluster has no node " + std::to_string(command.node.value));
  if (node->phase == NodePhase::kLeaving) return nothing();
  const Remaining rest = remaining(state, command.node, live);
  const size_t needed = nodes_needed(state, rest.nodes + (node->phase == NodePhase::kMember ? 1 : 0));
  const std::string who = name_of(command.node) + " cannot be decommissioned: ";
  if (rest.nodes < needed) {
    return api::validation_error(who + count_of(rest.nodes, "node") + " would remain, and partitions have " +
                                 count_of(needed, "replica") + ": add a node first");
  }
  Remaining all = rest;
  all.zones.insert(node->zone);
  if (rest.zones.size() < std::min(all.zones.size(), needed)) {
    return api::validation_error(who + "no node of zone '" + node->zone + "' would remain, and replicas are spread over " +
                                 count_of(std::min(all.zones.size(), needed), "zone") +
                                 ": add a node in that zone first");
  }
  if (rest.live < needed) {
    return api::service_unavailable(who + "of the others only " + std::to_string(rest.live) + " answer, and " +
                                        std::to_string(needed) + " are needed",
                                    kAskAgainMs);
  }
  NodeRecord changed = *node;
  changed.phase = NodePhase::kLeaving;
  return put(std::move(changed));
}

Changes plan(const ClusterState& state, const SetAway& command) {
  const NodeRecord* node = state.find(command.node);
  const NodePhase before = command.away ? NodePhase::kMember : NodePhase::kAway;
  if (!node || node->phase != before) return nothing();
  NodeRecord changed = *node;
  changed.phase = command.away ? NodePhase::kAway : NodePhase::kMember;
  const size_t rest = remaining(state, command.node, {}).nodes;
  if (command.away && rest < nodes_needed(state, rest + 1)) return nothing();
  return put(std::move(changed));
}

Changes plan(const ClusterState& state, const RemoveNode& command) {
  const NodeRecord* node = state.find(command.node);
  if (!node || node->phase != NodePhase::kLeaving) return nothing();
  for (const auto& [id, partition] : state.partitions) {
    for (const ReplicaPlace& place : partition.replicas) {
      if (place.node == command.node) return nothing();
    }
  }
  Allocated next = state.allocated;
  next.node = state.next_node_id().value;  // this node's id never comes back
  std::vector<MetadataChange> changes(1);
  changes[0].kind = MetadataChange::Kind::kDeleteNode;
  changes[0].node = *node;
  if (!(next == state.allocated)) changes.push_back(put(next));
  return changes;
}

Changes plan(const ClusterState& state, const FinalizeVersion&, const LiveNodes& live) {
  uint32_t highest = state.active_version;
  for (const auto& [id, node] : state.nodes) highest = std::max(highest, node.formats_max);
  if (highest == state.active_version) return nothing();
  const std::string what = "Version " + std::to_string(highest) + " cannot be finalized: ";
  for (const auto& [id, node] : state.nodes) {
    if (node.formats_max < highest) {
      return api::validation_error(what + "node " + std::to_string(id.value) + " (" + node.version +
                                   ") reads formats up to " + std::to_string(node.formats_max) +
                                   ": start it with the new version first");
    }
    if (node.formats_min > highest)
      return api::validation_error(what + "node " + std::to_string(id.value) + " does not read it any more");
    if (node.phase == NodePhase::kAway || (live && !live(id))) {
      return api::service_unavailable(what + "node " + std::to_string(id.value) +
                                          " does not answer: start it, or decommission it",
                                      kAskAgainMs);
    }
  }
  std::vector<MetadataChange> changes(1);
  changes[0].kind = MetadataChange::Kind::kPutCluster;
  changes[0].cluster = {state.cluster_id, highest};
  return changes;
}

// --- replicas ---

ReplicaPlace* find(Partition& partition, model::ReplicaId replica) {
  auto it = std::find_if(partition.replicas.begin(), partition.replicas.end(),
                         [&](const ReplicaPlace& place) { return place.id == replica; });
  return it == partition.replicas.end() ? nullptr : &*it;
}

Changes plan(const ClusterState& state, const MoveReplica& command, const LiveNodes& live) {
  auto it = state.partitions.find(command.partition);
  const NodeRecord* to = state.find(command.to);
  if (it == state.partitions.end() || !to || to->phase != NodePhase::kMember) return nothing();
  Partition partition = it->second;
  for (const ReplicaPlace& place : partition.replicas) {
    if (place.node == command.to) return nothing();  // also one that leaves: it is gone before another comes
  }
  if (partition.replicas.size() >= kPlacesMax) return nothing();
  if (command.from) {
    ReplicaPlace* from = find(partition, command.from);
    if (!from || from->leaving) return nothing();
    from->leaving = true;
  }
  if (command.from && partition.first_leader == command.from) {
    std::map<model::NodeId, size_t> leaders = leaders_by_node(state.partitions);
    choose_first_leader(partition, live, leaders);
  }
  Allocated next = state.allocated;
  ReplicaPlace place;
  place.id = model::ReplicaId(next.replica++);
  place.node = command.to;
  place.late = true;
  partition.replicas.push_back(place);
  return std::vector<MetadataChange>{put(std::move(partition)), put(next)};
}

Changes plan(const ClusterState& state, const DropReplica& command) {
  auto it = state.partitions.find(command.partition);
  if (it == state.partitions.end()) return nothing();
  Partition partition = it->second;
  const ReplicaPlace* place = find(partition, command.replica);
  if (!place || !place->leaving) return nothing();
  std::erase_if(partition.replicas, [&](const ReplicaPlace& other) { return other.id == command.replica; });
  return std::vector<MetadataChange>{put(std::move(partition))};
}

Changes plan(const ClusterState& state, const PreferLeader& command) {
  auto it = state.partitions.find(command.partition);
  if (it == state.partitions.end() || it->second.first_leader == command.replica) return nothing();
  Partition partition = it->second;
  const ReplicaPlace* place = find(partition, command.replica);
  if (!place || place->leaving || place->learner) return nothing();
  partition.first_leader = command.replica;
  return std::vector<MetadataChange>{put(std::move(partition))};
}

}  // namespace

api::Result<std::vector<MetadataChange>> plan_move(const ClusterState& state, const MetadataCommand& command,
                                                   const LiveNodes& live) {
  if (!state.bootstrapped()) return api::service_unavailable("The cluster is not bootstrapped yet", 100);
  if (const auto* node = std::get_if<DecommissionNode>(&command)) return plan(state, *node, live);
  if (const auto* version = std::get_if<FinalizeVersion>(&command)) return plan(state, *version, live);
  if (const auto* away = std::get_if<SetAway>(&command)) return plan(state, *away);
  if (const auto* node = std::get_if<RemoveNode>(&command)) return plan(state, *node);
  if (const auto* move = std::get_if<MoveReplica>(&command)) return plan(state, *move, live);
  if (const auto* drop = std::get_if<DropReplica>(&command)) return plan(state, *drop);
  const auto* leader = std::get_if<PreferLeader>(&command);
  STATOR_ASSERT(leader != nullptr, "the others are planned elsewhere");
  return plan(state, *leader);
}

}  // namespace stator::cluster
