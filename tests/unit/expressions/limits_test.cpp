// Goal: every bound of expressions holds at its edge, and nothing that fits into 4 KB of text costs stack or
// memory without bound.
#include <gtest/gtest.h>

#include <string>

#include "api/expressions/condition.h"
#include "api/expressions/projection.h"
#include "api/expressions/reserved_words.h"
#include "api/expressions/update.h"
#include "model/limits.h"

namespace stator::expressions {
namespace {

using model::AttributeValue;

constexpr size_t kTextMax = model::kExpressionSizeMax;

Substitutions substitutions() {
  Substitutions out;
  out.add_value(":v", AttributeValue::n(1));
  return out;
}

std::string repeat(const std::string& text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

std::string condition_error(const std::string& text) {
  Substitutions values = substitutions();
  const auto parsed = parse_condition(ExpressionKind::kCondition, text, values);
  return parsed ? "" : parsed.error();
}

std::string update_error(const std::string& text) {
  Substitutions values = substitutions();
  const auto parsed = parse_update(text, values);
  return parsed ? "" : parsed.error();
}

const std::string kRedundant = "Invalid ConditionExpression: The expression has redundant parentheses;";
const std::string kTooMany =
    "Invalid ConditionExpression: The expression contains too many operators; operator count: 301";

TEST(ExpressionLimitsTest, TheTextHas4096Bytes) {
  const std::string fits = std::string(kTextMax - 5, 'a') + " = :v";
  EXPECT_EQ(condition_error(fits), "");
  EXPECT_EQ(condition_error(fits + " "),
            "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression "
            "size: 4097");
  Substitutions none;
  EXPECT_EQ(parse_projection(std::string(kTextMax + 1, ' '), none).error(),
            "Invalid ProjectionExpression: Expression size has exceeded the maximum allowed size; expression "
            "size: 4097");
}

TEST(ExpressionLimitsTest, TheTextIsNotEmpty) {
  EXPECT_EQ(condition_error(""), "Invalid ConditionExpression: The expression can not be empty;");
  EXPECT_EQ(update_error(""), "Invalid UpdateExpression: The expression can not be empty;");
  for (const std::string text : {" ", "\t\r\n "}) {
    const std::string error = "Expression: Syntax error; token: \"<EOF>\", near: \"" + text + "\"";
    EXPECT_EQ(condition_error(text), "Invalid Condition" + error);
    EXPECT_EQ(update_error(text), "Invalid Update" + error);
  }
}

TEST(ExpressionLimitsTest, AnExpressionHas300Operators) {
  // 150 comparisons and 149 ANDs; with another pair it is 301.
  EXPECT_EQ(condition_error("a=:v" + repeat(" AND a=:v", 149)), "");
  EXPECT_EQ(condition_error("a=:v" + repeat(" AND a=:v", 150)), kTooMany);
  EXPECT_EQ(condition_error(repeat("NOT ", 299) + "a=:v"), "");
  EXPECT_EQ(condition_error(repeat("NOT ", 300) + "a=:v"), kTooMany);
  EXPECT_EQ(condition_error(repeat("size(", 300) + "a" + repeat(")", 300) + "=:v"), kTooMany);
}

TEST(ExpressionLimitsTest, InTakesOneHundredOperands) {
  EXPECT_EQ(condition_error("a IN (:v" + repeat(",:v", 99) + ")"), "");
  EXPECT_EQ(condition_error("a IN (:v" + repeat(",:v", 100) + ")"),
            "Invalid ConditionExpression: The IN operator is provided with too many operands; number of "
            "operands: 101");
}

TEST(ExpressionLimitsTest, DeepNestingCostsNoStack) {
  EXPECT_EQ(condition_error(repeat("(", 2045) + "a=:v" + repeat(")", 2045)), kRedundant);
  EXPECT_EQ(condition_error(repeat("(", 2045) + "a" + repeat(")", 2045) + "=:v"), kRedundant);
  EXPECT_EQ(condition_error("a=" + repeat("(", 2046) + ":v" + repeat(")", 2046)), kRedundant);
  EXPECT_NE(condition_error(repeat("(", kTextMax)), "");
  EXPECT_NE(condition_error("a" + repeat(")", kTextMax - 1)), "");
  EXPECT_EQ(condition_error(repeat("NOT(", 299) + "a=:v" + repeat(")", 299)), "");
  EXPECT_EQ(condition_error(repeat("NOT(", 500) + "a=:v" + repeat(")", 500)), kTooMany);
  EXPECT_NE(condition_error(repeat("f(", 2048)), "");
  EXPECT_NE(update_error("SET a=" + repeat("(", 4000)), "");
  EXPECT_NE(update_error("SET a=" + repeat("f(", 2000)), "");
}

TEST(ExpressionLimitsTest, TheDeepestConditionIsEvaluated) {
  Substitutions values = substitutions();
  const auto odd =
      parse_condition(ExpressionKind::kCondition, repeat("NOT(", 299) + "a=:v" + repeat(")", 299), values);
  ASSERT_TRUE(odd.ok());
  EXPECT_FALSE(odd->matches(model::Item{{"a", AttributeValue::n(1)}}));
  EXPECT_TRUE(odd->matches(model::Item{{"a", AttributeValue::n(2)}}));
  // Groups that are not redundant: (((a=:v) AND a=:v) AND a=:v) ...
  const auto nested =
      parse_condition(ExpressionKind::kFilter, repeat("(", 149) + "a=:v" + repeat(") AND a=:v", 149), values);
  ASSERT_TRUE(nested.ok());
  EXPECT_TRUE(nested->matches(model::Item{{"a", AttributeValue::n(1)}}));
}

TEST(ExpressionLimitsTest, PathsAre32Deep) {
  EXPECT_EQ(condition_error("a" + repeat(".a", 31) + " = :v"), "");
  EXPECT_EQ(condition_error("a" + repeat("[0]", 31) + " = :v"), "");
  EXPECT_EQ(
      condition_error("a" + repeat(".a", 32) + " = :v"),
      "Invalid ConditionExpression: The document path has too many nesting levels; nesting levels: 33");
  EXPECT_NE(condition_error("a" + repeat("[0]", 1300) + " = :v"), "");
}

TEST(ExpressionLimitsTest, ManyPathsAreComparedQuickly) {
  std::string text = "REMOVE l[0]";
  for (int i = 1; text.size() < kTextMax - 8; ++i) text += ",l[" + std::to_string(i) + "]";
  Substitutions none;
  const auto parsed = parse_update(text, none);
  ASSERT_TRUE(parsed.ok());
  model::AttributeList list;
  for (int i = 0; i < 1000; ++i) list.push_back(AttributeValue::n(i));
  const auto result = parsed->apply(model::Item{{"l", AttributeValue::l(list)}});
  ASSERT_TRUE(result.ok());
  EXPECT_LT(result->find("l")->as_l()->size(), 600u);
}

// A value of an item's size, named again and again, must not be copied again and again.
TEST(ExpressionLimitsTest, UpdatesStopAtTheSizeOfAnItem) {
  Substitutions values;
  values.add_value(":s", AttributeValue::s(std::string(300'000, 'x')));
  values.add_value(":l", AttributeValue::l({AttributeValue::s(std::string(300'000, 'x'))}));
  std::string sets = "SET a0 = :s";
  for (int i = 1; sets.size() < kTextMax - 12; ++i) sets += ", a" + std::to_string(i) + " = :s";
  const auto many = parse_update(sets, values);
  ASSERT_TRUE(many.ok());
  const std::string too_large = "Item size to update has exceeded the maximum allowed size";
  EXPECT_EQ(many->apply({}).error(), too_large);
  std::string appends = ":l";
  for (int i = 0; i < 200; ++i) appends = "list_append(" + appends + ",:l)";
  const auto nested = parse_update("SET a = " + appends, values);
  ASSERT_TRUE(nested.ok());
  EXPECT_EQ(nested->apply({}).error(), too_large);
  EXPECT_TRUE(parse_update("SET a = :s", values)->apply({}).ok());
}

TEST(ReservedWordsTest, IgnoreCase) {
  for (const char* word : {"ABORT", "abort", "Zone", "LocalTimestamp", "size", "TTL"}) {
    EXPECT_TRUE(is_reserved_word(word)) << word;
  }
  for (const char* word : {"", "a", "id", "pk", "ABORTS", "AUTHORIZATIONS", "LOCALTIMESTAMPS", "zzz"}) {
    EXPECT_FALSE(is_reserved_word(word)) << word;
  }
}

}  // namespace
}  // namespace stator::expressions
