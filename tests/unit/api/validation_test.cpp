// Goal: model constraints on a shape made for it: which are found, in which order and words, and what is
// refused by name.
#include "api/validation.h"

#include "api/shapes/item_shapes.h"

namespace stator::api {
namespace {

constexpr std::string_view kColours[] = {"RED", "GREEN"};
constexpr Shape kColour = enum_of("Colour", kColours);
constexpr Shape kName = name_of("Name", {3, 5});
constexpr Shape kCount = integer_of("Count", {1, 10});
constexpr Shape kBig = long_of("Big");
constexpr Shape kFlag = boolean_of("Flag");
constexpr Shape kText = string_of("Text", {.max = 4});
constexpr Member kInnerMembers[] = {{"Name", &kName, kRequired}, {"Flag", &kFlag}};
constexpr Shape kInner = structure_of("Inner", kInnerMembers);
constexpr Shape kInners = list_of("Inners", kInner, {1, 2});
constexpr Shape kByName = map_of("ByName", kText, kInners, {.max = 2});
constexpr Member kMembers[] = {
    {"Name", &kName},
    {"Colour", &kColour},
    {"Count", &kCount},
    {"Big", &kBig},
    {"Text", &kText},
    {"Inners", &kInners},
    {"ByName", &kByName},
    {"Values", &shapes::kKey},
    {"Later", &kText, kOptional, Support::kRefused},
    {"Off", &kInner, kOptional, Support::kOffOnly},
    {"Flag", &kFlag, kOptional, Support::kOffOnly},
    {"List", &kInners, kOptional, Support::kOffOnly},
};
constexpr Shape kInput = structure_of("Input", kMembers);

std::string check(std::string_view body) {
  json::Parser parser;
  auto document = parser.parse(body);
  if (!document) return "no document";
  auto valid = validate(kInput, *document);
  if (valid) return "";
  return std::string(error_shape(valid.error().code).name) + ": " + valid.error().message;
}

std::string one(std::string_view value, std::string_view path, std::string_view constraint) {
  return "ValidationException: 1 validation error detected: Value '" + std::string(value) + "' at '" +
         std::string(path) + "' failed to satisfy constraint: " + std::string(constraint);
}

TEST(Validation, AcceptsWhatFits) {
  EXPECT_EQ(check("{}"), "");
  EXPECT_EQ(
      check(R"({"Name":"abc","Colour":"RED","Count":1,"Big":-9223372036854775808,"Text":"",)"
            R"("Inners":[{"Name":"a-.","Flag":true}],"ByName":{"k":[{"Name":"a_9"}]},"Unknown":[{"x":1}]})"),
      "");
  EXPECT_EQ(check(R"({"Name":null,"Inners":null})"), "");
}

TEST(Validation, Lengths) {
  EXPECT_EQ(check(R"({"Name":"ab"})"),
            one("ab", "name", "Member must have length greater than or equal to 3"));
  EXPECT_EQ(check(R"({"Name":"abcdef"})"),
            one("abcdef", "name", "Member must have length less than or equal to 5"));
  EXPECT_EQ(check(R"({"Inners":[]})"),
            one("[]", "inners", "Member must have length greater than or equal to 1"));
}

// Lengths are UTF-16 units: "ä" is one, "😀" two.
TEST(Validation, LengthsCountUtf16Units) {
  EXPECT_EQ(check(R"({"Text":"ääää"})"), "");
  EXPECT_EQ(check(R"({"Text":"😀😀"})"), "");
  EXPECT_EQ(check(R"({"Text":"😀😀a"})"),
            one("😀😀a", "text", "Member must have length less than or equal to 4"));
  EXPECT_EQ(utf16_length("a€😀"), 4u);
}

TEST(Validation, PatternsAndEnumerations) {
  EXPECT_EQ(check(R"({"Name":"a b"})"),
            one("a b", "name", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"));
  EXPECT_EQ(check(R"({"Colour":"red"})"),
            one("red", "colour", "Member must satisfy enum value set: [RED, GREEN]"));
}

TEST(Validation, Values) {
  EXPECT_EQ(check(R"({"Count":0})"), one("0", "count", "Member must have value greater than or equal to 1"));
  EXPECT_EQ(check(R"({"Count":11})"), one("11", "count", "Member must have value less than or equal to 10"));
  EXPECT_EQ(check(R"({"Count":10.9})"), "");  // cut to 10
  EXPECT_EQ(check(R"({"Count":0.9})"),
            one("0", "count", "Member must have value greater than or equal to 1"));
  EXPECT_EQ(check(R"({"Count":2147483648})"),
            "SerializationException: Numeric value out of range of Integer");
  EXPECT_EQ(check(R"({"Big":9223372036854775808})"),
            "SerializationException: Numeric value out of range of Long");
  EXPECT_EQ(check(R"({"Big":1e300})"), "SerializationException: Numeric value out of range of Long");
}

TEST(Validation, NestedPathsAndQuotedStructures) {
  EXPECT_EQ(check(R"({"Inners":[{"Name":"abc"},{}]})"),
            "ValidationException: 1 validation error detected: Value null at 'inners.2.member.name' failed "
            "to satisfy "
            "constraint: Member must not be null");
  EXPECT_EQ(check(R"({"Inners":[{"Name":"abc"},{"Name":"abc","Flag":true},{"Name":"abc"}]})"),
            one("[Inner(name=abc, flag=null), Inner(name=abc, flag=true), Inner(name=abc, flag=null)]",
                "inners", "Member must have length less than or equal to 2"));
  EXPECT_EQ(
      check(R"({"Inners":[null]})"),
      "ValidationException: 1 validation error detected: Value null at 'inners.1.member' failed to satisfy "
      "constraint: Member must not be null");
}

TEST(Validation, Maps) {
  EXPECT_EQ(check(R"({"ByName":{"a":[]}})"), one("{a=[]}", "byName",
                                                 "Map value must satisfy constraint: [Member must have "
                                                 "length less than or equal to 2, Member must have "
                                                 "length greater than or equal to 1]"));
  EXPECT_EQ(check(R"({"ByName":{"abcde":[{"Name":"abc"}]}})"),
            one("{abcde=[Inner(name=abc, flag=null)]}", "byName",
                "Map keys must satisfy constraint: [Member must have length less than or equal to 4]"));
  EXPECT_EQ(check(R"({"ByName":{"k":[{"Name":"a"}]}})"),
            one("a", "byName.k.member.1.member.name", "Member must have length greater than or equal to 3"));
}

TEST(Validation, ListsViolationsInTheModelsOrderUpToTen) {
  EXPECT_EQ(check(R"({"Count":0,"Colour":"x"})"),
            "ValidationException: 2 validation errors detected: Value 'x' at 'colour' failed to satisfy "
            "constraint: Member "
            "must satisfy enum value set: [RED, GREEN]; Value '0' at 'count' failed to satisfy constraint: "
            "Member must "
            "have value greater than or equal to 1");
  std::string many = R"({"Inners":[)";
  for (int i = 0; i < 50; ++i) many += i == 0 ? "{}" : ",{}";
  EXPECT_TRUE(check(many + "]}").starts_with("ValidationException: 10 validation errors detected: "));
}

TEST(Validation, TypesComeFirstAndDuplicatesAreRefused) {
  EXPECT_EQ(check(R"({"Count":0,"Name":5})"),
            "SerializationException: NUMBER_VALUE cannot be converted to String");
  EXPECT_EQ(check(R"({"Name":"abc","Name":"abd"})"), "SerializationException: Duplicate field 'Name'");
  EXPECT_EQ(check(R"({"Name":"abc","Name":null})"), "");
}

TEST(Validation, RefusesByNameAfterConstraints) {
  EXPECT_EQ(check(R"({"Later":"x"})"), "ValidationException: Stator does not implement this yet: Later");
  EXPECT_EQ(check(R"({"Later":"x","Count":0})"),
            one("0", "count", "Member must have value greater than or equal to 1"));
  EXPECT_EQ(check(R"({"Later":"too long"})"),
            one("too long", "later", "Member must have length less than or equal to 4"));
}

TEST(Validation, WhatSaysOffIsAccepted) {
  EXPECT_EQ(check(R"({"Flag":false})"), "");
  EXPECT_EQ(check(R"({"Flag":true})"), "ValidationException: Stator does not implement this yet: Flag");
  EXPECT_EQ(check(R"({"List":[{"Name":"abc"}]})"),
            "ValidationException: Stator does not implement this yet: List");
  EXPECT_EQ(check(R"({"Off":{"Name":"abc","Flag":false}})"),
            "ValidationException: Stator does not implement this yet: Off");
}

TEST(Validation, QuotesAreBounded) {
  const std::string text = check(R"({"Name":")" + std::string(1'000'000, 'a') + "\"}");
  EXPECT_LT(text.size(), kQuotedValueMax + 300);
  EXPECT_GT(text.size(), kQuotedValueMax);
}

}  // namespace
}  // namespace stator::api
