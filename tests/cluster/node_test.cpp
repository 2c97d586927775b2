// Goal: a node as a whole does what its parts promise together: tables come and go with their rows, restarts find everything,
// several partitions answer as one table, and requests of many threads are each answered once.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "storage/env_memory.h"
#include "tests/cluster/node_client.h"

namespace stator::tests {
namespace {

class NodeTest : public testing::Test {
 protected:
  void start(uint32_t partitions_per_table = 1) {
    actors::NodeOptions options;
    options.files = files_.get();
    options.data_dir = "/node";
    options.partitions_per_table = partitions_per_table;
    auto node = actors::Node::start(options, metrics_);
    ASSERT_TRUE(node.ok()) << node.error();
    node_ = std::move(*node);
  }
  NodeAnswer run(std::string_view operation, std::string_view json) { return call(*node_, operation, json); }

  std::unique_ptr<storage::FileSystem> files_ = storage::memory_file_system();
  monitoring::Metrics metrics_{"test"};
  std::unique_ptr<actors::Node> node_;
};

TEST_F(NodeTest, ATableIsActiveWhenCreateTableIsAnswered) {
  start();
  NodeAnswer created = run("CreateTable", kCreateTable);
  ASSERT_TRUE(created.ok) << created.text;
  EXPECT_NE(created.text.find("\"TableStatus\":\"CREATING\""), std::string::npos);
  EXPECT_NE(run("DescribeTable", R"({"TableName":"rows"})").text.find("\"TableStatus\":\"ACTIVE\""), std::string::npos);
  EXPECT_TRUE(run("PutItem", put_json(1, 1, "a")).ok);
  EXPECT_TRUE(node_->ready());
}

TEST_F(NodeTest, ADroppedTablesRowsDoNotComeBack) {
  start();
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(run("CreateTable", kCreateTable).ok);
    EXPECT_EQ(run("GetItem", get_json(1, 1)).text, "{}") << "round " << round;
    ASSERT_TRUE(run("PutItem", put_json(1, 1, "old")).ok);
    ASSERT_TRUE(run("DeleteTable", R"({"TableName":"rows"})").ok);
    EXPECT_EQ(run("GetItem", get_json(1, 1)).error, api::ErrorCode::kResourceNotFound);
    EXPECT_EQ(run("PutItem", put_json(1, 1, "late")).error, api::ErrorCode::kResourceNotFound);
  }
  start();  // over the same files: nothing of the dropped tables is in the way
  EXPECT_EQ(run("ListTables", "{}").text, R"({"TableNames":[]})");
}

TEST_F(NodeTest, ARestartFindsTablesRowsAndCounts) {
  start();
  ASSERT_TRUE(run("CreateTable", kCreateTable).ok);
  for (uint64_t i = 0; i < 50; ++i) ASSERT_TRUE(run("PutItem", put_json(i % 5, i, "v" + std::to_string(i))).ok);
  std::string table = run("DescribeTable", R"({"TableName":"rows"})").text;
  for (int restart = 0; restart < 3; ++restart) {
    node_.reset();
    start();
    EXPECT_EQ(run("DescribeTable", R"({"TableName":"rows"})").text, table);
    for (uint64_t i = 0; i < 50; ++i) {
      EXPECT_THAT(run("GetItem", get_json(i % 5, i)).text, testing::HasSubstr("\"v" + std::to_string(i) + "\""));
    }
  }
}

TEST_F(NodeTest, SeveralPartitionsAreOneTable) {
  start(4);
  ASSERT_TRUE(run("CreateTable", kCreateTable).ok);
  constexpr uint64_t kRows = 200;
  for (uint64_t i = 0; i < kRows; ++i) ASSERT_TRUE(run("PutItem", put_json(i, i, "x")).ok);
  EXPECT_NE(run("Scan", R"({"TableName":"rows","Select":"COUNT"})").text.find("\"Count\":200"), std::string::npos);
  // Pages of 7 cross partitions and lose or repeat nothing; the order is the same whatever the page size.
  std::string whole = run("Scan", R"({"TableName":"rows"})").text;
  api::json::Parser parser;
  uint64_t count = 0, pages = 0;
  size_t at = 0;
  std::string start_key;
  for (;;) {
    NodeAnswer page = run("Scan", R"({"TableName":"rows","Limit":7)" + start_key + "}");
    ASSERT_TRUE(page.ok) << page.text;
    auto body = parser.parse(page.text);
    ASSERT_TRUE(body.ok());
    for (auto item : (*body)["Items"].get_array()) {
      size_t found = whole.find(simdjson::to_string(item), at);
      ASSERT_NE(found, std::string::npos) << "not in scan order: " << simdjson::to_string(item);
      at = found + 1;
      ++count;
    }
    ++pages;
    simdjson::dom::element last;
    if ((*body)["LastEvaluatedKey"].get(last) != simdjson::SUCCESS) break;
    start_key = ",\"ExclusiveStartKey\":" + simdjson::to_string(last);
  }
  EXPECT_EQ(count, kRows);
  EXPECT_GE(pages, kRows / 7);
  std::string keys, requests;
  for (uint64_t i = 0; i < 100; ++i) keys += (i ? ",{" : "{") + key_json(i, i) + "}";
  NodeAnswer got = run("BatchGetItem", R"({"RequestItems":{"rows":{"Keys":[)" + keys + "]}}}");
  ASSERT_TRUE(got.ok) << got.text;
  EXPECT_NE(got.text.find("\"UnprocessedKeys\":{}"), std::string::npos);
  for (uint64_t i = 0; i < 100; ++i) EXPECT_NE(got.text.find("\"p" + std::to_string(i) + "\""), std::string::npos) << i;
  for (uint64_t i = 0; i < 25; ++i) {
    requests += std::string(i ? "," : "") + R"({"DeleteRequest":{"Key":{)" + key_json(i, i) + "}}}";
  }
  ASSERT_TRUE(run("BatchWriteItem", R"({"RequestItems":{"rows":[)" + requests + "]}}").ok);
  EXPECT_NE(run("DescribeTable", R"({"TableName":"rows"})").text.find("\"ItemCount\":175"), std::string::npos);
}

TEST_F(NodeTest, WritesAreRefusedWhileTheDiskIsNearlyFullAndReadsGoOn) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("stator-full-" + std::to_string(getpid()));
  actors::NodeOptions options;
  options.data_dir = folder.string();
  const auto restart = [&](uint64_t reserve) {
    node_.reset();
    options.disk_reserve_bytes = reserve;
    auto node = actors::Node::start(options, metrics_);
    ASSERT_TRUE(node.ok()) << node.error();
    node_ = std::move(*node);
  };
  restart(0);
  ASSERT_TRUE(run("CreateTable", kCreateTable).ok);
  ASSERT_TRUE(run("PutItem", put_json(1, 1, "before")).ok);
  restart(UINT64_MAX);  // more than any disk has
  const NodeAnswer refused = run("PutItem", put_json(1, 1, "after"));
  EXPECT_FALSE(refused.ok);
  EXPECT_EQ(refused.error, api::ErrorCode::kServiceUnavailable);
  EXPECT_NE(refused.text.find("nearly full"), std::string::npos) << refused.text;
  EXPECT_NE(run("GetItem", get_json(1, 1)).text.find("before"), std::string::npos);
  EXPECT_TRUE(run("DeleteTable", R"({"TableName":"rows"})").ok) << "which makes room";
  node_.reset();
  std::filesystem::remove_all(folder);
}

