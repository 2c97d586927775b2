// Goal: group 0 knows its nodes: a cluster is bootstrapped once, a node that starts again tells where it is,
// and one whose folder was wiped comes back under new ids only, with everything that it held replaced in one
// entry.
#include <algorithm>
#include <set>

#include "cluster/metadata_machine.h"
#include "tests/unit/cluster/carrier.h"

namespace stator::cluster {
namespace {

ClusterId cluster_id(uint8_t byte) {
  ClusterId id;
  id.fill(byte);
  return id;
}
Incarnation incarnation(uint8_t byte) { return cluster_id(byte); }

NodeRecord node_of(uint64_t id) {
  NodeRecord node;
  node.id = model::NodeId(id);
  node.incarnation = incarnation(static_cast<uint8_t>(id));
  node.metadata_replica = model::ReplicaId(id);
  node.zone = "zone-" + std::to_string(id);
  node.link_address = "127.0.0.1:820" + std::to_string(id);
  node.client_address = "127.0.0.1:800" + std::to_string(id);
  node.admin_address = "127.0.0.1:810" + std::to_string(id);
  node.version = "0.1";
  node.formats_min = 1;
  node.formats_max = 1;
  return node;
}

Bootstrap bootstrap_of(size_t nodes) {
  Bootstrap command{cluster_id(0xc1), {}};
  for (uint64_t id = 1; id <= nodes; ++id) command.nodes.push_back(node_of(id));
  return command;
}

std::string create(const std::string& name) {
  return R"({"TableName":")" + name + R"(","BillingMode":"PAY_PER_REQUEST",)" +
         R"("AttributeDefinitions":[{"AttributeName":"k","AttributeType":"S"}],)" +
         R"("KeySchema":[{"AttributeName":"k","KeyType":"HASH"}]})";
}

class MetadataNodesTest : public ::testing::Test {
 protected:
  MetadataNodesTest() : carrier(1, {1}, [this](const Rows& rows) { return machine_of(rows); }) {
    carrier.config.partition = {};
    carrier.config.table = {};
    restart();
  }
  std::unique_ptr<StateMachine> machine_of(const Rows& rows) {
    std::vector<MetadataMachine::StoredRow> stored;
    for (const auto& [key, value] : rows) stored.push_back({key.first, key.second, value});
    auto state = MetadataMachine::restore(stored);
    EXPECT_TRUE(state.ok());
    Placement placement;
    placement.live = [this](model::NodeId node) { return !down.contains(node.value); };
    return std::make_unique<MetadataMachine>(std::move(*state), placement,
                                             [](model::PartitionId) { return model::PartitionTotals{}; });
  }
  void restart() {
    carrier.start();
    carrier.replica->campaign(carrier.now);
    carrier.settle();
    EXPECT_TRUE(carrier.replica->serving());
  }
  std::shared_ptr<const ClusterState> state() {
    return static_cast<MetadataMachine&>(carrier.replica->machine()).state();
  }
  Token submit(MetadataCommand metadata) {
    Command command;
    command.metadata = std::make_shared<const MetadataCommand>(std::move(metadata));
    return carrier.submit(std::move(command));
  }
  // The answer as a line; "ValidationException: ..." with its text.
  std::string text(Token token) {
    EXPECT_TRUE(carrier.answered(token));
    const auto& answer = carrier.answers.at(token);
    if (answer.ok()) return std::holds_alternative<api::StaticAnswer>(*answer) ? "ok" : "another answer";
    return carrier.answer(token) + ": " + answer.error().message;
  }
  std::string run(MetadataCommand metadata) {
    Token token = submit(std::move(metadata));
    carrier.settle();
    return text(token);
  }
  void make_table(const std::string& name) {
    Command command;
    command.request = request_of("CreateTable", create(name));
    Token token = carrier.submit(std::move(command));
    carrier.settle();
    EXPECT_EQ(carrier.answer(token), "ok");
  }
  std::vector<const Partition*> partitions(const std::string& table) {
    return state()->partitions_of(state()->find(table)->id);
  }
  void expect_rows_are_the_state() {
    auto restored = machine_of(carrier.rows);
    auto stored = static_cast<MetadataMachine&>(*restored).state();
    EXPECT_EQ(stored->tables, state()->tables);
    EXPECT_EQ(stored->partitions, state()->partitions);
    EXPECT_EQ(stored->allocated, state()->allocated);
    EXPECT_EQ(stored->nodes, state()->nodes);
    EXPECT_EQ(stored->cluster_id, state()->cluster_id);
    EXPECT_EQ(stored->active_version, state()->active_version);
  }

