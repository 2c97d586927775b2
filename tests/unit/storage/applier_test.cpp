// Goal: the applier applies in order, tells each partition once a write, syncs so that logs can be cut,
// deletes dropped spaces when idle, and ends for everyone after a failure. And the reader pool runs what it
// accepted.
#include "storage/applier.h"

#include <future>

#include "storage/reader_pool.h"
#include "tests/unit/storage/fixtures.h"

namespace stator::storage {
namespace {

class ApplierTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.CreateDir("/items").ok());
    auto engine = Engine::open(files_, "/items", items_engine_options());
    ASSERT_OK(engine);
    auto items = ItemStore::open(std::move(*engine));
    ASSERT_OK(items);
    items_ = std::move(*items);
    space_ = *items_->allocate_space();
  }
  ApplyBatch batch(Index index, size_t bytes = 10) const {
    return {state_of(a_, space_, index),
            {{RowKind::kItem, "key" + std::to_string(index), std::string(bytes, 'v')}},
            {},
            {}};
  }
  void submit(Applier& applier, ApplyBatch batch, Applied applied = {}) {
    ASSERT_TRUE(applier.try_apply(batch, applied));
  }
  FaultyFileSystem files_;
  std::unique_ptr<ItemStore> items_;
  SpaceId space_;
  const ReplicaAddress a_ = address(1, 11);
};

TEST_F(ApplierTest, AppliesInOrderAndTellsCumulatively) {
  std::vector<Index> told;
  {
    Applier applier(*items_);
    for (Index index = 1; index <= 300; ++index) {
      submit(applier, batch(index), [&told, index](const Result<void>& r) { told.push_back(r ? index : 0); });
    }
  }
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(300U, told.back());
  EXPECT_EQ(300U, items_->partition_state(a_.partition)->applied.index);
  EXPECT_TRUE(items_->get(space_, RowKind::kItem, "key300")->has_value());
}

TEST_F(ApplierTest, ASyncOnDemandCoversWhatWasAcceptedBefore) {
  Applier applier(*items_);
  for (Index index = 1; index <= 50; ++index) submit(applier, batch(index));
  std::promise<Index> synced;
  applier.request_sync(
      [&](const Result<std::vector<SyncedIndex>>& r) { synced.set_value(r ? r->at(0).index : 0); });
  EXPECT_GE(synced.get_future().get(), 50U);
}

TEST_F(ApplierTest, SyncsByItselfAfterSoManyBytes) {
  std::atomic<Index> reported{0};
  std::promise<void> enough;
  Applier applier(*items_, {.sync_every_bytes = 100'000}, [&](const Result<std::vector<SyncedIndex>>& r) {
    if (r && !r->empty() && reported.exchange(r->at(0).index) == 0) enough.set_value();
  });
  for (Index index = 1; index <= 50; ++index) submit(applier, batch(index, 5000));
  enough.get_future().wait();
  EXPECT_GE(reported.load(), 10U);
  applier.stop();
  EXPECT_EQ(50U, reported.load()) << "a stop syncs the rest";
}

TEST_F(ApplierTest, DeletesDroppedSpacesWhenIdle) {
  for (Index index = 1; index <= 100; ++index)
    ASSERT_OK(items_->apply(std::vector<ApplyBatch>{batch(index)}));
  ASSERT_OK(items_->remove_partition(a_.partition));
  Applier applier(*items_, {.delete_rows = 30, .delete_pause = std::chrono::milliseconds(1)});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (items_->has_dropped_spaces() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_FALSE(items_->has_dropped_spaces());
  EXPECT_FALSE(items_->scan(space_, RowKind::kItem, {}).valid());
}

TEST_F(ApplierTest, AFailureReachesEveryone) {
  Applier applier(*items_);
  files_.plan({.fail_append_at = 1});
  const auto outcome = [&](Index index) {
    std::promise<std::string> told;
    submit(applier, batch(index), [&told](const Result<void>& r) { told.set_value(why(r)); });
    return told.get_future().get();
  };
  const std::string first = outcome(1);
  EXPECT_NE("ok", first);
  while (!applier.failure()) std::this_thread::yield();  // set just after the callback
  EXPECT_EQ(first, outcome(2));
  std::string sync;
  applier.request_sync([&](const Result<std::vector<SyncedIndex>>& r) { sync = why(r); });
  EXPECT_EQ(first, sync);
}

TEST_F(ApplierTest, RefusesWhenFullAndSaysWhenThereIsRoom) {
  Applier applier(*items_, {.queue_bytes_max = 50'000});
  std::promise<void> entered, go;
  submit(applier, batch(1), [&](const Result<void>&) {
    entered.set_value();
    go.get_future().wait();
  });
  entered.get_future().wait();
  Index next = 2;
  ApplyBatch refused;
  Applied none;
  while (true) {
    refused = batch(next, 5000);
    if (!applier.try_apply(refused, none)) break;
    ++next;
  }
  EXPECT_EQ(1U, refused.rows.size()) << "a refused batch is untouched";
  std::promise<bool> room;
  applier.when_room([&] { room.set_value(applier.try_apply(refused, none)); });
  go.set_value();
  EXPECT_TRUE(room.get_future().get());
  applier.stop();
  EXPECT_EQ(next, items_->partition_state(a_.partition)->applied.index);
}

TEST(Throttle, GrowsBeforeLevelDbWouldStop) {
  EXPECT_EQ(0, throttle_delay(0, 1 << 20).count());
  EXPECT_EQ(0, throttle_delay(5, 1 << 20).count());
  EXPECT_EQ(32'768, throttle_delay(6, 1 << 20).count());  // 1 MiB at 32 MB/s
  for (int files = 6; files < 11; ++files) {
    EXPECT_EQ(2 * throttle_delay(files, 1 << 20).count(), throttle_delay(files + 1, 1 << 20).count());
  }
  EXPECT_EQ(throttle_delay(11, 1 << 20), throttle_delay(40, 1 << 20));
}

TEST(ReaderPool, RunsWhatItAcceptedAndRefusesWhatIsTooMuch) {
  std::atomic<int> ran{0};
  {
    ReaderPool pool(1, 3);
    std::promise<void> entered, go;
    ASSERT_TRUE(pool.try_submit([&] {
      entered.set_value();
      go.get_future().wait();
      ++ran;
    }));
    entered.get_future().wait();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.try_submit([&] { ++ran; }));
    EXPECT_FALSE(pool.try_submit([&] { ++ran; }));
    EXPECT_EQ(3U, pool.waiting());
    go.set_value();
    pool.stop();
    EXPECT_FALSE(pool.try_submit([&] { ++ran; }));
  }
  EXPECT_EQ(4, ran.load());
}

TEST(ReaderPool, ThreadsWorkSideBySide) {
  ReaderPool pool(2);
  std::promise<void> first, second;
  auto first_done = first.get_future(), second_done = second.get_future();
  std::promise<void> met;
  ASSERT_TRUE(pool.try_submit([&] {
    first.set_value();
    second_done.wait();  // ends only if the other one runs at the same time
    met.set_value();
  }));
  ASSERT_TRUE(pool.try_submit([&] {
    first_done.wait();
    second.set_value();
  }));
  met.get_future().wait();
}

}  // namespace
}  // namespace stator::storage
