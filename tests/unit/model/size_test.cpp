// Goal: items weigh what the service says they weigh.
#include "model/size.h"

#include "tests/unit/model/model_testing.h"

namespace stator::model {
namespace {

AttributeValue n(std::string_view text) { return AttributeValue::n(*Number::parse(text)); }

TEST(Size, Scalars) {
  EXPECT_EQ(size_bytes(AttributeValue::s("")), 0u);
  EXPECT_EQ(size_bytes(AttributeValue::s("\xc3\xa9")), 2u);
  EXPECT_EQ(size_bytes(AttributeValue::b(std::string(3, '\0'))), 3u);
  EXPECT_EQ(size_bytes(AttributeValue::boolean(false)), 1u);
  EXPECT_EQ(size_bytes(AttributeValue::null()), 1u);
  EXPECT_EQ(size_bytes(n("101")), 3u);
}

TEST(Size, Containers) {
  EXPECT_EQ(size_bytes(AttributeValue::l({})), 3u);
  EXPECT_EQ(size_bytes(AttributeValue::m({})), 3u);
  EXPECT_EQ(size_bytes(AttributeValue::l({AttributeValue::s("ab"), AttributeValue::null()})), 3u + 2 + 2 + 1);
  EXPECT_EQ(size_bytes(AttributeValue::m({{"key", AttributeValue::l({AttributeValue::s("ab")})}})),
            3u + 1 + 3 + 3 + 1 + 2);
  EXPECT_EQ(size_bytes(AttributeValue(AttributeValue::Variant(StringSet{{"a", "bc"}}))), 3u);
  EXPECT_EQ(size_bytes(AttributeValue(AttributeValue::Variant(BinarySet{{"a", "bc"}}))), 3u);
  EXPECT_EQ(size_bytes(AttributeValue(
                AttributeValue::Variant(NumberSet{{*Number::parse("-27"), *Number::parse("101")}}))),
            6u);
}

// The records of the public Lambda sample event for streams: keys and images as their SizeBytes counts them.
TEST(Size, TheStreamSampleEvent) {
  const Item keys = {{"Id", n("101")}};
  const Item new_image = {{"Message", AttributeValue::s("New item!")}, {"Id", n("101")}};
  const Item changed_image = {{"Message", AttributeValue::s("This item has changed")}, {"Id", n("101")}};
  EXPECT_EQ(size_bytes(keys) + size_bytes(new_image), 26u);
  EXPECT_EQ(size_bytes(keys) + size_bytes(new_image) + size_bytes(changed_image), 59u);
  EXPECT_EQ(size_bytes(keys) + size_bytes(changed_image), 38u);
}

}  // namespace
}  // namespace stator::model
