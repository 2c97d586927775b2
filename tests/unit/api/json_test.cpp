// Goal: JSON out byte for byte as clients get it, JSON in with the bounds that keep a server alive.
#include "api/json.h"

#include <random>

#include "model/limits.h"

namespace stator::api::json {
namespace {

std::string as_json(std::string_view text) {
  std::string out;
  Writer(out).string(text);
  return out;
}

std::string double_as_json(double value) {
  std::string out;
  Writer(out).number(value);
  return out;
}

TEST(JsonWriter, PlacesCommas) {
  std::string out;
  Writer writer(out);
  writer.begin_object().key("a").integer(-5).key("b").begin_array().end_array();
  writer.key("c").begin_array().boolean(true).null().begin_object().end_object().raw("{\"x\":1}").end_array();
  writer.key("d").begin_object().key("e").string("f").end_object().end_object();
  EXPECT_EQ(out, R"({"a":-5,"b":[],"c":[true,null,{},{"x":1}],"d":{"e":"f"}})");
}

TEST(JsonWriter, EscapesWhatMustBeAndNothingElse) {
  EXPECT_EQ(as_json(""), "\"\"");
  EXPECT_EQ(as_json("plain text of more than eight bytes"), "\"plain text of more than eight bytes\"");
  EXPECT_EQ(as_json("\"\\\n\r\t\b\f"), R"("\"\\\n\r\t\b\f")");
  EXPECT_EQ(as_json(std::string("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(as_json("é😀/<>"), "\"é😀/<>\"");
}

// The writer looks at eight bytes at once: each position of each kind of character has to be found.
TEST(JsonWriter, FindsEscapesAtEveryPosition) {
  for (int c = 0; c < 256; ++c) {
    for (size_t position = 0; position < 20; ++position) {
      std::string text(20, 'x');
      text[position] = static_cast<char>(c);
      const std::string out = as_json(text);
      const bool escaped = c < 0x20 || c == '"' || c == '\\';
      EXPECT_EQ(out.size() > 22, escaped) << c << " at " << position;
      if (!escaped) {
        EXPECT_EQ(out, "\"" + text + "\"");
      }
    }
  }
}

TEST(JsonWriter, RandomStringsReadBack) {
  std::mt19937 random(7);
  Parser parser;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (size_t i = random() % 40; i > 0; --i) text.push_back(static_cast<char>(random() % 128));
    const std::string document = "{\"a\":" + as_json(text) + "}";
    auto parsed = parser.parse(document);
    ASSERT_TRUE(parsed.ok()) << document;
    EXPECT_EQ(text_of(*member(*parsed, "a")), text);
  }
}

TEST(JsonWriter, DoublesAsTheServiceWritesThem) {
  EXPECT_EQ(double_as_json(0), "0.0");
  EXPECT_EQ(double_as_json(1), "1.0");
  EXPECT_EQ(double_as_json(0.5), "0.5");
  EXPECT_EQ(double_as_json(12.5), "12.5");
  EXPECT_EQ(double_as_json(1700000000.123), "1700000000.123");
  EXPECT_EQ(double_as_json(1e15), "1000000000000000.0");
}

TEST(JsonWriter, Base64) {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe", "//4="}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64(bytes), text);
    std::string back;
    EXPECT_TRUE(unbase64(text, back));
    EXPECT_EQ(back, bytes);
  }
  std::string out;
  for (const std::string_view wrong :
       {"Z", "Zg", "Zg=", "Zg==Zg==", "Zm=v", "====", "Zh==", "Zm9=", "Zm 8", "Zm-_"})
    EXPECT_FALSE(unbase64(wrong, out)) << wrong;
}

TEST(JsonWriter, AttributeValues) {
  using model::AttributeValue;
  std::string out;
  Writer(out).item({{"b", AttributeValue::b("\x01")},
                    {"l", AttributeValue::l({AttributeValue::null(), AttributeValue::boolean(false)})},
                    {"m", AttributeValue::m({{"x", AttributeValue::n(7)}})},
                    {"s", AttributeValue::s("t\n")}});
  EXPECT_EQ(
      out,
      R"({"b":{"B":"AQ=="},"l":{"L":[{"NULL":true},{"BOOL":false}]},"m":{"M":{"x":{"N":"7"}}},"s":{"S":"t\n"}})");
}

TEST(JsonParser, RefusesWhatIsNoObject) {
  Parser parser;
  for (const std::string_view text : {"", " ", "[]", "1", "\"a\"", "null", "{", "{}}", "{\"a\":}", "{'a':1}",
                                      "{\"a\":01}", "{\"a\":\"\\ud800\"}", "{\"a\":1e999}",
                                      "{\"a\":18446744073709551616}", "{\"a\":\"\x80\"}", "{\"a\":\"\n\"}"}) {
    auto parsed = parser.parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kSerialization) << text;
  }
  EXPECT_TRUE(parser.parse("{}").ok());
}

TEST(JsonParser, BoundsTheDepth) {
  Parser parser;
  const auto nested = [](size_t depth) {
    std::string text = "{\"a\":";
    text.append(depth - 1, '[').append(depth - 1, ']').append("}");
    return text;
  };
  EXPECT_TRUE(parser.parse(nested(model::kJsonDepthMax - 1)).ok());
  auto refused = parser.parse(nested(model::kJsonDepthMax + 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "Nesting Levels have exceeded supported limits");
  EXPECT_FALSE(parser.parse(nested(1'000'000)).ok());
  // A parser that refused one document reads the next; its bound survives a growth of its buffers.
  EXPECT_TRUE(parser.parse("{\"a\":\"" + std::string(3'000'000, 'x') + "\"}").ok());
  EXPECT_FALSE(parser.parse(nested(1000)).ok());
  EXPECT_TRUE(parser.parse("{\"a\":1}").ok());
}

TEST(JsonParser, NullIsAbsent) {
  Parser parser;
  auto parsed = parser.parse(R"({"a":null,"b":1})");
  ASSERT_TRUE(parsed.ok());
  EXPECT_FALSE(member(*parsed, "a").has_value());
  EXPECT_FALSE(member(*parsed, "c").has_value());
  EXPECT_TRUE(member(*parsed, "b").has_value());
}

}  // namespace
}  // namespace stator::api::json
