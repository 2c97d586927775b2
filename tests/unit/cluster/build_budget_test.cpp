// Goal: builds take all the time where nobody asks for anything, their share where somebody does, and neither what they were
// too slow for nor what they did not take adds up without end. Places of builds are read as they were written.
#include "cluster/build_budget.h"

#include <gtest/gtest.h>

#include "cluster/build_place.h"
#include "model/byte_order.h"

namespace stator::cluster {
namespace {

constexpr uint64_t kMilli = 1000;

class BuildBudgetTest : public ::testing::Test {
 protected:
  // A call of a client each millisecond for `millis`, and builds whose pieces take `piece_millis`: the time that they took.
  uint64_t built(uint64_t millis, uint64_t piece_millis) {
    uint64_t time = 0;
    for (const uint64_t end = now + millis * kMilli; now < end;) {
      if (budget.items(now, ++calls) == 0) {
        now += kMilli;
        continue;
      }
      now += piece_millis * kMilli;
      calls += piece_millis;
      time += piece_millis;
      budget.spent(piece_millis * kMilli);
    }
    return time;
  }

  BuildBudget budget;
  uint64_t now = 5'000'000'000;
  uint64_t calls = 0;
};

TEST_F(BuildBudgetTest, WithoutClientsThereIsNoRest) {
  for (int piece = 0; piece < 100; ++piece) {
    EXPECT_EQ(budget.items(now, 0), kBuildItems);
    now += 20 * kMilli;
    budget.spent(20 * kMilli);
  }
}

TEST_F(BuildBudgetTest, WithClientsBuildsTakeTheirShare) {
  const uint64_t time = built(10'000, 10);
  EXPECT_GT(time, 10'000 / kBuildShareOf * 9 / 10);
  EXPECT_LT(time, 10'000 / kBuildShareOf * 11 / 10);
  EXPECT_EQ(built(10'000, 100) / 100, 10'000 / kBuildShareOf / 100);
}

TEST_F(BuildBudgetTest, PiecesAreSmallerWhileClientsAsk) {
  EXPECT_EQ(budget.items(now, 1), kBuildItemsBusy);
  now += kClientsAwayMicros - 1;
  EXPECT_EQ(budget.items(now, 1), kBuildItemsBusy);
  now += 1;
  EXPECT_EQ(budget.items(now, 1), kBuildItems);
  EXPECT_EQ(budget.items(now, 2), kBuildItemsBusy);
}

TEST_F(BuildBudgetTest, WhatWasNotTakenIsNotKept) {
  budget.items(now, ++calls);
  now += 3'600'000 * kMilli;
  uint64_t pieces = 0;
  while (budget.items(now, ++calls) != 0) {
    budget.spent(kMilli);
    ASSERT_LE(++pieces, kBuildSavedMicrosMax / kMilli);
  }
}

TEST_F(BuildBudgetTest, APieceThatTookForEverIsForgiven) {
  budget.items(now, ++calls);
  budget.spent(3'600'000 * kMilli);
  uint64_t waited = 0;
  while (budget.items(now, ++calls) == 0) {
    now += kMilli;
    ASSERT_LE(++waited, kBuildShareOf * kBuildOwedMicrosMax / kMilli + 1);  // until it is above zero
  }
  EXPECT_GT(waited, kBuildOwedMicrosMax / kMilli);
}

TEST(BuildPlace, IsReadAsItWasWritten) {
  for (const bool done : {false, true}) {
    const BuildPlace place{done, 1234, 5, "cursor"};
    EXPECT_EQ(decode_build_place(encode_build_place(7, place), 7), place);
    EXPECT_EQ(decode_build_place(encode_build_place(7, place), 8), BuildPlace{});
  }
  EXPECT_EQ(decode_build_place(std::nullopt, 0), BuildPlace{});
}

TEST(BuildPlace, OfBeforeItemsWereCountedIsRead) {
  std::string value;
  model::append_big_endian(value, uint64_t{7});
  EXPECT_EQ(decode_build_place(value + '\0' + "cursor", 7), (BuildPlace{false, 0, 0, "cursor"}));
  EXPECT_EQ(decode_build_place(value + '\1' + "cursor", 7), (BuildPlace{true, 0, 0, "cursor"}));
}

TEST(BuildPlace, WhatCannotBeReadBeginsAgain) {
  std::string value = encode_build_place(7, {true, 1, 1, "x"});
  EXPECT_EQ(decode_build_place(value.substr(0, 20), 7), BuildPlace{});
  value[8] = 4;
  EXPECT_EQ(decode_build_place(value, 7), BuildPlace{});
}

}  // namespace
}  // namespace stator::cluster
