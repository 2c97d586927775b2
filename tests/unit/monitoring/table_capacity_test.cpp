// Goal: however many tables there are, the series are bounded, the busiest tables have theirs, no shown
// series ever falls, and nothing is lost from the sum.
#include "monitoring/table_capacity.h"

#include <gtest/gtest.h>

#include <map>

namespace stator::monitoring {
namespace {

std::map<std::string, double> reads(const TableCapacity& capacity) {
  std::map<std::string, double> out;
  const auto families = capacity.Collect();
  for (const auto& metric : families.at(0).metric) {
    EXPECT_TRUE(out.emplace(metric.label.at(0).value, metric.counter.value).second) << "one series a table";
  }
  return out;
}

double sum(const std::map<std::string, double>& series) {
  double total = 0;
  for (const auto& [name, value] : series) total += value;
  return total;
}

TEST(TableCapacity, CountsReadsAndWrites) {
  TableCapacity capacity;
  capacity.add("a", 0.5, 2);
  capacity.add("a", 1, 0);
  const auto families = capacity.Collect();
  EXPECT_EQ(families.at(0).name, "stator_consumed_read_capacity_units_total");
  EXPECT_EQ(families.at(0).metric.at(0).counter.value, 1.5);
  EXPECT_EQ(families.at(1).metric.at(0).counter.value, 2);
}

TEST(TableCapacity, BusyTablesTakeOverTheSeriesOfIdleOnes) {
  TableCapacity capacity;
  for (int i = 0; i < 150; ++i) capacity.add("t" + std::to_string(i), 1, 0);
  auto before = reads(capacity);
  EXPECT_EQ(before.size(), kTableSeriesMax + 1);
  EXPECT_EQ(before.at("other"), 50);
  EXPECT_FALSE(before.contains("t149"));
  capacity.add("t149", 1000, 0);
  reads(capacity);  // hands the series out
  capacity.add("t149", 7, 0);
  const auto after = reads(capacity);
  EXPECT_EQ(after.size(), kTableSeriesMax + 1);
  EXPECT_EQ(after.at("t149"), 7);
  EXPECT_EQ(sum(after), 150 + 1000 + 7);
}

TEST(TableCapacity, ShownSeriesOnlyRise) {
  TableCapacity capacity;
  std::map<std::string, double> last;
  double total = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 120; ++i) {
      const double units = (i * 37 + round * 11) % 97;
      capacity.add("t" + std::to_string((i + round) % 300), units, 0);
      total += units;
    }
    auto now = reads(capacity);
    EXPECT_LE(now.size(), kTableSeriesMax + 1);
    EXPECT_NEAR(sum(now), total, 1e-6);
    EXPECT_GE(now.at("other"), last["other"]);
    for (const auto& [name, value] : now) {
      const auto before = last.find(name);
      if (before != last.end()) {
        EXPECT_GE(value, before->second) << name << " round " << round;
      }
    }
    last = std::move(now);
  }
}

TEST(TableCapacity, TracksABoundedNumberOfTables) {
  TableCapacity capacity;
  for (size_t i = 0; i < kTablesTrackedMax + 500; ++i) capacity.add("t" + std::to_string(i), 1, 0);
  const auto series = reads(capacity);
  EXPECT_EQ(series.size(), kTableSeriesMax + 1);
  EXPECT_EQ(sum(series), kTablesTrackedMax + 500);
}

TEST(TableCapacity, ATableCalledOtherIsAmongTheOthers) {
  TableCapacity capacity;
  capacity.add("other", 3, 0);
  EXPECT_EQ(reads(capacity).at("other"), 3);
}

}  // namespace
}  // namespace stator::monitoring
