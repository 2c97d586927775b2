// Goal: the maps of names and values are checked by themselves, and what no expression of a request uses is
// told.
#include "api/expressions/substitutions.h"

#include <gtest/gtest.h>

#include <string>

#include "api/expressions/condition.h"
#include "api/expressions/key_condition.h"
#include "api/expressions/projection.h"
#include "api/expressions/update.h"

namespace stator::expressions {
namespace {

using model::AttributeValue;

std::string names_error(const std::string& key, const std::string& name) {
  Substitutions substitutions;
  substitutions.add_name(key, name);
  const auto checked = substitutions.check_names();
  return checked ? "" : checked.error();
}

std::string values_error(const std::string& key) {
  Substitutions substitutions;
  substitutions.add_value(key, AttributeValue::s("x"));
  const auto checked = substitutions.check_values();
  return checked ? "" : checked.error();
}

TEST(SubstitutionsTest, AbsentMapsAreFineEmptyOnesAreNot) {
  Substitutions substitutions;
  EXPECT_FALSE(substitutions.has_names());
  EXPECT_FALSE(substitutions.has_values());
  EXPECT_TRUE(substitutions.check_names().ok());
  EXPECT_TRUE(substitutions.check_values().ok());
  EXPECT_TRUE(substitutions.check_all_used().ok());
  substitutions.begin_names();
  substitutions.begin_values();
  EXPECT_TRUE(substitutions.has_names());
  EXPECT_TRUE(substitutions.has_values());
  EXPECT_EQ(substitutions.check_names().error(), "ExpressionAttributeNames must not be empty");
  EXPECT_EQ(substitutions.check_values().error(), "ExpressionAttributeValues must not be empty");
}

TEST(SubstitutionsTest, PlaceholdersHaveASyntax) {
  for (const char* key : {"#a", "#A_9", "#_", "#0"}) EXPECT_EQ(names_error(key, "x"), "") << key;
  for (const char* key : {"", "#", "a", ":a", "#a-b", "##a", "#a b", "#\xC3\xA9"}) {
    EXPECT_EQ(names_error(key, "x"), "ExpressionAttributeNames contains invalid key: Syntax error; key: \"" +
                                         std::string(key) + "\"");
  }
  for (const char* key : {":a", ":A_9", ":_", ":0"}) EXPECT_EQ(values_error(key), "") << key;
  for (const char* key : {"", ":", "a", "#a", ":a-b", "::a"}) {
    EXPECT_EQ(values_error(key), "ExpressionAttributeValues contains invalid key: Syntax error; key: \"" +
                                     std::string(key) + "\"");
  }
}

TEST(SubstitutionsTest, PlaceholdersHaveALengthThatIsCheckedFirst) {
  EXPECT_EQ(names_error("#" + std::string(254, 'a'), "x"), "");
  EXPECT_EQ(names_error("#" + std::string(255, 'a'), "x"),
            "ExpressionAttributeNames contains invalid key: The expression attribute map contains a key that "
            "is too "
            "long; size of key: 256");
  EXPECT_EQ(names_error("#" + std::string(255, 'a') + "-x", "x"),
            "ExpressionAttributeNames contains invalid key: The expression attribute map contains a key that "
            "is too "
            "long; size of key: 258");
  EXPECT_EQ(values_error(":" + std::string(254, 'a')), "");
  EXPECT_EQ(values_error(":" + std::string(255, 'a')),
            "ExpressionAttributeValues contains invalid key: The expression attribute map contains a key "
            "that is too "
            "long;");
}

TEST(SubstitutionsTest, NamesAreNotEmpty) {
  EXPECT_EQ(names_error("#a", ""),
            "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a");
}

TEST(SubstitutionsTest, TheMapsHaveATotalSize) {
  Substitutions substitutions;
  for (int i = 0; i < 5; ++i) {
    substitutions.add_value(":v" + std::to_string(i), AttributeValue::s(std::string(400'000, 'x')));
    substitutions.add_name("#n" + std::to_string(i), std::string(400'000, 'x'));
  }
  EXPECT_TRUE(substitutions.check_values().ok());
  EXPECT_TRUE(substitutions.check_names().ok());
  substitutions.add_value(":v5", AttributeValue::s(std::string(100'000, 'x')));
  substitutions.add_name("#n5", std::string(100'000, 'x'));
  EXPECT_FALSE(substitutions.check_values().ok());
  EXPECT_FALSE(substitutions.check_names().ok());
}

TEST(SubstitutionsTest, InvalidValuesAreWrapped) {
  EXPECT_EQ(invalid_value("Supplied AttributeValue is empty", ":v"),
            "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty for key :v");
}

Substitutions three_of_each() {
  Substitutions substitutions;
  for (const char* key : {"#c", "#a", "#b"}) substitutions.add_name(key, std::string(key).substr(1));
  for (const char* key : {":c", ":a", ":b"}) substitutions.add_value(key, AttributeValue::n(1));
  return substitutions;
}

TEST(SubstitutionsTest, UnusedNamesAreToldBeforeUnusedValues) {
  Substitutions substitutions = three_of_each();
  EXPECT_EQ(substitutions.check_all_used().error(),
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b, #c}");
  ASSERT_TRUE(parse_condition(ExpressionKind::kCondition, "#b = :c", substitutions).ok());
  EXPECT_EQ(substitutions.check_all_used().error(),
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #c}");
  ASSERT_TRUE(parse_projection("#a, #c", substitutions).ok());
  EXPECT_EQ(substitutions.check_all_used().error(),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a, :b}");
  ASSERT_TRUE(parse_condition(ExpressionKind::kFilter, "x BETWEEN :a AND :b", substitutions).ok());
  EXPECT_TRUE(substitutions.check_all_used().ok());
}

TEST(SubstitutionsTest, EveryKindOfExpressionUses) {
  Substitutions substitutions = three_of_each();
  ASSERT_TRUE(parse_update("SET #a = :a, x.#b = if_not_exists(#c, :b) ADD y :c", substitutions).ok());
  EXPECT_TRUE(substitutions.check_all_used().ok());

  substitutions = three_of_each();
  ASSERT_TRUE(parse_key_condition("#a = :a AND #b BETWEEN :b AND :c", substitutions).ok());
  ASSERT_TRUE(parse_condition(ExpressionKind::kFilter, "size(x.#c) = :a", substitutions).ok());
  EXPECT_TRUE(substitutions.check_all_used().ok());

  // What is never evaluated is used all the same.
  substitutions = three_of_each();
  ASSERT_TRUE(parse_condition(ExpressionKind::kCondition, "attribute_exists(#a) OR #b.#c IN (:a, :b, :c)",
                              substitutions)
                  .ok());
  EXPECT_TRUE(substitutions.check_all_used().ok());
}

TEST(SubstitutionsTest, ExpressionsOutliveTheirSubstitutions) {
  auto parse = [] {
    Substitutions substitutions;
    substitutions.add_name("#n", "name");
    substitutions.add_value(
        ":v", AttributeValue::s("a value that is too long to be kept inside of a string object"));
    return parse_condition(ExpressionKind::kCondition, "#n = :v", substitutions).value();
  };
  const Condition condition = parse();
  const model::Item item = {
      {"name", AttributeValue::s("a value that is too long to be kept inside of a string object")}};
  EXPECT_TRUE(condition.matches(item));
  EXPECT_EQ(condition.attributes(), std::vector<std::string>{"name"});
}

}  // namespace
}  // namespace stator::expressions
