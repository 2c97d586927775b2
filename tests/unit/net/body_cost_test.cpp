// Goal: the estimate is above what the parser and the typed request really take, for the densest bodies that
// there are, and not absurdly above it for usual ones.
#include "net/body_cost.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>

namespace stator::net {
namespace {

std::string repeated(std::string_view head, std::string_view part, std::string_view tail, size_t size) {
  std::string out(head);
  while (out.size() < size) out.append(part);
  return out.append(tail);
}

// Words of tape that simdjson uses for the document.
uint64_t tape_bytes(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  EXPECT_FALSE(parser.parse(json).get(root));
  return (parser.doc.tape[0] & 0x00FFFFFFFFFFFFFFULL) * 8;
}

TEST(BodyCost, CoversTheTape) {
  for (const std::string& json : {
           repeated("[", "1,", "1]", 100'000),
           repeated("[", "[],", "1]", 100'000),
           repeated("[", "{\"N\":\"1\"},", "1]", 100'000),
           repeated("[", "\"\",", "1]", 100'000),
           repeated("{\"a\":\"", "x", "\"}", 100'000),
           repeated("[", "true,null,1.5,", "1]", 100'000),
       }) {
    const BodyCost cost = body_cost(json);
    EXPECT_GE(cost.parsing_bytes, json.size() + tape_bytes(json)) << json.substr(0, 20);
    EXPECT_LE(cost.parsing_bytes, 20 * json.size()) << json.substr(0, 20);
    EXPECT_GE(cost.request_bytes, json.size());
  }
}

TEST(BodyCost, OfOneLongStringIsSmall) {
  const BodyCost cost = body_cost(repeated("{\"a\":\"", "x", "\"}", 100'000));
  EXPECT_LT(cost.parsing_bytes, 210'000u);
  EXPECT_LT(cost.request_bytes, 101'000u);
}

TEST(BodyCost, OfNothingIsNothing) {
  EXPECT_EQ(body_cost("").parsing_bytes, 0u);
  EXPECT_EQ(body_cost("}}}}\"").request_bytes, 5u);
}

}  // namespace
}  // namespace stator::net
