// Goal: throttled requests hear what SDKs look for: the exception of their billing mode, its text, its reason and the ARN of
// what was exceeded; and a write costs each index and its table what it changes there.
#include "api/throttling.h"

#include <set>

#include "api/registry.h"
#include "api/write_cost.h"
#include "tests/unit/api/indexed_table.h"

namespace stator::api::testing {
namespace {

ThrottlingCause cause(std::string index, ThrottledAccess access, ThrottledLimit limit, bool on_demand = false) {
  return {"Music", std::move(index), access, limit, on_demand};
}

TEST(Throttling, EachCauseHasItsReason) {
  std::set<std::string_view> reasons;
  for (const std::string index : {"", "idx"}) {
    for (const ThrottledAccess access : {ThrottledAccess::kRead, ThrottledAccess::kWrite}) {
      for (const auto& [limit, text] : {std::pair(ThrottledLimit::kProvisionedThroughput, "ProvisionedThroughputExceeded"),
                                        std::pair(ThrottledLimit::kMaxOnDemandThroughput, "MaxOnDemandThroughputExceeded"),
                                        std::pair(ThrottledLimit::kKeyRangeThroughput, "KeyRangeThroughputExceeded")}) {
        const std::string_view reason = kThrottlingReasons[throttling_reason(cause(index, access, limit))];
        reasons.insert(reason);
        EXPECT_EQ(reason, std::string(index.empty() ? "Table" : "Index") +
                              (access == ThrottledAccess::kRead ? "Read" : "Write") + text);
      }
    }
  }
  EXPECT_EQ(reasons.size(), kThrottlingReasons.size());
}

TEST(Throttling, ProvisionedTablesAndTheirIndexes) {
  EXPECT_EQ(error_body(throttled(cause("", ThrottledAccess::kWrite, ThrottledLimit::kProvisionedThroughput), "eu-west-1").error),
            R"({"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",)"
            R"("message":"The level of configured provisioned throughput for the table was exceeded. Consider increasing )"
            R"(your provisioning level with the UpdateTable API.","ThrottlingReasons":[{"reason":)"
            R"("TableWriteProvisionedThroughputExceeded","resource":"arn:aws:dynamodb:eu-west-1:000000000000:table/Music"}]})");
  const std::string index =
      error_body(throttled(cause("idx", ThrottledAccess::kWrite, ThrottledLimit::kProvisionedThroughput), "eu-west-1").error);
  EXPECT_NE(index.find("one or more global secondary indexes"), std::string::npos) << index;
  EXPECT_NE(index.find(R"("IndexWriteProvisionedThroughputExceeded","resource":"arn:aws:dynamodb:eu-west-1:000000000000:)"
                       R"(table/Music/index/idx")"),
            std::string::npos)
      << index;
}

TEST(Throttling, OnDemandIsAnotherException) {
  const Error most = throttled(cause("", ThrottledAccess::kRead, ThrottledLimit::kMaxOnDemandThroughput, true), "us-east-1").error;
  EXPECT_EQ(error_body(most),
            R"({"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"Throughput exceeds the maximum )"
            R"(OnDemandThroughput configured on table or index","throttlingReasons":[{"reason":)"
            R"("TableReadMaxOnDemandThroughputExceeded","resource":"arn:aws:dynamodb:us-east-1:000000000000:table/Music"}]})");
  const Error hot = throttled(cause("", ThrottledAccess::kRead, ThrottledLimit::kKeyRangeThroughput, true), "us-east-1").error;
  EXPECT_NE(hot.message.find("check if you have a hot key"), std::string::npos);
  EXPECT_TRUE(is_retriable(most));
  EXPECT_TRUE(is_retriable(hot));
}

TEST(Throttling, ABatchSaysItsRegion) {
  const Error part = throttled(cause("", ThrottledAccess::kRead, ThrottledLimit::kProvisionedThroughput), "").error;
  EXPECT_NE(error_body(in_region(part, "eu-west-1")).find("arn:aws:dynamodb:eu-west-1:000000000000:table/Music"),
            std::string::npos);
  const Error whole = throttled(cause("", ThrottledAccess::kRead, ThrottledLimit::kProvisionedThroughput), "us-east-1").error;
  EXPECT_EQ(error_body(in_region(whole, "eu-west-1")), error_body(whole));
  // Others are left as they are, and a refusal without a reason has none.
  const auto item = std::make_shared<const model::Item>(model::Item{{"a", model::AttributeValue::s("b")}});
  EXPECT_EQ(in_region(conditional_check_failed(item).error, "eu-west-1").item, item);
  EXPECT_EQ(error_body(in_region(throughput_exceeded("text").error, "eu-west-1")),
            R"({"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"text"})");
}

class WriteCosts : public ::testing::Test {
 protected:
  void SetUp() override { harness.tables.tables["tab"].table = indexed_table(); }
  WriteCost cost(std::string_view operation, std::string_view body) {
    json::Parser parser;
    auto document = parser.parse(body);
    auto request = find_operation(operation)->parse(*document);
    EXPECT_TRUE(request.ok()) << request.error().message;
    auto& entry = harness.tables.tables.at("tab");
    const auto& item_operation = static_cast<const ItemOperation&>(*(*request)->operation);
    const StoredItemPtr old = *entry.items.get(*item_operation.key(entry.table, **request));
    Evaluation evaluation = item_operation.evaluate(entry.table, entry.items, **request, harness.now);
    WriteCost cost = write_cost(evaluation, old);
    if (auto* effects = std::get_if<Effects>(&evaluation)) entry.items.apply(effects->items[0]);
    return cost;
  }
  WriteCost put(std::string_view attributes, std::string_view more = "") {
    return cost("PutItem", R"({"TableName":"tab","Item":{"pk":{"S":"p"},"sk":{"N":"1"})" + std::string(attributes) + "}" +
                               std::string(more) + "}");
  }
  using Indexes = std::vector<std::pair<uint16_t, uint64_t>>;
  Harness harness;
};

TEST_F(WriteCosts, TheTableAndEachGlobalIndexThatChanges) {
  const WriteCost plain = put("");
  EXPECT_EQ(plain.table, 2u);
  EXPECT_TRUE(plain.indexes.empty());
  // Local index 1 counts as the table's; global 3 is entered, with one unit each.
  const WriteCost entered = put(R"(,"l":{"S":"x"},"g":{"S":"x"})");
  EXPECT_EQ(entered.table, 4u);
  EXPECT_EQ(entered.indexes, (Indexes{{3, 2}}));
  // Another key of it: the old entry out, the new one in; local entries are of the same size.
  const WriteCost moved = put(R"(,"l":{"S":"x"},"g":{"S":"y"})");
  EXPECT_EQ(moved.table, 4u);
  EXPECT_EQ(moved.indexes, (Indexes{{3, 4}}));
}

TEST_F(WriteCosts, AFailedConditionCostsWhatItLookedAtAndOtherErrorsNothing) {
  constexpr std::string_view kIfNew = R"json(,"ConditionExpression":"attribute_not_exists(pk)")json";
  EXPECT_EQ(put(R"(,"v":{"S":")" + std::string(2500, 'x') + R"("})", kIfNew).table, 6u);
  const WriteCost failed = put("", kIfNew);
  EXPECT_EQ(failed.table, 6u);
  EXPECT_TRUE(failed.indexes.empty());
  EXPECT_EQ(cost("DeleteItem", R"json({"TableName":"tab","Key":{"pk":{"S":"q"},"sk":{"N":"1"}},)json"
                               R"json("ConditionExpression":"attribute_exists(pk)"})json")
                .table,
            2u);
  const WriteCost wrong = cost("UpdateItem", R"({"TableName":"tab","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},)"
                                             R"("UpdateExpression":"SET v = v + :one",)"
                                             R"("ExpressionAttributeValues":{":one":{"N":"1"}}})");
  EXPECT_EQ(wrong.table, 0u) << "v is a text";
}

}  // namespace
}  // namespace stator::api::testing
