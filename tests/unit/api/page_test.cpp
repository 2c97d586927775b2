// Goal: pages that end by size, pages put together from partitions, and a table read whole through any page
// size, in both directions and in segments, with every item exactly once.
#include <set>

#include "api/registry.h"
#include "model/limits.h"
#include "tests/unit/api/harness.h"

namespace stator::api::testing {
namespace {

constexpr std::string_view kCreate = R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST",
    "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
    "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"}]})";

class Pages : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(harness.run("CreateTable", kCreate).ok()); }

  void put(const std::string& pk, int sk, size_t filler = 0) {
    auto done = harness.run("PutItem", R"({"TableName":"tab","Item":{"pk":{"S":")" + pk +
                                           R"("},"sk":{"N":")" + std::to_string(sk) +
                                           R"("},"filler":{"S":")" + std::string(filler, 'x') + "\"}}}");
    ASSERT_TRUE(done.ok()) << done.error().message;
  }

  struct Page {
    std::vector<std::string> keys;
    uint64_t scanned = 0;
    double capacity = 0;
    std::string next;  // LastEvaluatedKey as JSON; empty at the end
  };

  Page read(std::string_view operation, std::string body, const std::string& start) {
    body = "{\"TableName\":\"tab\",\"ReturnConsumedCapacity\":\"TOTAL\"" + (body.empty() ? "" : "," + body);
    if (!start.empty()) body += ",\"ExclusiveStartKey\":" + start;
    auto answer = harness.run(operation, body + "}");
    Page page;
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    if (!answer) return page;
    json::Parser parser;
    auto document = parser.parse(*answer);
    for (const auto item : json::array_of(*json::member(*document, "Items"))) {
      const auto value = [&](std::string_view name, std::string_view type) {
        return std::string(json::text_of(*json::member(*json::member(item, name), type)));
      };
      page.keys.push_back(value("pk", "S") + "/" + value("sk", "N"));
    }
    page.scanned = json::member(*document, "ScannedCount")->get_uint64().value_unsafe();
    page.capacity = json::member(*json::member(*document, "ConsumedCapacity"), "CapacityUnits")
                        ->get_double()
                        .value_unsafe();
    if (const auto key = json::member(*document, "LastEvaluatedKey")) page.next = simdjson::minify(*key);
    return page;
  }

  std::vector<std::string> read_all(std::string_view operation, const std::string& body) {
    std::vector<std::string> keys;
    std::string start;
    for (int rounds = 0; rounds < 1000; ++rounds) {
      Page page = read(operation, body, start);
      keys.insert(keys.end(), page.keys.begin(), page.keys.end());
      if (page.next.empty()) return keys;
      start = page.next;
    }
    ADD_FAILURE() << "no end";
    return keys;
  }

  Harness harness;
};

TEST_F(Pages, EveryItemOnceWhateverThePageAndPartitions) {
  for (int i = 0; i < 60; ++i) put("p" + std::to_string(i % 7), i);
  const auto all = read_all("Scan", "");
  ASSERT_EQ(all.size(), 60u);
  EXPECT_EQ(std::set(all.begin(), all.end()).size(), 60u);
  for (const uint32_t partitions : {1u, 3u, 16u}) {
    harness.partitions = partitions;
    for (const int limit : {1, 2, 7, 59, 60, 61})
      EXPECT_EQ(read_all("Scan", "\"Limit\":" + std::to_string(limit)), all) << partitions << " " << limit;
    for (const int total : {1, 2, 3, 10}) {
      std::vector<std::string> segments;
      for (int segment = 0; segment < total; ++segment) {
        const auto part = read_all("Scan", "\"Limit\":4,\"Segment\":" + std::to_string(segment) +
                                               ",\"TotalSegments\":" + std::to_string(total));
        segments.insert(segments.end(), part.begin(), part.end());
      }
      EXPECT_EQ(segments, all) << partitions << " " << total;
    }
  }
}

TEST_F(Pages, QueryPagesInBothDirections) {
  for (int i = -10; i < 10; ++i) put("p", i);
  const std::string query =
      R"("KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"p"}})";
  const auto forward = read_all("Query", query);
  ASSERT_EQ(forward.size(), 20u);
  EXPECT_EQ(forward.front(), "p/-10");
  EXPECT_EQ(forward.back(), "p/9");
  for (const int limit : {1, 3, 19, 20, 21}) {
    EXPECT_EQ(read_all("Query", query + ",\"Limit\":" + std::to_string(limit)), forward);
    auto backward =
        read_all("Query", query + ",\"ScanIndexForward\":false,\"Limit\":" + std::to_string(limit));
    std::ranges::reverse(backward);
    EXPECT_EQ(backward, forward);
  }
}

TEST_F(Pages, StopAtOneMegabyteWithTheItemThatCrossesIt) {
  for (int i = 0; i < 5; ++i) put("p", i, 300'000);
  const std::string query =
      R"("KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"p"}})";
  const Page first = read("Query", query, "");
  EXPECT_EQ(first.keys.size(), 4u);
  EXPECT_EQ(first.next, R"({"pk":{"S":"p"},"sk":{"N":"3"}})");
  // 4 x 300,0xx bytes in one rounding, eventually consistent.
  EXPECT_EQ(first.capacity, 146.5);
  const Page second = read("Query", query, first.next);
  EXPECT_EQ(second.keys.size(), 1u);
  EXPECT_EQ(second.next, "");
  // The filter comes after: an empty page with a key to go on from.
  const Page filtered = read("Query",
                             R"("KeyConditionExpression":"pk = :p","FilterExpression":"nothing = :p",)"
                             R"("ExpressionAttributeValues":{":p":{"S":"p"}})",
                             "");
  EXPECT_EQ(filtered.keys.size(), 0u);
  EXPECT_EQ(filtered.scanned, 4u);
  EXPECT_EQ(filtered.next, first.next);
}

TEST_F(Pages, OneMegabyteIsCountedOverPartitions) {
  for (int i = 0; i < 8; ++i) put("p" + std::to_string(i), i, 300'000);
  for (const uint32_t partitions : {1u, 4u, 64u}) {
    harness.partitions = partitions;
    const Page page = read("Scan", "", "");
    EXPECT_EQ(page.keys.size(), 4u) << partitions;
    EXPECT_NE(page.next, "") << partitions;
  }
}

TEST_F(Pages, EmptyPartitionsCostNothingBesideOthers) {
  harness.partitions = 64;
  EXPECT_EQ(read("Scan", "", "").capacity, 0.5);
  put("p", 1);
  EXPECT_EQ(read("Scan", "", "").capacity, 0.5);
  put("q", 1);
  EXPECT_EQ(read("Scan", "\"ConsistentRead\":true", "").capacity, 2.0);
}

}  // namespace
}  // namespace stator::api::testing
