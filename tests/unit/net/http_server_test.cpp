// Goal: requests get their answers, in order, whatever dies first: client, request or server. A real server
// on a free port, spoken to byte by byte.
#include "net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "http_fixture.h"

namespace stator::net {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST_F(HttpServerTest, KeepsTheConnectionBetweenRequests) {
  start();
  auto c = client();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(c.send(http_request("POST", "/", "body " + std::to_string(i))));
    const auto response = c.read_response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "/ body " + std::to_string(i));
    EXPECT_EQ(response->headers.at("connection"), "keep-alive");
    EXPECT_EQ(response->headers.at("server"), "Stator");
    EXPECT_THAT(response->headers.at("date"), HasSubstr(" GMT"));
  }
  EXPECT_EQ(server_->open_connections(), 1u);
}

TEST_F(HttpServerTest, ClosesWhenAsked) {
  start();
  auto c = client();
  ASSERT_TRUE(c.send(http_request("GET", "/a", {}, "Connection: close\r\n")));
  const auto response = c.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->headers.at("connection"), "close");
  EXPECT_TRUE(c.closed_by_server());
}

TEST_F(HttpServerTest, Http10ClosesUnlessKeptAlive) {
  start();
  auto c = client();
  ASSERT_TRUE(c.send("GET /old HTTP/1.0\r\n\r\n"));
  ASSERT_TRUE(c.read_response());
  EXPECT_TRUE(c.closed_by_server());
  auto kept = client();
  ASSERT_TRUE(kept.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n"));
  ASSERT_TRUE(kept.read_response());
  EXPECT_EQ(kept.read_response()->body, "/b ");
}

TEST_F(HttpServerTest, PipelinedAnswersComeInTheOrderOfTheRequests) {
  start();
  auto c = client();
  ASSERT_TRUE(
      c.send(http_request("GET", "/hold1") + http_request("GET", "/hold2") + http_request("GET", "/3")));
  ASSERT_TRUE(eventually([&] { return handler_.handled == 3; }));
  handler_.let_go("/hold2");
  handler_.let_go("/hold1");
  EXPECT_EQ(c.read_response()->body, "/hold1 ");
  EXPECT_EQ(c.read_response()->body, "/hold2 ");
  EXPECT_EQ(c.read_response()->body, "/3 ");
}

TEST_F(HttpServerTest, TakesNoMoreThanItsBoundOfPipelinedRequests) {
  HttpLimits limits;
  limits.pipeline_max = 4;
  start(limits);
  auto c = client();
  std::string requests;
  for (int i = 10; i < 30; ++i) requests += http_request("GET", "/hold" + std::to_string(i));
  ASSERT_TRUE(c.send(requests));
  ASSERT_TRUE(eventually([&] { return handler_.held() == 4; }));
  const int ticks = handler_.ticks;
  ASSERT_TRUE(eventually([&] { return handler_.ticks > ticks + 3; }));
  EXPECT_EQ(handler_.handled, 4);  // the others wait unread
  for (int i = 10; i < 30; ++i) {
    const std::string target = "/hold" + std::to_string(i);
    ASSERT_TRUE(eventually([&] { return handler_.handled >= i - 10 + 1; }));
    handler_.let_go(target);
    EXPECT_EQ(c.read_response()->body, target + " ");
  }
}

TEST_F(HttpServerTest, ReadsARequestThatComesByteByByte) {
  start();
  auto c = client();
  for (const char byte : "\r\n" + http_request("POST", "/slow", "hello")) ASSERT_TRUE(c.send({&byte, 1}));
  EXPECT_EQ(c.read_response()->body, "/slow hello");
}

TEST_F(HttpServerTest, JoinsChunks) {
  start();
  auto c = client();
  ASSERT_TRUE(
      c.send("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
             "5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nTrailer: t\r\n\r\n" +
             http_request("GET", "/next")));
  EXPECT_EQ(c.read_response()->body, "/c hello world");
  EXPECT_EQ(c.read_response()->body, "/next ");
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  start();
  auto c = client();
  ASSERT_TRUE(c.send(http_request("HEAD", "/h") + http_request("GET", "/g")));
  const auto head = c.read_response(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->headers.at("content-length"), "3");
  EXPECT_EQ(c.read_response()->body, "/g ");
}

TEST_F(HttpServerTest, SaysContinueBeforeTheBody) {
  start();
  auto c = client();
  ASSERT_TRUE(c.send("POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
  EXPECT_EQ(c.read_response()->status, 100);
  ASSERT_TRUE(c.send("ok"));
  EXPECT_EQ(c.read_response()->body, "/e ok");
}

TEST_F(HttpServerTest, LargeAnswersArriveWhole) {
  start();
  auto c = client();
  ASSERT_TRUE(c.send(http_request("GET", "/large") + http_request("GET", "/after")));
  const auto large = c.read_response();
  ASSERT_TRUE(large);
  EXPECT_EQ(large->body, std::string(8 * 1024 * 1024, 'x'));
  EXPECT_EQ(c.read_response()->body, "/after ");
}

TEST_F(HttpServerTest, AnAnswerToAClientThatIsGoneIsDropped) {
  start();
  {
    auto c = client();
    ASSERT_TRUE(c.send(http_request("POST", "/hold", "x")));
    ASSERT_TRUE(eventually([&] { return handler_.held() == 1; }));
    c.reset();
  }
  ASSERT_TRUE(eventually([&] { return server_->open_connections() == 0; }));
  handler_.let_go("/hold");
  ASSERT_TRUE(eventually([&] { return server_->memory_bytes() == 0; }));
  auto c = client();
  ASSERT_TRUE(c.send(http_request("GET", "/alive")));
  EXPECT_EQ(c.read_response()->body, "/alive ");
}

TEST_F(HttpServerTest, AHalfClosedClientStillGetsItsAnswer) {
  start();
  auto c = client();
  ASSERT_TRUE(c.send(http_request("GET", "/hold")));
  ASSERT_TRUE(eventually([&] { return handler_.held() == 1; }));
  c.half_close();
  const int ticks = handler_.ticks;
  ASSERT_TRUE(eventually([&] { return handler_.ticks > ticks + 2; }));
  handler_.let_go("/hold");
  EXPECT_EQ(c.read_response()->body, "/hold ");
  EXPECT_TRUE(c.closed_by_server());
}

TEST_F(HttpServerTest, ARequestThatNobodyAnswersGets500) {
  start();
  auto c = client();
  ASSERT_TRUE(c.send(http_request("GET", "/drop") + http_request("GET", "/x")));
  EXPECT_EQ(c.read_response()->status, 500);
  EXPECT_EQ(c.read_response()->body, "/x ");
}

TEST_F(HttpServerTest, DrainsAndThenStops) {
  start();  // one thread: the idle connection closes at the moment from which answers say so
  auto idle = client();
  ASSERT_TRUE(eventually([&] { return server_->open_connections() == 1; }));
  auto busy = client();
  ASSERT_TRUE(busy.send(http_request("GET", "/hold")));
  ASSERT_TRUE(eventually([&] { return handler_.held() == 1; }));
  std::thread stopping([&] { server_->stop(std::chrono::seconds(10)); });
  EXPECT_TRUE(idle.closed_by_server());
  handler_.let_go("/hold");
  const auto response = busy.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->headers.at("connection"), "close");
  EXPECT_TRUE(busy.closed_by_server());
  stopping.join();
  EXPECT_FALSE(client().send(http_request("GET", "/")) && client().read_response());
}

TEST_F(HttpServerTest, StopsAtItsDeadlineWhateverIsInFlight) {
  start();
  auto c = client();
  ASSERT_TRUE(c.send(http_request("GET", "/hold")));
  ASSERT_TRUE(eventually([&] { return handler_.held() == 1; }));
  server_->stop(milliseconds(20));
  EXPECT_FALSE(c.read_response());
  handler_.let_go("/hold");  // too late: dropped
}

TEST_F(HttpServerTest, StopsUnderLoadWhileOthersAnswer) {
  start({}, 2);
  std::atomic<bool> done{false};
  std::thread answering([&] {
    while (!done) handler_.let_all_go();
  });
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, i] {
      auto c = client();
      const std::string request = http_request("POST", "/hold" + std::to_string(i), "b");
      while (c.send(request) && c.read_response()) ++answered;
    });
  }
  ASSERT_TRUE(eventually([&] { return answered > 200; }));
  server_->stop(milliseconds(50));
  for (auto& thread : clients) thread.join();
  done = true;
  answering.join();
}

TEST(HttpServerListen, SaysThatThePortIsTaken) {
  EchoHandler handler;
  HttpServerOptions options;
  auto first = HttpServer::start(options, handler);
  ASSERT_TRUE(first.ok());
  options.port = (*first)->port();
  const auto second = HttpServer::start(options, handler);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ListenError::Kind::kAddressInUse);
}

TEST(HttpServerListen, SaysThatTheAddressIsNotHere) {
  EchoHandler handler;
  HttpServerOptions options;
  options.host = "192.0.2.1";  // documentation's own, RFC 5737
  const auto server = HttpServer::start(options, handler);
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.error().kind, ListenError::Kind::kBadAddress);
}

}  // namespace
}  // namespace stator::net
