// Reports to leaders.
#include "cluster/leaders.h"

#include <unordered_set>

namespace stator::cluster {

bool Leaders::report(model::NodeId node, const Report::Leadership& leadership) {
  Leader& leader = leaders_[leadership.partition];
  if (leadership.term < leader.term) return false;
  model::NodeId before = leader.node;
  if (leadership.serving) {
    leader = {node, leadership.term, leadership.totals, leadership.members, leadership.whole};
  } else if (leader.node == node) {
    leader.node = {};
    leader.term = leadership.term;
  }
  return leader.node != before;
}

std::vector<model::PartitionId> Leaders::report(model::NodeId node, const Report& report) {
  std::vector<model::PartitionId> changed;
  if (report.complete) {
    std::unordered_set<model::PartitionId> named;
    for (const Report::Leadership& leadership : report.partitions) {
      if (leadership.serving) named.insert(leadership.partition);
    }
    for (auto& [partition, leader] : leaders_) {
      if (leader.node != node || named.contains(partition)) continue;
      leader.node = {};
      changed.push_back(partition);
    }
  }
  for (const Report::Leadership& leadership : report.partitions) {
    if (this->report(node, leadership)) changed.push_back(leadership.partition);
  }
  return changed;
}

std::vector<model::PartitionId> Leaders::lost(model::NodeId node) {
  std::vector<model::PartitionId> changed;
  for (auto& [partition, leader] : leaders_) {
    if (leader.node != node) continue;
    leader.node = {};
    changed.push_back(partition);
  }
  return changed;
}

model::NodeId Leaders::find(model::PartitionId partition) const {
  auto it = leaders_.find(partition);
  return it == leaders_.end() ? model::NodeId{} : it->second.node;
}

const Leaders::Leader* Leaders::details(model::PartitionId partition) const {
  auto it = leaders_.find(partition);
  return it == leaders_.end() || !it->second.node ? nullptr : &it->second;
}

}  // namespace stator::cluster
