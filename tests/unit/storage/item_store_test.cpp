// Goal: items/ keeps each partition's rows and state together, spaces apart, and forgets spaces that nobody
// uses; states keep their bytes.
#include "storage/item_store.h"

#include "tests/unit/storage/fixtures.h"

namespace stator::storage {
namespace {

RowChange put(std::string key, std::string value, RowKind kind = RowKind::kItem) {
  return {kind, std::move(key), std::move(value)};
}
RowChange erase(std::string key, RowKind kind = RowKind::kItem) {
  return {kind, std::move(key), std::nullopt};
}

class ItemStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.CreateDir("/items").ok());
    ASSERT_TRUE(files_.sync_directory("/").ok());
    reopen();
  }
  void reopen() {
    items_.reset();
    auto engine = Engine::open(files_, "/items", items_engine_options());
    ASSERT_OK(engine);
    auto items = ItemStore::open(std::move(*engine));
    ASSERT_OK(items);
    items_ = std::move(*items);
  }
  SpaceId space() {
    auto allocated = items_->allocate_space();
    EXPECT_TRUE(allocated.ok()) << why(allocated);
    return *allocated;
  }
  void apply(ReplicaAddress replica, SpaceId space, Index index, std::vector<RowChange> rows) {
    ASSERT_OK(
        items_->apply(std::vector<ApplyBatch>{{state_of(replica, space, index), std::move(rows), {}, {}}}));
  }
  std::string scan(SpaceId space, RowKind kind, const model::KeyRange& range = {},
                   const ScanOptions& options = {}, const Snapshot* snapshot = nullptr) {
    std::string out;
    auto rows = items_->scan(space, kind, range, options, snapshot);
    for (; rows.valid(); rows.next()) {
      out += (out.empty() ? "" : " ") + std::string(rows.key()) + "=" + std::string(rows.value());
    }
    EXPECT_TRUE(rows.status().ok());
    return out;
  }
  void delete_dropped() {
    for (int i = 0; i < 1000; ++i) {
      auto more = items_->delete_dropped_rows(7);
      ASSERT_OK(more);
      if (!*more) return;
    }
    FAIL() << "deletion does not end";
  }
  FaultyFileSystem files_;
  std::unique_ptr<ItemStore> items_;
  const ReplicaAddress a_ = address(1, 11);
  const ReplicaAddress b_ = address(2, 12);
};

TEST_F(ItemStoreTest, RowsAndStateAreThereAfterAReopen) {
  const SpaceId s = space();
  apply(a_, s, 5, {put("k1", "v1"), put("k2", "v2"), erase("k1"), put("idx", "x", RowKind::kLocalIndex)});
  reopen();
  EXPECT_EQ("k2=v2", scan(s, RowKind::kItem));
  EXPECT_EQ("idx=x", scan(s, RowKind::kLocalIndex));
  const auto states = items_->partition_states();
  ASSERT_OK(states);
  ASSERT_EQ(1U, states->size());
  EXPECT_EQ(state_of(a_, s, 5), states->front());
  EXPECT_EQ("v2", items_->get(s, RowKind::kItem, "k2").value().value());
  EXPECT_FALSE(items_->get(s, RowKind::kItem, "k1").value().has_value());
  EXPECT_FALSE(items_->get(s, RowKind::kDirty, "k2").value().has_value());
  EXPECT_CODE(ErrorCode::kNotFound, items_->partition_state(b_.partition));
}

