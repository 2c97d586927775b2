// Goal: a callable is destroyed exactly once, whether it lives inside or on the heap, moved or not, called or
// not.
#include "net/unique_function.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace stator::net {
namespace {

template <size_t Bytes>
void destroys_once() {
  auto owned = std::make_shared<int>(7);
  {
    UniqueFunction<int(int)> a = [owned, unique = std::make_unique<int>(1),
                                  padding = std::array<char, Bytes>{}](int x) {
      return x + *owned + *unique + padding[0];
    };
    EXPECT_EQ(owned.use_count(), 2);
    UniqueFunction<int(int)> b = std::move(a);
    EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): what is tested
    EXPECT_EQ(b(1), 9);
    UniqueFunction<int(int)> c;
    c = std::move(b);
    EXPECT_EQ(c(2), 10);
    EXPECT_EQ(owned.use_count(), 2);
    c = [](int x) { return x; };
    EXPECT_EQ(owned.use_count(), 1);
    EXPECT_EQ(c(3), 3);
  }
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(UniqueFunction, Inside) { destroys_once<1>(); }
TEST(UniqueFunction, OnTheHeap) { destroys_once<200>(); }

TEST(UniqueFunction, PassesWhatCannotBeCopied) {
  UniqueFunction<std::unique_ptr<int>(std::unique_ptr<int>)> pass = [](std::unique_ptr<int> x) { return x; };
  EXPECT_EQ(*pass(std::make_unique<int>(5)), 5);
}

}  // namespace
}  // namespace stator::net
