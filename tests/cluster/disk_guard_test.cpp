// Writes are refused before the disk is full, and taken again once there is room.
#include "actors/disk_guard.h"

#include <gtest/gtest.h>

namespace stator::actors {
namespace {

TEST(DiskGuard, RefusesBelowTheReserveAndTakesAgainFromAQuarterAboveIt) {
  uint64_t free = 1000;
  int looks = 0;
  DiskGuard guard([&] { return ++looks, free; }, 400);
  EXPECT_FALSE(guard.low(0));
  free = 399;
  EXPECT_FALSE(guard.low(kDiskLookMillis - 1)) << "it does not look again so soon";
  EXPECT_EQ(looks, 1);
  EXPECT_TRUE(guard.low(kDiskLookMillis));
  free = 499;
  EXPECT_TRUE(guard.low(2 * kDiskLookMillis));
  free = 500;
  EXPECT_FALSE(guard.low(3 * kDiskLookMillis));
  free = 400;
  EXPECT_FALSE(guard.low(4 * kDiskLookMillis));
}

}  // namespace
}  // namespace stator::actors
