// Goal: a Scan of a local index that few items are in reads a bounded number of other indexes' entries a page, gives a key to go
// on from where it ends early, and over its pages every entry of its own exactly once.
#include <set>

#include "api/operations/passed_entries.h"
#include "tests/unit/api/indexed_table.h"
#include "tests/unit/model/model_testing.h"

namespace stator::api::testing {
namespace {

// "local-all" (1) holds items with an l, "local-keys" (2) those with an n.
class SparseIndex : public ::testing::TestWithParam<uint32_t> {
 protected:
  void SetUp() override {
    harness.tables.tables["tab"].table = indexed_table();
    harness.partitions = GetParam();
  }

  // As a write would: the item, and its entries.
  void put(const std::string& pk, int64_t sk, const std::string& l, std::optional<int64_t> n) {
    auto& entry = harness.tables.tables.at("tab");
    model::Item item = {{"pk", model::AttributeValue::s(pk)}, {"sk", model::AttributeValue::n(sk)}};
    if (!l.empty()) item.set("l", model::AttributeValue::s(l));
    if (n) item.set("n", model::AttributeValue::n(*n));
    entry.items.rows[*model::item_key(entry.table.key, item)] = std::make_shared<const StoredItem>(StoredItem{item, 10});
    for (const model::LocalIndex& index : entry.table.local_indexes) {
      if (auto made = model::index_entry(entry.table, index, item))
        entry.items.local[made->key] = std::make_shared<const StoredItem>(StoredItem{made->item, made->size_bytes});
    }
  }

  struct Read {
    std::multiset<std::string> keys;  // "pk/sk"
    int pages = 0;
    int empty = 0;
  };
  Read scan(const std::string& index, const std::string& more = "") {
    Read read;
    std::string start;
    do {
      const std::string answer =
          harness.text("Scan", R"({"TableName":"tab","IndexName":")" + index + "\"" + more + start + "}");
      json::Parser parser;
      auto document = parser.parse(answer);
      const auto items = document.ok() ? json::member(*document, "Items") : std::nullopt;
      if (!items) {
        ADD_FAILURE() << answer;
        return read;
      }
      const size_t before = read.keys.size();
      for (const auto item : json::array_of(*items)) {
        read.keys.insert(std::string(json::text_of(*json::member(*json::member(item, "pk"), "S"))) + "/" +
                         std::string(json::text_of(*json::member(*json::member(item, "sk"), "N"))));
      }
      ++read.pages;
      if (read.keys.size() == before) ++read.empty;
      start.clear();
      if (const auto key = json::member(*document, "LastEvaluatedKey"))
        start = ",\"ExclusiveStartKey\":" + simdjson::minify(*key);
    } while (!start.empty() && read.pages < 100'000);
    return read;
  }

  Harness harness;
};

// The others come before the index's own place in each collection, or behind it. Each partition of a page has the bound.
TEST_P(SparseIndex, PagesEndThoughNothingWasFound) {
  const int pages_min = 25'000 / GetParam() > kPassedEntriesMax ? 3 : 1;
  for (int i = 0; i < 25'000; ++i) put("p" + std::to_string(i), 1, "x", std::nullopt);
  const Read later = scan("local-keys");
  EXPECT_EQ(later.keys.size(), 0u);
  EXPECT_GE(later.pages, pages_min);
  EXPECT_LE(later.pages, 4);
  harness.tables.tables.at("tab").items = {};
  for (int i = 0; i < 25'000; ++i) put("p" + std::to_string(i), 1, "", 5);
  const Read earlier = scan("local-all");
  EXPECT_EQ(earlier.keys.size(), 0u);
  EXPECT_GE(earlier.pages, pages_min);
  EXPECT_LE(earlier.pages, 4);
}

TEST_P(SparseIndex, ALargeCollectionOfOthersIsSteppedOver) {
  for (int i = 0; i < 20'000; ++i) put("p", i, "x" + std::to_string(i), i == 7000 ? std::optional<int64_t>(3) : std::nullopt);
  put("q", 1, "", 1);
  const Read read = scan("local-keys");
  EXPECT_EQ(read.keys, (std::multiset<std::string>{"p/7000", "q/1"}));
  EXPECT_EQ(read.pages, 1);
}

TEST_P(SparseIndex, EveryEntryOnceThroughAnyPages) {
  model::SeededRandom random;
  std::multiset<std::string> all, keys;
  for (int i = 0; i < 1500; ++i) {
    const std::string pk = "p" + std::to_string(i);
    const uint64_t items = 1 + random.below(25);
    for (uint64_t sk = 0; sk < items; ++sk) {
      const std::string l = random.one_in(2) ? "l" + std::to_string(random.below(5)) : "";
      const auto n = random.one_in(12) ? std::optional<int64_t>(static_cast<int64_t>(random.below(100)) - 50) : std::nullopt;
      put(pk, static_cast<int64_t>(sk), l, n);
      if (!l.empty()) all.insert(pk + "/" + std::to_string(sk));
      if (n) keys.insert(pk + "/" + std::to_string(sk));
    }
  }
  EXPECT_EQ(scan("local-all").keys, all);
  EXPECT_EQ(scan("local-keys").keys, keys);
  for (const int limit : {1, 7, 400}) {
    const std::string more = ",\"Limit\":" + std::to_string(limit);
    EXPECT_EQ(scan("local-keys", more).keys, keys) << limit;
  }
  std::multiset<std::string> segments;
  for (int segment = 0; segment < 3; ++segment)
    segments.merge(scan("local-all", ",\"TotalSegments\":3,\"Segment\":" + std::to_string(segment)).keys);
  EXPECT_EQ(segments, all);
}

// What is passed over costs nothing and is not counted.
TEST_P(SparseIndex, OthersAreNotScanned) {
  for (int i = 0; i < 100; ++i) put("p" + std::to_string(i), 1, "x", std::nullopt);
  put("p5", 1, "x", 9);
  const std::string answer = harness.text("Scan", R"({"TableName":"tab","IndexName":"local-keys","Select":"COUNT"})");
  EXPECT_EQ(answer, R"({"Count":1,"ScannedCount":1})");
}

INSTANTIATE_TEST_SUITE_P(Partitions, SparseIndex, ::testing::Values(1, 5));

}  // namespace
}  // namespace stator::api::testing
