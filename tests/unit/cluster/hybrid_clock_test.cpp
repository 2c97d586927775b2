// Goal: stamps rise whatever the wall clock does, and a leader does not run away from its own clock.
#include "cluster/hybrid_clock.h"

#include <gtest/gtest.h>

namespace stator::cluster {
namespace {

TEST(HybridClock, FollowsTheWallClockAndNeverStandsStill) {
  HybridClock clock;
  EXPECT_EQ(clock.next(100)->micros, 100u);
  EXPECT_EQ(clock.next(100)->micros, 101u);
  EXPECT_EQ(clock.next(90)->micros, 102u);  // set back
  EXPECT_EQ(clock.next(5000)->micros, 5000u);
}

TEST(HybridClock, GoesAboveWhatTheLogHolds) {
  HybridClock clock;
  clock.observe({7000});
  EXPECT_EQ(clock.next(5000)->micros, 7001u);
  clock.observe({6000});  // older: no news
  EXPECT_EQ(clock.last().micros, 7001u);
}

TEST(HybridClock, RefusesToStampMoreThanASecondAhead) {
  HybridClock clock;
  clock.observe({2'000'000});
  EXPECT_EQ(clock.next(1'000'000), std::nullopt);  // would be 1 s and 1 us ahead
  EXPECT_EQ(clock.last().micros, 2'000'000u);
  EXPECT_EQ(clock.next(1'000'001)->micros, 2'000'001u);
}

TEST(HybridClock, WhatMustNotBeRefusedIsStampedAnyway) {
  HybridClock clock;
  clock.observe({10'000'000});
  EXPECT_EQ(clock.next_always(0).micros, 10'000'001u);
  EXPECT_EQ(clock.next_always(20'000'000).micros, 20'000'000u);
}

}  // namespace
}  // namespace stator::cluster
