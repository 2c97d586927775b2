// A clock that is more than a second from its peers' median is astray; one wrong peer does not make it so.
#include "cluster/clock_watch.h"

#include <gtest/gtest.h>

namespace stator::cluster {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kWall = 1'700'000'000 * kSecond;
constexpr int64_t kSteady = 5'000 * kSecond;

TEST(ClockWatch, WithoutPeersThereIsNothingToCompare) { EXPECT_FALSE(ClockWatch().astray(kWall, kSteady)); }

TEST(ClockWatch, ASecondFromTheOnlyPeerIsTheLimit) {
  ClockWatch watch;
  watch.heard(model::NodeId(2), kWall + kSecond, kSteady);
  EXPECT_FALSE(watch.astray(kWall, kSteady));
  EXPECT_TRUE(watch.astray(kWall - 1, kSteady));
  EXPECT_FALSE(watch.astray(kWall + 2 * kSecond, kSteady));
  EXPECT_TRUE(watch.astray(kWall + 2 * kSecond + 1, kSteady));
}

TEST(ClockWatch, OneWrongPeerOfTwoDoesNotAccuseTheOthers) {
  ClockWatch watch;
  watch.heard(model::NodeId(2), kWall, kSteady);
  watch.heard(model::NodeId(3), kWall + 60 * kSecond, kSteady);
  EXPECT_FALSE(watch.astray(kWall, kSteady));
  ClockWatch wrong;  // as node 3 sees it
  wrong.heard(model::NodeId(1), kWall, kSteady);
  wrong.heard(model::NodeId(2), kWall, kSteady);
  EXPECT_TRUE(wrong.astray(kWall + 60 * kSecond, kSteady));
}

TEST(ClockWatch, TheMedianOfThreeDecides) {
  ClockWatch watch;
  watch.heard(model::NodeId(2), kWall - 60 * kSecond, kSteady);
  watch.heard(model::NodeId(3), kWall, kSteady);
  watch.heard(model::NodeId(4), kWall + 60 * kSecond, kSteady);
  EXPECT_FALSE(watch.astray(kWall, kSteady));
  EXPECT_TRUE(watch.astray(kWall + 2 * kSecond, kSteady));
}

TEST(ClockWatch, AJumpOfTheOwnClockIsSeenLater) {
  ClockWatch watch;
  watch.heard(model::NodeId(2), kWall, kSteady);
  EXPECT_FALSE(watch.astray(kWall + 3600 * kSecond, kSteady + 3600 * kSecond));
  EXPECT_TRUE(watch.astray(kWall + 3605 * kSecond, kSteady + 3600 * kSecond));
}

TEST(ClockWatch, WhoIsForgottenCountsNoMore) {
  ClockWatch watch;
  watch.heard(model::NodeId(2), kWall + 60 * kSecond, kSteady);
  EXPECT_TRUE(watch.astray(kWall, kSteady));
  watch.forget(model::NodeId(2));
  EXPECT_FALSE(watch.astray(kWall, kSteady));
}

}  // namespace
}  // namespace stator::cluster
