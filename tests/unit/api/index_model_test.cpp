// Goal: after any sequence of writes each index holds exactly the entries that the items make, and a Query through an index
// gives, page by page and in both directions, what a filter over all items gives. Random; a failing run prints its seed.
#include <algorithm>

#include "tests/unit/api/indexed_table.h"
#include "tests/unit/model/model_testing.h"

namespace stator::api::testing {
namespace {

using model::AttributeValue;

class IndexModel : public ::testing::Test {
 protected:
  void SetUp() override { harness.tables.tables["tab"].table = indexed_table(); }

  std::string number(uint64_t bound) { return std::to_string(random.below(bound)); }
  std::string key() {
    return R"("pk":{"S":"p)" + number(3) + R"("},"sk":{"N":")" + number(8) + "\"}";
  }
  // Some of the index key attributes, few values each, and a payload.
  std::string attributes() {
    std::string out;
    const auto add = [&](std::string_view name, std::string_view type, const std::string& value) {
      if (!random.one_in(3)) out += ",\"" + std::string(name) + R"(":{")" + std::string(type) + R"(":")" + value + "\"}";
    };
    for (const char* name : {"l", "g", "a", "d", "x", "z"}) add(name, "S", "v" + number(3));
    for (const char* name : {"n", "b"}) add(name, "N", number(4));
    add("c", "B", random.one_in(2) ? "AA==" : "AP8=");
    return out;
  }
  void write() {
    std::string answer;
    switch (random.below(4)) {
      case 0:
        answer = harness.text("DeleteItem", R"({"TableName":"tab","Key":{)" + key() + "}}");
        break;
      case 1:
        answer = harness.text("UpdateItem", R"({"TableName":"tab","Key":{)" + key() +
                                                R"(},"UpdateExpression":"SET n = :n REMOVE )" +
                                                (random.one_in(2) ? "g" : "a") +
                                                R"(","ExpressionAttributeValues":{":n":{"N":")" + number(4) + "\"}}}");
        break;
      default:
        answer = harness.text("PutItem", R"({"TableName":"tab","Item":{)" + key() + attributes() + "}}");
    }
    ASSERT_EQ(answer, "{}");
  }

  // What an index should hold, as keys and items.
  template <typename Index>
  std::map<std::string, model::Item> expected(const Index& index) {
    const auto& entry = harness.tables.tables.at("tab");
    std::map<std::string, model::Item> out;
    for (const auto& [item_key, stored] : entry.items.rows) {
      if (auto made = model::index_entry(entry.table, index, stored->item)) out[made->key] = made->item;
    }
    return out;
  }
  static std::map<std::string, model::Item> held(
      const std::map<std::string, StoredItemPtr, std::less<>>& rows, std::optional<uint16_t> number) {
    std::map<std::string, model::Item> out;
    for (const auto& [row_key, stored] : rows) {
      if (!number || model::local_index_number(row_key) == number) out[row_key] = stored->item;
    }
    return out;
  }

  // All pages of a query, as item keys in order.
  std::vector<std::string> pages(const std::string& request, bool forward) {
    std::vector<std::string> out;
    std::string start;
    for (int page = 0; page < 1000; ++page) {
      const std::string answer = harness.text(
          "Query", R"({"TableName":"tab","ScanIndexForward":)" + std::string(forward ? "true" : "false") +
                       R"(,"Limit":)" + std::to_string(1 + random.below(4)) + start + "," + request + "}");
      simdjson::dom::parser parser;
      simdjson::dom::element root;
      if (parser.parse(simdjson::padded_string(answer)).get(root) != simdjson::SUCCESS) {
        ADD_FAILURE() << answer;
        return out;
      }
      for (const auto item : json::array_of(*json::member(root, "Items")))
        out.push_back(simdjson::minify(*json::member(item, "pk")) + simdjson::minify(*json::member(item, "sk")));
      const auto last = json::member(root, "LastEvaluatedKey");
      if (!last) return out;
      start = R"(,"ExclusiveStartKey":)" + simdjson::minify(*last);
    }
    ADD_FAILURE() << "a query without an end";
    return out;
  }

  // The same by a filter over all items: entries that match, in the order of their keys.
  template <typename Index>
  std::vector<std::string> filtered(const Index& index, const std::vector<std::pair<std::string, AttributeValue>>& equal) {
    std::vector<std::string> out;
    for (const auto& [entry_key, item] : expected(index)) {
      const bool matches = std::ranges::all_of(equal, [&, &entry = item](const auto& condition) {
        return *entry.find(condition.first) == condition.second;
      });
      if (!matches) continue;
      std::string text;
      json::Writer(text).value(*item.find("pk"));
      json::Writer(text).value(*item.find("sk"));
      out.push_back(std::move(text));
    }
    return out;
  }

  template <typename Index>
  void check_query(const Index& index, const std::string& condition, const std::string& values,
                   const std::vector<std::pair<std::string, AttributeValue>>& equal) {
    const std::string request = R"("IndexName":")" + index.name + R"(","KeyConditionExpression":")" + condition +
                                R"(","ExpressionAttributeValues":)" + values;
    std::vector<std::string> wanted = filtered(index, equal);
    EXPECT_EQ(pages(request, true), wanted) << request;
    std::ranges::reverse(wanted);
    EXPECT_EQ(pages(request, false), wanted) << request;
  }

  model::SeededRandom random;
  Harness harness;
};

TEST_F(IndexModel, IndexesHoldWhatTheItemsMake) {
  for (int round = 0; round < 600; ++round) {
    write();
    if (round % 20 != 0) continue;
    auto& entry = harness.tables.tables.at("tab");
    for (const model::LocalIndex& index : entry.table.local_indexes)
      ASSERT_EQ(held(entry.items.local, index.number), expected(index)) << index.name;
    for (const model::GlobalIndex& index : entry.table.global_indexes)
      ASSERT_EQ(held(harness.tables.index_table(entry.table, index.number).items.rows, std::nullopt), expected(index))
          << index.name;
  }
}

TEST_F(IndexModel, QueriesGiveWhatAFilterGives) {
  for (int round = 0; round < 200; ++round) write();
  const model::Table& table = harness.tables.tables.at("tab").table;
  for (int round = 0; round < 60; ++round) {
    harness.partitions = 1 + static_cast<uint32_t>(random.below(4));
    const std::string p = "p" + number(3);
    const std::string v = "v" + number(3);
    const std::string n = number(4);
    const auto as_number = AttributeValue::n(static_cast<int64_t>(std::stoul(n)));
    const std::string text_p = R"({":p":{"S":")" + p + "\"}";
    const std::string text_v = R"({":v":{"S":")" + v + "\"}";
    const std::string text_n = R"(,":n":{"N":")" + n + "\"}}";
    check_query(table.local_indexes[0], "pk = :p", text_p + "}", {{"pk", AttributeValue::s(p)}});
    check_query(table.local_indexes[1], "pk = :p AND n = :n", text_p + text_n,
                {{"pk", AttributeValue::s(p)}, {"n", as_number}});
    check_query(table.global_indexes[0], "g = :v", text_v + "}", {{"g", AttributeValue::s(v)}});
    check_query(table.global_indexes[1], "g = :v AND n = :n", text_v + text_n,
                {{"g", AttributeValue::s(v)}, {"n", as_number}});
    check_query(table.global_indexes[2], "a = :v AND b = :n", text_v + text_n,
                {{"a", AttributeValue::s(v)}, {"b", as_number}});
  }
}

}  // namespace
}  // namespace stator::api::testing