TEST_F(ItemStoreTest, ScansWithinTheirBoundsBothWays) {
  const SpaceId s = space();
  const SpaceId other = space();
  apply(a_, s, 1,
        {put("a", "1"), put("b", "2"), put("c", "3"), put("d", "4"), put("a", "x", RowKind::kLocalIndex)});
  apply(b_, other, 1, {put("0", "no"), put("zz", "no")});
  const ScanOptions back{.forward = false, .fill_cache = false};
  EXPECT_EQ("a=1 b=2 c=3 d=4", scan(s, RowKind::kItem));
  EXPECT_EQ("d=4 c=3 b=2 a=1", scan(s, RowKind::kItem, {}, back));
  EXPECT_EQ("b=2 c=3", scan(s, RowKind::kItem, {"b", "d"}));
  EXPECT_EQ("c=3 b=2", scan(s, RowKind::kItem, {"b", "d"}, back));
  EXPECT_EQ("", scan(s, RowKind::kItem, {"bb", "c"}));
  EXPECT_EQ("", scan(s, RowKind::kItem, {"e", ""}, back));
  EXPECT_EQ("zz=no 0=no", scan(other, RowKind::kItem, {}, back));  // at the database's end
  EXPECT_EQ("", scan(s, RowKind::kCollectionSize));
  EXPECT_EQ("", scan(s, RowKind::kCollectionSize, {}, back));
}

TEST_F(ItemStoreTest, ASnapshotSeesOneMoment) {
  const SpaceId s = space();
  apply(a_, s, 1, {put("a", "1")});
  Snapshot before = items_->snapshot();
  apply(a_, s, 2, {put("a", "2"), put("b", "2")});
  Snapshot moved = std::move(before);
  EXPECT_FALSE(before);
  EXPECT_EQ("a=1", scan(s, RowKind::kItem, {}, {}, &moved));
  EXPECT_EQ(1U, items_->partition_state(a_.partition, &moved)->applied.index);
  EXPECT_EQ(2U, items_->partition_state(a_.partition)->applied.index);
  EXPECT_EQ("1", items_->get(s, RowKind::kItem, "a", &moved).value().value());
  moved = Snapshot();
  EXPECT_EQ("a=2 b=2", scan(s, RowKind::kItem));
}

TEST_F(ItemStoreTest, SyncSaysWhatSurvivesAndItDoes) {
  const SpaceId s = space();
  const SpaceId t = space();
  apply(a_, s, 7, {put("a", "1")});
  apply(b_, t, 3, {put("b", "1")});
  auto synced = items_->sync();
  ASSERT_OK(synced);
  ASSERT_EQ(2U, synced->size());
  for (const SyncedIndex& index : *synced) EXPECT_EQ(index.replica == a_ ? 7U : 3U, index.index);
  apply(a_, s, 8, {put("a", "2")});
  files_.plan({.die_at = 1});
  items_.reset();
  files_.crash(CrashKind::kDropAll);
  ASSERT_OK(check_write_ahead_logs(files_, "/items", WalPolicy::kCutAtFirstBad));
  reopen();
  EXPECT_EQ(7U, items_->partition_state(a_.partition)->applied.index);
  EXPECT_EQ("a=1", scan(s, RowKind::kItem));
}

TEST_F(ItemStoreTest, BatchesOfManyPartitionsAreOneWrite) {
  const SpaceId s = space();
  const SpaceId t = space();
  ASSERT_OK(items_->apply(std::vector<ApplyBatch>{{state_of(a_, s, 1), {put("x", "1")}, {}, {}},
                                                  {state_of(b_, t, 1), {put("x", "b")}, {}, {}},
                                                  {state_of(a_, s, 2), {put("x", "2")}, {}, {}}}));
  EXPECT_EQ(2U, items_->partition_state(a_.partition)->applied.index);
  EXPECT_EQ("x=2", scan(s, RowKind::kItem));
  EXPECT_EQ("x=b", scan(t, RowKind::kItem));
}

