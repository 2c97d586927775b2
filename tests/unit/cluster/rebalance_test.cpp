// Goal: group 0's leader brings replicas and leaderships to where they should be, step by step, and then stops: whatever the
// cluster looks like, it comes to rest, evenly, over zones, with nothing on nodes that leave or are away.
#include "cluster/rebalance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "cluster/metadata_plan.h"
#include "cluster/move_plan.h"
#include "raft/membership.h"

namespace stator::cluster {
namespace {

uint64_t seed() {
  const char* text = std::getenv("STATOR_TEST_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 20261121;
}

// A cluster without processes: a state, and groups that do what it wishes, one Raft change a step.
class Model {
 public:
  // A node a character: its zone.
  explicit Model(std::string_view zones) {
    Bootstrap command;
    command.cluster_id.fill(7);
    for (char zone : zones) {
      command.nodes.push_back(node_of(std::string(1, zone)));
      command.nodes.back().id = model::NodeId(command.nodes.size());
      command.nodes.back().metadata_replica = model::ReplicaId(command.nodes.size());
    }
    submit(command);
    sight.metadata_members = state.wished_metadata_members();
  }
  NodeRecord node_of(const std::string& zone) {
    NodeRecord node;
    node.incarnation.fill(++incarnations_);
    node.zone = zone;
    node.formats_min = node.formats_max = 1;
    return node;
  }
  void add_node(const std::string& zone) { submit(RegisterNode{node_of(zone)}); }
  void add_partitions(uint32_t count) {
    std::vector<CandidateNode> nodes;
    for (const auto& [id, node] : state.nodes) nodes.push_back({id, node.zone, !dead.contains(id.value)});
    for (const PlannedPartition& planned : place_partitions(nodes, state.partitions, count)) {
      Partition& partition = state.partitions[model::PartitionId(state.allocated.partition)];
      partition.id = model::PartitionId(state.allocated.partition++);
      for (model::NodeId node : planned.nodes) {
        partition.replicas.push_back({model::ReplicaId(state.allocated.replica++), node});
        if (node == planned.first_leader) partition.first_leader = partition.replicas.back().id;
      }
      groups[partition.id] = wished_members(partition);
    }
  }

  void submit(const MetadataCommand& command) {
    auto changes =
        plan_changes(state, command, [this](model::NodeId node) { return !dead.contains(node.value); });
    ASSERT_TRUE(changes.ok()) << changes.error().message;
    for (const MetadataChange& change : *changes) state.apply(change);
    if (!changes->empty()) ++entries;
  }

  // One look, and what the groups make of it.
  void round() {
    sight.nodes.clear();
    for (const auto& [id, node] : state.nodes) {
      const bool live = !dead.contains(id.value);
      sight.nodes[id] = {live, astray.contains(id.value), live ? 0 : uint64_t{1'000'000}};
    }
    sight.groups.clear();
    for (const auto& [id, members] : groups)
      sight.groups[id] = {members, members == wished_members(state.partitions.at(id))};
    for (const MetadataCommand& step : next_steps(state, sight)) submit(step);
    check();
    for (auto& [id, members] : groups) advance(members, wished_members(state.partitions.at(id)));
    sight.metadata_members = state.wished_metadata_members();
  }
  // Until nothing is to do; the rounds that it took.
  int settle() {
    for (int rounds = 0; rounds < 2'000; ++rounds) {
      const int before = entries;
      const auto groups_before = groups;
      round();
      if (entries == before && groups == groups_before) return rounds;
    }
    ADD_FAILURE() << "it does not come to rest";
    return -1;
  }
  // How many replicas, and leaderships, the node has.
  size_t replicas(uint64_t node) const {
    size_t count = 0;
    for (const auto& [id, partition] : state.partitions) {
      for (const ReplicaPlace& place : partition.replicas) count += place.node.value == node ? 1 : 0;
    }
    return count;
  }
  size_t leaders(uint64_t node) const {
    auto counts = leaders_by_node(state.partitions);
    return counts[model::NodeId(node)];
  }
  size_t zones_of(const Partition& partition) const {
    std::set<std::string> zones;
    for (const ReplicaPlace& place : partition.replicas) zones.insert(state.find(place.node)->zone);
    return zones.size();
  }

  ClusterState state;
  Sight sight;
  std::map<model::PartitionId, raft::Membership> groups;  // as their leaders have them
  std::set<uint64_t> dead;
  std::set<uint64_t> astray;
  int entries = 0;

 private:
  // Never too much at once, and never two replicas of a partition on one node.
  void check() {
    std::map<model::NodeId, size_t> coming;
    for (const auto& [id, partition] : state.partitions) {
      std::set<model::NodeId> nodes;
      for (const ReplicaPlace& place : partition.replicas) {
        EXPECT_TRUE(nodes.insert(place.node).second);
        if (!place.leaving && !raft::is_voter(groups.at(id), place.id)) ++coming[place.node];
      }
      EXPECT_LE(partition.replicas.size(), kPlacesMax);
      EXPECT_FALSE(wished_members(partition).voters.empty());
      auto leads = [&](const ReplicaPlace& place) { return place.id == partition.first_leader && !place.leaving; };
      EXPECT_TRUE(std::any_of(partition.replicas.begin(), partition.replicas.end(), leads));
    }
    for (const auto& [node, count] : coming) EXPECT_LE(count, kMovesPerNode) << node.value;
  }
  // Adds what is missing, then takes away what is too much: one change. A replica on a dead node catches up with nothing.
  void advance(raft::Membership& members, const raft::Membership& wish) {
    for (model::ReplicaId voter : wish.voters) {
      if (raft::is_voter(members, voter) || is_dead(voter)) continue;
      members.voters.push_back(voter);
      std::sort(members.voters.begin(), members.voters.end());
      return;
    }
    for (model::ReplicaId voter : members.voters) {
      if (raft::is_voter(wish, voter)) continue;
      std::erase(members.voters, voter);
      return;
    }
  }
  bool is_dead(model::ReplicaId replica) const {
    for (const auto& [id, partition] : state.partitions) {
      for (const ReplicaPlace& place : partition.replicas) {
        if (place.id == replica) return dead.contains(place.node.value);
      }
    }
    return false;
  }

  uint8_t incarnations_ = 0;
};

TEST(Rebalance, WhatIsEvenStays) {
  Model model("abc");
  model.add_partitions(9);
  EXPECT_EQ(model.settle(), 0);
}

TEST(Rebalance, ANewNodeGetsItsShare) {
  Model model("abc");
  model.add_partitions(12);
  model.add_node("a");
  model.settle();
  for (uint64_t node = 1; node <= 4; ++node) {
    // Zones come first: b and c have one node each, which keeps a replica of every partition.
    EXPECT_EQ(model.replicas(node), node == 1 || node == 4 ? 6u : 12u) << node;
    EXPECT_NEAR(static_cast<double>(model.leaders(node)), 3.0, 1.0) << node;
  }
  model.add_node("b");
  model.add_node("c");
  model.settle();
  for (uint64_t node = 1; node <= 6; ++node) {
    EXPECT_EQ(model.replicas(node), 6u) << node;
    EXPECT_NEAR(static_cast<double>(model.leaders(node)), 2.0, 1.0) << node;
  }
}

TEST(Rebalance, ADecommissionedNodeEndsWithNothingAndGoes) {
  Model model("abca");
  model.add_partitions(10);
  model.submit(DecommissionNode{model::NodeId(1)});
  model.settle();
  EXPECT_EQ(model.replicas(1), 0u);
  EXPECT_EQ(left_on(model.state, model::NodeId(1)), 0u);
  EXPECT_NE(model.state.find(model::NodeId(1)), nullptr);  // its process still takes requests to the others
  model.dead = {1};
  model.settle();
  EXPECT_EQ(model.state.find(model::NodeId(1)), nullptr);
  for (const auto& [id, partition] : model.state.partitions) EXPECT_EQ(model.zones_of(partition), 3u);
}

TEST(Rebalance, ADeadNodesReplicasAreMadeAnewAndItComesBackEmpty) {
  Model model("abcabc");
  model.add_partitions(12);
  model.dead = {2};
  model.settle();
  EXPECT_EQ(model.replicas(2), 6u);  // it may come back: nobody said how long to wait
  model.sight.replace_dead_after_micros = 1'000'000;
  model.settle();
  EXPECT_EQ(model.state.find(model::NodeId(2))->phase, NodePhase::kAway);
  EXPECT_EQ(model.replicas(2), 0u);
  for (const auto& [id, partition] : model.state.partitions) EXPECT_EQ(model.zones_of(partition), 3u);
  model.dead = {};
  model.settle();
  EXPECT_EQ(model.state.find(model::NodeId(2))->phase, NodePhase::kMember);
  EXPECT_EQ(model.replicas(2), 6u);
  EXPECT_NEAR(static_cast<double>(model.leaders(2)), 2.0, 1.0);
}

TEST(Rebalance, WithoutASpareNodeADeadOneIsWaitedFor) {
  Model model("abc");
  model.add_partitions(3);
  model.sight.replace_dead_after_micros = 1;
  model.dead = {3};
  EXPECT_EQ(model.settle(), 0);
  EXPECT_EQ(model.state.find(model::NodeId(3))->phase, NodePhase::kMember);
}

// The node to which replicas go dies on the way.
TEST(Rebalance, AMoveThatCannotEndTakesAnotherWay) {
  Model model("aaaaaa");
  model.add_partitions(12);
  model.sight.replace_dead_after_micros = 1'000'000;
  model.submit(DecommissionNode{model::NodeId(1)});
  model.round();
  uint64_t to = 0;
  for (const auto& [id, partition] : model.state.partitions) {
    for (const ReplicaPlace& place : partition.replicas) {
      if (place.late) to = place.node.value;
    }
  }
  ASSERT_NE(to, 0u);
  model.dead = {1, to};
  model.settle();
  EXPECT_EQ(model.replicas(1), 0u);
  EXPECT_EQ(model.replicas(to), 0u);
  EXPECT_EQ(model.state.find(model::NodeId(1)), nullptr);
}

TEST(Rebalance, LeadershipsGoToNodesWhoseClocksAreRight) {
  Model model("abc");
  model.add_partitions(9);
  for (auto& [id, partition] : model.state.partitions) partition.first_leader = partition.replicas[0].id;
  model.astray = {2};
  model.settle();
  EXPECT_EQ(model.leaders(2), 0u);
  EXPECT_NEAR(static_cast<double>(model.leaders(1)), 4.5, 1.0);
  model.astray = {};
  model.settle();
  for (uint64_t node = 1; node <= 3; ++node) EXPECT_EQ(model.leaders(node), 3u) << node;
}

// Nodes 1 and 4 are in one zone, so they share no partition: what 1 leads too much goes to 4 by way of the others.
TEST(Rebalance, LeadershipsAreHandedOnByWayOfOthers) {
  Model model("abca");
  model.add_partitions(8);
  for (auto& [id, partition] : model.state.partitions) {
    for (const ReplicaPlace& place : partition.replicas) {
      if (place.node.value == 1 || (place.node.value == 2 && partition.first_leader.value % 2 == 0))
        partition.first_leader = place.id;
    }
  }
  model.settle();
  for (uint64_t node = 1; node <= 4; ++node) EXPECT_EQ(model.leaders(node), 2u) << node;
}

TEST(Rebalance, PartitionsOfASmallerClusterGetTheirReplicas) {
  Model model("a");
  model.add_partitions(2);
  model.add_node("b");
  model.add_node("c");
  model.settle();
  for (const auto& [id, partition] : model.state.partitions) {
    EXPECT_EQ(partition.replicas.size(), 3u);
    EXPECT_EQ(model.zones_of(partition), 3u);
  }
}

TEST(Rebalance, NothingIsEvenedOutWhileAGroupIsNotWhole) {
  Model model("abc");
  model.add_partitions(6);
  model.add_node("a");
  model.sight.metadata_members = model.state.wished_metadata_members();
  for (const auto& [id, node] : model.state.nodes) model.sight.nodes[id] = {true, false, 0};
  for (const auto& [id, members] : model.groups) model.sight.groups[id] = {members, true};
  EXPECT_EQ(next_steps(model.state, model.sight).size(), 1u);
  model.sight.groups.begin()->second.complete = false;
  EXPECT_TRUE(next_steps(model.state, model.sight).empty());
  model.sight.groups.erase(model.sight.groups.begin());  // nobody leads it
  EXPECT_TRUE(next_steps(model.state, model.sight).empty());
}

// Nodes come, go, die and come back in any order: it always comes to rest, and then all is as it should be.
TEST(Rebalance, EveryWayComesToRest) {
  std::mt19937_64 random(seed());
  for (int run = 0; run < 200; ++run) {
    SCOPED_TRACE("STATOR_TEST_SEED=" + std::to_string(seed()) + " run " + std::to_string(run));
    Model model(run % 2 == 0 ? "abcab" : "aabbc");
    model.sight.replace_dead_after_micros = 1'000'000;
    model.add_partitions(1 + random() % 12);
    for (int act = 0; act < 12; ++act) {
      const uint64_t node = 1 + random() % model.state.next_node_id().value;
      switch (random() % 5) {
        case 0:
          if (model.state.nodes.size() < 8) model.add_node(std::string(1, static_cast<char>('a' + random() % 3)));
          break;
        case 1: {
          auto allowed = plan_changes(model.state, DecommissionNode{model::NodeId(node)},
                                      [&](model::NodeId id) { return !model.dead.contains(id.value); });
          if (allowed.ok()) model.submit(DecommissionNode{model::NodeId(node)});
          break;
        }
        case 2:
          if (model.dead.size() < 2) model.dead.insert(node);
          break;
        case 3:
          model.dead.erase(node);
          break;
        default:
          break;
      }
      for (uint64_t rounds = random() % 6; rounds > 0; --rounds) model.round();
    }
    model.dead.clear();
    model.settle();
    for (const auto& [id, record] : model.state.nodes) {
      if (record.phase == NodePhase::kLeaving) model.dead.insert(id.value);  // stopped, now that it holds nothing
    }
    model.settle();
    for (const auto& [id, record] : model.state.nodes) EXPECT_EQ(record.phase, NodePhase::kMember) << id.value;
    std::set<std::string> zones;
    for (const auto& [id, record] : model.state.nodes) zones.insert(record.zone);
    for (const auto& [id, partition] : model.state.partitions) {
      EXPECT_EQ(partition.replicas.size(), 3u);
      EXPECT_EQ(model.zones_of(partition), std::min<size_t>(zones.size(), 3));
      EXPECT_EQ(model.groups.at(id), wished_members(partition));
    }
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace stator::cluster