TEST_F(NodeTest, OneCounterUnderManyThreadsIsExact) {
  start();
  ASSERT_TRUE(run("CreateTable", kCreateTable).ok);
  constexpr int kThreads = 8, kEach = 200;
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        failed += !run("UpdateItem", R"({"TableName":"rows","Key":{)" + key_json(1, 1) +
                                         R"(},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}})")
                       .ok;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_NE(run("GetItem", get_json(1, 1)).text.find("\"n\":{\"N\":\"1600\"}"), std::string::npos);
}

TEST_F(NodeTest, ARetryUnderTheSameIdAppliesOnceAcrossARestart) {
  start();
  ASSERT_TRUE(run("CreateTable", kCreateTable).ok);
  api::json::Parser parser;
  auto body = parser.parse(R"({"TableName":"rows","Key":{)" + key_json(1, 1) +
                           R"(},"UpdateExpression":"ADD n :one","ReturnValues":"UPDATED_NEW",
                              "ExpressionAttributeValues":{":one":{"N":"1"}}})");
  ASSERT_TRUE(body.ok());
  auto request = api::find_operation("UpdateItem")->parse(*body);
  ASSERT_TRUE(request.ok()) << request.error().message;
  net::RequestContext context;
  context.request_id.fill(7);
  context.client_retry_id = true;
  for (int attempt = 0; attempt < 4; ++attempt) {
    if (attempt == 2) {
      node_.reset();
      start();
    }
    std::promise<std::string> promise;
    node_->execute(*request, context, [&](api::Result<api::Answer> result) {
      std::string text;
      api::json::Writer out(text);
      if (result.ok()) (*request)->operation->write_answer(**request, *result, out);
      promise.set_value(text);
    });
    EXPECT_EQ(promise.get_future().get(), R"({"Attributes":{"n":{"N":"1"}}})") << "attempt " << attempt;
  }
}

}  // namespace
}  // namespace stator::tests