TEST_F(ItemStoreTest, ASnapshotInstallSwitchesSpacesAndTheOldOneGoes) {
  const SpaceId old = space();
  apply(a_, old, 5, {put("stale", "1"), put("k", "old")});
  const SpaceId fresh = space();
  EXPECT_NE(old, fresh);
  ASSERT_OK(items_->write_rows(fresh, std::vector<RowChange>{put("k", "new")}));
  apply(a_, fresh, 3, {});  // the index may be any: its rows are others
  EXPECT_EQ("k=new", scan(fresh, RowKind::kItem));
  EXPECT_TRUE(items_->has_dropped_spaces());
  delete_dropped();
  EXPECT_FALSE(items_->has_dropped_spaces());
  EXPECT_EQ("", scan(old, RowKind::kItem));
  reopen();
  EXPECT_FALSE(items_->has_dropped_spaces());
  EXPECT_GT(space(), fresh) << "space numbers are never used again";
}

// A replica that was removed, and came back to this node as another one, is removed once more (what a start finds on disk is
// looked through again): its successor keeps everything, and the first one's space is not counted down twice.
TEST_F(ItemStoreTest, WhatIsGoneIsNotRemovedAgainWithItsSuccessor) {
  const SpaceId old = space();
  apply(a_, old, 5, {put("k", "old")});
  ApplyBatch removal{state_of(a_, old, 5), {}, {}, {a_.partition}};
  ASSERT_OK(items_->apply(std::vector{removal}));
  EXPECT_FALSE(items_->is_live(old));
  ASSERT_OK(items_->apply(std::vector{removal}));
  const ReplicaAddress successor{a_.partition, model::ReplicaId(a_.replica.value + 100)};
  const SpaceId fresh = space();
  apply(successor, fresh, 2, {put("k", "new")});
  ASSERT_OK(items_->apply(std::vector{removal}));
  EXPECT_TRUE(items_->is_live(fresh));
  apply(successor, fresh, 3, {put("l", "new")});
  delete_dropped();
  reopen();
  EXPECT_EQ("k=new l=new", scan(fresh, RowKind::kItem));
  ASSERT_EQ(items_->partition_states()->size(), 1u);
  EXPECT_EQ(items_->partition_states()->front().replica, successor.replica);
}

TEST_F(ItemStoreTest, AHalfInstalledSnapshotLeavesNothingAfterARestart) {
  const SpaceId half = space();
  ASSERT_OK(items_->write_rows(half, std::vector<RowChange>{put("k", "half"), put("l", "half")}));
  reopen();
  EXPECT_TRUE(items_->has_dropped_spaces());
  delete_dropped();
  EXPECT_EQ("", scan(half, RowKind::kItem));
  EXPECT_GT(space(), half);
}

TEST_F(ItemStoreTest, AnAbandonedSpaceGoes) {
  const SpaceId half = space();
  ASSERT_OK(items_->write_rows(half, std::vector<RowChange>{put("k", "half")}));
  items_->abandon_space(half);
  delete_dropped();
  EXPECT_EQ("", scan(half, RowKind::kItem));
}

TEST_F(ItemStoreTest, BothHalvesOfASplitShareASpaceUntilTheLastLeaves) {
  const SpaceId s = space();
  apply(a_, s, 5, {put("k", "1")});
  ApplyBatch split{state_of(a_, s, 6), {}, {state_of(b_, s, 6)}, {}};
  split.state.range = {"", "m"};
  split.born[0].range = {"m", ""};
  split.born[0].lineage = {a_.partition, 6};
  ASSERT_OK(items_->apply(std::vector<ApplyBatch>{split}));
  reopen();
  EXPECT_EQ(split.born[0], *items_->partition_state(b_.partition));
  ASSERT_OK(items_->remove_partition(a_.partition));
  EXPECT_FALSE(items_->has_dropped_spaces());
  ASSERT_OK(items_->remove_partition(b_.partition));
  EXPECT_TRUE(items_->has_dropped_spaces());
  EXPECT_TRUE(items_->partition_states()->empty());
}

