// Goal: a client can make the server hold or wait for nothing without a bound, and cannot make it read one
// stream of bytes in two ways. A real server on a free port, spoken to byte by byte.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http_fixture.h"

namespace stator::net {
namespace {

using std::chrono::milliseconds;

class HttpLimitsTest : public HttpServerTest {};

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

TEST_F(HttpLimitsTest, A17MegabyteBodyIsRefusedAndItsSenderGetsToReadWhy) {
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

TEST_F(HttpLimitsTest, ABodyOfExactlyTheLimitIsTaken) {
  HttpLimits limits;
  limits.body_bytes_max = 100'000;
  start(limits);
  auto c = client();
  ASSERT_TRUE(c.send(http_request("POST", "/", std::string(100'000, 'b'))));
  EXPECT_EQ(c.read_response()->body.size(), 100'002u);
}

TEST_F(HttpLimitsTest, SlowHeadsEndAtTheirDeadline) {
  HttpLimits limits;
  limits.head_deadline = milliseconds(50);
  start(limits);
  auto c = client();
  ASSERT_TRUE(c.send("GET / HTTP/1.1\r\nHost: a\r\n"));
  EXPECT_EQ(c.read_response()->status, 408);
}

TEST_F(HttpLimitsTest, SlowBodiesEndAtTheirDeadline) {
  HttpLimits limits;
  limits.head_deadline = milliseconds(1);
  limits.body_deadline = milliseconds(50);
  start(limits);
  auto c = client();
  ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"));
  EXPECT_EQ(c.read_response()->status, 408);
}

TEST_F(HttpLimitsTest, IdleConnectionsEndAtTheirDeadlineButRunningRequestsDoNot) {
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

TEST_F(HttpLimitsTest, AClientThatTakesNoAnswerIsLeft) {
  HttpLimits limits;
  limits.write_deadline = limits.write_deadline_pressed = milliseconds(50);
  start(limits);
  auto c = client();
  ASSERT_TRUE(c.send(http_request("GET", "/large")));
  EXPECT_TRUE(eventually([&] { return handler_.handled == 1 && server_->open_connections() == 0; }));
  EXPECT_EQ(server_->memory_bytes(), 0u);
}

TEST_F(HttpLimitsTest, ClientsThatTakeNoAnswersAreCountedAndGoFirstWhenMemoryIsShort) {
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

TEST_F(HttpLimitsTest, OneConnectionTooManyIsToldSo) {
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

TEST_F(HttpLimitsTest, RequestsBeyondTheMemoryBoundAreRefusedAndMayBeRetried) {
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

TEST_F(HttpLimitsTest, ARequestThatAnnouncesMuchAndSendsLittleTakesLittle) {
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

}  // namespace
}  // namespace stator::net
