// Goal: how the bytes are cut never changes what a request is, and no bytes whatever break the parser.
#include "net/http_parser.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace stator::net {
namespace {

const char* const kSeeds[] = {
    "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\nContent-Length: "
    "11\r\n\r\nhello world",
    "POST /x?y HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b;c=\"d\"\r\n "
    "world\r\n0\r\nT: t\r\n\r\n",
    "GET / HTTP/1.1\r\nHost:   h  \r\nFolded: a\r\n b\r\n\r\n",
    "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
};

struct Parsed {
  RequestParser::Status status = RequestParser::Status::kNeedMore;
  Refusal refusal = Refusal::kMalformed;
  std::string target;
  std::string body;
  size_t headers = 0;
  bool operator==(const Parsed&) const = default;
};

// Feeds `bytes` in pieces that end at `cuts` (ascending), as a connection does: what is not consumed is given
// again.
Parsed parse(std::string_view bytes, const std::vector<size_t>& cuts) {
  HttpLimits limits;
  limits.body_bytes_max = 1024;
  limits.head_bytes_max = 4096;
  RequestParser parser(limits);
  HttpRequest request;
  parser.begin(request);
  Parsed out;
  size_t from = 0;
  for (size_t i = 0; i <= cuts.size(); ++i) {
    const size_t to = i < cuts.size() ? cuts[i] : bytes.size();
    for (;;) {
      std::string_view piece = bytes.substr(from, to - from);
      out.status = parser.feed(piece);
      from = to - piece.size();
      if (out.status != RequestParser::Status::kHead) break;
    }
    if (out.status == RequestParser::Status::kDone || out.status == RequestParser::Status::kRefused) break;
  }
  if (out.status == RequestParser::Status::kRefused) out.refusal = parser.refusal();
  out.target = request.target();
  out.body = request.body;
  out.headers = request.header_count();
  return out;
}

TEST(RequestParser, CutsDoNotMatter) {
  for (const std::string_view seed : kSeeds) {
    const Parsed whole = parse(seed, {});
    ASSERT_EQ(whole.status, RequestParser::Status::kDone) << seed;
    for (size_t a = 0; a <= seed.size(); ++a) {
      for (size_t b = a; b <= seed.size(); b += 7)
        EXPECT_EQ(parse(seed, {a, b}), whole) << seed << a << " " << b;
    }
  }
  EXPECT_EQ(parse(kSeeds[1], {}).body, "hello world");
}

TEST(RequestParser, NoBytesBreakIt) {
  const uint32_t seed = 20261121;
  std::mt19937 random(seed);
  const auto below = [&](size_t bound) { return static_cast<size_t>(random() % bound); };
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = kSeeds[below(std::size(kSeeds))];
    for (size_t changes = 1 + below(6); changes > 0; --changes) {
      const size_t at = below(bytes.size());
      switch (below(4)) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + below(5));
          break;
        case 2:
          bytes.insert(at, 1, "\r\n:; 0\xff"[below(7)]);
          break;
        default:
          bytes.insert(at, bytes.substr(below(bytes.size()), below(40)));
          break;
      }
      if (bytes.empty()) bytes = "x";
    }
    std::vector<size_t> cuts{below(bytes.size() + 1), below(bytes.size() + 1)};
    if (cuts[0] > cuts[1]) std::swap(cuts[0], cuts[1]);
    const Parsed cut = parse(bytes, cuts);
    const Parsed whole = parse(bytes, {});
    // What is complete in one piece is complete, and the same, in several.
    if (whole.status == RequestParser::Status::kDone) {
      EXPECT_EQ(cut, whole) << "seed " << seed << " round " << round << ": " << bytes;
    }
    EXPECT_LE(cut.body.size(), 1024u);
  }
}

TEST(RequestParser, TrailersDoNotBecomeHeaders) {
  const auto parsed = parse(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Amz-Target: evil\r\n\r\n", {});
  EXPECT_EQ(parsed.status, RequestParser::Status::kDone);
  EXPECT_EQ(parsed.headers, 2u);
}

}  // namespace
}  // namespace stator::net
