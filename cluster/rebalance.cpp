// One look at nodes, replicas and leaderships.
#include "cluster/rebalance.h"

#include <algorithm>
#include <deque>
#include <string>
#include <tuple>
#include <utility>

#include "cluster/placement.h"
#include "raft/membership.h"

namespace stator::cluster {
namespace {

class Look {
 public:
  Look(const ClusterState& state, const Sight& sight) : state_(state), sight_(sight) {
    for (const auto& [id, node] : state.nodes) {
      if (node.phase != NodePhase::kMember) continue;
      replicas_[id] = 0;
      leaders_[id] = 0;
    }
    for (const auto& [id, partition] : state.partitions) {
      for (const ReplicaPlace& place : partition.replicas) {
        auto count = replicas_.find(place.node);
        if (place.leaving || count == replicas_.end()) continue;
        ++count->second;
        if (place.id == partition.first_leader) ++leaders_[place.node];
        if (place.late && !is_in(partition, place)) ++coming_[place.node];
      }
    }
  }

  std::vector<MetadataCommand> steps() {
    look_at_nodes();
    finish_moves();
    const bool moving = leave_nodes();
    const bool growing = add_missing();
    if (moving || growing || !steps_.empty() || !all_settled()) return std::move(steps_);
    if (!even_replicas()) even_leaders();
    return std::move(steps_);
  }

 private:
  using Place = const ReplicaPlace*;

  void add(MetadataCommand command) {
    if (steps_.size() < kStepsMax) steps_.push_back(std::move(command));
  }
  const NodeSight& sight_of(model::NodeId node) const {
    static const NodeSight kUnseen;
    auto it = sight_.nodes.find(node);
    return it == sight_.nodes.end() ? kUnseen : it->second;
  }
  const GroupSight* group(const Partition& partition) const {
    auto it = sight_.groups.find(partition.id);
    return it == sight_.groups.end() ? nullptr : &it->second;
  }
  bool is_member(model::NodeId node) const {
    const NodeRecord* record = state_.find(node);
    return record && record->phase == NodePhase::kMember;
  }
  const std::string& zone_of(model::NodeId node) const {
    static const std::string kNowhere;
    const NodeRecord* record = state_.find(node);
    return record ? record->zone : kNowhere;
  }
  // The group votes with it, for good.
  bool is_in(const Partition& partition, const ReplicaPlace& place) const {
    const GroupSight* seen = group(partition);
    return seen && raft::is_voter(seen->members, place.id);
  }
  // Nothing is under way in it.
  bool settled(const Partition& partition) const {
    const GroupSight* seen = group(partition);
    return seen && seen->complete && seen->members == wished_members(partition) &&
           std::none_of(partition.replicas.begin(), partition.replicas.end(),
                        [](const ReplicaPlace& place) { return place.leaving; });
  }
  bool all_settled() const {
    return std::all_of(state_.partitions.begin(), state_.partitions.end(),
                       [&](const auto& partition) { return settled(partition.second); });
  }

  // --- nodes ---

  void look_at_nodes() {
    for (const auto& [id, node] : state_.nodes) {
      const NodeSight& seen = sight_of(id);
      if (node.phase == NodePhase::kAway && seen.live) add(SetAway{id, false});
      const bool dead = sight_.replace_dead_after_micros != 0 && !seen.live &&
                        seen.silent_micros >= sight_.replace_dead_after_micros;
      if (node.phase == NodePhase::kMember && dead) add(SetAway{id, true});
      const bool votes = raft::is_voter(sight_.metadata_members, node.metadata_replica);
      // Not before its process has ended: while it runs it takes clients' requests to the others.
      if (node.phase == NodePhase::kLeaving && !seen.live && !votes && left_on(state_, id) == 0) add(RemoveNode{id});
    }
  }

  // --- replicas ---

  // Those that left their groups.
  void finish_moves() {
    for (const auto& [id, partition] : state_.partitions) {
      const GroupSight* seen = group(partition);
      if (!seen) continue;
      const raft::Membership wish = wished_members(partition);
      const bool others_are_in =
          std::all_of(wish.voters.begin(), wish.voters.end(),
                      [&](model::ReplicaId voter) { return raft::is_voter(seen->members, voter); });
      if (!others_are_in) continue;
      for (const ReplicaPlace& place : partition.replicas) {
        if (place.leaving && !raft::is_member(seen->members, place.id)) add(DropReplica{id, place.id});
      }
    }
  }

  // How many of the partition's replicas are in the zone, `without` aside.
  size_t in_zone(const Partition& partition, const std::string& zone, Place without) const {
    return static_cast<size_t>(
        std::count_if(partition.replicas.begin(), partition.replicas.end(), [&](const ReplicaPlace& place) {
          return &place != without && !place.leaving && zone_of(place.node) == zone;
        }));
  }
  static bool is_on(const Partition& partition, model::NodeId node) {
    return std::any_of(partition.replicas.begin(), partition.replicas.end(),
                       [&](const ReplicaPlace& place) { return place.node == node; });
  }
  // Where a replica of the partition goes in the place of `from`; none: nowhere. Zones come first, then evenness.
  model::NodeId target(const Partition& partition, Place from) {
    model::NodeId best;
    auto rank = [&](model::NodeId node) {
      return std::tuple(in_zone(partition, zone_of(node), from), replicas_[node], node);
    };
    for (const auto& [id, count] : replicas_) {
      if (!sight_of(id).live || is_on(partition, id)) continue;
      if (!best || rank(id) < rank(best)) best = id;
    }
    return best;
  }
  bool move(const Partition& partition, Place from, model::NodeId to) {
    if (!to || coming_[to] >= kMovesPerNode || steps_.size() >= kStepsMax) return false;
    add(MoveReplica{partition.id, from ? from->id : model::ReplicaId(), to});
    ++coming_[to];
    ++replicas_[to];
    if (from && replicas_.contains(from->node)) --replicas_[from->node];
    return true;
  }

