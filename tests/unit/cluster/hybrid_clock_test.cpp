// Goal: stamps rise whatever the wall clock does.
#include "cluster/hybrid_clock.h"

#include <gtest/gtest.h>

namespace stator::cluster {
namespace {

TEST(HybridClock, FollowsTheWallClockAndNeverStandsStill) {
  HybridClock clock;
  EXPECT_EQ(clock.next(100).micros, 100u);
  EXPECT_EQ(clock.next(100).micros, 101u);
  EXPECT_EQ(clock.next(90).micros, 102u);  // set back
  EXPECT_EQ(clock.next(5000).micros, 5000u);
}

TEST(HybridClock, GoesAboveWhatTheLogHolds) {
  HybridClock clock;
  clock.observe({7000});
  EXPECT_EQ(clock.next(5000).micros, 7001u);
  clock.observe({6000});  // older: no news
  EXPECT_EQ(clock.last().micros, 7001u);
}

// A clock that is set back by an hour must not cost an hour of writes.
TEST(HybridClock, NeverRefuses) {
  HybridClock clock;
  clock.observe({7'200'000'000});
  EXPECT_EQ(clock.next(3'600'000'000).micros, 7'200'000'001u);
  EXPECT_EQ(clock.next(3'600'000'001).micros, 7'200'000'002u);
  EXPECT_EQ(clock.next(7'300'000'000).micros, 7'300'000'000u);
}

}  // namespace
}  // namespace stator::cluster
