// Goal: a replica begins as its group allows: with the group's first members, or with none where it is to be
// added; what it began with outlives every wish, and a replica that was removed never comes back.
#include "actors/replica_opener.h"

#include <gtest/gtest.h>

#include "actors/clock.h"
#include "cluster/request_rows.h"
#include "storage/env_faulty.h"

namespace stator::actors {
namespace {

using model::NodeId;
using model::PartitionId;
using model::ReplicaId;

std::vector<ReplicaId> ids(std::vector<uint64_t> values) {
  std::vector<ReplicaId> result;
  for (uint64_t value : values) result.push_back(ReplicaId(value));
  return result;
}

cluster::Partition partition_of(std::vector<uint64_t> replicas) {
  cluster::Partition partition;
  partition.id = PartitionId(5);
  partition.table = model::TableId(7);
  for (uint64_t id : replicas) {
    partition.replicas.push_back({ReplicaId(id), NodeId(partition.replicas.size() + 1)});
  }
  partition.first_leader = partition.replicas.front().id;
  return partition;
}

class ReplicaOpenerTest : public testing::Test {
 protected:
  ReplicaOpenerTest() { start(); }
  ~ReplicaOpenerTest() override { stop(); }

  // Opens the store over the same files, as a process that starts again.
  void start() {
    stop();
    auto store = storage::Store::open(files_, "/data");
    ASSERT_TRUE(store.ok()) << store.error().text();
    store_ = std::move(*store);
    committer_ = std::make_unique<storage::Committer>(store_->log());
    applier_ = std::make_unique<storage::Applier>(store_->items());
    readers_ = std::make_unique<storage::ReaderPool>(1);
  }
  void stop() {
    if (committer_) committer_->stop();
    if (applier_) applier_->stop();
    readers_.reset();
    applier_.reset();
    committer_.reset();
    store_.reset();
  }
  const storage::RecoveredReplica* recovered(storage::ReplicaAddress address) const {
    for (const storage::RecoveredReplica& replica : store_->recovered()) {
      if (replica.address == address) return &replica;
    }
    return nullptr;
  }
  storage::Result<OpenedReplica> open(const cluster::Partition& partition, size_t place = 0) {
    ReplicaServices services{*store_, *committer_, *applier_, *readers_};
    const cluster::ReplicaPlace& here = partition.replicas[place];
    return open_partition(services, partition, here, recovered({partition.id, here.id}));
  }
  storage::Result<OpenedReplica> open_group_zero(ReplicaId self, const raft::Membership& members,
                                                 const storage::RecoveredReplica* found) {
    ReplicaServices services{*store_, *committer_, *applier_, *readers_};
    return open_metadata(services, self, members, {}, {}, found);
  }
  raft::Membership members(const storage::Result<OpenedReplica>& opened) {
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().text());
    return opened.ok() ? opened->replica->node().membership() : raft::Membership{};
  }
  void remove(storage::ReplicaAddress address, uint64_t minimum) {
    storage::Submission removal;
    removal.update.replica = address;
    removal.update.remove_with_minimum = ReplicaId(minimum);
    removal.committed = [](const storage::Result<void>&) {};
    ASSERT_TRUE(committer_->try_submit(removal));
  }

