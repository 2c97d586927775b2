// The changes that a node's command makes: the first record of the cluster, and nodes that tell who they are.
#include "cluster/metadata_plan.h"

#include <algorithm>
#include <set>
#include <string>

#include "cluster/move_plan.h"
#include "model/assert.h"

namespace stator::cluster {
namespace {

using Changes = api::Result<std::vector<MetadataChange>>;

std::string name_of(const NodeRecord& node) { return "Node " + std::to_string(node.id.value); }

bool texts_fit(const NodeRecord& node) {
  for (const std::string* text :
       {&node.zone, &node.link_address, &node.client_address, &node.admin_address, &node.version}) {
    if (text->size() > kNodeTextMax) return false;
  }
  return true;
}

MetadataChange put(NodeRecord node) {
  MetadataChange change;
  change.kind = MetadataChange::Kind::kPutNode;
  change.node = std::move(node);
  return change;
}

// --- bootstrap
// --------------------------------------------------------------------------------------------------------

// Empty where the nodes make sense.
std::string objection(const std::vector<NodeRecord>& nodes) {
  if (nodes.empty()) return "A cluster begins with at least one node";
  if (nodes.size() > kNodesMax)
    return "A cluster has at most " + std::to_string(kNodesMax) + " nodes";
  std::set<model::NodeId> ids;
  std::set<model::ReplicaId> replicas;
  for (const NodeRecord& node : nodes) {
    if (!node.id || !ids.insert(node.id).second)
      return "Node ids are at least 1 and different; " + std::to_string(node.id.value) + " is not";
    bool own = node.metadata_replica && node.metadata_replica.value < kFirstLateMetadataReplica;
    if (!own || !replicas.insert(node.metadata_replica).second)
      return name_of(node) + " needs a metadata replica of its own, with an id below " +
             std::to_string(kFirstLateMetadataReplica);
    if (node.incarnation == Incarnation{}) return name_of(node) + " has no incarnation";
    if (!texts_fit(node)) return name_of(node) + " has a zone or an address that is too long";
  }
  return {};
}

Changes plan(const ClusterState& state, const Bootstrap& bootstrap) {
  if (bootstrap.cluster_id == ClusterId{}) return api::validation_error("A cluster's id is not all zeros");
  if (state.bootstrapped()) {
    if (state.cluster_id == bootstrap.cluster_id) return std::vector<MetadataChange>{};
    return api::validation_error("Another cluster is bootstrapped here already");
  }
  if (std::string text = objection(bootstrap.nodes); !text.empty())
    return api::validation_error(std::move(text));
  uint32_t min = 0, max = UINT32_MAX;
  for (const NodeRecord& node : bootstrap.nodes) {
    min = std::max(min, node.formats_min);
    max = std::min(max, node.formats_max);
  }
  if (min > max) return api::validation_error("The nodes' versions have no format in common");
  std::vector<MetadataChange> changes(1);
  changes[0].kind = MetadataChange::Kind::kPutCluster;
  changes[0].cluster = {bootstrap.cluster_id, max};
  for (NodeRecord node : bootstrap.nodes) {
    node.metadata_late = false;
    node.retired.clear();
    changes.push_back(put(std::move(node)));
  }
  return changes;
}

// --- a node that starts
// -----------------------------------------------------------------------------------------------

// Empty where the node may come in.
std::string objection(const ClusterState& state, const NodeRecord& node, const NodeRecord* known) {
  if (!texts_fit(node)) return name_of(node) + " has a zone or an address that is too long";
  if (state.active_version < node.formats_min || state.active_version > node.formats_max) {
    return name_of(node) + " reads formats " + std::to_string(node.formats_min) + " to " +
           std::to_string(node.formats_max) + ", and the cluster writes " +
           std::to_string(state.active_version) + ": start another version";
  }
  bool retired = known && std::find(known->retired.begin(), known->retired.end(), node.incarnation) !=
                              known->retired.end();
  if (retired || node.incarnation == Incarnation{}) {
    return name_of(node) + "'s data folder was replaced by a newer one and cannot come back: wipe it, or "
                           "start the node with its newer folder";
  }
  return {};
}

// Every replica on `node` is gone with its folder: others take their places.
void replace_replicas(const ClusterState& state, model::NodeId node, const LiveNodes& live, Allocated& next,
                      std::vector<MetadataChange>& changes) {
  std::map<model::NodeId, size_t> leaders = leaders_by_node(state.partitions);
  for (const auto& [id, before] : state.partitions) {
    MetadataChange change;
    change.kind = MetadataChange::Kind::kPutPartition;
    change.partition = before;
    // What was to go is gone; what was there is new, and empty.
    std::erase_if(change.partition.replicas,
                  [&](const ReplicaPlace& place) { return place.node == node && place.leaving; });
    for (ReplicaPlace& place : change.partition.replicas) {
      if (place.node != node) continue;
      model::ReplicaId lost = place.id;
      place.id = model::ReplicaId(next.replica++);
      place.late = true;
      if (change.partition.first_leader == lost) choose_first_leader(change.partition, live, leaders);
    }
    if (change.partition != before) changes.push_back(std::move(change));
  }
}

MetadataChange put(const Allocated& next) {
  MetadataChange change;
  change.kind = MetadataChange::Kind::kAllocated;
  change.allocated = next;
  return change;
}

api::Failure metadata_replicas_used_up() {
  return api::validation_error("The ids for replicas of the metadata group are used up");
}

// A node that there never was: all of it is new. REQUIRES: no objection() to it.
Changes add(const ClusterState& state, NodeRecord node) {
  const model::NodeId first = state.next_node_id();
  if (!node.id) node.id = first;
  if (node.id < first) {
    return api::validation_error(name_of(node) + " was a node of this cluster, and is none any more: give another "
                                 "--node-id, from " + std::to_string(first.value) + ", or none");
  }
  if (state.nodes.size() >= kNodesMax)
    return api::validation_error("A cluster has at most " + std::to_string(kNodesMax) + " nodes");
  Allocated next = state.allocated;
  if (next.metadata_replica >= kFirstReplica) return metadata_replicas_used_up();
  node.metadata_replica = model::ReplicaId(next.metadata_replica++);
  node.metadata_late = true;
  node.retired.clear();
  node.phase = NodePhase::kMember;
  next.node = node.id.value + 1;
  return std::vector<MetadataChange>{put(std::move(node)), put(next)};
}

const NodeRecord* find_known(const ClusterState& state, const NodeRecord& node) {
  if (node.id) return state.find(node.id);
  for (const auto& [id, known] : state.nodes) {
    if (known.incarnation == node.incarnation) return &known;
  }
  return nullptr;
}

Changes plan(const ClusterState& state, const RegisterNode& command, const LiveNodes& live) {
  if (!state.bootstrapped()) return api::service_unavailable("The cluster is not bootstrapped yet", 100);
  const NodeRecord* known = find_known(state, command.node);
  if (std::string text = objection(state, command.node, known); !text.empty())
    return api::validation_error(std::move(text));
  NodeRecord node = command.node;
  if (!known) return add(state, std::move(node));
  node.id = known->id;
  node.phase = known->phase == NodePhase::kLeaving ? NodePhase::kLeaving : NodePhase::kMember;
  node.metadata_replica = known->metadata_replica;
  node.metadata_late = known->metadata_late;
  node.retired = known->retired;
  if (node == *known) return std::vector<MetadataChange>{};
  if (node.incarnation == known->incarnation) return std::vector<MetadataChange>{put(std::move(node))};

  Allocated next = state.allocated;
  if (next.metadata_replica >= kFirstReplica) return metadata_replicas_used_up();
  node.metadata_replica = model::ReplicaId(next.metadata_replica++);
  node.metadata_late = true;
  if (node.retired.size() >= kRetiredIncarnationsMax) node.retired.erase(node.retired.begin());
  node.retired.push_back(known->incarnation);
  std::vector<MetadataChange> changes{put(std::move(node))};
  replace_replicas(state, known->id, live, next, changes);
  changes.push_back(put(next));
  return changes;
}

}  // namespace

Changes plan_changes(const ClusterState& state, const MetadataCommand& command, const LiveNodes& live) {
  if (const auto* bootstrap = std::get_if<Bootstrap>(&command)) return plan(state, *bootstrap);
  if (const auto* node = std::get_if<RegisterNode>(&command)) return plan(state, *node, live);
  return plan_move(state, command, live);
}

}  // namespace stator::cluster
