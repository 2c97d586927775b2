// Goal: the table, its indexes and the partitions of both each limit what they should, each with its own reason; what one
// takes leaves the others alone; a node has the share of the table that it leads.
#include "cluster/throughput_limiter.h"

#include <gtest/gtest.h>

#include "tests/unit/cluster/cluster_testing.h"

namespace stator::cluster {
namespace {

constexpr model::PartitionId kFirst{1};
constexpr model::PartitionId kSecond_{2};
constexpr uint16_t kIndex = 3;
constexpr uint64_t kUnit = 2;  // in halves

model::Table provisioned(uint64_t read, uint64_t write) {
  model::Table table = test_table();
  table.billing_mode = model::BillingMode::kProvisioned;
  table.throughput.read_units = read;
  table.throughput.write_units = write;
  return table;
}
model::Table with_index(model::Table table, uint64_t read, uint64_t write) {
  model::GlobalIndex index;
  index.number = kIndex;
  index.name = "idx";
  index.throughput.read_units = read;
  index.throughput.write_units = write;
  table.global_indexes.push_back(index);
  return table;
}

std::string reason(const ThroughputLimiter::Refusal& refused) {
  return refused ? std::string(api::kThrottlingReasons[api::throttling_reason(*refused)]) : "admitted";
}
api::WriteCost cost(uint64_t table_units, uint64_t index_units = 0) {
  api::WriteCost cost{table_units * kUnit, {}};
  if (index_units != 0) cost.indexes.emplace_back(kIndex, index_units * kUnit);
  return cost;
}

// Writes of one unit until one is refused.
uint64_t writes(ThroughputLimiter& limiter, uint64_t now, model::PartitionId partition = kFirst) {
  uint64_t done = 0;
  while (!limiter.refuse_write(partition, now) && !limiter.take_write(partition, cost(1), now)) ++done;
  return done;
}

TEST(ThroughputLimiter, AProvisionedTableHasItsBurstAndThenItsRate) {
  ThroughputLimiter limiter(provisioned(1, 2), {}, kNow);
  EXPECT_EQ(writes(limiter, kNow), 2 * kBurstSeconds);
  EXPECT_EQ(reason(limiter.refuse_write(kFirst, kNow)), "TableWriteProvisionedThroughputExceeded");
  EXPECT_EQ(writes(limiter, kNow + 10 * kSecond), 20u);
  // Reads are another matter: half a unit each where they are eventually consistent.
  uint64_t reads = 0;
  for (; !limiter.refuse_read(0, kFirst, kNow); ++reads) limiter.take_read(0, kFirst, 1, kNow);
  EXPECT_EQ(reads, 2 * kBurstSeconds);
  EXPECT_EQ(reason(limiter.refuse_read(0, kFirst, kNow)), "TableReadProvisionedThroughputExceeded");
}

TEST(ThroughputLimiter, OnDemandOnlyWhatIsSetLimitsATable) {
  model::Table table = test_table();
  ThroughputLimiter free(table, {}, kNow);
  EXPECT_EQ(writes(free, kNow), kPartitionWriteUnits * kBurstSeconds);  // the partition's
  EXPECT_EQ(reason(free.refuse_write(kFirst, kNow)), "TableWriteKeyRangeThroughputExceeded");
  table.on_demand = {0, 7};
  ThroughputLimiter limited(table, {}, kNow);
  EXPECT_EQ(writes(limited, kNow), 7 * kBurstSeconds);
  const auto refused = limited.refuse_write(kFirst, kNow);
  EXPECT_EQ(reason(refused), "TableWriteMaxOnDemandThroughputExceeded");
  EXPECT_TRUE(refused->on_demand);
  EXPECT_EQ(reason(limited.refuse_read(0, kFirst, kNow)), "admitted");
}

TEST(ThroughputLimiter, AHotPartitionIsRefusedAndTheOthersGoOn) {
  ThroughputLimiter limiter(provisioned(100'000, 100'000), {}, kNow);
  limiter.take_read(0, kFirst, (kPartitionReadUnits * kBurstSeconds + 1) * kUnit, kNow);
  EXPECT_EQ(reason(limiter.refuse_read(0, kFirst, kNow)), "TableReadKeyRangeThroughputExceeded");
  EXPECT_EQ(reason(limiter.refuse_read(0, kSecond_, kNow)), "admitted");
  EXPECT_EQ(reason(limiter.refuse_write(kFirst, kNow)), "admitted");
  EXPECT_EQ(writes(limiter, kNow), kPartitionWriteUnits * kBurstSeconds);
  EXPECT_EQ(writes(limiter, kNow, kSecond_), kPartitionWriteUnits * kBurstSeconds);
}

TEST(ThroughputLimiter, AnIndexWithoutThroughputRefusesTheWritesThatChangeIt) {
  ThroughputLimiter limiter(with_index(provisioned(10, 1'000), 1, 1), {}, kNow);
  EXPECT_FALSE(limiter.take_write(kFirst, cost(1, kBurstSeconds + 5), kNow));
  const auto refused = limiter.take_write(kFirst, cost(1, 1), kNow);
  EXPECT_EQ(reason(refused), "IndexWriteProvisionedThroughputExceeded");
  EXPECT_EQ(refused->index, "idx");
  EXPECT_EQ(refused->table, "Tab");
  EXPECT_FALSE(limiter.take_write(kFirst, cost(1), kNow)) << "that does not change it";
  EXPECT_TRUE(limiter.take_write(kFirst, cost(1, 1), kNow + 5 * kSecond));
  EXPECT_FALSE(limiter.take_write(kFirst, cost(1, 1), kNow + 5 * kSecond + 1)) << "the debt is paid";
}

TEST(ThroughputLimiter, AWriteThatAnIndexRefusesTakesNothing) {
  ThroughputLimiter limiter(with_index(provisioned(1, 1), 1, 1), {}, kNow);
  ASSERT_FALSE(limiter.take_write(kFirst, cost(0, kBurstSeconds), kNow));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(limiter.take_write(kFirst, cost(1, 1), kNow));
  EXPECT_EQ(writes(limiter, kNow), kBurstSeconds);
}

TEST(ThroughputLimiter, ReadsOfAnIndexTakeOfTheIndexAlone) {
  ThroughputLimiter limiter(with_index(provisioned(1, 1), 2, 1), {}, kNow);
  limiter.take_read(kIndex, kSecond_, 2 * kBurstSeconds * kUnit, kNow);
  EXPECT_EQ(reason(limiter.refuse_read(kIndex, kSecond_, kNow)), "IndexReadProvisionedThroughputExceeded");
  EXPECT_EQ(reason(limiter.refuse_read(0, kFirst, kNow)), "admitted");
  ThroughputLimiter large(with_index(provisioned(1, 1), 100'000, 1), {}, kNow);
  large.take_read(kIndex, kSecond_, kPartitionReadUnits * kBurstSeconds * kUnit, kNow);
  EXPECT_EQ(reason(large.refuse_read(kIndex, kSecond_, kNow)), "IndexReadKeyRangeThroughputExceeded");
}

TEST(ThroughputLimiter, ANewerTableCountsAndAnOlderOneDoesNot) {
  model::Table table = with_index(provisioned(1, 1), 1, 1);
  ThroughputLimiter limiter(table, {}, kNow);
  EXPECT_EQ(writes(limiter, kNow), kBurstSeconds);
  model::Table more = table;
  more.schema_version = 2;
  more.throughput.write_units = 50;
  more.global_indexes.clear();
  limiter.configure(more, kNow);
  EXPECT_EQ(writes(limiter, kNow), 0u) << "what was used stays used";
  EXPECT_EQ(writes(limiter, kNow + kSecond), 50u);
  EXPECT_FALSE(limiter.take_write(kFirst, cost(0, 1'000'000), kNow)) << "the index is gone";
  EXPECT_FALSE(limiter.take_write(kFirst, cost(0, 1'000'000), kNow));
  limiter.configure(table, kNow + kSecond);
  EXPECT_EQ(writes(limiter, kNow + 2 * kSecond), 50u);
}

TEST(ThroughputLimiter, ANodeHasTheShareThatItLeads) {
  ThroughputLimiter limiter(provisioned(1, 8), {1, 4}, kNow);
  EXPECT_EQ(writes(limiter, kNow), 2 * kBurstSeconds);
  limiter.set_share({3, 4}, kNow);
  EXPECT_EQ(writes(limiter, kNow), 0u);
  EXPECT_EQ(writes(limiter, kNow + kSecond), 6u);
  // A share of a small throughput is no whole unit, and adds up all the same.
  ThroughputLimiter small(provisioned(1, 1), {1, 3}, kNow);
  EXPECT_EQ(writes(small, kNow), kBurstSeconds / 3);
  EXPECT_EQ(writes(small, kNow + 300 * kSecond), kBurstSeconds / 3);
}

TEST(ThroughputLimiter, IsIdleOnceEverythingIsFull) {
  ThroughputLimiter limiter(with_index(provisioned(5, 5), 5, 5), {}, kNow);
  EXPECT_TRUE(limiter.idle(kNow));
  ASSERT_FALSE(limiter.take_write(kFirst, cost(10, 10), kNow));
  EXPECT_FALSE(limiter.idle(kNow + kSecond));
  EXPECT_TRUE(limiter.idle(kNow + 2 * kSecond));
}

TEST(ThroughputLimiter, TheTagSaysOnOrOffOrNothing) {
  model::Table table = test_table();
  EXPECT_EQ(throttling_tag(table), std::nullopt);
  table.tags = {{"other", "on"}, {"stator:throttling", "on"}};
  EXPECT_EQ(throttling_tag(table), true);
  table.tags.back().second = "off";
  EXPECT_EQ(throttling_tag(table), false);
  table.tags.back().second = "yes";
  EXPECT_EQ(throttling_tag(table), std::nullopt);
}

}  // namespace
}  // namespace stator::cluster