  storage::FaultyFileSystem files_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Committer> committer_;
  std::unique_ptr<storage::Applier> applier_;
  std::unique_ptr<storage::ReaderPool> readers_;
};

TEST_F(ReplicaOpenerTest, ANewReplicaBeginsWithTheGroupsFirstMembers) {
  cluster::Partition partition = partition_of({1000, 1001, 1002});
  EXPECT_EQ(members(open(partition, 1)).voters, ids({1000, 1001, 1002}));
}

TEST_F(ReplicaOpenerTest, ALateReplicaBeginsEmpty) {
  cluster::Partition partition = partition_of({1000, 1010, 1002});
  partition.replicas[1].late = true;
  auto opened = open(partition, 1);
  EXPECT_EQ(members(opened), raft::Membership{});
  EXPECT_EQ(opened->replica->node().last_index(), 0u);
  start();
  EXPECT_EQ(members(open(partition, 1)), raft::Membership{});
}

// The regression: one that begins after another was replaced took the wish for the group's first members.
// With the late one, which knows nothing either, it would be a majority.
TEST_F(ReplicaOpenerTest, SoDoesOneThatBeginsAfterAnotherWasReplaced) {
  cluster::Partition partition = partition_of({1000, 1010, 1002});
  partition.replicas[1].late = true;
  EXPECT_EQ(members(open(partition, 2)), raft::Membership{});
}

TEST_F(ReplicaOpenerTest, WhatAReplicaBeganWithOutlivesWishes) {
  cluster::Partition partition = partition_of({1000, 1001, 1002});
  EXPECT_EQ(members(open(partition)).voters, ids({1000, 1001, 1002}));
  start();  // its log is begun, nothing is applied
  ASSERT_NE(recovered({PartitionId(5), ReplicaId(1000)}), nullptr);
  cluster::Partition wished = partition_of({1000, 1003, 1002});
  wished.replicas[1].late = true;
  EXPECT_EQ(members(open(wished)).voters, ids({1000, 1001, 1002}));
}

TEST_F(ReplicaOpenerTest, ARemovedReplicaDoesNotComeBack) {
  cluster::Partition partition = partition_of({1000});
  ASSERT_TRUE(open(partition).ok());
  remove({partition.id, ReplicaId(1000)}, 1001);
  start();
  auto opened = open(partition);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, storage::ErrorCode::kRemoved);
  EXPECT_EQ(
      opened.error().what,
      "Replica 1000 of partition 5 was removed from this node; only replica 1001 or a later one may take its "
      "place");
  cluster::Partition later = partition_of({1001});
  later.replicas[0].late = true;
  EXPECT_EQ(members(open(later)), raft::Membership{});
}

TEST_F(ReplicaOpenerTest, GroupZeroBeginsWithTheBootstrappedNodesOrWaits) {
  EXPECT_EQ(members(open_group_zero(ReplicaId(2), {ids({1, 2, 3}), {}}, nullptr)).voters, ids({1, 2, 3}));
  start();
  const storage::ReplicaAddress address{PartitionId(), ReplicaId(2)};
  ASSERT_NE(recovered(address), nullptr);
  EXPECT_EQ(members(open_group_zero(ReplicaId(2), {}, recovered(address))).voters, ids({1, 2, 3}));
  auto other = open_group_zero(ReplicaId(102), {}, recovered(address));
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, storage::ErrorCode::kCorruption);
  remove(address, 3);
  start();
  EXPECT_EQ(open_group_zero(ReplicaId(2), {ids({1, 2, 3}), {}}, nullptr).error().code,
            storage::ErrorCode::kRemoved);
  EXPECT_EQ(members(open_group_zero(ReplicaId(102), {}, nullptr)), raft::Membership{});
}

TEST_F(ReplicaOpenerTest, GroupZeroFindsItsNodesAndItsCluster) {
  const storage::ReplicaAddress address{PartitionId(), ReplicaId(1)};
  auto opened = open_group_zero(ReplicaId(1), {ids({1}), {}}, nullptr);
  ASSERT_TRUE(opened.ok());
  cluster::NodeRecord node;
  node.id = NodeId(1);
  node.zone = "a";
  cluster::ClusterRecord record;
  record.id.fill(0xcc);
  record.active_version = 3;
  storage::ApplyBatch batch;
  batch.state = opened->state;
  batch.rows.push_back(
      {model::RowKind::kNode, std::string("\0\0\0\0\0\0\0\1", 8), cluster::encode_node(node)});
  batch.rows.push_back({model::RowKind::kCluster, "", cluster::encode_cluster(record)});
  ASSERT_TRUE(store_->items().apply(std::vector<storage::ApplyBatch>{batch}).ok());
  start();
  opened = open_group_zero(ReplicaId(1), {}, recovered(address));
  ASSERT_TRUE(opened.ok()) << opened.error().text();
  auto state = static_cast<cluster::MetadataMachine&>(opened->replica->machine()).state();
  EXPECT_EQ(state->cluster_id, record.id);
  EXPECT_EQ(state->active_version, 3u);
  ASSERT_NE(state->find(NodeId(1)), nullptr);
  EXPECT_EQ(*state->find(NodeId(1)), node);
}

