// Goal: AttributeMap keeps its order and its names unique whatever is done to it, values compare as
// conditions compare them, and type names are the wire's.
#include "model/attribute_value.h"

#include <map>

#include "tests/unit/model/model_testing.h"

namespace stator::model {
namespace {

TEST(AttributeType, NamesAreTheWires) {
  const char* names[] = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"};
  for (int i = 0; i < 10; ++i) {
    const auto type = static_cast<AttributeType>(i + 1);
    EXPECT_EQ(type_name(type), names[i]);
    AttributeType back = AttributeType::kS;
    ASSERT_TRUE(parse_type_name(names[i], back));
    EXPECT_EQ(back, type);
  }
  AttributeType untouched = AttributeType::kBS;
  for (const char* text : {"", "s", "Bool", "SSS", "LIST", " S"})
    EXPECT_FALSE(parse_type_name(text, untouched)) << text;
  EXPECT_EQ(untouched, AttributeType::kBS);
}

TEST(AttributeType, VariantOrderIsTheTypesOrder) {
  EXPECT_EQ(AttributeValue::s("").type(), AttributeType::kS);
  EXPECT_EQ(AttributeValue::n(1).type(), AttributeType::kN);
  EXPECT_EQ(AttributeValue::b("").type(), AttributeType::kB);
  EXPECT_EQ(AttributeValue::boolean(false).type(), AttributeType::kBool);
  EXPECT_EQ(AttributeValue::null().type(), AttributeType::kNull);
  EXPECT_EQ(AttributeValue::m({}).type(), AttributeType::kM);
  EXPECT_EQ(AttributeValue::l({}).type(), AttributeType::kL);
  EXPECT_EQ(AttributeValue(AttributeValue::Variant(StringSet{{"a"}})).type(), AttributeType::kSS);
  EXPECT_EQ(AttributeValue(AttributeValue::Variant(NumberSet{{Number()}})).type(), AttributeType::kNS);
  EXPECT_EQ(AttributeValue(AttributeValue::Variant(BinarySet{{"a"}})).type(), AttributeType::kBS);
}

TEST(AttributeMap, AgreesWithAnOrderedMap) {
  SeededRandom random;
  AttributeMap map;
  std::map<std::string, int64_t> reference;
  for (int round = 0; round < 5'000; ++round) {
    const std::string name = random.bytes(2);
    const auto number = static_cast<int64_t>(random.below(1000));
    switch (random.below(4)) {
      case 0:
        map.set(name, AttributeValue::n(number));
        reference[name] = number;
        break;
      case 1:
        ASSERT_EQ(map.insert(name, AttributeValue::n(number)), reference.emplace(name, number).second);
        break;
      default:
        ASSERT_EQ(map.erase(name), reference.erase(name) == 1);
    }
    ASSERT_EQ(map.size(), reference.size());
    ASSERT_EQ(map.empty(), reference.empty());
    ASSERT_EQ(map.contains(name), reference.contains(name));
    if (round % 50 != 0) continue;
    auto at = map.begin();
    for (const auto& [expected_name, expected] : reference) {
      ASSERT_EQ(at->first, expected_name);
      ASSERT_EQ(at->second, AttributeValue::n(expected));
      ++at;
    }
  }
}

TEST(AttributeMap, InitializerListSortsAndTheLastOfANameWins) {
  const AttributeMap map = {
      {"b", AttributeValue::n(1)}, {"a", AttributeValue::n(2)}, {"b", AttributeValue::n(3)}};
  ASSERT_EQ(map.size(), 2u);
  EXPECT_EQ(map.begin()->first, "a");
  EXPECT_EQ(*map.find("b"), AttributeValue::n(3));
  EXPECT_EQ(map.find("c"), nullptr);
}

TEST(AttributeMap, NamesSortByBytes) {
  AttributeMap map;
  map.set("\xc3\xa9", AttributeValue::null());  // é sorts after z: bytes are unsigned
  map.set("z", AttributeValue::null());
  map.set(std::string("a\0b", 3), AttributeValue::null());
  map.set("a", AttributeValue::null());
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"a", std::string("a\0b", 3), "z", "\xc3\xa9"}));
}

TEST(AttributeValue, EqualityIsByTypeAndContents) {
  EXPECT_EQ(AttributeValue::n(*Number::parse("1.0")), AttributeValue::n(1));
  EXPECT_FALSE(AttributeValue::s("1") == AttributeValue::n(1));
  EXPECT_FALSE(AttributeValue::s("a") == AttributeValue::b("a"));
  EXPECT_FALSE(AttributeValue::l({AttributeValue::n(1), AttributeValue::n(2)}) ==
               AttributeValue::l({AttributeValue::n(2), AttributeValue::n(1)}));
  EXPECT_EQ(AttributeValue::m({{"a", AttributeValue::n(1)}, {"b", AttributeValue::null()}}),
            AttributeValue::m({{"b", AttributeValue::null()}, {"a", AttributeValue::n(1)}}));
}

TEST(AttributeValue, NestingDepth) {
  EXPECT_EQ(nesting_depth(AttributeValue::s("a")), 0u);
  EXPECT_EQ(nesting_depth(AttributeValue(AttributeValue::Variant(StringSet{{"a"}}))), 0u);
  EXPECT_EQ(nesting_depth(AttributeValue::m({})), 1u);
  EXPECT_EQ(nesting_depth(
                AttributeValue::l({AttributeValue::n(1), AttributeValue::m({{"a", AttributeValue::l({})}})})),
            3u);
  AttributeValue deep = AttributeValue::null();
  for (int i = 0; i < 32; ++i)
    deep = i % 2 == 0 ? AttributeValue::l({deep}) : AttributeValue::m({{"x", deep}});
  EXPECT_EQ(nesting_depth(deep), 32u);
}

}  // namespace
}  // namespace stator::model
