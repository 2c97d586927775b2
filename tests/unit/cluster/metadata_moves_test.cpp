// Goal: nodes come and go through group 0's log: each number is given once; what would leave too few nodes or zones is
// refused; a replica that moves has two places until its group has the new one; versions rise when all nodes read them.
#include <algorithm>
#include <set>

#include "cluster/metadata_plan.h"
#include "cluster/move_plan.h"
#include "cluster/rebalance.h"
#include "tests/unit/cluster/carrier.h"

namespace stator::cluster {
namespace {

NodeRecord node_of(uint64_t id, const std::string& zone) {
  NodeRecord node;
  node.id = model::NodeId(id);
  node.incarnation.fill(static_cast<uint8_t>(id));
  node.metadata_replica = model::ReplicaId(id);
  node.zone = zone;
  node.link_address = "127.0.0.1:" + std::to_string(8200 + id);
  node.version = "0." + std::to_string(id);
  node.formats_min = 1;
  node.formats_max = 1;
  return node;
}

// Group 0's state, changed by commands as its log would.
class MetadataMoves : public ::testing::Test {
 protected:
  MetadataMoves() { bootstrap("abc"); }

  // A node a character, in that zone.
  void bootstrap(std::string_view zones) {
    state = {};
    Bootstrap command;
    command.cluster_id.fill(7);
    for (char zone : zones) command.nodes.push_back(node_of(command.nodes.size() + 1, std::string(1, zone)));
    EXPECT_EQ(run(command), "ok");
  }
  LiveNodes live() {
    return [this](model::NodeId node) { return !down.contains(node.value); };
  }
  // "ok", "nothing", or the error's text.
  std::string run(const MetadataCommand& command) {
    auto changes = plan_changes(state, command, live());
    if (!changes.ok()) return (api::is_retriable(changes.error()) ? "again: " : "") + changes.error().message;
    // As the log carries them.
    auto body = decode_metadata_body(encode_metadata_body({*changes, std::nullopt, std::nullopt}));
    EXPECT_TRUE(body.ok());
    for (const MetadataChange& change : body->changes) state.apply(change);
    return changes->empty() ? "nothing" : "ok";
  }
  std::string join(uint64_t id, const std::string& zone, uint8_t incarnation) {
    NodeRecord node = node_of(id, zone);
    node.metadata_replica = {};
    node.incarnation.fill(incarnation);
    return run(RegisterNode{node});
  }
  // A partition with a replica on each of these nodes, the first of which leads; ids are 1000 * partition + node.
  Partition& add_partition(uint64_t id, std::vector<uint64_t> nodes) {
    Partition& partition = state.partitions[model::PartitionId(id)];
    partition.id = model::PartitionId(id);
    partition.table = model::TableId(1);
    for (uint64_t node : nodes) partition.replicas.push_back({model::ReplicaId(1000 * id + node), model::NodeId(node)});
    partition.first_leader = partition.replicas.front().id;
    state.allocated.replica = std::max(state.allocated.replica, 1000 * id + 100);
    return partition;
  }
  // "1* 2 3- 4+": nodes; the first leader starred, leaving ones with a minus, late ones with a plus.
  std::string places(uint64_t id) {
    std::string text;
    const Partition& partition = state.partitions.at(model::PartitionId(id));
    for (const ReplicaPlace& place : partition.replicas) {
      text += (text.empty() ? "" : " ") + std::to_string(place.node.value);
      if (place.id == partition.first_leader) text += "*";
      if (place.leaving) text += "-";
      if (place.late) text += "+";
    }
    return text;
  }
  MoveReplica move(uint64_t partition, uint64_t from_node, uint64_t to) {
    MoveReplica command{model::PartitionId(partition), {}, model::NodeId(to)};
    for (const ReplicaPlace& place : state.partitions.at(command.partition).replicas) {
      if (place.node.value == from_node) command.from = place.id;
    }
    return command;
  }
  const NodeRecord& node(uint64_t id) { return *state.find(model::NodeId(id)); }

