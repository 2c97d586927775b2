// Goal: logs are cut as far as they may be and no further: not beyond members that are nearly there, not under a snapshot on
// its way, and the members agree on what they hold afterwards.
#include "tests/unit/cluster/snapshot_group.h"

namespace stator::cluster {
namespace {

TEST_F(ReplicaSnapshotTest, AShortLogWaitsForTheSlowest) {
  group.cut_off = {3};
  write(30);
  for (uint64_t id : {1, 2}) {
    cut(id, 100);
    EXPECT_EQ(group[id].cut_log, std::nullopt) << id;
  }
  come_back();
  EXPECT_EQ(group[3].installs, 0);
  for (uint64_t id : {1, 2, 3}) {
    cut(id, 100);  // followers hear how far all are
    ASSERT_TRUE(group[id].cut_log.has_value()) << id;
    EXPECT_GE(*group[id].cut_log, 30u) << id;
  }
}

TEST_F(ReplicaSnapshotTest, ALongLogWaitsForThoseThatHaveHalfOfIt) {
  write(20);
  group.cut_off = {3};
  write(6);
  const raft::Index slow = group[3].log_end();
  for (uint64_t id : {1, 2}) {
    cut(id);
    ASSERT_TRUE(group[id].cut_log.has_value()) << id;
    EXPECT_LE(*group[id].cut_log, slow) << id;
  }
  come_back();
  EXPECT_EQ(group[3].installs, 0);
  expect_equal(1, 3);
}

TEST_F(ReplicaSnapshotTest, TheLogIsKeptForASnapshotOnItsWay) {
  leave_behind();
  group.cut_off = {};
  until_a_piece_waits();
  const raft::Index index = group[3].pieces.front().chunk.meta.index;
  for (int i = 0; i < 40; ++i) {
    group[1].submit("UpdateItem", add_one("during"));
    for (uint64_t id : {1, 2}) group[id].take(), group[id].sync(), group[id].apply();
    while (!group[1].loads.empty()) group[1].load_one();
    for (uint64_t id : {1, 2}) group[id].take(), group[id].sync(), group.deliver(group[id]);
    for (uint64_t id : {1, 2}) group[id].take(), group[id].apply();
  }
  EXPECT_GT(group[1].state.index, index + 20);
  replica(1).items_synced(group[1].state.index, group[1].now, 1'000'000);
  group[1].take();
  EXPECT_LE(replica(1).node().first_index(), index + 1);
  group.settle();
  group.tick(20);
  EXPECT_EQ(group[3].installs, 1);
  expect_equal(1, 3);
}

// A learner with an empty disk is only a member that is far behind.
TEST_F(ReplicaSnapshotTest, Group0sStateComesWhole) {
  Carrier::MakeMachine metadata = [](const Rows& rows) -> std::unique_ptr<StateMachine> {
    std::vector<StoredRow> stored;
    for (const auto& [key, value] : rows) stored.push_back({key.first, key.second, value});
    Placement placement;
    placement.cluster_id = std::string(16, 'c');
    placement.nodes = {model::NodeId(1)};
    placement.partitions_per_table = 2;
    return std::make_unique<MetadataMachine>(*MetadataMachine::restore(stored), placement,
                                             [](model::PartitionId) { return model::PartitionTotals{}; });
  };
  Group tables(3);
  for (auto& member : tables.members) {
    member =
        std::make_unique<Carrier>(member->config.raft.self.value, std::vector<uint64_t>{1, 2, 3}, metadata);
    member->config.partition = model::PartitionId(0);
    member->config.table = {};
    member->config.log_cut_entries_min = 1;
    member->config.log_bytes_max = 10;
    member->start();
  }
  tables[1].replica->campaign(tables[1].now);
  tables.settle();
  tables.tick(2);
  ASSERT_TRUE(tables[1].replica->serving());
  tables.cut_off = {3};
  for (int i = 0; i < 12; ++i) {
    Command command;
    command.request =
        request_of("CreateTable", R"({"TableName":"Table-)" + std::to_string(i) +
                                      R"(","KeySchema":[{"AttributeName":"k","KeyType":"HASH"}],)"
                                      R"("AttributeDefinitions":[{"AttributeName":"k",)"
                                      R"("AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"})");
    tables[1].submit(std::move(command));
    tables.settle();
  }
  for (uint64_t id : {1, 2}) {
    tables[id].replica->items_synced(tables[id].state.index, tables[id].now, 1000);
    tables[id].take();
  }
  tables.cut_off = {};
  tables.tick(20);
  EXPECT_EQ(tables[3].installs, 1);
  const auto& one = static_cast<MetadataMachine&>(tables[1].replica->machine());
  const auto& three = static_cast<MetadataMachine&>(tables[3].replica->machine());
  EXPECT_EQ(three.state()->tables.size(), 12u);
  EXPECT_EQ(three.state()->partitions, one.state()->partitions);
  EXPECT_EQ(three.state()->allocated, one.state()->allocated);
  EXPECT_EQ(replicated(tables[3].rows), replicated(tables[1].rows));
}

}  // namespace
}  // namespace stator::cluster
