// Goal: an item has an entry in an index exactly where it has all its key attributes; the entry holds what the index
// projects, and its key sorts by the index's keys first and the table's after them.
#include "model/index.h"

#include <algorithm>

#include "model/limits.h"
#include "model/size.h"
#include "tests/unit/model/model_testing.h"

namespace stator::model {
namespace {

AttributeValue s(std::string text) { return AttributeValue::s(std::move(text)); }

Table table_of() {
  Table table;
  table.name = "Games";
  table.key = {{"pk", AttributeType::kS}, KeyAttribute{"sk", AttributeType::kN}};
  table.local_indexes = {
      {1, "all", {"l", AttributeType::kS}, {ProjectionType::kAll, {}}},
      {2, "keys", {"n", AttributeType::kN}, {ProjectionType::kKeysOnly, {}}},
  };
  GlobalIndex one;
  one.number = 3;
  one.name = "one";
  one.partition_key = {{"g", AttributeType::kS}};
  one.projection = {ProjectionType::kInclude, {"x", "y"}};
  GlobalIndex many;
  many.number = 4;
  many.name = "many";
  many.partition_key = {{"a", AttributeType::kS}, {"b", AttributeType::kN}};
  many.sort_key = {{"c", AttributeType::kB}, {"d", AttributeType::kS}};
  many.projection = {ProjectionType::kKeysOnly, {}};
  table.global_indexes = {one, many};
  return table;
}

Item item_of() {
  return {{"pk", s("p")},
          {"sk", AttributeValue::n(1)},
          {"l", s("local")},
          {"n", AttributeValue::n(100)},
          {"g", s("hello")},
          {"a", s("A")},
          {"b", AttributeValue::n(0)},
          {"c", AttributeValue::b(std::string("\0", 1))},
          {"d", s("D")},
          {"x", AttributeValue::boolean(true)},
          {"z", s("not projected")}};
}

Item without(std::string_view name) {
  Item item = item_of();
  item.erase(name);
  return item;
}

Item with(std::string_view name, AttributeValue value) {
  Item item = item_of();
  item.set(name, std::move(value));
  return item;
}

std::vector<std::string> names(const Item& item) {
  std::vector<std::string> out;
  for (const auto& [name, value] : item) out.push_back(name);
  return out;
}

TEST(IndexKey, OfALocalIndexLiesInTheItemsCollection) {
  const Table table = table_of();
  const auto key = index_key(table, table.local_indexes[1], item_of());
  ASSERT_TRUE(key);
  const std::string prefix = partition_prefix(s("p"));
  EXPECT_EQ(hex(*key), hex(prefix) + "0002" + "c2020000" + "c1020000");
  EXPECT_TRUE(key->starts_with(local_index_prefix(s("p"), 2)));
  EXPECT_EQ(local_index_number(*key), 2);
}

TEST(IndexKey, OfAGlobalIndexHashesOneAttributeAsATableDoes) {
  const Table table = table_of();
  const auto key = index_key(table, table.global_indexes[0], item_of());
  ASSERT_TRUE(key);
  EXPECT_EQ(hex(*key), hex(partition_prefix(s("hello"))) + "700000" + "c1020000");
  EXPECT_EQ(global_index_prefix(std::vector{s("hello")}), partition_prefix(s("hello")));
}

TEST(IndexKey, OfAGlobalIndexHashesThePartsOfSeveral) {
  const Table table = table_of();
  const auto key = index_key(table, table.global_indexes[1], item_of());
  ASSERT_TRUE(key);
  const std::string parts = unhex("410000 800000");
  EXPECT_EQ(hex(*key),
            hex(partition_hash(parts)) + hex(parts) + "00ff0000" + "440000" + "700000" + "c1020000");
  EXPECT_TRUE(key->starts_with(global_index_prefix(std::vector{s("A"), AttributeValue::n(0)})));
}

TEST(IndexKey, NamesNoIndexWhereItIsNone) {
  for (const char* text : {"", "0000", "8f051e5595141045598371ff05e3cc9d", "8f051e5595141045598371ff05e3cc9d6100",
                           "8f051e5595141045598371ff05e3cc9d61000000"})
    EXPECT_FALSE(local_index_number(unhex(text))) << text;
}

TEST(IndexKey, SortsByTheIndexsKeysThenTheTables) {
  const Table table = table_of();
  const GlobalIndex& index = table.global_indexes[1];
  SeededRandom random;
  const auto random_item = [&] {
    Item item = item_of();
    item.set("c", AttributeValue::b("c" + random.bytes(2)));
    item.set("d", s("d" + random.bytes(2)));
    item.set("pk", s("p" + random.bytes(1)));
    item.set("sk", AttributeValue::n(random.number()));
    return item;
  };
  const auto order = [](const Item& item) {
    return std::tuple(item.find("c")->as_b()->bytes, *item.find("d")->as_s(), *item.find("pk")->as_s());
  };
  for (int round = 0; round < 5'000; ++round) {
    const Item a = random_item();
    const Item b = random_item();
    const std::string key_a = *index_key(table, index, a);
    const std::string key_b = *index_key(table, index, b);
    if (order(a) != order(b)) {
      ASSERT_EQ(key_a < key_b, order(a) < order(b));
    } else {
      ASSERT_EQ(key_a < key_b, *a.find("sk")->as_n() < *b.find("sk")->as_n());
    }
  }
}

TEST(IndexEntry, NeedsAllKeyAttributes) {
  const Table table = table_of();
  for (const LocalIndex& index : table.local_indexes) {
    EXPECT_TRUE(index_entry(table, index, item_of()));
    EXPECT_FALSE(index_entry(table, index, without(index.sort_key.name)));
  }
  for (const char* name : {"a", "b", "c", "d"})
    EXPECT_FALSE(index_entry(table, table.global_indexes[1], without(name))) << name;
  EXPECT_TRUE(index_entry(table, table.global_indexes[1], without("g")));
}

TEST(IndexEntry, IsMissingWhereAnAttributeCannotBeAKey) {
  const Table table = table_of();
  EXPECT_FALSE(index_entry(table, table.local_indexes[0], with("l", AttributeValue::n(1))));
  EXPECT_FALSE(index_entry(table, table.local_indexes[0], with("l", s(""))));
  EXPECT_TRUE(index_entry(table, table.local_indexes[0], with("l", s(std::string(kSortKeySizeMax, 'l')))));
  EXPECT_FALSE(index_entry(table, table.local_indexes[0], with("l", s(std::string(kSortKeySizeMax + 1, 'l')))));
  EXPECT_TRUE(index_entry(table, table.global_indexes[0], with("g", s(std::string(2048, 'g')))));
  EXPECT_FALSE(index_entry(table, table.global_indexes[0], with("g", s(std::string(2049, 'g')))));
  EXPECT_FALSE(index_entry(table, table.global_indexes[0], with("g", AttributeValue::null())));
}

TEST(IndexEntry, SeveralAttributesOfAKeyShareItsLimit) {
  const Table table = table_of();
  const GlobalIndex& index = table.global_indexes[1];
  EXPECT_TRUE(index_entry(table, index, with("d", s(std::string(1023, 'd')))));
  EXPECT_FALSE(index_entry(table, index, with("d", s(std::string(1024, 'd')))));  // c has one byte
}

TEST(IndexEntry, HoldsWhatIsProjected) {
  const Table table = table_of();
  const auto all = index_entry(table, table.local_indexes[0], item_of());
  EXPECT_EQ(all->item, item_of());
  const auto keys = index_entry(table, table.local_indexes[1], item_of());
  EXPECT_EQ(names(keys->item), (std::vector<std::string>{"n", "pk", "sk"}));
  const auto include = index_entry(table, table.global_indexes[0], item_of());
  EXPECT_EQ(names(include->item), (std::vector<std::string>{"g", "pk", "sk", "x"}));
  const auto many = index_entry(table, table.global_indexes[1], item_of());
  EXPECT_EQ(names(many->item), (std::vector<std::string>{"a", "b", "c", "d", "pk", "sk"}));
  for (const auto& entry : {all, keys, include, many}) EXPECT_EQ(entry->size_bytes, size_bytes(entry->item));
}

TEST(IndexEntry, ProjectsTellsWhatItWouldHold) {
  const Table table = table_of();
  EXPECT_TRUE(projects(table, table.local_indexes[0], "anything"));
  EXPECT_TRUE(projects(table, table.local_indexes[1], "pk"));
  EXPECT_TRUE(projects(table, table.local_indexes[1], "n"));
  EXPECT_FALSE(projects(table, table.local_indexes[1], "l"));
  EXPECT_TRUE(projects(table, table.global_indexes[0], "y"));
  EXPECT_FALSE(projects(table, table.global_indexes[0], "z"));
  EXPECT_FALSE(projects(table, table.global_indexes[1], "x"));
}

TEST(CheckIndexKeys, AcceptsItemsWithAndWithoutThem) {
  EXPECT_FALSE(check_index_keys(table_of(), item_of()));
  EXPECT_FALSE(check_index_keys(table_of(), {{"pk", s("p")}, {"sk", AttributeValue::n(1)}}));
}

TEST(CheckIndexKeys, NamesTheFirstThatCannotBeOne) {
  const Table table = table_of();
  auto failure = check_index_keys(table, with("b", s("no number")));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->index, "many");
  EXPECT_EQ(failure->key.attribute, "b");
  EXPECT_EQ(failure->key.error, KeyError::kWrongType);
  EXPECT_EQ(failure->key.expected, AttributeType::kN);
  EXPECT_EQ(failure->key.actual, AttributeType::kS);
  Item several = with("g", AttributeValue::n(1));
  several.set("l", AttributeValue::n(1));
  several.set("n", s("no number"));
  EXPECT_EQ(check_index_keys(table, several)->index, "one");
  several.erase("g");
  EXPECT_EQ(check_index_keys(table, several)->index, "keys");
  failure = check_index_keys(table, with("c", AttributeValue::b("")));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->key.error, KeyError::kEmpty);
  failure = check_index_keys(table, with("l", s(std::string(2000, 'l'))));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->index, "all");
  EXPECT_EQ(failure->key.error, KeyError::kTooLong);
  EXPECT_EQ(failure->size, 2000u);
  EXPECT_EQ(failure->size_max, kSortKeySizeMax);
}

TEST(CheckIndexKeys, LooksAtWhatChanged) {
  const Table table = table_of();
  const Item bad = with("g", AttributeValue::n(1));
  EXPECT_TRUE(check_index_keys(table, bad));
  EXPECT_FALSE(check_index_keys(table, bad, &bad));
  Item other = bad;
  other.set("l", s(""));
  const auto failure = check_index_keys(table, other, &bad);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->key.attribute, "l");
}

TEST(CheckIndexKeys, AnIndexThatGoesAcceptsEverything) {
  Table table = table_of();
  table.global_indexes[0].status = TableStatus::kDeleting;
  EXPECT_FALSE(check_index_keys(table, with("g", AttributeValue::n(1))));
}

TEST(IndexTableName, IsNoTablesName) { EXPECT_EQ(index_table_name("Games", "one"), "Games/one"); }

}  // namespace
}  // namespace stator::model