  // What is on nodes that leave, or are away, goes elsewhere: one replica of a partition after the other.
  bool leave_nodes() {
    bool any = false;
    for (const auto& [id, partition] : state_.partitions) {
      bool leaving = false;
      Place stays = nullptr;
      for (const ReplicaPlace& place : partition.replicas) {
        leaving |= place.leaving;
        if (!place.leaving && !is_member(place.node)) stays = &place;
      }
      any |= leaving || stays;
      // While another move is under way only what keeps it from its end is replaced: a new place whose node went too.
      if (!stays || (leaving && is_in(partition, *stays))) continue;
      if (partition.replicas.size() < kReplicasPerPartition + 2) move(partition, stays, target(partition, stays));
    }
    return any;
  }

  // Partitions of when there were fewer nodes.
  bool add_missing() {
    bool any = false;
    const size_t wanted = std::min(replicas_.size(), kReplicasPerPartition);
    for (const auto& [id, partition] : state_.partitions) {
      if (partition.replicas.size() >= wanted || !settled(partition)) continue;
      any |= move(partition, nullptr, target(partition, nullptr));
    }
    return any;
  }

  // One replica of the fullest node goes to the emptiest that it may go to; or one that shares its zone with another
  // replica of its partition to a zone that has none.
  bool even_replicas() {
    struct Best {
      const Partition* partition = nullptr;
      Place from = nullptr;
      model::NodeId to;
      std::tuple<size_t, size_t, bool> gain{0, 0, false};  // zones, replicas, and that it does not lead
    } best;
    for (const auto& [id, partition] : state_.partitions) {
      for (const ReplicaPlace& place : partition.replicas) {
        if (!sight_of(place.node).live) continue;
        const size_t crowd = in_zone(partition, zone_of(place.node), &place);
        for (const auto& [to, count] : replicas_) {
          if (!sight_of(to).live || is_on(partition, to)) continue;
          const size_t there = in_zone(partition, zone_of(to), &place);
          if (there > crowd) continue;
          const size_t from_count = replicas_[place.node];
          const bool uneven = from_count >= count + kUnevenMin;
          if (there == crowd && !uneven) continue;
          std::tuple gain(crowd - there, uneven ? from_count - count : 0, place.id != partition.first_leader);
          if (gain > best.gain) best = {&partition, &place, to, gain};
        }
      }
    }
    return best.partition && move(*best.partition, best.from, best.to);
  }

  // --- leaderships ---

  bool may_lead(model::NodeId node) const {
    const NodeSight& seen = sight_of(node);
    return is_member(node) && seen.live && !seen.clock_astray;
  }

  // How a leadership can be handed on to a node: it takes that of `partition` from whoever leads it now.
  struct Hand {
    const Partition* partition = nullptr;
    Place to = nullptr;
    model::NodeId from;
  };
  using Hands = std::map<model::NodeId, Hand>;

  // From `source` to every node that can be reached, each leader handing one of its own to the next.
  Hands ways_from(model::NodeId source) const {
    Hands ways{{source, {}}};
    for (std::deque<model::NodeId> next{source}; !next.empty(); next.pop_front()) {
      for (const auto& [id, partition] : state_.partitions) {
        auto first = std::find_if(partition.replicas.begin(), partition.replicas.end(),
                                  [&](const ReplicaPlace& place) { return place.id == partition.first_leader; });
        if (first == partition.replicas.end() || first->node != next.front()) continue;
        for (const ReplicaPlace& place : partition.replicas) {
          if (place.learner || !may_lead(place.node) || ways.contains(place.node)) continue;
          ways[place.node] = {&partition, &place, first->node};
          next.push_back(place.node);
        }
      }
    }
    return ways;
  }

  // Of the node that leads the most, one goes to the node that leads the fewest, by way of others where the two share no
  // partition: those lead as many as before.
  void even_leaders() {
    std::vector<std::pair<size_t, model::NodeId>> sources;
    for (const auto& [id, count] : leaders_) {
      if (may_lead(id)) sources.emplace_back(count, id);
    }
    std::sort(sources.rbegin(), sources.rend());
    for (const auto& [most, source] : sources) {
      const Hands ways = ways_from(source);
      model::NodeId target = source;
      for (const auto& [node, hand] : ways) {
        if (leaders_.at(node) < leaders_.at(target)) target = node;
      }
      if (most < leaders_.at(target) + kUnevenMin) continue;
      for (model::NodeId at = target; at != source; at = ways.at(at).from)
        add(PreferLeader{ways.at(at).partition->id, ways.at(at).to->id});
      return;
    }
  }

  const ClusterState& state_;
  const Sight& sight_;
  std::map<model::NodeId, size_t> replicas_;  // of the members: places that stay
  std::map<model::NodeId, size_t> leaders_;   // of these, places that lead
  std::map<model::NodeId, size_t> coming_;    // places that are no voters yet
  std::vector<MetadataCommand> steps_;
};

}  // namespace

std::vector<MetadataCommand> next_steps(const ClusterState& state, const Sight& sight) {
  if (!state.bootstrapped()) return {};
  return Look(state, sight).steps();
}

size_t left_on(const ClusterState& state, model::NodeId node) {
  size_t left = 0;
  for (const auto& [id, partition] : state.partitions) {
    for (const ReplicaPlace& place : partition.replicas) left += place.node == node ? 1 : 0;
  }
  return left;
}

}  // namespace stator::cluster
