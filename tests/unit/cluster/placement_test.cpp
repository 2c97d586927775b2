// Goal: replicas of a partition are on different nodes and zones, loads even out, and a table that is made
// while nodes are down serves all the same.
#include "cluster/placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace stator::cluster {
namespace {

using Nodes = std::vector<CandidateNode>;

// One node a character: its zone; a capital letter: it does not answer. Ids from 1.
Nodes nodes_of(std::string_view zones) {
  Nodes nodes;
  for (char zone : zones) {
    bool live = zone >= 'a';
    nodes.push_back({model::NodeId(nodes.size() + 1), std::string(1, static_cast<char>(zone | 0x20)), live});
  }
  return nodes;
}

// "1*23 12*3": the nodes of each partition, its first leader starred.
std::string text_of(const std::vector<PlannedPartition>& planned) {
  std::string text;
  for (const PlannedPartition& partition : planned) {
    if (!text.empty()) text += " ";
    for (model::NodeId node : partition.nodes) {
      text += std::to_string(node.value);
      if (node == partition.first_leader) text += "*";
    }
  }
  return text;
}

std::string place(std::string_view zones, uint32_t count,
                  const std::map<model::PartitionId, Partition>& existing = {}) {
  return text_of(place_partitions(nodes_of(zones), existing, count));
}

// Adds what was planned to the partitions that exist.
void add(std::map<model::PartitionId, Partition>& existing, const std::vector<PlannedPartition>& planned) {
  for (const PlannedPartition& plan : planned) {
    model::PartitionId id(existing.size() + 1);
    Partition& partition = existing[id];
    partition.id = id;
    for (model::NodeId node : plan.nodes) {
      partition.replicas.push_back({model::ReplicaId(1000 + 10 * id.value + node.value), node});
      if (node == plan.first_leader) partition.first_leader = partition.replicas.back().id;
    }
  }
}

TEST(AutomaticPartitions, AreAsManyAsGiveEachLiveNodeALeader) {
  EXPECT_EQ(automatic_partitions(nodes_of("a")), 1u);
  EXPECT_EQ(automatic_partitions(nodes_of("abc")), 3u);
  EXPECT_EQ(automatic_partitions(nodes_of("abC")), 2u);
  EXPECT_EQ(automatic_partitions(nodes_of("abcd")), 4u);
  EXPECT_EQ(automatic_partitions(nodes_of("abcdef")), kAutomaticPartitionsMax);
  EXPECT_EQ(automatic_partitions(nodes_of("A")), 1u);
}

TEST(Placement, OneNodeHoldsAll) { EXPECT_EQ(place("a", 2), "1* 1*"); }

TEST(Placement, ThreeNodesHoldAReplicaEachAndLeadAsMany) {
  EXPECT_EQ(place("abc", 3), "1*23 12*3 123*");
  EXPECT_EQ(place("aaa", 3), "1*23 12*3 123*");  // one zone is no reason to place fewer
  EXPECT_EQ(place("ab", 2), "1*2 12*");
}

TEST(Placement, ZonesComeBeforeEvenness) {
  EXPECT_EQ(place("aaabc", 3), "1*45 2*45 3*45");
  EXPECT_EQ(place("aab", 1), "1*23");  // two zones: both, and one of them twice
  EXPECT_EQ(place("aabb", 2), "1*23 12*4");
}

TEST(Placement, LoadsAreEvenOverTables) {
  std::map<model::PartitionId, Partition> existing;
  const Nodes nodes = nodes_of("abcabc");
  for (int table = 0; table < 10; ++table) add(existing, place_partitions(nodes, existing, 4));
  std::map<model::NodeId, int> replicas, leaders;
  for (const auto& [id, partition] : existing) {
    std::set<std::string> zones;
    for (const ReplicaPlace& replica : partition.replicas) {
      ++replicas[replica.node];
      leaders[replica.node] += replica.id == partition.first_leader;
      zones.insert(nodes[replica.node.value - 1].zone);
    }
    EXPECT_EQ(zones.size(), 3u);
  }
  for (const CandidateNode& node : nodes) {
    EXPECT_EQ(replicas[node.id], 20) << node.id.value;                // 40 partitions x 3 replicas / 6
    EXPECT_NEAR(leaders[node.id], 40.0 / 6, 1.0) << node.id.value;
  }
}

TEST(Placement, WhatExistsCounts) {
  std::map<model::PartitionId, Partition> existing;
  add(existing, place_partitions(nodes_of("ab"), {}, 2));
  EXPECT_EQ(place("abcd", 1, existing), "13*4");
}

// Of three nodes one is down: it gets its replica (it will be back), and leads nothing.
TEST(Placement, ANodeThatIsDownDoesNotLead) { EXPECT_EQ(place("abC", 2), "1*23 12*3"); }

TEST(Placement, AMajorityIsLiveWhereThereAreEnough) {
  EXPECT_EQ(place("aaaBC", 1), "1*24");  // the third zone would be a second silent replica
  EXPECT_EQ(place("abcDE", 1), "1*23");
  EXPECT_EQ(place("aBC", 1), "1*23");  // what is there is taken
}

TEST(Placement, IsTheSameForTheSameInputs) {
  Nodes nodes = nodes_of("abcabc");
  auto planned = text_of(place_partitions(nodes, {}, 4));
  std::reverse(nodes.begin(), nodes.end());
  EXPECT_EQ(text_of(place_partitions(nodes, {}, 4)), planned);  // in whatever order they come
}

}  // namespace
}  // namespace stator::cluster
