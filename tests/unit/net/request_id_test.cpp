// Goal: a client's retry has the id of the call that it repeats and nothing else has; what cannot be a retry
// never shares an id. The golden value holds the hash still: a change of it would break retries across a
// rolling upgrade.
#include "net/request_id.h"

#include <gtest/gtest.h>

#include <set>

namespace stator::net {
namespace {

std::string hex(const RequestIdBytes& id) {
  std::string out;
  for (const uint8_t byte : id) {
    out.push_back("0123456789abcdef"[byte >> 4]);
    out.push_back("0123456789abcdef"[byte & 15]);
  }
  return out;
}

TEST(RequestIds, OfAClientDependOnEveryPart) {
  const auto id = RequestIds::of_client("i", "k", "t", "b");
  EXPECT_EQ(id, RequestIds::of_client("i", "k", "t", "b"));
  EXPECT_NE(id, RequestIds::of_client("j", "k", "t", "b"));
  EXPECT_NE(id, RequestIds::of_client("i", "l", "t", "b"));
  EXPECT_NE(id, RequestIds::of_client("i", "k", "u", "b"));
  EXPECT_NE(id, RequestIds::of_client("i", "k", "t", "c"));
  EXPECT_NE(RequestIds::of_client("ab", "c", "", ""), RequestIds::of_client("a", "bc", "", ""));
}

TEST(RequestIds, Golden) {
  EXPECT_EQ(hex(RequestIds::of_client("8d1e2f3a", "AKID", "DynamoDB_20120810.PutItem", "{}")),
            "ec3f04811bfd92144a79e9884b68ff5f");
}

TEST(RequestIds, OthersNeverRepeat) {
  std::set<std::string> seen;
  for (uint64_t epoch = 1; epoch <= 2; ++epoch) {
    for (uint64_t thread = 0; thread < 2; ++thread) {
      RequestIds ids(epoch, thread);
      for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(hex(ids.next())).second);
    }
  }
}

TEST(RequestIds, TextsLookLikeTheServices) {
  RequestIds ids(1, 0);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = ids.next_text();
    EXPECT_EQ(text.size(), 52u);
    EXPECT_EQ(text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string::npos);
    EXPECT_TRUE(seen.insert(text).second);
  }
}

TEST(CredentialScope, IsReadFromTheHeader) {
  const auto scope = credential_scope(
      "AWS4-HMAC-SHA256 Credential=AKID/20261121/eu-central-1/dynamodb/aws4_request, SignedHeaders=host, "
      "Signature=0");
  EXPECT_EQ(scope.access_key, "AKID");
  EXPECT_EQ(scope.region, "eu-central-1");
  EXPECT_EQ(
      credential_scope("AWS4-HMAC-SHA256 Credential=a/b/20261121/local/dynamodb/aws4_request").access_key,
      "a/b");
  for (const char* text : {"", "Bearer x", "Credential=", "Credential=AKID/20261121", "Credential=a/b/c/d"}) {
    EXPECT_EQ(credential_scope(text).access_key, "") << text;
    EXPECT_EQ(credential_scope(text).region, "") << text;
  }
  EXPECT_EQ(credential_scope("Credential=K/1/us\"east/dynamodb/aws4_request").region, "");
}

}  // namespace
}  // namespace stator::net
