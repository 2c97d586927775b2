// Goal: whatever marks an item left, its indexes are told what it is now, once, and of every entry that it may have left
// behind; and what they are told is never older than what they were told before.
#include "cluster/index_feed.h"

#include <gtest/gtest.h>

#include "api/internal/index_writes.h"
#include "model/index.h"
#include "model/key.h"

namespace stator::cluster {
namespace {

model::Table table() {
  model::Table table;
  table.id = model::TableId(1);
  table.name = "tab";
  table.key = {{"k", model::AttributeType::kS}, std::nullopt};
  table.attribute_definitions = {{"k", model::AttributeType::kS}, {"g", model::AttributeType::kS}};
  model::GlobalIndex index;
  index.number = 1;
  index.id = model::TableId(2);
  index.name = "by-g";
  index.partition_key = {{"g", model::AttributeType::kS}};
  table.global_indexes = {index};
  return table;
}

model::Item item(const std::string& k, const std::string& g) {
  model::Item item;
  item.set("k", model::AttributeValue::s(k));
  if (!g.empty()) item.set("g", model::AttributeValue::s(g));
  return item;
}

std::string key_of(const std::string& k) { return model::item_key(table().key, item(k, "")).value(); }
std::string entry_of(const std::string& k, const std::string& g) {
  return *model::index_key(table(), table().global_indexes[0], item(k, g));
}
api::StoredItemPtr stored(const std::string& k, const std::string& g, uint64_t version) {
  return std::make_shared<const api::StoredItem>(api::StoredItem{item(k, g), 5, {version, 0}});
}
MarkRow mark(const std::string& k, uint64_t version, const std::string& published = {}) {
  return {encode_mark_key({key_of(k), 1, {version, 0}}), published};
}
const api::IndexWriteRequest& write_of(const api::RequestPtr& request) {
  return static_cast<const api::IndexWriteRequest&>(*request);
}
constexpr model::Stamp kNow{5};

TEST(IndexMarks, KeysComeBackAndSortByVersion) {
  const IndexMark mark{key_of("a"), 513, {1ULL << 40, 300}};
  const auto back = decode_mark_key(encode_mark_key(mark));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->item_key, mark.item_key);
  EXPECT_EQ(back->index, 513);
  EXPECT_EQ(back->version, mark.version);
  EXPECT_LT(encode_mark_key({key_of("a"), 1, {255, 9}}), encode_mark_key({key_of("a"), 1, {256, 0}}));
  EXPECT_FALSE(decode_mark_key("short"));
}

TEST(IndexFeed, MarksOfOneItemBecomeOneGroup) {
  const auto groups = group_marks({mark("a", 3), mark("a", 5, "x"), mark("a", 7, "x"), mark("b", 4, "y")});
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].newest.index, 7u);
  EXPECT_EQ(groups[0].mark_keys.size(), 3u);
  EXPECT_EQ(groups[0].published, std::vector<std::string>{"x"});
  EXPECT_EQ(groups[1].newest.index, 4u);
}

TEST(IndexFeed, ANewItemIsPut) {
  const auto writes = index_writes(table(), group_marks({mark("a", 3)})[0], stored("a", "g1", 3), kNow);
  ASSERT_EQ(writes.size(), 1u);
  const auto& write = write_of(writes[0]);
  EXPECT_EQ(write.table_name, "tab/by-g");
  EXPECT_EQ(write.key, entry_of("a", "g1"));
  EXPECT_EQ(write.version.index, 3u);
  EXPECT_EQ(*write.item, item("a", "g1"));
  EXPECT_EQ(write.sent, kNow);
}

TEST(IndexFeed, AMovedItemLeavesNothingBehind) {
  const auto group = group_marks({mark("a", 5, entry_of("a", "g1")), mark("a", 6, entry_of("a", "g2"))})[0];
  const auto writes = index_writes(table(), group, stored("a", "g3", 6), kNow);
  ASSERT_EQ(writes.size(), 3u);
  EXPECT_EQ(write_of(writes[0]).key, entry_of("a", "g3"));
  for (size_t i : {1, 2}) {
    EXPECT_EQ(write_of(writes[i]).item, nullptr);
    EXPECT_EQ(write_of(writes[i]).version.index, 6u);
  }
  EXPECT_EQ(write_of(writes[1]).key, entry_of("a", "g1"));
  EXPECT_EQ(write_of(writes[2]).key, entry_of("a", "g2"));
}

TEST(IndexFeed, AnItemThatCameBackToItsEntryIsNotRemovedThere) {
  const auto group = group_marks({mark("a", 5, entry_of("a", "g1")), mark("a", 6, entry_of("a", "g2"))})[0];
  const auto writes = index_writes(table(), group, stored("a", "g1", 6), kNow);
  ASSERT_EQ(writes.size(), 2u);
  EXPECT_NE(write_of(writes[0]).item, nullptr);
  EXPECT_EQ(write_of(writes[1]).key, entry_of("a", "g2"));
}

TEST(IndexFeed, ADeletedItemIsRemovedUnderTheVersionOfItsDeletion) {
  const auto writes = index_writes(table(), group_marks({mark("a", 9, entry_of("a", "g1"))})[0], nullptr, kNow);
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(write_of(writes[0]).item, nullptr);
  EXPECT_EQ(write_of(writes[0]).version.index, 9u);
}

// A build's mark has no version: the item's own counts, so that a later write, fed earlier, is not undone.
TEST(IndexFeed, AMarkOfABuildTellsTheItemsOwnVersion) {
  const auto writes = index_writes(table(), group_marks({mark("a", 0)})[0], stored("a", "g1", 77), kNow);
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(write_of(writes[0]).version.index, 77u);
}

TEST(IndexFeed, AnIndexThatIsGoneIsToldNothing) {
  model::Table without = table();
  without.global_indexes.clear();
  EXPECT_TRUE(index_writes(without, group_marks({mark("a", 3)})[0], stored("a", "g1", 3), kNow).empty());
}

TEST(IndexFeed, AnItemWithoutTheKeyHasNoEntry) {
  EXPECT_TRUE(index_writes(table(), group_marks({mark("a", 3)})[0], stored("a", "", 3), kNow).empty());
}

}  // namespace
}  // namespace stator::cluster
