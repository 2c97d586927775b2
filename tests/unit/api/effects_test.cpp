// Goal: what evaluations hand to the replica and to group 0: effects with images and sizes, exact limits,
// requests that know their region, and purity: the same twice.
#include "api/operations/create_table.h"
#include "api/registry.h"
#include "model/limits.h"
#include "model/size.h"
#include "tests/unit/api/harness.h"

namespace stator::api::testing {
namespace {

constexpr std::string_view kCreate = R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST",
    "KeySchema":[{"AttributeName":"k","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"k","AttributeType":"S"}]})";

class Evaluations : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(harness.run("CreateTable", kCreate).ok()); }

  RequestPtr parse(std::string_view operation, std::string_view body, const RequestContext& context = {}) {
    json::Parser parser;
    auto document = parser.parse(body);
    auto request = find_operation(operation)->parse(*document, context);
    EXPECT_TRUE(request.ok()) << request.error().message;
    return *request;
  }

  Evaluation evaluate(const Request& request) {
    const auto& entry = harness.tables.tables.at("tab");
    return static_cast<const ItemOperation&>(*request.operation)
        .evaluate(entry.table, entry.items, request, harness.now);
  }

  Harness harness;
};

TEST_F(Evaluations, AWriteCarriesBothImagesAndItsSize) {
  const auto put = parse("PutItem", R"({"TableName":"tab","Item":{"k":{"S":"a"},"v":{"S":"12345"}}})");
  for (int round = 0; round < 2; ++round) {
    Evaluation evaluation = evaluate(*put);
    auto* effects = std::get_if<Effects>(&evaluation);
    ASSERT_NE(effects, nullptr);  // an identical put is an effect too
    ASSERT_EQ(effects->items.size(), 1u);
    const ItemChange& change = effects->items[0];
    EXPECT_EQ(change.size_bytes, 8u);
    EXPECT_EQ(change.old_item != nullptr, round == 1);
    EXPECT_EQ(change.key, *model::item_key(harness.tables.find("tab")->key, *change.item));
    harness.tables.tables.at("tab").items.apply(change);
  }
}

TEST_F(Evaluations, DeletingNothingIsAWriteToo) {
  const auto erase = parse("DeleteItem", R"({"TableName":"tab","Key":{"k":{"S":"a"}}})");
  for (const bool there : {false, true}) {
    if (there) {
      ASSERT_TRUE(harness.run("PutItem", R"({"TableName":"tab","Item":{"k":{"S":"a"}}})").ok());
    }
    Evaluation evaluation = evaluate(*erase);
    auto* effects = std::get_if<Effects>(&evaluation);
    ASSERT_NE(effects, nullptr);
    EXPECT_EQ(effects->items[0].item, nullptr);
    EXPECT_EQ(effects->items[0].size_bytes, 0u);
    EXPECT_EQ(effects->items[0].old_item != nullptr, there);
  }
}

// 409,600 bytes are accepted, one more is not, for puts and for updates.
TEST_F(Evaluations, ItemSizesAreExact) {
  const auto put = [&](size_t filler) {
    return harness.text("PutItem", R"({"TableName":"tab","Item":{"k":{"S":"a"},"v":{"S":")" +
                                       std::string(filler, 'x') + "\"}}}");
  };
  EXPECT_EQ(put(model::kItemSizeMax - 3), "{}");
  EXPECT_EQ(put(model::kItemSizeMax - 2),
            "ValidationException: Item size has exceeded the maximum allowed size");
  const auto update = [&](size_t more) {
    return harness.text("UpdateItem",
                        R"({"TableName":"tab","Key":{"k":{"S":"b"}},"UpdateExpression":"SET v = :v",
        "ExpressionAttributeValues":{":v":{"S":")" +
                            std::string(more, 'x') + "\"}}}");
  };
  EXPECT_EQ(update(model::kItemSizeMax - 3), "{}");
  EXPECT_EQ(update(model::kItemSizeMax - 2),
            "ValidationException: Item size to update has exceeded the maximum allowed size");
}

// Before the conditions, and before the table is looked for.
TEST_F(Evaluations, ItemSizeIsToldBeforeConditions) {
  const std::string item = R"("Item":{"pk":{"S":"a"},"v":{"S":")" + std::string(model::kItemSizeMax, 'x') + R"("}})";
  const std::string too_large = "ValidationException: Item size has exceeded the maximum allowed size";
  EXPECT_EQ(harness.text("PutItem", R"({"TableName":"nowhere","Expected":{"pk":{}},)" + item + "}"), too_large);
  EXPECT_EQ(harness.text("PutItem", R"({"TableName":"nowhere","ConditionExpression":"",)" + item + "}"), too_large);
  EXPECT_EQ(harness.text("PutItem", R"({"TableName":"nowhere","ReturnValues":"ALL_NEW",)" + item + "}"),
            "ValidationException: ReturnValues can only be ALL_OLD or NONE");
}

TEST_F(Evaluations, ConsistencyIsTheRequests) {
  const auto get = [&](std::string_view consistent) {
    const auto request = parse("GetItem", R"({"TableName":"tab","Key":{"k":{"S":"a"}},"ConsistentRead":)" +
                                              std::string(consistent) + "}");
    return static_cast<const ItemOperation&>(*request->operation).consistent(*request);
  };
  EXPECT_TRUE(get("true"));
  EXPECT_FALSE(get("false"));
  EXPECT_FALSE(get("null"));
}

TEST_F(Evaluations, RegionAndHostComeFromTheContext) {
  const auto request =
      parse("DescribeTable", R"({"TableName":"tab"})", {.region = "eu-north-1", .host = "db:9000"});
  const auto& describe = static_cast<const TableOperation&>(*request->operation);
  Evaluation evaluation = describe.evaluate(harness.tables, *request, harness.now);
  std::string out;
  json::Writer writer(out);
  describe.write_answer(*request, std::get<Answer>(evaluation), writer);
  EXPECT_NE(out.find("\"TableArn\":\"arn:aws:dynamodb:eu-north-1:000000000000:table/tab\""),
            std::string::npos)
      << out;
  const auto endpoints = parse("DescribeEndpoints", "{}", {.region = "eu-north-1", .host = "db:9000"});
  auto answer = static_cast<const StaticOperation&>(*endpoints->operation).answer(*endpoints);
  EXPECT_EQ(std::get<StaticAnswer>(*answer).json,
            R"({"Endpoints":[{"Address":"db:9000","CachePeriodInMinutes":1440}]})");
}

TEST_F(Evaluations, ACreatedTableHasNoIdUntilGroupZeroGivesOne) {
  const auto request = parse("CreateTable", R"({"TableName":"new","BillingMode":"PAY_PER_REQUEST",
      "KeySchema":[{"AttributeName":"k","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"k","AttributeType":"N"}]})");
  Evaluation evaluation = kCreateTable.evaluate(harness.tables, *request, model::Stamp{5'000'000});
  auto* effects = std::get_if<Effects>(&evaluation);
  ASSERT_NE(effects, nullptr);
  ASSERT_EQ(effects->tables.size(), 1u);
  const model::Table& table = effects->tables[0].table;
  EXPECT_EQ(effects->tables[0].kind, TableChange::Kind::kCreate);
  EXPECT_FALSE(table.id);
  EXPECT_EQ(table.uuid, "");
  EXPECT_EQ(table.created, model::Stamp{5'000'000});
  EXPECT_EQ(table.status, model::TableStatus::kActive);
  EXPECT_EQ(table.key.partition_key.type, model::AttributeType::kN);
  EXPECT_EQ(std::get<TableAnswer>(effects->answer).table.status, model::TableStatus::kCreating);
}

TEST_F(Evaluations, ATableThatIsBusyIsNotChanged) {
  harness.tables.tables.at("tab").table.status = model::TableStatus::kDeleting;
  EXPECT_EQ(harness.text("DeleteTable", R"({"TableName":"tab"})"),
            "ResourceInUseException: Attempt to change a resource which is still in use: Table is being "
            "deleted: tab");
  harness.tables.tables.at("tab").table.status = model::TableStatus::kCreating;
  EXPECT_EQ(harness.text("UpdateTable", R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST"})"),
            "ResourceInUseException: Attempt to change a resource which is still in use: Table is being "
            "created: tab");
}

}  // namespace
}  // namespace stator::api::testing