  std::set<uint64_t> down;  // nodes that do not answer
  Carrier carrier;
};

// --- bootstrap
// --------------------------------------------------------------------------------------------------------

TEST_F(MetadataNodesTest, BootstrapRecordsTheClusterAndItsNodes) {
  EXPECT_FALSE(state()->bootstrapped());
  EXPECT_TRUE(state()->wished_metadata_members().voters.empty());
  Bootstrap command = bootstrap_of(3);
  command.nodes[1].metadata_late = true;  // neither is for the caller to say
  command.nodes[1].retired = {incarnation(9)};
  EXPECT_EQ(run(command), "ok");
  EXPECT_TRUE(state()->bootstrapped());
  EXPECT_EQ(state()->cluster_id, cluster_id(0xc1));
  EXPECT_EQ(state()->active_version, 1u);
  ASSERT_EQ(state()->nodes.size(), 3u);
  for (uint64_t id : {1, 2, 3}) EXPECT_EQ(*state()->find(model::NodeId(id)), node_of(id));
  EXPECT_EQ(state()->find(model::NodeId(4)), nullptr);
  EXPECT_EQ(state()->wished_metadata_members().voters,
            (std::vector{model::ReplicaId(1), model::ReplicaId(2), model::ReplicaId(3)}));
  EXPECT_EQ(state()->allocated, Allocated{});
  expect_rows_are_the_state();
}

TEST_F(MetadataNodesTest, BootstrapHappensOnce) {
  Token first = submit(bootstrap_of(3));
  Token second = submit(bootstrap_of(3));  // before the first is committed
  carrier.take();
  EXPECT_FALSE(carrier.answered(second));
  carrier.settle();
  EXPECT_EQ(text(first), "ok");
  EXPECT_EQ(text(second), "ok");
  raft::Index last = carrier.log.size();
  EXPECT_EQ(run(bootstrap_of(2)), "ok");  // the same cluster: what it begins with is decided
  EXPECT_EQ(carrier.log.size(), last);
  EXPECT_EQ(state()->nodes.size(), 3u);
  Bootstrap other = bootstrap_of(3);
  other.cluster_id = cluster_id(0xc2);
  EXPECT_EQ(run(other), "ValidationException: Another cluster is bootstrapped here already");
  EXPECT_EQ(carrier.log.size(), last);
}

TEST_F(MetadataNodesTest, ABootstrapThatMakesNoSenseIsRefused) {
  auto refused = [&](auto change) {
    Bootstrap command = bootstrap_of(3);
    change(command);
    std::string answer = run(command);
    EXPECT_TRUE(answer.starts_with("ValidationException: ")) << answer;
    EXPECT_FALSE(state()->bootstrapped());
    return answer.substr(21);
  };
  EXPECT_EQ(refused([](Bootstrap& b) { b.cluster_id = {}; }), "A cluster's id is not all zeros");
  EXPECT_EQ(refused([](Bootstrap& b) { b.nodes.clear(); }), "A cluster begins with at least one node");
  EXPECT_EQ(refused([](Bootstrap& b) { b.nodes[2].id = model::NodeId(1); }),
            "Node ids are at least 1 and different; 1 is not");
  EXPECT_EQ(refused([](Bootstrap& b) { b.nodes[2].id = model::NodeId(0); }),
            "Node ids are at least 1 and different; 0 is not");
  EXPECT_EQ(refused([](Bootstrap& b) { b.nodes[2].metadata_replica = model::ReplicaId(1); }),
            "Node 3 needs a metadata replica of its own, with an id below 101");
  EXPECT_EQ(refused([](Bootstrap& b) { b.nodes[2].metadata_replica = model::ReplicaId(101); }),
            "Node 3 needs a metadata replica of its own, with an id below 101");
  EXPECT_EQ(refused([](Bootstrap& b) { b.nodes[2].incarnation = {}; }), "Node 3 has no incarnation");
  EXPECT_EQ(refused([](Bootstrap& b) { b.nodes[0].zone = std::string(kNodeTextMax + 1, 'z'); }),
            "Node 1 has a zone or an address that is too long");
  EXPECT_EQ(refused([](Bootstrap& b) { b.nodes[2].formats_min = b.nodes[2].formats_max = 2; }),
            "The nodes' versions have no format in common");
  EXPECT_EQ(refused([](Bootstrap& b) {
              for (uint64_t id = 4; id <= kNodesMax + 1; ++id) b.nodes.push_back(node_of(id));
            }),
            "A cluster has at most 63 nodes");
}

TEST_F(MetadataNodesTest, TheActiveVersionIsTheHighestThatAllRead) {
  Bootstrap command = bootstrap_of(3);
  command.nodes[0].formats_max = 5;
  command.nodes[1].formats_max = 3;
  command.nodes[2].formats_min = 2;
  command.nodes[2].formats_max = 4;
  EXPECT_EQ(run(command), "ok");
  EXPECT_EQ(state()->active_version, 3u);
}

TEST_F(MetadataNodesTest, TablesGoToTheNodesThatAreRecorded) {
  run(bootstrap_of(3));
  make_table("Music");
  std::set<uint64_t> leaders;
  ASSERT_EQ(partitions("Music").size(), 3u);
  for (const Partition* partition : partitions("Music")) {
    ASSERT_EQ(partition->replicas.size(), 3u);
    for (uint64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(partition->replicas[i].node, model::NodeId(i + 1));
      EXPECT_FALSE(partition->replicas[i].late);
      if (partition->replicas[i].id == partition->first_leader) leaders.insert(i + 1);
    }
  }
  EXPECT_EQ(leaders, (std::set<uint64_t>{1, 2, 3}));
  down = {2};
  make_table("Books");
  ASSERT_EQ(partitions("Books").size(), 2u);
  for (const Partition* partition : partitions("Books")) {
    EXPECT_EQ(partition->replicas.size(), 3u);
    EXPECT_NE(partition->first_leader, partition->replicas[1].id);
  }
  expect_rows_are_the_state();
}

// --- nodes that start again
// -------------------------------------------------------------------------------------------

TEST_F(MetadataNodesTest, ANodeThatTellsNothingNewMakesNoEntry) {
  run(bootstrap_of(3));
  raft::Index last = carrier.log.size();
  NodeRecord node = node_of(2);
  node.metadata_replica = {};  // it may not know
  EXPECT_EQ(run(RegisterNode{node}), "ok");
  EXPECT_EQ(carrier.log.size(), last);
}

TEST_F(MetadataNodesTest, ANodeThatMovedIsFoundAtItsNewAddress) {
  run(bootstrap_of(3));
  make_table("Music");
  auto before = state()->partitions;
  NodeRecord node = node_of(2);
  node.link_address = "10.0.0.2:8200";
  node.version = "0.2";
  node.metadata_replica = model::ReplicaId(77);
  node.metadata_late = true;
  node.retired = {incarnation(1)};
  EXPECT_EQ(run(RegisterNode{node}), "ok");
  NodeRecord expected = node_of(2);
  expected.link_address = "10.0.0.2:8200";
  expected.version = "0.2";
  EXPECT_EQ(*state()->find(model::NodeId(2)), expected);
  EXPECT_EQ(state()->partitions, before);
  expect_rows_are_the_state();
}

TEST_F(MetadataNodesTest, WhoMayNotComeInIsToldWhy) {
  EXPECT_EQ(run(RegisterNode{node_of(2)}), "ServiceUnavailable: The cluster is not bootstrapped yet");
  run(bootstrap_of(3));
  raft::Index last = carrier.log.size();
  NodeRecord node = node_of(2);
  node.formats_min = node.formats_max = 2;
  EXPECT_EQ(run(RegisterNode{node}),
            "ValidationException: Node 2 reads formats 2 to 2, and the cluster writes 1: start "
            "another version");
  node = node_of(2);
  node.version = std::string(kNodeTextMax + 1, 'v');
  EXPECT_EQ(run(RegisterNode{node}), "ValidationException: Node 2 has a zone or an address that is too long");
  node = node_of(2);
  node.incarnation = {};
  EXPECT_TRUE(run(RegisterNode{node}).starts_with("ValidationException: Node 2's data folder was replaced"));
  EXPECT_EQ(carrier.log.size(), last);
}

// --- wiped folders
// ----------------------------------------------------------------------------------------------------

TEST_F(MetadataNodesTest, AWipedFolderComesBackUnderNewIds) {
  run(bootstrap_of(3));
  make_table("Music");
  const auto before = state()->partitions;
  const raft::Index last = carrier.log.size();
  NodeRecord node = node_of(2);
  node.incarnation = incarnation(0xee);
  EXPECT_EQ(run(RegisterNode{node}), "ok");
  EXPECT_EQ(carrier.log.size(), last + 1);  // one entry

  NodeRecord expected = node;
  expected.metadata_replica = model::ReplicaId(kFirstLateMetadataReplica);
  expected.metadata_late = true;
  expected.retired = {incarnation(2)};
  EXPECT_EQ(*state()->find(model::NodeId(2)), expected);
  EXPECT_EQ(state()->wished_metadata_members().voters,
            (std::vector{model::ReplicaId(1), model::ReplicaId(3), model::ReplicaId(101)}));
  std::set<uint64_t> fresh;
  std::map<uint64_t, int> leaders;
  for (const auto& [id, partition] : state()->partitions) {
    const Partition& old = before.at(id);
    EXPECT_EQ(partition.range, old.range);
    ASSERT_EQ(partition.replicas.size(), 3u);
    EXPECT_EQ(partition.replicas[0], old.replicas[0]);
    EXPECT_EQ(partition.replicas[2], old.replicas[2]);
    const ReplicaPlace& late = partition.replicas[1];
    EXPECT_TRUE(late.late);
    EXPECT_EQ(late.node, model::NodeId(2));
    EXPECT_GE(late.id.value, kFirstReplica + 9);  // never an id of before
    fresh.insert(late.id.value);
    EXPECT_TRUE(old.first_leader == old.replicas[1].id || partition.first_leader == old.first_leader);
    for (const ReplicaPlace& place : partition.replicas) {
      if (place.id == partition.first_leader) ++leaders[place.node.value];
    }
    EXPECT_EQ(wished_members(partition).voters.size(), 3u);
    EXPECT_EQ(first_members(partition), raft::Membership{});
    EXPECT_EQ(first_members(old), wished_members(old));
  }
  EXPECT_EQ(fresh.size(), 3u);
  EXPECT_EQ(leaders.size(), 2u);  // none on the wiped node, and each of the others has one
  EXPECT_FALSE(leaders.contains(2));
  EXPECT_EQ(state()->allocated.replica, kFirstReplica + 12);
  EXPECT_EQ(state()->allocated.metadata_replica, kFirstLateMetadataReplica + 1);
  expect_rows_are_the_state();

  // It tells again what is known by now.
  EXPECT_EQ(run(RegisterNode{node}), "ok");
  EXPECT_EQ(carrier.log.size(), last + 1);
  restart();
  EXPECT_EQ(*state()->find(model::NodeId(2)), expected);
}

TEST_F(MetadataNodesTest, AWipeIsTakenOnceHoweverOftenItIsTold) {
  run(bootstrap_of(3));
  make_table("Music");
  NodeRecord node = node_of(3);
  node.incarnation = incarnation(0xee);
  Token first = submit(RegisterNode{node});
  Token second = submit(RegisterNode{node});  // sees the first, which is not committed yet
  carrier.settle();
  EXPECT_EQ(text(first), "ok");
  EXPECT_EQ(text(second), "ok");
  EXPECT_EQ(state()->allocated.metadata_replica, kFirstLateMetadataReplica + 1);
}

TEST_F(MetadataNodesTest, AFolderThatWasReplacedDoesNotComeBack) {
  run(bootstrap_of(3));
  NodeRecord node = node_of(2);
  for (uint8_t life = 0; life < kRetiredIncarnationsMax + 2; ++life) {
    node.incarnation = incarnation(static_cast<uint8_t>(0x40 + life));
    EXPECT_EQ(run(RegisterNode{node}), "ok");
  }
  const NodeRecord& record = *state()->find(model::NodeId(2));
  EXPECT_EQ(record.metadata_replica,
            model::ReplicaId(kFirstLateMetadataReplica + kRetiredIncarnationsMax + 1));
  ASSERT_EQ(record.retired.size(), kRetiredIncarnationsMax);  // the newest are remembered
  EXPECT_EQ(record.retired.back(), incarnation(0x40 + kRetiredIncarnationsMax));
  expect_rows_are_the_state();
  node.incarnation = incarnation(0x45);
  EXPECT_EQ(run(RegisterNode{node}),
            "ValidationException: Node 2's data folder was replaced by a newer one and cannot come back: wipe "
            "it, or start the node with its newer folder");
}

// Where the first leader is lost, one that has the data and answers takes its place.
TEST_F(MetadataNodesTest, FirstLeadersMoveToReplicasThatAnswer) {
  run(bootstrap_of(3));
  make_table("Music");
  NodeRecord node = node_of(1);
  node.incarnation = incarnation(0xe1);
  down = {2};
  run(RegisterNode{node});
  for (const Partition* partition : partitions("Music")) {
    EXPECT_NE(partition->first_leader, partition->replicas[0].id);
  }
  EXPECT_EQ(partitions("Music")[0]->first_leader, partitions("Music")[0]->replicas[2].id);
  down = {};
  node = node_of(3);
  node.incarnation = incarnation(0xe3);
  run(RegisterNode{node});
  for (const Partition* partition : partitions("Music")) {
    EXPECT_EQ(partition->first_leader, partition->replicas[1].id);  // the only one that is not late
  }
}

TEST_F(MetadataNodesTest, TheLastIdForAMetadataReplicaIsNotPassed) {
  run(bootstrap_of(3));
  Allocated allocated = state()->allocated;
  allocated.metadata_replica = kFirstReplica - 1;
  carrier.rows[{model::RowKind::kAllocated, ""}] = encode_allocated(allocated);
  restart();
  NodeRecord node = node_of(2);
  node.incarnation = incarnation(0xe1);
  EXPECT_EQ(run(RegisterNode{node}), "ok");
  EXPECT_EQ(state()->find(model::NodeId(2))->metadata_replica, model::ReplicaId(kFirstReplica - 1));
  node.incarnation = incarnation(0xe2);
  EXPECT_EQ(run(RegisterNode{node}),
            "ValidationException: The ids for replicas of the metadata group are used up");
}

// --- a cluster of one
// -------------------------------------------------------------------------------------------------

// Its state has no nodes: tables go where the placement says.
TEST(MetadataOfOne, WorksWithoutNodes) {
  Carrier carrier(1, {1}, [](const Rows&) -> std::unique_ptr<StateMachine> {
    Placement placement;
    placement.cluster_id = "0123456789abcdef";
    placement.nodes = {model::NodeId(1)};
    return std::make_unique<MetadataMachine>(ClusterState{}, placement, PartitionCounts{});
  });
  carrier.config.partition = {};
  carrier.config.table = {};
  carrier.start();
  carrier.replica->campaign(carrier.now);
  carrier.settle();
  Command command;
  command.request = request_of("CreateTable", create("Music"));
  Token token = carrier.submit(std::move(command));
  carrier.settle();
  ASSERT_EQ(carrier.answer(token), "ok");
  auto state = static_cast<MetadataMachine&>(carrier.replica->machine()).state();
  ASSERT_EQ(state->partitions.size(), 1u);
  const Partition& partition = state->partitions.begin()->second;
  ASSERT_EQ(partition.replicas.size(), 1u);
  EXPECT_EQ(partition.first_leader, partition.replicas[0].id);
  EXPECT_EQ(partition.replicas[0].node, model::NodeId(1));
}

}  // namespace
}  // namespace stator::cluster
