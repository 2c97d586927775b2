// Goal: the size of an item collection is read as it was written, and nothing else is taken for one; counts of local indexes
// keep their order.
#include "model/collection_size.h"

#include <gtest/gtest.h>

#include "model/index_counts.h"
#include "model/key.h"
#include "tests/unit/model/golden.h"
#include "tests/unit/model/model_testing.h"

namespace stator::model {
namespace {

TEST(CollectionSize, IsReadAsItWasWritten) {
  for (const uint64_t bytes : {uint64_t{1}, uint64_t{400} * 1024, uint64_t{10} << 30, ~uint64_t{0}})
    EXPECT_EQ(decode_collection_size("key", encode_collection_size("key", bytes)), bytes);
}

TEST(CollectionSize, DamageAndOtherKeysAreFound) {
  const std::string value = encode_collection_size("key", 1234);
  for (size_t at = 0; at < value.size(); ++at) {
    std::string damaged = value;
    damaged[at] ^= 1;
    EXPECT_FALSE(decode_collection_size("key", damaged)) << at;
    EXPECT_FALSE(decode_collection_size("key", std::string_view(value).substr(0, at))) << at;
  }
  EXPECT_FALSE(decode_collection_size("kez", value));
  EXPECT_FALSE(decode_collection_size("key", value + '\0'));
}

TEST(IndexCounts, AreInOrderOfTheirNumbers) {
  std::vector<IndexCounts> counts;
  add_counts(counts, 3, 1, 10);
  add_counts(counts, 1, 2, 20);
  add_counts(counts, 3, -1, -4);
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0], (IndexCounts{1, {2, 20}}));
  EXPECT_EQ(counts[1], (IndexCounts{3, {0, 6}}));
  EXPECT_EQ(find_counts(counts, 1).items, 2u);
  EXPECT_EQ(find_counts(counts, 2).items, 0u);
}

}  // namespace
}  // namespace stator::model
