// Goal: DynamoDB's wire as clients check it: targets, error shapes, checksums, compression, CORS, request
// ids, deadlines, and what is counted. Through a real server, with a dispatcher that the test answers for.
#include "net/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <thread>

#include "fake_operations.h"
#include "net/gzip.h"
#include "raw_client.h"

namespace stator::net {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr const char* kEcho = "X-Amz-Target: DynamoDB_20120810.Echo\r\n";

class GatewayTest : public testing::Test {
 protected:
  void start(GatewayOptions options = {}, HttpLimits limits = {}) {
    options.operations = fake_operations();
    options.boot_epoch = 42;
    gateway_ = std::make_unique<Gateway>(options, dispatcher_, metrics_);
    HttpServerOptions server;
    limits.sweep_interval = milliseconds(5);
    server.limits = limits;
    auto started = HttpServer::start(server, *gateway_);
    ASSERT_TRUE(started.ok());
    server_ = std::move(started).value();
  }
  void TearDown() override {
    if (server_) server_->stop(milliseconds(0));
  }
  RawClient client() { return RawClient(server_->port()); }
  // One POST to Echo on a connection of its own.
  RawResponse post(std::string_view body, const std::string& headers = kEcho) {
    auto c = client();
    EXPECT_TRUE(c.send(http_request("POST", "/", body, headers)));
    auto response = c.read_response();
    EXPECT_TRUE(response);
    return response ? *response : RawResponse{};
  }
  static std::string checksum(const std::string& body) {
    return std::to_string(
        crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
  }
  static std::string gzip(std::string text) {
    Gzipper gzipper;
    EXPECT_TRUE(gzipper.pack(text));
    return text;
  }

  FakeDispatcher dispatcher_;
  monitoring::Metrics metrics_{"test"};
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(GatewayTest, AnswersACall) {
  start();
  const auto response = post(R"({"Text":"hi"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"Text":"hi"})");
  EXPECT_EQ(response.headers.at("content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(response.headers.at("server"), "Stator");
  EXPECT_THAT(response.headers.at("x-amzn-requestid"), MatchesRegex("[0-9A-Z]{52}"));
  EXPECT_EQ(response.headers.at("x-amz-crc32"), checksum(response.body));
  EXPECT_FALSE(response.headers.contains("access-control-allow-origin"));
}

TEST_F(GatewayTest, TakesAnyContentTypeAndAnyCredentials) {
  start();
  EXPECT_EQ(post(R"({"Text":"a"})", std::string(kEcho) + "Content-Type: text/html\r\n").status, 200);
  EXPECT_EQ(post(R"({"Text":"a"})", std::string(kEcho) + "Authorization: nonsense\r\n").status, 200);
}

TEST_F(GatewayTest, AnswersStaticOperationsItself) {
  dispatcher_.answer_at_once = false;
  start();
  const auto response = post("{}",
                             "X-Amz-Target: DynamoDB_20120810.DescribeNothing\r\n"
                             "Authorization: AWS4-HMAC-SHA256 "
                             "Credential=K/20261121/eu-west-3/dynamodb/aws4_request, Signature=0\r\n");
  EXPECT_EQ(response.body, R"({"Region":"eu-west-3","Host":"localhost:8000"})");
  EXPECT_EQ(post("{}", "X-Amz-Target: DynamoDB_20120810.DescribeNothing\r\n").body,
            R"({"Region":"us-east-1","Host":"localhost:8000"})");
}

TEST_F(GatewayTest, UnknownTargetsAreUnknownOperations) {
  start();
  for (const char* target : {"DynamoDB_20120810.Nope", "DynamoDBStreams_20120810.Echo",
                             "DynamoDB_20120810.echo", "DynamoDB_20111205.Echo", "", "DynamoDB_20120810."}) {
    const auto response = post("{}", std::string("X-Amz-Target: ") + target + "\r\n");
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_THAT(response.body, HasSubstr("com.amazon.coral.service#UnknownOperationException")) << target;
    EXPECT_EQ(response.headers.at("x-amz-crc32"), checksum(response.body));
  }
}

TEST_F(GatewayTest, WhatIsNoJsonIsASerializationException) {
  start();
  for (const char* body : {"{", "[]", "\"x\"", "{\"Text\":\"\xff\"}", "{\"Text\":1}", "null"}) {
    const auto response = post(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_THAT(response.body, HasSubstr("SerializationException")) << body;
  }
  EXPECT_THAT(post("").body, HasSubstr("Exception"));
}

TEST_F(GatewayTest, AnswersGetWithItsHealth) {
  start();
  auto c = client();
  ASSERT_TRUE(c.send(http_request("GET", "/") + http_request("HEAD", "/") + http_request("GET", "/x") +
                     http_request("POST", "/", "{}") + http_request("PUT", "/", "{}", kEcho)));
  const auto healthy = c.read_response();
  ASSERT_TRUE(healthy);
  EXPECT_EQ(healthy->status, 200);
  EXPECT_EQ(healthy->body, "healthy: localhost:8000");
  EXPECT_EQ(c.read_response(true)->status, 200);
  for (int i = 0; i < 3; ++i) {
    const auto other = c.read_response();
    ASSERT_TRUE(other);
    EXPECT_EQ(other->status, 404);
    EXPECT_THAT(other->body, HasSubstr("<UnknownOperationException/>"));
  }
}

TEST_F(GatewayTest, PacksLargeAnswersWhenAsked) {
  start();
  const std::string large = R"({"Text":")" + std::string(10'000, 'z') + R"("})";
  EXPECT_EQ(post(large).body, large);
  const auto packed = post(large, std::string(kEcho) + "Accept-Encoding: gzip, deflate\r\n");
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(packed.headers.at("x-amz-crc32"), checksum(packed.body));  // over what is on the wire
  std::string unpacked;
  ASSERT_EQ(gunzip(packed.body, 1'000'000, unpacked), GunzipError::kNone);
  EXPECT_EQ(unpacked, large);
  EXPECT_FALSE(
      post(large, std::string(kEcho) + "Accept-Encoding: identity\r\n").headers.contains("content-encoding"));
  EXPECT_FALSE(post(R"({"Text":"small"})", std::string(kEcho) + "Accept-Encoding: gzip\r\n")
                   .headers.contains("content-encoding"));
}

TEST_F(GatewayTest, UnpacksRequests) {
  start();
  const std::string headers = std::string(kEcho) + "Content-Encoding: gzip\r\n";
  EXPECT_EQ(post(gzip(R"({"Text":"packed"})"), headers).body, R"({"Text":"packed"})");
  std::string cut = gzip(R"({"Text":"packed"})");
  cut.pop_back();
  const auto truncated = post(cut, headers);
  EXPECT_EQ(truncated.status, 500);
  EXPECT_THAT(truncated.body, HasSubstr("InternalServerError"));
  EXPECT_EQ(post(gzip(std::string(20'000'000, ' ')), headers).status, 413);  // a bomb
  EXPECT_EQ(post("{}", std::string(kEcho) + "Content-Encoding: br\r\n").status, 500);
  EXPECT_EQ(post(R"({"Text":"x"})", std::string(kEcho) + "Content-Encoding: identity\r\n").status, 200);
}

TEST_F(GatewayTest, UnpackedBodiesCountAgainstTheMemoryBound) {
  HttpLimits limits;
  limits.memory_bytes_max = 1'000'000;
  dispatcher_.answer_at_once = false;
  start({}, limits);
  auto other = client();
  ASSERT_TRUE(other.send(http_request("POST", "/", R"({"Text":"x"})", kEcho)));
  auto held = dispatcher_.take();
  const std::string large = gzip(R"({"Text":")" + std::string(2'000'000, 'x') + R"("})");
  const std::string headers = std::string(kEcho) + "Content-Encoding: gzip\r\n";
  const auto response = post(large, headers);
  EXPECT_EQ(response.status, 503);
  EXPECT_TRUE(response.headers.contains("x-amz-retry-after"));
  held.done(FakeDispatcher::answer());
  ASSERT_TRUE(other.read_response());
  ASSERT_TRUE(eventually([&] { return server_->memory_bytes() == 0; }));
  // Alone it is let through: refused for ever would be worse.
  auto c = client();
  ASSERT_TRUE(c.send(http_request("POST", "/", large, headers)));
  dispatcher_.take().done(FakeDispatcher::answer());
  EXPECT_EQ(c.read_response()->status, 200);
  EXPECT_TRUE(eventually([&] { return server_->memory_bytes() == 0; }));
}

TEST_F(GatewayTest, ParsingALargeBodyCountsAgainstTheMemoryBound) {
  HttpLimits limits;
  limits.memory_bytes_max = 4'000'000;
  dispatcher_.answer_at_once = false;
  start({}, limits);
  auto other = client();
  ASSERT_TRUE(other.send(http_request("POST", "/", R"({"Text":"x"})", kEcho)));
  auto held = dispatcher_.take();
  // A body well below the bound, whose tape and index are not.
  std::string dense = R"({"Text":"x","Ignored":[1)";
  while (dense.size() < 1'000'000) dense += ",1";
  dense += "]}";
  EXPECT_EQ(post(dense).status, 503);
  held.done(FakeDispatcher::answer());
  ASSERT_TRUE(other.read_response());
  EXPECT_TRUE(eventually([&] { return server_->memory_bytes() == 0; }));
}

TEST_F(GatewayTest, AnswersThatFindNoRoomAreRefused) {
  HttpLimits limits;
  limits.memory_bytes_max = 1'000'000;
  dispatcher_.answer_at_once = false;
  start({}, limits);
  const auto item = std::make_shared<model::Item>();
  item->set("v", model::AttributeValue::s(std::string(700'000, 'v')));
  auto a = client();
  auto b = client();
  ASSERT_TRUE(a.send(http_request("POST", "/", R"({"Text":"x"})", kEcho)));
  auto first = dispatcher_.take();
  ASSERT_TRUE(b.send(http_request("POST", "/", R"({"Text":"x"})", kEcho)));
  auto second = dispatcher_.take();
  // Two requests are in memory, and neither is alone: an answer above the bound is not kept for the io
  // thread.
  auto large = std::make_shared<model::Item>(*item);
  large->set("w", model::AttributeValue::s(std::string(700'000, 'w')));
  first.done(api::Answer(api::ItemAnswer{large, {}}));
  EXPECT_EQ(a.read_response()->status, 503);
  second.done(api::Answer(api::ItemAnswer{item, {}}));
  EXPECT_EQ(b.read_response()->status, 200);
  EXPECT_TRUE(eventually([&] { return server_->memory_bytes() == 0; }));
}

TEST_F(GatewayTest, TooLargeBodiesAnswer413) {
  HttpLimits limits;
  limits.body_bytes_max = 1000;
  start({}, limits);
  const auto response = post(std::string(1001, 'x'));
  EXPECT_EQ(response.status, 413);
  EXPECT_THAT(response.body, HasSubstr("__type"));
}

TEST_F(GatewayTest, BrowsersMayCall) {
  start();
  const auto simple = post(R"({"Text":"a"})", std::string(kEcho) + "Origin: https://a.example\r\n");
  EXPECT_EQ(simple.headers.at("access-control-allow-origin"), "*");
  EXPECT_THAT(simple.headers.at("access-control-expose-headers"), HasSubstr("x-amzn-RequestId"));
  auto c = client();
  ASSERT_TRUE(c.send(http_request("OPTIONS", "/", {},
                                  "Origin: https://a.example\r\nAccess-Control-Request-Method: POST\r\n"
                                  "Access-Control-Request-Headers: x-amz-target, authorization\r\n")));
  const auto preflight = c.read_response();
  ASSERT_TRUE(preflight);
  EXPECT_EQ(preflight->status, 200);
  EXPECT_EQ(preflight->body, "");
  EXPECT_EQ(preflight->headers.at("access-control-allow-origin"), "*");
  EXPECT_EQ(preflight->headers.at("access-control-allow-headers"), "x-amz-target, authorization");
  EXPECT_EQ(preflight->headers.at("access-control-allow-methods"), "POST");
  EXPECT_EQ(preflight->headers.at("access-control-max-age"), "172800");
}

TEST_F(GatewayTest, OriginsMayBeNamed) {
  GatewayOptions options;
  options.cors_origins = {"https://a.example"};
  start(options);
  const auto named = post(R"({"Text":"a"})", std::string(kEcho) + "Origin: https://a.example\r\n");
  EXPECT_EQ(named.headers.at("access-control-allow-origin"), "https://a.example");
  EXPECT_EQ(named.headers.at("vary"), "Origin");
  const auto other = post(R"({"Text":"a"})", std::string(kEcho) + "Origin: https://b.example\r\n");
  EXPECT_FALSE(other.headers.contains("access-control-allow-origin"));
}

TEST_F(GatewayTest, RetriesOfACallHaveOneRequestId) {
  dispatcher_.answer_at_once = false;
  start();
  const std::string retry =
      std::string(kEcho) + "amz-sdk-invocation-id: 8d1e\r\n" +
      "Authorization: AWS4-HMAC-SHA256 Credential=K/1/us-east-1/dynamodb/aws4_request\r\n";
  const auto execute = [&](const std::string& headers, std::string_view body) {
    auto c = client();
    EXPECT_TRUE(c.send(http_request("POST", "/", body, headers)));
    auto execution = dispatcher_.take();
    execution.done(FakeDispatcher::answer());
    EXPECT_TRUE(c.read_response());
    return execution.context;
  };
  const auto first = execute(retry, R"({"Text":"a"})");
  EXPECT_TRUE(first.client_retry_id);
  EXPECT_EQ(execute(retry, R"({"Text":"a"})").request_id, first.request_id);
  EXPECT_NE(execute(retry, R"({"Text":"b"})").request_id, first.request_id);
  EXPECT_EQ(execute(retry + "Content-Encoding: gzip\r\n", gzip(R"({"Text":"a"})")).request_id,
            first.request_id);
  const auto without = execute(kEcho, R"({"Text":"a"})");
  EXPECT_FALSE(without.client_retry_id);
  EXPECT_NE(execute(kEcho, R"({"Text":"a"})").request_id, without.request_id);
}

TEST_F(GatewayTest, GivesUpAfterTheDeadlineAndItsGrace) {
  dispatcher_.answer_at_once = false;
  GatewayOptions options;
  options.request_deadline = milliseconds(20);
  options.grace = milliseconds(20);
  start(options);
  auto c = client();
  const auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(c.send(http_request("POST", "/", R"({"Text":"late"})", kEcho)));
  auto execution = dispatcher_.take();
  EXPECT_GE(execution.context.deadline, before + milliseconds(20));
  const auto response = c.read_response();
  ASSERT_TRUE(response);
  EXPECT_GE(std::chrono::steady_clock::now(), before + milliseconds(40));
  EXPECT_EQ(response->status, 500);
  EXPECT_THAT(response->body, HasSubstr("com.amazonaws.dynamodb.v20120810#InternalServerError"));
  execution.done(FakeDispatcher::answer());  // too late: dropped
  dispatcher_.answer_at_once = true;
  ASSERT_TRUE(c.send(http_request("POST", "/", R"({"Text":"next"})", kEcho)));
  EXPECT_EQ(c.read_response()->body, R"({"Text":"next"})");
}

TEST_F(GatewayTest, ADroppedDoneIsAnInternalServerError) {
  dispatcher_.answer_at_once = false;
  start();
  auto c = client();
  ASSERT_TRUE(c.send(http_request("POST", "/", R"({"Text":"x"})", kEcho)));
  dispatcher_.take();
  EXPECT_EQ(c.read_response()->status, 500);
}

TEST_F(GatewayTest, ErrorsCarryTheirStatusAndWait) {
  dispatcher_.answer_at_once = false;
  start();
  auto c = client();
  ASSERT_TRUE(c.send(http_request("POST", "/", R"({"Text":"x"})", kEcho)));
  dispatcher_.take().done(api::service_unavailable("busy", 250));
  const auto response = c.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->headers.at("x-amz-retry-after"), "250");
  EXPECT_EQ(response->headers.at("x-amz-crc32"), checksum(response->body));
}

TEST_F(GatewayTest, CountsWhatHappened) {
  dispatcher_.answer_at_once = false;
  start();
  auto c = client();
  const auto call = [&](api::Result<api::Answer> answer) {
    ASSERT_TRUE(c.send(http_request("POST", "/", R"({"Text":"x"})", kEcho)));
    dispatcher_.take().done(std::move(answer));
    ASSERT_TRUE(c.read_response());
  };
  call(FakeDispatcher::answer());
  call(FakeDispatcher::answer());
  call(api::conditional_check_failed(nullptr));
  call(api::internal_error("x"));
  call(api::Failure(api::Error{api::ErrorCode::kProvisionedThroughputExceeded, "slow down", {}, 0}));
  post("{");
  const std::string text = metrics_.exposition();
  EXPECT_THAT(text, HasSubstr("stator_request_duration_seconds_count{operation=\"Echo\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("stator_conditional_check_failed_total 1\n"));
  EXPECT_THAT(text, HasSubstr("stator_throttled_requests_total{operation=\"Echo\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("stator_errors_total{class=\"system\",code=\"InternalServerError\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("stator_errors_total{class=\"user\",code=\"SerializationException\"} 1\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("ConditionalCheckFailed")));
  EXPECT_THAT(text, HasSubstr("stator_consumed_read_capacity_units_total{table=\"echoes\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("stator_consumed_write_capacity_units_total{table=\"echoes\"} 4\n"));
}

TEST_F(GatewayTest, AnswersFromManyThreadsReachTheirOwnRequests) {
  dispatcher_.answer_at_once = false;
  start();
  constexpr int kRequests = 400;
  std::vector<std::thread> answering;
  for (int i = 0; i < 4; ++i) {
    answering.emplace_back([&] {
      for (int n = 0; n < kRequests / 4; ++n) dispatcher_.take().done(FakeDispatcher::answer());
    });
  }
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, i] {
      auto c = client();
      for (int n = 0; n < kRequests / 4; n += 10) {
        std::string requests;
        const auto body = [&](int at) {
          return "{\"Text\":\"" + std::to_string(i) + "/" + std::to_string(at) + "\"}";
        };
        for (int at = n; at < n + 10; ++at) requests += http_request("POST", "/", body(at), kEcho);
        ASSERT_TRUE(c.send(requests));
        for (int at = n; at < n + 10; ++at) {
          const auto response = c.read_response();
          ASSERT_TRUE(response);
          EXPECT_EQ(response->body, body(at));
        }
      }
    });
  }
  for (auto& thread : clients) thread.join();
  for (auto& thread : answering) thread.join();
}

TEST_F(GatewayTest, MayGoWhileCallsAreOut) {
  dispatcher_.answer_at_once = false;
  start();
  auto c = client();
  ASSERT_TRUE(c.send(http_request("POST", "/", R"({"Text":"x"})", kEcho)));
  auto execution = dispatcher_.take();
  server_->stop(milliseconds(0));
  server_.reset();
  gateway_.reset();
  execution.done(FakeDispatcher::answer());
  EXPECT_FALSE(c.read_response());
}

}  // namespace
}  // namespace stator::net
