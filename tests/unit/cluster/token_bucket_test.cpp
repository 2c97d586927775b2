// Goal: a bucket gives its rate in the long run, to the unit, whatever the steps of time; its burst is what 300 seconds
// bring; debt is paid before anything is admitted, and never lasts for more than another 300.
#include "cluster/token_bucket.h"

#include <gtest/gtest.h>

#include "tests/unit/cluster/cluster_testing.h"

namespace stator::cluster {
namespace {

constexpr uint64_t kUnit = 2;  // in halves

TokenBucket units_a_second(uint64_t units, uint64_t now = kNow) {
  return TokenBucket(units * TokenBucket::kRateOfUnit, now);
}

// Units taken one by one until the bucket refuses.
uint64_t drain(TokenBucket& bucket, uint64_t now) {
  uint64_t taken = 0;
  while (bucket.admits(now)) {
    bucket.take(kUnit, now);
    ++taken;
  }
  return taken;
}

TEST(TokenBucket, IsFullAtFirst) {
  TokenBucket bucket = units_a_second(5);
  EXPECT_TRUE(bucket.full(kNow));
  EXPECT_EQ(drain(bucket, kNow), 5 * kBurstSeconds);
  EXPECT_FALSE(bucket.admits(kNow));
  EXPECT_FALSE(bucket.full(kNow));
}

TEST(TokenBucket, FillsAtItsRateAndNoFurtherThanItsBurst) {
  TokenBucket bucket = units_a_second(5);
  drain(bucket, kNow);
  EXPECT_FALSE(bucket.admits(kNow));
  EXPECT_TRUE(bucket.admits(kNow + 1));  // above zero is enough: the rest is debt
  EXPECT_EQ(drain(bucket, kNow + 10 * kSecond), 50u);
  EXPECT_EQ(drain(bucket, kNow + 10'000 * kSecond), 5 * kBurstSeconds);
}

TEST(TokenBucket, ARequestThatIsLargerThanWhatIsLeftIsAdmittedAndPaidLater) {
  TokenBucket bucket = units_a_second(1);
  bucket.take((kBurstSeconds - 1) * kUnit, kNow);
  ASSERT_TRUE(bucket.admits(kNow));
  bucket.take(101 * kUnit, kNow);  // one was left: 100 seconds of debt
  EXPECT_FALSE(bucket.admits(kNow + 100 * kSecond));
  EXPECT_TRUE(bucket.admits(kNow + 100 * kSecond + 1));
}

TEST(TokenBucket, ADebtIsBounded) {
  TokenBucket bucket = units_a_second(1);
  for (int i = 0; i < 3; ++i) bucket.take(UINT64_MAX, kNow);
  EXPECT_FALSE(bucket.admits(kNow + kBurstSeconds * kSecond));
  EXPECT_TRUE(bucket.admits(kNow + kBurstSeconds * kSecond + 1));
}

// A thousand uneven steps come to what one step comes to.
TEST(TokenBucket, NothingDrifts) {
  TokenBucket steps(7, kNow), whole(7, kNow);  // 3.5 units in a thousand seconds
  steps.take(2, kNow);
  whole.take(2, kNow);
  uint64_t now = kNow;
  for (uint64_t i = 0; i < 1000; ++i) {
    now += 1 + i * 7919 % 140'001;
    steps.admits(now);
  }
  const auto micros_until_admitted = [&](TokenBucket bucket) {
    uint64_t at = now;
    for (uint64_t step = uint64_t{1} << 40; step != 0; step /= 2) {
      TokenBucket probe = bucket;
      if (!probe.admits(at + step)) at += step;
    }
    return at - now;
  };
  steps.take(2, now);
  whole.take(2, now);
  EXPECT_GT(micros_until_admitted(steps), 0u);
  EXPECT_EQ(micros_until_admitted(steps), micros_until_admitted(whole));
}

TEST(TokenBucket, AClockThatGoesBackBringsNothing) {
  TokenBucket bucket = units_a_second(1);
  drain(bucket, kNow);
  EXPECT_FALSE(bucket.admits(kNow - 10 * kSecond));
  EXPECT_TRUE(bucket.admits(kNow + 1));
}

TEST(TokenBucket, AnotherRateKeepsWhatIsThereAndBoundsIt) {
  TokenBucket bucket = units_a_second(10);
  bucket.set_rate(1 * TokenBucket::kRateOfUnit, kNow);
  EXPECT_EQ(drain(bucket, kNow), kBurstSeconds);
  bucket.set_rate(100 * TokenBucket::kRateOfUnit, kNow);
  EXPECT_FALSE(bucket.admits(kNow));
  EXPECT_EQ(drain(bucket, kNow + kSecond), 100u);
}

TEST(TokenBucket, TheHighestRateAndTheLowestDoNotOverflow) {
  for (const uint64_t rate : {uint64_t{0}, uint64_t{1}, TokenBucket::kRateMax, UINT64_MAX}) {
    TokenBucket bucket(rate, 0);
    EXPECT_TRUE(bucket.admits(0));
    bucket.take(UINT64_MAX, 0);
    bucket.take(UINT64_MAX, 0);
    EXPECT_FALSE(bucket.admits(1));
    EXPECT_TRUE(bucket.full(UINT64_MAX));
    bucket.set_rate(UINT64_MAX - rate, UINT64_MAX);
    EXPECT_TRUE(bucket.admits(UINT64_MAX));
  }
}

}  // namespace
}  // namespace stator::cluster
