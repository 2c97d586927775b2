// Goal: a client can make the server hold or wait for nothing without a bound, cannot make it read one stream
// of bytes in two ways, and always gets its answers in order; whatever dies first, client, request or server,
// nothing breaks. A real server on a free port, spoken to byte by byte.
#include "net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "raw_client.h"

namespace stator::net {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

// Answers "METHOD target body" at once, but holds requests for /hold... until they are let go.
class EchoHandler : public HttpHandler {
 public:
  void handle(Exchange exchange) override {
    handled.fetch_add(1);
    const std::string target(exchange.request().target());
    if (target.starts_with("/drop")) return;  // the exchange goes unanswered
    if (target.starts_with("/hold")) {
      const std::lock_guard lock(mutex_);
      held_.emplace(target, std::move(exchange));
      return;
    }
    echo(std::move(exchange));
  }
  HttpResponse refusal(Refusal reason) override {
    HttpResponse response;
    response.body = "refusal " + std::to_string(static_cast<int>(reason));
    return response;
  }
  void tick(size_t, std::chrono::steady_clock::time_point) override { ticks.fetch_add(1); }

  size_t held() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  // Answers the held request, from the calling thread.
  void let_go(const std::string& target) {
    std::unique_lock lock(mutex_);
    const auto at = held_.find(target);
    ASSERT_NE(at, held_.end()) << target;
    Exchange exchange = std::move(at->second);
    held_.erase(at);
    lock.unlock();
    echo(std::move(exchange));
  }
  void let_all_go() {
    std::map<std::string, Exchange> all;
    {
      const std::lock_guard lock(mutex_);
      all.swap(held_);
    }
    for (auto& [target, exchange] : all) echo(std::move(exchange));
  }

  static void echo(Exchange exchange) {
    HttpRequest& request = exchange.request();
    HttpResponse response;
    response.content_type = "text/plain";
    if (request.target() == "/large") {
      response.body.assign(8 * 1024 * 1024, 'x');
    } else {
      response.body.append(request.target()).append(" ").append(request.body);
    }
    exchange.respond(std::move(response));
  }

  std::atomic<int> handled{0};
  std::atomic<int> ticks{0};

 private:
  std::mutex mutex_;
  std::map<std::string, Exchange> held_;
};

class HttpServerTest : public testing::Test {
 protected:
  void start(HttpLimits limits = {}, unsigned threads = 1) {
    limits.sweep_interval = milliseconds(5);
    HttpServerOptions options;
    options.limits = limits;
    options.threads = threads;
    auto server = HttpServer::start(options, handler_);
    ASSERT_TRUE(server.ok());
    server_ = std::move(server).value();
  }
  RawClient client() { return RawClient(server_->port()); }
  void TearDown() override {
    if (server_) server_->stop(milliseconds(0));
    handler_.let_all_go();
  }

  EchoHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

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

// Bytes that are refused: what and with which status. Each ends the connection.
struct Refused {
  const char* name;
  std::string bytes;
  int status;
};
class HttpServerRefuses : public HttpServerTest, public testing::WithParamInterface<Refused> {};

TEST_P(HttpServerRefuses, AndCloses) {
  HttpLimits limits;
  limits.head_bytes_max = 16 * 1024;
  limits.body_bytes_max = 1024;
  start(limits);
  auto c = client();
  c.send(GetParam().bytes);
  const auto response = c.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, GetParam().status);
  EXPECT_EQ(response->headers.at("connection"), "close");
  c.half_close();
  EXPECT_TRUE(c.closed_by_server());
  EXPECT_EQ(handler_.handled, 0);
}

std::string many_headers(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += "X-" + std::to_string(i) + ": v\r\n";
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    Bytes, HttpServerRefuses,
    testing::Values(
        Refused{"NoHttp", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
        Refused{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        Refused{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        Refused{"TwoLengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                400},
        Refused{"LengthList", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx", 400},
        Refused{"SignedLength", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", 400},
        Refused{
            "LengthThenChunked",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400},
        Refused{
            "ChunkedThenLength",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
            400},
        Refused{
            "ChunkedTwice",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            400},
        Refused{"OtherCoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
        Refused{"CodingList", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        Refused{"Chunked10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Refused{"ChunkSizeOverflow",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nx",
                400},
        Refused{"ChunkTooLarge", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n401\r\nx",
                413},
        Refused{"ChunksTooLarge",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" +
                    std::string(1024, 'x') + "\r\n1\r\nx\r\n0\r\n\r\n",
                413},
        Refused{"EndlessChunkHeader",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                    std::string(80 * 1024, 'x'),
                400},
        Refused{"BodyTooLarge", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n", 413},
        Refused{"LongHeader", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20 * 1024, 'x') + "\r\n\r\n",
                431},
        Refused{"LongTarget", "GET /" + std::string(20 * 1024, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
        Refused{"ManyHeaders", "GET / HTTP/1.1\r\nHost: a\r\n" + many_headers(100) + "\r\n", 431},
        Refused{"Http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505}),
    [](const auto& info) { return info.param.name; });

TEST_F(HttpServerTest, A17MegabyteBodyIsRefusedAndItsSenderGetsToReadWhy) {
  start();
  auto c = client();
  ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 17825792\r\n\r\n"));
  std::string part(1024 * 1024, 'x');
  for (int i = 0; i < 17; ++i) ASSERT_TRUE(c.send(part)) << "after " << i << " MB";
  const auto response = c.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 413);
  EXPECT_LT(server_->memory_bytes(), 1024u * 1024);
}

TEST_F(HttpServerTest, ABodyOfExactlyTheLimitIsTaken) {
  HttpLimits limits;
  limits.body_bytes_max = 100'000;
  start(limits);
  auto c = client();
  ASSERT_TRUE(c.send(http_request("POST", "/", std::string(100'000, 'b'))));
  EXPECT_EQ(c.read_response()->body.size(), 100'002u);
}

TEST_F(HttpServerTest, SlowHeadsEndAtTheirDeadline) {
  HttpLimits limits;
  limits.head_deadline = milliseconds(50);
  start(limits);
  auto c = client();
  ASSERT_TRUE(c.send("GET / HTTP/1.1\r\nHost: a\r\n"));
  EXPECT_EQ(c.read_response()->status, 408);
}

TEST_F(HttpServerTest, SlowBodiesEndAtTheirDeadline) {
  HttpLimits limits;
  limits.head_deadline = milliseconds(1);
  limits.body_deadline = milliseconds(50);
  start(limits);
  auto c = client();
  ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"));
  EXPECT_EQ(c.read_response()->status, 408);
}

TEST_F(HttpServerTest, IdleConnectionsEndAtTheirDeadlineButRunningRequestsDoNot) {
  HttpLimits limits;
  limits.idle_deadline = milliseconds(50);
  start(limits);
  auto idle = client();
  auto busy = client();
  ASSERT_TRUE(busy.send(http_request("GET", "/hold")));
  ASSERT_TRUE(eventually([&] { return handler_.held() == 1; }));
  EXPECT_TRUE(idle.closed_by_server());
  ASSERT_TRUE(eventually([&] { return server_->open_connections() == 1; }));
  handler_.let_go("/hold");
  EXPECT_EQ(busy.read_response()->body, "/hold ");
}

TEST_F(HttpServerTest, AClientThatTakesNoAnswerIsLeft) {
  HttpLimits limits;
  limits.write_deadline = limits.write_deadline_pressed = milliseconds(50);
  start(limits);
  auto c = client();
  ASSERT_TRUE(c.send(http_request("GET", "/large")));
  EXPECT_TRUE(eventually([&] { return handler_.handled == 1 && server_->open_connections() == 0; }));
  EXPECT_EQ(server_->memory_bytes(), 0u);
}

TEST_F(HttpServerTest, ClientsThatTakeNoAnswersAreCountedAndGoFirstWhenMemoryIsShort) {
  HttpLimits limits;
  limits.memory_bytes_max = 4 * 1024 * 1024;
  limits.write_deadline_pressed = milliseconds(50);
  start(limits);
  std::vector<RawClient> blocked;
  for (int i = 0; i < 4; ++i) blocked.push_back(client());
  ASSERT_TRUE(eventually([&] { return server_->open_connections() == 4; }));
  for (RawClient& c : blocked) ASSERT_TRUE(c.send(http_request("GET", "/large")));
  // Long before write_deadline.
  EXPECT_TRUE(eventually([&] { return server_->open_connections() < 4; }));
  EXPECT_TRUE(eventually([&] { return server_->memory_bytes() <= limits.memory_bytes_max / 4 * 3; }));
  auto c = client();
  ASSERT_TRUE(c.send(http_request("GET", "/next")));
  EXPECT_EQ(c.read_response()->status, 200);
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

TEST_F(HttpServerTest, OneConnectionTooManyIsToldSo) {
  HttpLimits limits;
  limits.connections_max = 2;
  start(limits);
  auto a = client();
  auto b = client();
  ASSERT_TRUE(eventually([&] { return server_->open_connections() == 2; }));
  auto c = client();
  EXPECT_EQ(c.read_response()->status, 503);
  EXPECT_TRUE(c.closed_by_server());
  a.close();
  ASSERT_TRUE(eventually([&] { return server_->open_connections() == 1; }));
  auto d = client();
  ASSERT_TRUE(d.send(http_request("GET", "/d")));
  EXPECT_EQ(d.read_response()->body, "/d ");
}

TEST_F(HttpServerTest, RequestsBeyondTheMemoryBoundAreRefusedAndMayBeRetried) {
  HttpLimits limits;
  limits.memory_bytes_max = 1024 * 1024;
  start(limits);
  const std::string body(600 * 1024, 'm');
  auto a = client();
  ASSERT_TRUE(a.send(http_request("POST", "/hold", body)));
  ASSERT_TRUE(eventually([&] { return handler_.held() == 1; }));
  EXPECT_GE(server_->memory_bytes(), body.size());
  auto b = client();
  ASSERT_TRUE(b.send(http_request("POST", "/b", body)));
  const auto refused = b.read_response();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->headers.at("connection"), "keep-alive");  // the retry needs no new connection
  // The same for a body whose size is not known before it is there.
  ASSERT_TRUE(b.send("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n96000\r\n" +
                     std::string(0x96000, 'm') + "\r\n0\r\n\r\n"));
  EXPECT_EQ(b.read_response()->status, 503);
  handler_.let_go("/hold");
  ASSERT_TRUE(a.read_response());
  ASSERT_TRUE(eventually([&] { return server_->memory_bytes() == 0; }));
  ASSERT_TRUE(b.send(http_request("POST", "/b", body)));
  EXPECT_EQ(b.read_response()->status, 200);
}

TEST_F(HttpServerTest, ARequestThatAnnouncesMuchAndSendsLittleTakesLittle) {
  HttpLimits limits;
  limits.memory_bytes_max = 4 * 1024 * 1024;
  start(limits);
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(client());
    ASSERT_TRUE(clients.back().send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\nx"));
  }
  ASSERT_TRUE(eventually([&] { return server_->memory_bytes() > 20 * 4096; }));
  auto c = client();
  ASSERT_TRUE(c.send(http_request("POST", "/", std::string(100'000, 'x'))));
  EXPECT_EQ(c.read_response()->status, 200);
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