// --- an install that a crash interrupted (docs/raft.md)
// ----------------------------------------------------------------

class TornInstallTest : public ReplicaOpenerTest {
 protected:
  TornInstallTest() {
    EXPECT_TRUE(open(partition_).ok());
    storage::Submission log;
    log.update.replica = address_;
    log.update.hard_state = raft::HardState{2, ReplicaId(1001)};
    for (raft::Index index = 1; index <= 5; ++index) {
      cluster::LogHeader header;
      header.partition = partition_.id;
      header.index = index;
      header.term = 2;
      header.stamp = model::Stamp{index};
      log.update.entries.push_back({index, 2, raft::EntryKind::kNoop, cluster::seal_log_entry(header, "")});
    }
    log.committed = [](const storage::Result<void>&) {};
    EXPECT_TRUE(committer_->try_submit(log));
  }
  // items/ as the snapshot of another replica left it; log/ knows nothing of it.
  void switch_items(storage::Position applied) {
    auto space = store_->items().allocate_space();
    ASSERT_TRUE(space.ok());
    storage::ApplyBatch batch;
    batch.state.partition = partition_.id;
    batch.state.replica = address_.replica;
    batch.state.space = *space;
    batch.state.applied = applied;
    batch.state.last_stamp = model::Stamp{wall_clock_micros()};
    batch.state.membership = {ids({1000, 1001, 1002}), {}};
    cluster::RememberedRequest request;
    request.id.fill(7);
    request.index = applied.index;
    request.stamp = batch.state.last_stamp;
    request.outcome = api::ItemAnswer{};
    cluster::StoredRow row = cluster::encode_request_row(request);
    batch.rows.push_back({row.kind, row.key, row.value});
    batch.rows.push_back({model::RowKind::kRequest, "damaged", "row"});  // nothing but its memory is lost
    ASSERT_TRUE(store_->items().apply(std::vector<storage::ApplyBatch>{batch}).ok());
  }

  const cluster::Partition partition_ = partition_of({1000, 1001, 1002});
  const storage::ReplicaAddress address_{partition_.id, ReplicaId(1000)};
};

TEST_F(TornInstallTest, TheLogIsDropped) {
  switch_items({100, 9});
  for (int round = 0; round < 2; ++round) {  // and what that leaves is found again
    start();
    auto opened = open(partition_);
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    const raft::Node& node = opened->replica->node();
    EXPECT_EQ(node.first_index(), 101u);
    EXPECT_EQ(node.last_index(), 100u);
    EXPECT_EQ(node.applied_index(), 100u);
    EXPECT_EQ(node.term(), 9u);
    EXPECT_EQ(opened->replica->request_rows(100).size(), 1u);
    opened = storage::Result<OpenedReplica>(OpenedReplica{});
    committer_->stop();
    auto log = store_->log().state(address_);
    EXPECT_EQ(log->base.index, 100u);
    EXPECT_EQ(log->items_synced, 100u);
    EXPECT_EQ(log->hard_state, (raft::HardState{9, ReplicaId()}));
  }
}

TEST_F(TornInstallTest, SoIsOneThatGoesFurtherWithOtherTerms) {
  switch_items({4, 3});
  start();
  auto opened = open(partition_);
  ASSERT_TRUE(opened.ok()) << opened.error().text();
  EXPECT_EQ(opened->replica->node().last_index(), 4u);
  EXPECT_EQ(opened->replica->node().term(), 3u);
}

// The snapshot says what the log says: nothing was lost, and the vote stands.
TEST_F(TornInstallTest, ALogThatAgreesStays) {
  switch_items({4, 2});
  start();
  auto opened = open(partition_);
  ASSERT_TRUE(opened.ok()) << opened.error().text();
  EXPECT_EQ(opened->replica->node().last_index(), 5u);
  EXPECT_EQ(opened->replica->node().applied_index(), 4u);
  EXPECT_EQ(store_->log().state(address_)->hard_state, (raft::HardState{2, ReplicaId(1001)}));
}

}  // namespace
}  // namespace stator::actors
