// Goal: the size of an item collection is the newest proposal's, whatever loads come back late, and is forgotten exactly when
// no command and no proposal needs it.
#include "cluster/collection_sizes.h"

#include <gtest/gtest.h>

#include "model/collection_size.h"

namespace stator::cluster {
namespace {

std::vector<model::RowWrite> rows_of(CollectionSizes& sizes) {
  std::vector<model::RowWrite> rows;
  sizes.take_rows(rows);
  return rows;
}

TEST(CollectionSizes, TheFirstLoadCountsAndLaterOnesAreOlderThanTheProposals) {
  CollectionSizes sizes;
  sizes.hold("c");
  sizes.hold("c");
  sizes.loaded("c", 100);
  sizes.grow("c", 20, 7);
  sizes.release("c");
  sizes.loaded("c", 100);  // read before the proposal
  EXPECT_EQ(sizes.bytes("c"), 120u);
  EXPECT_EQ(sizes.index("c"), 7u);
}

TEST(CollectionSizes, IsForgottenWhenApplied) {
  CollectionSizes sizes;
  sizes.hold("c");
  sizes.loaded("c", 1);
  sizes.grow("c", 1, 7);
  sizes.grow("c", 1, 9);
  rows_of(sizes);
  sizes.release("c");
  sizes.applied(8);
  EXPECT_EQ(sizes.index("c"), 9u);
  EXPECT_EQ(sizes.bytes("c"), 3u);
  sizes.hold("c");
  sizes.applied(9);
  EXPECT_EQ(sizes.index("c"), 0u);
  EXPECT_EQ(sizes.bytes("c"), 3u);
  sizes.release("c");
  EXPECT_EQ(sizes.size(), 0u);
}

TEST(CollectionSizes, AProposalThatLeavesTheSizeKeepsItKnown) {
  CollectionSizes sizes;
  sizes.hold("c");
  sizes.loaded("c", 5);
  EXPECT_EQ(sizes.grow("c", 0, 7), 0u);
  sizes.release("c");
  EXPECT_TRUE(rows_of(sizes).empty());
  sizes.hold("c");  // finds its row in the overlay: nothing is loaded
  EXPECT_EQ(sizes.bytes("c"), 5u);
}

TEST(CollectionSizes, OneRowForEachThatChanged) {
  CollectionSizes sizes;
  for (const char* name : {"a", "b"}) {
    sizes.hold(name);
    sizes.loaded(name, 10);
  }
  EXPECT_GT(sizes.grow("a", 5, 7), 0u);
  EXPECT_EQ(sizes.grow("a", 5, 7), 0u);
  EXPECT_GT(sizes.grow("b", -10, 7), 0u);
  auto rows = rows_of(sizes);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].kind, model::RowKind::kCollectionSize);
  EXPECT_EQ(rows[0].key, "a");
  EXPECT_EQ(model::decode_collection_size("a", *rows[0].value), 20u);
  EXPECT_EQ(rows[1].key, "b");
  EXPECT_FALSE(rows[1].value);  // nothing is left
  EXPECT_TRUE(rows_of(sizes).empty());
  EXPECT_GT(sizes.grow("a", 1, 8), 0u);
  EXPECT_EQ(rows_of(sizes).size(), 1u);
}

TEST(CollectionSizes, NeverFallsBelowNothing) {
  CollectionSizes sizes;
  sizes.hold("c");
  sizes.loaded("c", 3);
  sizes.grow("c", -10, 7);
  EXPECT_EQ(sizes.bytes("c"), 0u);
}

TEST(CollectionSizes, ALostLeadershipTakesEverything) {
  CollectionSizes sizes;
  sizes.hold("c");
  sizes.loaded("c", 3);
  sizes.grow("c", 1, 7);
  sizes.clear();
  EXPECT_EQ(sizes.size(), 0u);
  EXPECT_TRUE(rows_of(sizes).empty());
  sizes.release("c");  // by a command of before
  sizes.hold("c");
  sizes.applied(7);
  sizes.release("c");
  EXPECT_EQ(sizes.size(), 0u);
}

}  // namespace
}  // namespace stator::cluster
