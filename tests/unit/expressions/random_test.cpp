// Goal: no text, however broken, does anything but be parsed or be refused; and what parses obeys laws that
// need no expectation written down. The seed is fixed: a failure shows the text that failed.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "api/expressions/condition.h"
#include "api/expressions/key_condition.h"
#include "api/expressions/projection.h"
#include "api/expressions/update.h"
#include "literal.h"

namespace stator::expressions {
namespace {

constexpr uint32_t kSeed = 977;
constexpr int kRounds = 20'000;

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> kSeeds = {
      "a = :n AND (b <> :s OR NOT c < d)",
      "size(l) BETWEEN :n AND :m AND begins_with(s, :s)",
      "a IN (:n, :m, b) OR contains(ss, :s) AND attribute_type(m.x, :t)",
      "attribute_not_exists(#a.b[3].#c) AND (l[0]) >= (:n)",
      "SET a = a + :n, l[1] = if_not_exists(m.x, :s) REMOVE b, l[0] ADD n :n DELETE ss :ss",
      "SET l = list_append(if_not_exists(l, :l), :l), m.x = (:n - n) ADD c :ss",
      "a, b.c, l[2].x, l[0], #a.#c, m",
      "pk = :s AND sk BETWEEN :n AND :m",
      ":s = pk AND begins_with(sk, :s)",
  };
  return kSeeds;
}

const std::vector<std::string>& fragments() {
  // clang-format off
  static const std::vector<std::string> kFragments = {
      "a", "b", "l", "m", "n", "s", "ss", "pk", "sk", "#a", "#c", ":n", ":m", ":s", ":t", ":l", ":ss",
      "=", "<>", "<", "<=", ">", ">=", "(", ")", "[", "]", "[0]", "[1]", ".", ",", "+", "-", " AND ",
      " OR ", " NOT ", " BETWEEN ", " IN ", "SET ", " REMOVE ", " ADD ", " DELETE ", "size(",
      "contains(", "begins_with(", "attribute_exists(", "if_not_exists(", "list_append(", "((", "))",
      "0", "99999999999", "\"", "\xC3\xA9", "\xFF", " ",
  };
  // clang-format on
  return kFragments;
}

std::string mutate(std::mt19937& random, std::string text) {
  const auto fragment = [&] { return fragments()[random() % fragments().size()]; };
  const int changes = static_cast<int>(1 + random() % 4);
  for (int i = 0; i < changes; ++i) {
    const size_t at = text.empty() ? 0 : random() % (text.size() + 1);
    const size_t size = std::min<size_t>(1 + random() % 6, text.size() - at);
    switch (random() % 4) {
      case 0:
        text.insert(at, fragment());
        break;
      case 1:
        text.erase(at, size);
        break;
      case 2:
        text.replace(at, size, fragment());
        break;
      default:
        text.insert(at, text.substr(random() % (text.size() + 1), random() % 20));
        break;
    }
  }
  return text;
}

std::string garbage(std::mt19937& random) {
  std::string text;
  const int count = static_cast<int>(random() % 30);
  for (int i = 0; i < count; ++i) text += fragments()[random() % fragments().size()];
  return text;
}

Substitutions substitutions() {
  Substitutions out;
  out.add_name("#a", "a");
  out.add_name("#c", "c");
  const model::Item values =
      testing::read_item(R"({:n: 1, :m: 2, :s: "s", :t: "N", :l: [1, "x"], :ss: <"a", "b">})");
  for (const auto& [key, value] : values) out.add_value(key, value);
  return out;
}

const std::vector<model::Item>& items() {
  static const std::vector<model::Item> kItems = {
      {},
      testing::read_item(
          R"({pk: "s", sk: 1, a: 1, b: {c: 2, x: 3}, l: [1, {x: 2}, [3, 4]], m: {x: 1}, n: 5, s: "string"})"),
      testing::read_item(
          R"({pk: "p", sk: 2, a: {b: [1, 2, 3, {c: 4}]}, l: [], ss: <"a", "z">, c: <"q">, n: "no number"})"),
  };
  return kItems;
}

void check_condition(const std::string& text) {
  Substitutions values = substitutions();
  const auto parsed = parse_condition(ExpressionKind::kCondition, text, values);
  if (!parsed) {
    EXPECT_TRUE(parsed.error().starts_with("Invalid ConditionExpression: ")) << parsed.error();
    return;
  }
  const auto negated = parse_condition(ExpressionKind::kCondition, "NOT (" + text + ")", values);
  for (const model::Item& item : items()) {
    const bool matches = parsed->matches(item);
    // Refused only where the added parentheses or the added operator are too many.
    if (!negated) continue;
    EXPECT_NE(negated->matches(item), matches) << text;
  }
  (void)parsed->matches(nullptr);
}

void check_update(const std::string& text) {
  Substitutions values = substitutions();
  const auto parsed = parse_update(text, values);
  if (!parsed) {
    EXPECT_TRUE(parsed.error().starts_with("Invalid UpdateExpression: ")) << parsed.error();
    return;
  }
  EXPECT_FALSE(parsed->attributes().empty());
  for (const model::Item& item : items()) {
    const auto result = parsed->apply(item);
    if (!result) continue;
    // Only the attributes that the update names have changed.
    model::Item before = item;
    model::Item after = *result;
    for (const std::string& attribute : parsed->attributes()) {
      before.erase(attribute);
      after.erase(attribute);
    }
    EXPECT_EQ(before, after) << text;
    // Fragments are of the attributes that it names, and of no others.
    const model::Item fragments = parsed->touched(*result);
    for (const auto& entry : fragments) {
      EXPECT_TRUE(std::ranges::binary_search(parsed->attributes(), entry.first)) << text << " " << entry.first;
      EXPECT_TRUE(result->contains(entry.first)) << text << " " << entry.first;
    }
    if (parsed->only_removes()) {
      EXPECT_LE(result->size(), item.size()) << text;
    }
  }
}

void check_projection(const std::string& text) {
  Substitutions values = substitutions();
  const auto parsed = parse_projection(text, values);
  if (!parsed) {
    EXPECT_TRUE(parsed.error().starts_with("Invalid ProjectionExpression: ")) << parsed.error();
    return;
  }
  for (const model::Item& item : items())
    EXPECT_LE(parsed->apply(item).size(), parsed->attributes().size()) << text;
}

void check_key_condition(const std::string& text) {
  Substitutions values = substitutions();
  const auto parsed = parse_key_condition(text, values);
  if (!parsed) {
    EXPECT_TRUE(parsed.error().starts_with("Invalid KeyConditionExpression: ")) << parsed.error();
    return;
  }
  using model::AttributeType;
  const auto query =
      parsed->resolve({{"pk", AttributeType::kS}, model::KeyAttribute{"sk", AttributeType::kN}});
  if (!query) return;
  EXPECT_TRUE(parsed->check_shape().ok());
  const model::KeyRange range = key_range(*query);
  EXPECT_TRUE(range.to.empty() || range.from <= range.to) << text;
}

void check_all(const std::string& text) {
  check_condition(text);
  check_update(text);
  check_projection(text);
  check_key_condition(text);
}

TEST(RandomExpressionTest, MutationsAreParsedOrRefused) {
  std::mt19937 random(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    std::string text = seeds()[random() % seeds().size()];
    if (round >= static_cast<int>(seeds().size())) text = mutate(random, text);
    check_all(text);
    if (::testing::Test::HasFailure()) FAIL() << "round " << round << ": " << text;
  }
}

TEST(RandomExpressionTest, GarbageIsParsedOrRefused) {
  std::mt19937 random(kSeed + 1);
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = garbage(random);
    check_all(text);
    if (::testing::Test::HasFailure()) FAIL() << "round " << round << ": " << text;
  }
}

TEST(RandomExpressionTest, BytesAreParsedOrRefused) {
  std::mt19937 random(kSeed + 2);
  for (int round = 0; round < kRounds; ++round) {
    std::string text(random() % 40, '\0');
    for (char& c : text) c = static_cast<char>(random() % 256);
    check_all(text);
    if (::testing::Test::HasFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace stator::expressions
