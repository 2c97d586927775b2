// Goal: headers are found whatever their case, echoed values cannot make headers, and lists of codings are
// read as RFC 9110 has them.
#include "net/http_message.h"

#include <gtest/gtest.h>

namespace stator::net {
namespace {

TEST(HttpRequest, FindsHeadersInAnyCase) {
  HttpRequest request;
  request.set_target("/a");
  request.add_header("X-Amz-Target", "one");
  request.add_header("x-amz-target", "two");
  request.add_header("Empty", "");
  EXPECT_EQ(request.header("X-AMZ-TARGET"), "one");
  EXPECT_EQ(request.header("empty"), "");
  EXPECT_EQ(request.header("x-amz-targe"), std::nullopt);
  EXPECT_EQ(request.target(), "/a");
  request.clear();
  EXPECT_EQ(request.target(), "");
  EXPECT_EQ(request.header("x-amz-target"), std::nullopt);
}

TEST(HttpRequest, GivesLargeBuffersBack) {
  HttpRequest request;
  request.body.assign(1'000'000, 'x');
  request.clear();
  EXPECT_LT(request.body.capacity(), 20'000u);
}

TEST(HttpResponse, EchoedValuesMakeNoHeaders) {
  HttpResponse response;
  response.add_header("A", "x\r\nSet-Cookie: y");
  EXPECT_EQ(response.headers, "A: xSet-Cookie: y\r\n");
}

TEST(HttpDate, IsImfFixdate) {
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110's example
}

TEST(AcceptsToken, ReadsWeightsAndStars) {
  EXPECT_TRUE(accepts_token("gzip", "gzip"));
  EXPECT_TRUE(accepts_token("deflate, GZIP;q=0.5", "gzip"));
  EXPECT_TRUE(accepts_token("*", "gzip"));
  EXPECT_TRUE(accepts_token("gzip;q=0.001", "gzip"));
  EXPECT_FALSE(accepts_token("gzip;q=0", "gzip"));
  EXPECT_FALSE(accepts_token("*, gzip; q=0.000", "gzip"));
  EXPECT_FALSE(accepts_token("identity", "gzip"));
  EXPECT_FALSE(accepts_token("*;q=0", "gzip"));
  EXPECT_FALSE(accepts_token("", "gzip"));
  EXPECT_FALSE(accepts_token("xgzip, gzipx", "gzip"));
}

}  // namespace
}  // namespace stator::net
