// Goal: a key condition's byte range selects exactly the item keys for which the same text, as a filter,
// holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "api/expressions/condition.h"
#include "api/expressions/key_condition.h"
#include "literal.h"
#include "model/key.h"

namespace stator::expressions {
namespace {

using model::AttributeType;
using model::AttributeValue;

constexpr uint32_t kSeed = 20240607;

// Short strings over few bytes, so that equal values, prefixes of each other, and the escaped byte 00 are
// frequent.
std::string random_bytes(std::mt19937& random) {
  static const std::string kAlphabet("\0\1a\xFE\xFF", 5);
  std::string out;
  const size_t size = 1 + random() % 4;
  for (size_t i = 0; i < size; ++i) out += kAlphabet[random() % kAlphabet.size()];
  return out;
}

AttributeValue random_value(std::mt19937& random, AttributeType type) {
  if (type == AttributeType::kB) return AttributeValue::b(random_bytes(random));
  if (type == AttributeType::kS) {
    std::string text = random_bytes(random);
    for (char& c : text) c = static_cast<char>(c & 0x7F);
    return AttributeValue::s(text);
  }
  static const std::vector<std::string> kNumbers = {"0",     "1",     "-1",     "10",      "9.99",
                                                    "-9.99", "1E125", "-1E125", "100",     "99",
                                                    "0.01",  "-0.01", "1E-130", "-1E-130", "12345"};
  return AttributeValue::n(*model::Number::parse(kNumbers[random() % kNumbers.size()]));
}

class KeyRangeTest : public ::testing::TestWithParam<AttributeType> {};

TEST_P(KeyRangeTest, AgreesWithTheFilter) {
  const AttributeType type = GetParam();
  const model::KeySchema schema = {{"pk", AttributeType::kS}, model::KeyAttribute{"sk", type}};
  std::mt19937 random(kSeed);
  std::vector<model::Item> items;
  for (const char* pk : {"p", "q", "p\x01"}) {
    for (int i = 0; i < 60; ++i)
      items.push_back({{"pk", AttributeValue::s(pk)}, {"sk", random_value(random, type)}});
  }
  std::vector<std::string> texts = {"pk = :p",
                                    "pk = :p AND sk = :a",
                                    "pk = :p AND sk < :a",
                                    "pk = :p AND sk <= :a",
                                    "pk = :p AND sk > :a",
                                    "sk >= :a AND pk = :p",
                                    "pk = :p AND sk BETWEEN :a AND :b",
                                    ":a > sk AND :p = pk"};
  if (type != AttributeType::kN) texts.push_back("pk = :p AND begins_with(sk, :a)");
  int selected = 0;
  for (int round = 0; round < 200; ++round) {
    AttributeValue a = random_value(random, type);
    AttributeValue b = random_value(random, type);
    if (model::key_attribute_bytes(b) < model::key_attribute_bytes(a)) std::swap(a, b);
    for (const std::string& text : texts) {
      Substitutions substitutions;
      substitutions.add_value(":p", AttributeValue::s("p"));
      substitutions.add_value(":a", a);
      substitutions.add_value(":b", b);
      const auto key = parse_key_condition(text, substitutions);
      ASSERT_TRUE(key.ok()) << key.error();
      const auto query = key->resolve(schema);
      ASSERT_TRUE(query.ok()) << query.error();
      const model::KeyRange range = key_range(*query);
      EXPECT_TRUE(range.to.empty() || range.from <= range.to);
      const auto filter = parse_condition(ExpressionKind::kFilter, text, substitutions);
      ASSERT_TRUE(filter.ok()) << filter.error();
      for (const model::Item& item : items) {
        const auto bytes = model::item_key(schema, item);
        ASSERT_TRUE(bytes.ok());
        EXPECT_EQ(range.contains(*bytes), filter->matches(item))
            << text << " :a = " << testing::print(a) << " :b = " << testing::print(b) << " item "
            << testing::print(item);
        selected += range.contains(*bytes) ? 1 : 0;
      }
    }
  }
  EXPECT_GT(selected, 1000);  // the test has looked at both answers
}

INSTANTIATE_TEST_SUITE_P(Types, KeyRangeTest,
                         ::testing::Values(AttributeType::kS, AttributeType::kN, AttributeType::kB),
                         [](const auto& info) { return std::string(model::type_name(info.param)); });

TEST(KeyQueryTest, KeySizesAreChecked) {
  const model::KeySchema schema = {{"pk", AttributeType::kS}, model::KeyAttribute{"sk", AttributeType::kS}};
  const auto resolve = [&](size_t partition, size_t sort) -> std::string {
    Substitutions substitutions;
    substitutions.add_value(":p", AttributeValue::s(std::string(partition, 'x')));
    substitutions.add_value(":s", AttributeValue::s(std::string(sort, 'x')));
    const auto query = parse_key_condition("pk = :p AND sk = :s", substitutions)->resolve(schema);
    return query ? "" : query.error();
  };
  EXPECT_EQ(resolve(2048, 1024), "");
  EXPECT_EQ(resolve(2049, 1024),
            "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit "
            "of2048 bytes");
  EXPECT_EQ(resolve(2048, 1025),
            "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the "
            "size limit of "
            "1024 bytes");
}

}  // namespace
}  // namespace stator::expressions
