// Goal: what becomes of a batch where some parts fail: unprocessed, or the batch's error; and its bounds.
#include "api/registry.h"
#include "model/limits.h"
#include "tests/unit/api/harness.h"

namespace stator::api::testing {
namespace {

class Batches : public ::testing::Test {
 protected:
  RequestPtr parse(std::string_view operation, std::string_view body) {
    json::Parser parser;
    auto document = parser.parse(body);
    auto request = find_operation(operation)->parse(*document);
    EXPECT_TRUE(request.ok()) << request.error().message;
    return *request;
  }

  static const BatchOperation& operation(const Request& request) {
    return static_cast<const BatchOperation&>(*request.operation);
  }

  static std::string written(const Request& request, const Answer& answer) {
    std::string out;
    json::Writer writer(out);
    request.operation->write_answer(request, answer, writer);
    return out;
  }

  static ItemAnswer found(model::Item item) {
    ItemAnswer answer;
    answer.item = std::make_shared<const model::Item>(std::move(item));
    answer.capacity.read_units = 0.5;
    return answer;
  }
};

TEST_F(Batches, PartsKnowTheirOperationAndTable) {
  const auto request = parse("BatchWriteItem",
                             R"({"RequestItems":{"aaa":[{"PutRequest":{"Item":{"k":{"S":"1"}}}}],
                                 "bbb":[{"DeleteRequest":{"Key":{"k":{"S":"2"}}}}]}})");
  const auto& parts = operation(*request).parts(*request);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0]->operation->name(), "PutItem");
  EXPECT_EQ(parts[0]->table_name, "aaa");
  EXPECT_EQ(parts[1]->operation->name(), "DeleteItem");
  EXPECT_EQ(parts[1]->table_name, "bbb");
}

TEST_F(Batches, RetriableErrorsBecomeUnprocessedWrites) {
  const auto request = parse("BatchWriteItem",
                             R"({"RequestItems":{"tab":[{"PutRequest":{"Item":{"k":{"S":"1"},"v":{"N":"2"}}}},
                                 {"DeleteRequest":{"Key":{"k":{"S":"2"}}}},{"DeleteRequest":{"Key":{"k":{"S":"3"}}}}]},
                                 "ReturnConsumedCapacity":"TOTAL"})");
  ItemAnswer done;
  done.capacity.write_units = 1;
  BatchAnswer parts{{throughput_exceeded("").error, done, service_unavailable("", 0).error}};
  auto answer = operation(*request).combine(*request, std::move(parts));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(
      written(*request, *answer),
      R"({"UnprocessedItems":{"tab":[{"PutRequest":{"Item":{"k":{"S":"1"},"v":{"N":"2"}}}},)"
      R"({"DeleteRequest":{"Key":{"k":{"S":"3"}}}}]},"ConsumedCapacity":[{"TableName":"tab","CapacityUnits":1.0}]})");
}

TEST_F(Batches, UnprocessedKeysRepeatTheirProjection) {
  const auto request =
      parse("BatchGetItem",
            R"({"RequestItems":{"tab":{"Keys":[{"k":{"S":"1"}},{"k":{"S":"2"}}],"ConsistentRead":true,
                                 "ProjectionExpression":"#v","ExpressionAttributeNames":{"#v":"v"}},
                                 "other":{"Keys":[{"k":{"S":"3"}}]}}})");
  BatchAnswer parts{{found({}), throughput_exceeded("").error, ItemAnswer{}}};
  auto answer = operation(*request).combine(*request, std::move(parts));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(written(*request, *answer),
            R"({"Responses":{"tab":[{}],"other":[]},"UnprocessedKeys":{"tab":{"Keys":[{"k":{"S":"2"}}],)"
            R"("ConsistentRead":true,"ProjectionExpression":"#v","ExpressionAttributeNames":{"#v":"v"}}}})");
}

TEST_F(Batches, AnErrorThatStaysFailsTheBatchAndSoDoNothingButRetriableOnes) {
  const auto request =
      parse("BatchGetItem", R"({"RequestItems":{"tab":{"Keys":[{"k":{"S":"1"}},{"k":{"S":"2"}}]}}})");
  auto failed = operation(*request).combine(
      *request, BatchAnswer{{service_unavailable("busy", 7).error, validation_error("bad").error}});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message, "bad");
  auto busy = operation(*request).combine(
      *request, BatchAnswer{{service_unavailable("busy", 7).error, throughput_exceeded("later").error}});
  ASSERT_FALSE(busy.ok());
  EXPECT_EQ(busy.error().message, "busy");
  EXPECT_EQ(busy.error().retry_after_ms, 7u);
}

TEST_F(Batches, AResponseHoldsSixteenMegabytes) {
  std::string body = R"({"RequestItems":{"tab":{"Keys":[)";
  for (int i = 0; i < 60; ++i)
    body += (i > 0 ? "," : "") + std::string(R"({"k":{"S":")") + std::to_string(i) + "\"}}";
  const auto request = parse("BatchGetItem", body + "]}}}");
  BatchAnswer parts;
  for (int i = 0; i < 60; ++i)
    parts.parts.push_back(found({{"v", model::AttributeValue::s(std::string(400'000 - 1, 'x'))}}));
  auto answer = operation(*request).combine(*request, std::move(parts));
  ASSERT_TRUE(answer.ok());
  const auto& combined = std::get<BatchAnswer>(*answer).parts;
  const auto answered = std::ranges::count_if(combined, [](const auto& part) { return part.index() == 0; });
  EXPECT_EQ(answered, static_cast<long>(model::kBatchGetResponseMax / 400'000));
}

TEST_F(Batches, KeysAreCountedOverAllTables) {
  Harness harness;
  const auto keys = [](int from, int count) {
    std::string out;
    for (int i = 0; i < count; ++i)
      out += (i > 0 ? "," : "") + std::string(R"({"k":{"S":")") + std::to_string(from + i) + "\"}}";
    return out;
  };
  EXPECT_EQ(harness.text("BatchGetItem", R"({"RequestItems":{"aaa":{"Keys":[)" + keys(0, 60) +
                                             R"(]},"bbb":{"Keys":[)" + keys(0, 41) + "]}}}"),
            "ValidationException: Too many items requested for the BatchGetItem call");
  EXPECT_TRUE(
      harness.text("BatchGetItem", R"({"RequestItems":{"aaa":{"Keys":[)" + keys(0, 101) + "]}}}")
          .ends_with(
              "at 'requestItems.aaa.member.keys' failed to satisfy constraint: Member must have length less "
              "than or equal to 100"));
  std::string puts;
  for (int i = 0; i < 13; ++i)
    puts += (i > 0 ? "," : "") + std::string(R"({"PutRequest":{"Item":{"k":{"S":"a"}}}})");
  EXPECT_EQ(
      harness.text("BatchWriteItem", R"({"RequestItems":{"aaa":[)" + puts + R"(],"bbb":[)" + puts + "]}}"),
      "ValidationException: Too many items requested for the BatchWriteItem call");
}

}  // namespace
}  // namespace stator::api::testing
