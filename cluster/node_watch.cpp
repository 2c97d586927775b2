// Who reaches whom.
#include "cluster/node_watch.h"

#include <set>
#include <utility>

namespace stator::cluster {

void NodeWatch::reported(model::NodeId peer, bool clock_astray, std::vector<model::NodeId> reaches) {
  auto it = peers_.find(peer);
  if (it == peers_.end()) return;
  it->second.clock_astray = clock_astray;
  it->second.reaches = std::move(reaches);
}

void NodeWatch::look(const ClusterState& state, model::NodeId self, int64_t now) {
  std::set<model::NodeId> reached{self};
  for (const auto& [id, peer] : peers_) {
    reached.insert(id);
    reached.insert(peer.reaches.begin(), peer.reaches.end());
  }
  std::erase_if(silent_since_, [&](const auto& silent) {
    return reached.contains(silent.first) || !state.nodes.contains(silent.first);
  });
  for (const auto& [id, node] : state.nodes) {
    if (!reached.contains(id)) silent_since_.try_emplace(id, now);
  }
}

int64_t NodeWatch::up_for(model::NodeId peer, int64_t now) const {
  auto it = peers_.find(peer);
  return it == peers_.end() ? 0 : now - it->second.since;
}

int64_t NodeWatch::silent_for(model::NodeId node, int64_t now) const {
  auto it = silent_since_.find(node);
  return it == silent_since_.end() ? 0 : now - it->second;
}

bool NodeWatch::clock_astray(model::NodeId peer) const {
  auto it = peers_.find(peer);
  return it != peers_.end() && it->second.clock_astray;
}

}  // namespace stator::cluster
