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

TEST(ClockWatch, ClocksThatAreSetTogetherAgreeAgain) {
  ClockWatch watch;
  for (const uint64_t peer : {2, 3}) watch.heard(model::NodeId(peer), kWall, kSteady);
  for (const uint64_t peer : {2, 3}) watch.heard(model::NodeId(peer), kWall + 61 * kSecond, kSteady + kSecond);
  EXPECT_FALSE(watch.astray(kWall + 61 * kSecond, kSteady + kSecond)) << "forward: at once";
  // Back: once what was heard before is too old.
  int64_t steady = kSteady + kSecond;
  for (; steady <= kSteady + kSecond + 2 * kClockHeardMicros; steady += kSecond / 10) {
    for (const uint64_t peer : {2, 3}) watch.heard(model::NodeId(peer), kWall + (steady - kSteady), steady);
  }
  EXPECT_FALSE(watch.astray(kWall + (steady - kSteady), steady));
  EXPECT_TRUE(watch.astray(kWall + 60 * kSecond + (steady - kSteady), steady));
}

// What was held up on its way (this process stood still, say) tells an old time.
TEST(ClockWatch, WhatComesLateDoesNotMakeAClockSlow) {
  ClockWatch watch;
  watch.heard(model::NodeId(2), kWall, kSteady);
  watch.heard(model::NodeId(2), kWall + kSecond, kSteady + 9 * kSecond);  // 8 s on its way
  watch.heard(model::NodeId(2), kWall + 9 * kSecond, kSteady + 9 * kSecond);
  EXPECT_FALSE(watch.astray(kWall + 9 * kSecond, kSteady + 9 * kSecond));
}

TEST(ClockWatch, TheRightTimeIsTheOwnClocksUnlessThatIsAstray) {
  ClockWatch watch;
  EXPECT_EQ(watch.right_time(kWall, kSteady), kWall);
  watch.heard(model::NodeId(2), kWall - 100, kSteady);
  EXPECT_EQ(watch.right_time(kWall + 60 * kSecond, kSteady), kWall + 60 * kSecond) << "either may be wrong";
  watch.heard(model::NodeId(3), kWall + 100, kSteady);
  EXPECT_EQ(watch.right_time(kWall + kSecond, kSteady), kWall + kSecond);
  EXPECT_EQ(watch.right_time(kWall + 3600 * kSecond, kSteady), kWall + 100);
  EXPECT_EQ(watch.right_time(kWall - 3600 * kSecond, kSteady), kWall - 100);
  EXPECT_EQ(watch.right_time(kWall - 3600 * kSecond, kSteady + 7), kWall + 7 - 100) << "it goes on";
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