  ClusterState state;
  std::set<uint64_t> down;
};

// --- nodes that come ---

TEST_F(MetadataMoves, ANewNodeGetsTheNextNumber) {
  EXPECT_EQ(join(0, "a", 0x40), "ok");
  EXPECT_EQ(node(4).zone, "a");
  EXPECT_TRUE(node(4).metadata_late);
  EXPECT_EQ(node(4).metadata_replica, model::ReplicaId(kFirstLateMetadataReplica));
  EXPECT_EQ(state.wished_metadata_members().voters.size(), 4u);
  EXPECT_EQ(join(0, "a", 0x40), "nothing");  // its answer was lost: it asks again
  EXPECT_EQ(join(0, "b", 0x41), "ok");
  EXPECT_EQ(node(5).zone, "b");
  EXPECT_EQ(state.nodes.size(), 5u);
}

TEST_F(MetadataMoves, ANewNodeMayNameANumberThatWasNoOnes) {
  EXPECT_EQ(join(7, "a", 0x47), "ok");
  EXPECT_EQ(state.next_node_id(), model::NodeId(8));
  EXPECT_EQ(join(5, "a", 0x45),
            "Node 5 was a node of this cluster, and is none any more: give another --node-id, from 8, or none");
  EXPECT_EQ(join(0, "a", 0x48), "ok");
  EXPECT_EQ(node(8).incarnation[0], 0x48);
}

TEST_F(MetadataMoves, AClusterHasRoomForSoManyNodes) {
  for (uint64_t id = 4; id <= kNodesMax; ++id) EXPECT_EQ(join(0, "a", static_cast<uint8_t>(0x40 + id)), "ok");
  EXPECT_EQ(join(0, "a", 0xff), "A cluster has at most 63 nodes");
}

// --- nodes that go ---

TEST_F(MetadataMoves, WhatWouldLeaveTooLittleIsRefused) {
  EXPECT_EQ(run(DecommissionNode{model::NodeId(9)}), "The cluster has no node 9");
  EXPECT_EQ(run(DecommissionNode{model::NodeId(2)}),
            "Node 2 cannot be decommissioned: 2 nodes would remain, and partitions have 3 replicas: add a node first");
  join(0, "a", 0x40);
  EXPECT_EQ(run(DecommissionNode{model::NodeId(2)}),
            "Node 2 cannot be decommissioned: no node of zone 'b' would remain, and replicas are spread over 3 zones: "
            "add a node in that zone first");
  down = {3};
  EXPECT_EQ(run(DecommissionNode{model::NodeId(1)}),
            "again: Node 1 cannot be decommissioned: of the others only 2 answer, and 3 are needed");
  down = {};
  EXPECT_EQ(run(DecommissionNode{model::NodeId(1)}), "ok");
  EXPECT_EQ(run(DecommissionNode{model::NodeId(1)}), "nothing");  // under way
  EXPECT_EQ(run(DecommissionNode{model::NodeId(4)}),
            "Node 4 cannot be decommissioned: 2 nodes would remain, and partitions have 3 replicas: add a node first");
}

TEST_F(MetadataMoves, ADecommissionedNodeLosesItsVoteAndThenItsPlace) {
  join(0, "a", 0x40);
  add_partition(1, {1, 2, 3});
  ASSERT_EQ(run(DecommissionNode{model::NodeId(1)}), "ok");
  EXPECT_EQ(state.wished_metadata_members().voters.size(), 3u);
  EXPECT_EQ(state.wished_metadata_members().learners, std::vector{model::ReplicaId(1)});
  EXPECT_EQ(run(RemoveNode{model::NodeId(1)}), "nothing");  // it holds a replica
  EXPECT_EQ(left_on(state, model::NodeId(1)), 1u);
  EXPECT_EQ(run(move(1, 1, 4)), "ok");
  EXPECT_EQ(places(1), "1- 2* 3 4+");
  EXPECT_EQ(run(RemoveNode{model::NodeId(1)}), "nothing");  // it still does
  EXPECT_EQ(run(DropReplica{model::PartitionId(1), model::ReplicaId(1001)}), "ok");
  EXPECT_EQ(places(1), "2* 3 4+");
  NodeRecord again = node_of(1, "a");
  EXPECT_EQ(run(RegisterNode{again}), "nothing");  // started again meanwhile: it leaves all the same
  EXPECT_EQ(run(RemoveNode{model::NodeId(1)}), "ok");
  EXPECT_EQ(state.find(model::NodeId(1)), nullptr);
  EXPECT_EQ(run(RemoveNode{model::NodeId(1)}), "nothing");
  EXPECT_TRUE(run(RegisterNode{again}).starts_with("Node 1 was a node of this cluster"));
}

// The highest number goes, and is not given again.
TEST_F(MetadataMoves, ANumberNeverComesBack) {
  join(0, "a", 0x40);
  ASSERT_EQ(run(DecommissionNode{model::NodeId(4)}), "ok");
  ASSERT_EQ(run(RemoveNode{model::NodeId(4)}), "ok");
  EXPECT_EQ(state.next_node_id(), model::NodeId(5));
  EXPECT_EQ(join(0, "a", 0x41), "ok");
  EXPECT_EQ(node(5).incarnation[0], 0x41);
  EXPECT_EQ(run(RemoveNode{model::NodeId(5)}), "nothing");  // nobody asked for it
}

// --- nodes that are away ---

TEST_F(MetadataMoves, ANodeIsAwayOnlyWhereThereAreOthers) {
  EXPECT_EQ(run(SetAway{model::NodeId(3), true}), "nothing");
  join(0, "a", 0x40);
  EXPECT_EQ(run(SetAway{model::NodeId(3), true}), "ok");
  EXPECT_EQ(node(3).phase, NodePhase::kAway);
  EXPECT_EQ(state.wished_metadata_members().learners, std::vector{model::ReplicaId(3)});
  EXPECT_EQ(run(SetAway{model::NodeId(3), true}), "nothing");
  EXPECT_EQ(run(SetAway{model::NodeId(2), true}), "nothing");  // three are left
  EXPECT_EQ(run(SetAway{model::NodeId(3), false}), "ok");
  EXPECT_EQ(node(3).phase, NodePhase::kMember);
  ASSERT_EQ(run(SetAway{model::NodeId(3), true}), "ok");
  EXPECT_EQ(run(RegisterNode{node_of(3, "c")}), "ok");  // it tells that it is there
  EXPECT_EQ(node(3).phase, NodePhase::kMember);
}

// --- replicas ---

TEST_F(MetadataMoves, AMoveHasTwoPlacesUntilItsGroupHasTheNewOne) {
  join(0, "a", 0x40);
  const Partition before = add_partition(1, {1, 2, 3});
  ASSERT_EQ(run(move(1, 1, 4)), "ok");
  const Partition& partition = state.partitions.at(model::PartitionId(1));
  EXPECT_EQ(places(1), "1- 2* 3 4+");
  EXPECT_GE(partition.replicas.back().id.value, 1100u);  // never an id of before
  EXPECT_EQ(wished_members(partition).voters,
            (std::vector{model::ReplicaId(1002), model::ReplicaId(1003), partition.replicas.back().id}));
  EXPECT_EQ(first_members(partition), raft::Membership{});
  EXPECT_EQ(run(move(1, 1, 4)), "nothing");
  EXPECT_EQ(run(move(1, 2, 4)), "nothing");  // it has one there already
  EXPECT_EQ(run(move(1, 2, 1)), "nothing");  // and there: it leaves
  EXPECT_EQ(run(move(1, 2, 9)), "nothing");
  EXPECT_EQ(run(DropReplica{model::PartitionId(1), model::ReplicaId(1002)}), "nothing");  // it stays
  EXPECT_EQ(run(DropReplica{model::PartitionId(9), model::ReplicaId(1001)}), "nothing");
  EXPECT_EQ(run(DropReplica{model::PartitionId(1), model::ReplicaId(1001)}), "ok");
  // And back to the node that it came from, under an id of its own.
  ASSERT_EQ(run(move(1, 4, 1)), "ok");
  EXPECT_EQ(places(1), "2* 3 4-+ 1+");
  EXPECT_NE(partition.replicas.back().id, before.replicas.front().id);
}

TEST_F(MetadataMoves, ANodeThatLeavesTakesNothing) {
  join(0, "a", 0x40);
  add_partition(1, {2, 3, 1});
  ASSERT_EQ(run(DecommissionNode{model::NodeId(4)}), "ok");
  EXPECT_EQ(run(move(1, 1, 4)), "nothing");
}

TEST_F(MetadataMoves, AWipedNodeTakesItsLeavingPlacesWithIt) {
  join(0, "a", 0x40);
  add_partition(1, {1, 2, 3});
  ASSERT_EQ(run(move(1, 1, 4)), "ok");
  EXPECT_EQ(join(1, "a", 0x51), "ok");
  EXPECT_EQ(places(1), "2* 3 4+");
}

TEST_F(MetadataMoves, LeadersArePreferredAmongThoseThatStay) {
  join(0, "a", 0x40);
  add_partition(1, {1, 2, 3});
  EXPECT_EQ(run(PreferLeader{model::PartitionId(1), model::ReplicaId(1001)}), "nothing");
  EXPECT_EQ(run(PreferLeader{model::PartitionId(1), model::ReplicaId(1003)}), "ok");
  EXPECT_EQ(places(1), "1 2 3*");
  ASSERT_EQ(run(move(1, 1, 4)), "ok");
  EXPECT_EQ(run(PreferLeader{model::PartitionId(1), model::ReplicaId(1001)}), "nothing");
}

// --- versions ---

TEST_F(MetadataMoves, TheVersionRisesOnceAllReadIt) {
  EXPECT_EQ(run(FinalizeVersion{}), "nothing");
  for (uint64_t id : {1, 2}) {
    NodeRecord next = node_of(id, id == 1 ? "a" : "b");
    next.formats_max = 2;
    EXPECT_EQ(run(RegisterNode{next}), "ok");
  }
  EXPECT_EQ(run(FinalizeVersion{}),
            "Version 2 cannot be finalized: node 3 (0.3) reads formats up to 1: start it with the new version first");
  NodeRecord last = node_of(3, "c");
  last.formats_max = 3;
  ASSERT_EQ(run(RegisterNode{last}), "ok");
  EXPECT_EQ(run(FinalizeVersion{}),
            "Version 3 cannot be finalized: node 1 (0.1) reads formats up to 2: start it with the new version first");
  last.formats_max = 2;
  ASSERT_EQ(run(RegisterNode{last}), "ok");
  down = {2};
  EXPECT_EQ(run(FinalizeVersion{}),
            "again: Version 2 cannot be finalized: node 2 does not answer: start it, or decommission it");
  EXPECT_EQ(state.active_version, 1u);
  down = {};
  EXPECT_EQ(run(FinalizeVersion{}), "ok");
  EXPECT_EQ(state.active_version, 2u);
  EXPECT_EQ(state.cluster_id[0], 7);
  EXPECT_EQ(run(FinalizeVersion{}), "nothing");
  NodeRecord old = node_of(4, "a");
  EXPECT_EQ(run(RegisterNode{old}),
            "Node 4 reads formats 1 to 1, and the cluster writes 2: start another version");
}

}  // namespace
}  // namespace stator::cluster