TEST_F(ItemStoreTest, DeletionOfADroppedSpaceGoesOnAfterARestart) {
  const SpaceId s = space();
  std::vector<RowChange> rows;
  for (int i = 0; i < 100; ++i) rows.push_back(put("key" + std::to_string(1000 + i), "v"));
  apply(a_, s, 1, std::move(rows));
  ASSERT_OK(items_->remove_partition(a_.partition));
  auto more = items_->delete_dropped_rows(30);
  ASSERT_OK(more);
  EXPECT_TRUE(*more);
  reopen();
  EXPECT_TRUE(items_->has_dropped_spaces());
  delete_dropped();
  EXPECT_EQ("", scan(s, RowKind::kItem));
}

TEST_F(ItemStoreTest, ADamagedStateNamesItsPartition) {
  apply(a_, space(), 5, {});
  leveldb::WriteBatch batch;
  batch.Put(partition_state_key(a_.partition), std::string("\x01", 1) + std::string(63, 'x'));
  ASSERT_OK(items_->engine().write(batch, true));
  EXPECT_CODE(ErrorCode::kCorruption, items_->partition_state(a_.partition));
  items_.reset();
  auto engine = Engine::open(files_, "/items", items_engine_options());
  ASSERT_OK(engine);
  const auto opened = ItemStore::open(std::move(*engine));
  EXPECT_CODE(ErrorCode::kCorruption, opened);
  EXPECT_NE(std::string::npos, opened.error().what.find("partition 1"));
}

PartitionState full_state() {
  PartitionState state;
  state.partition = PartitionId(7);
  state.table = model::TableId(3);
  state.space = SpaceId(9);
  state.replica = ReplicaId(21);
  state.range = {std::string("\x10\x00", 2), "\x20"};
  state.range_epoch = 2;
  state.configuration_epoch = 4;
  state.membership = {{ReplicaId(21), ReplicaId(22)}, {ReplicaId(23)}};
  state.applied = {100, 5};
  state.last_stamp = {1'700'000'000'000'000};
  state.highest_deletion_stamp = {1'600'000'000'000'000};
  state.schema_version = 6;
  state.item_count = 10;
  state.item_bytes = 1000;
  state.counts_approximate = true;
  state.shards = {{1, 0, 1, 50, {5}, "label"}, {2, 1, 51, 0, {6}, ""}};
  state.trim_index = 33;
  state.lineage = {PartitionId(6), 44};
  state.last_checksum = 0x1234;
  state.request_ids = "digest";
  state.extension = std::string("\0ext", 4);
  return state;
}

TEST(PartitionStateCodec, KeepsEveryField) {
  for (const PartitionState& state : {PartitionState{}, full_state()}) {
    auto decoded = decode_partition_state(state.partition, encode_partition_state(state));
    ASSERT_OK(decoded);
    EXPECT_EQ(state, *decoded);
  }
}

TEST(PartitionStateCodec, LargeStatesToo) {
  PartitionState state = full_state();
  state.request_ids = std::string(100'000, 'r');
  for (uint64_t id = 0; id < 1000; ++id) state.shards.push_back({id, 0, id, id, {id}, "shard"});
  EXPECT_EQ(state, decode_partition_state(state.partition, encode_partition_state(state)).value());
}

TEST(PartitionStateCodec, EveryFlippedByteAndEveryLengthIsRefused) {
  const PartitionState state = full_state();
  const std::string good = encode_partition_state(state);
  EXPECT_CODE(ErrorCode::kCorruption, decode_partition_state(PartitionId(8), good));
  for (size_t at = 0; at < good.size(); ++at) {
    if (at >= 1 && at < 8) continue;  // reserved bytes: not read yet
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    EXPECT_CODE(at == 0 ? ErrorCode::kFormat : ErrorCode::kCorruption,
                decode_partition_state(state.partition, bad));
  }
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_partition_state(state.partition, std::string_view(good).substr(0, size)).ok());
  }
}

TEST(PartitionStateCodec, ReadsUnalignedBytes) {
  const std::string shifted = "x" + encode_partition_state(full_state());
  EXPECT_EQ(full_state(),
            decode_partition_state(PartitionId(7), std::string_view(shifted).substr(1)).value());
}

}  // namespace
}  // namespace stator::storage
