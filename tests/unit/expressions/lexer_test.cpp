// Goal: texts become the tokens that the grammar knows, whatever the characters.
#include "api/expressions/lexer.h"

#include <gtest/gtest.h>

#include <string>

namespace stator::expressions {
namespace {

// The tokens' texts, each in brackets.
std::string texts(std::string_view text) {
  std::string out;
  for (const Token& token : tokenize(text)) out += "[" + std::string(token.text) + "]";
  return out;
}

TEST(LexerTest, EndsWithAnEndToken) {
  const auto tokens = tokenize("");
  ASSERT_EQ(tokens.size(), 1u);
  EXPECT_EQ(tokens[0].kind, TokenKind::kEnd);
  EXPECT_EQ(tokens[0].offset, 0u);
  EXPECT_EQ(tokenize("a ").back().offset, 2u);
}

TEST(LexerTest, SkipsTheFourKindsOfWhiteSpace) {
  EXPECT_EQ(texts(" a\t=\r\n:b "), "[a][=][:b][]");
  // A form feed is not one of them.
  EXPECT_EQ(tokenize("a\f").at(1).kind, TokenKind::kUnknown);
}

TEST(LexerTest, TakesTheLongestMatch) {
  EXPECT_EQ(texts("a<=b<>c>=d<e>f=g"), "[a][<=][b][<>][c][>=][d][<][e][>][f][=][g][]");
  EXPECT_EQ(texts("a<>=b"), "[a][<>][=][b][]");
  EXPECT_EQ(texts("a==b"), "[a][=][=][b][]");
  EXPECT_EQ(texts("inner"), "[inner][]");
  EXPECT_EQ(tokenize("inner").at(0).kind, TokenKind::kIdentifier);
}

TEST(LexerTest, KeywordsIgnoreCase) {
  for (const char* text : {"AND", "and", "aNd"})
    EXPECT_EQ(tokenize(text).at(0).kind, TokenKind::kAnd) << text;
  EXPECT_EQ(tokenize("or").at(0).kind, TokenKind::kOr);
  EXPECT_EQ(tokenize("Not").at(0).kind, TokenKind::kNot);
  EXPECT_EQ(tokenize("between").at(0).kind, TokenKind::kBetween);
  EXPECT_EQ(tokenize("iN").at(0).kind, TokenKind::kIn);
  EXPECT_EQ(tokenize("set").at(0).kind, TokenKind::kSet);
  EXPECT_EQ(tokenize("remove").at(0).kind, TokenKind::kRemove);
  EXPECT_EQ(tokenize("Add").at(0).kind, TokenKind::kAdd);
  EXPECT_EQ(tokenize("DELETE").at(0).kind, TokenKind::kDelete);
  EXPECT_EQ(tokenize("AND_").at(0).kind, TokenKind::kIdentifier);
}

TEST(LexerTest, PlaceholdersNeedAtLeastOneCharacter) {
  EXPECT_EQ(tokenize("#a_1").at(0).kind, TokenKind::kNamePlaceholder);
  EXPECT_EQ(tokenize(":_").at(0).kind, TokenKind::kValuePlaceholder);
  EXPECT_EQ(tokenize("#1").at(0).kind, TokenKind::kNamePlaceholder);
  EXPECT_EQ(tokenize("#").at(0).kind, TokenKind::kUnknown);
  EXPECT_EQ(tokenize(": a").at(0).kind, TokenKind::kUnknown);
  EXPECT_EQ(texts("#a-b"), "[#a][-][b][]");
  EXPECT_EQ(texts("#a#b"), "[#a][#b][]");
}

TEST(LexerTest, IndexesHaveNoLeadingZero) {
  EXPECT_EQ(texts("a[0][10][01]"), "[a][[][0][]][[][10][]][[][0][1][]][]");
  EXPECT_EQ(tokenize("123").at(0).kind, TokenKind::kIndex);
  EXPECT_EQ(texts("1a"), "[1][a][]");
}

TEST(LexerTest, UnknownCharactersAreTokens) {
  EXPECT_EQ(texts("_a"), "[_][a][]");
  EXPECT_EQ(texts("a!=b"), "[a][!][=][b][]");
  EXPECT_EQ(texts("a \xC3\xA9 \xF0\x9F\x98\x80"), "[a][\xC3\xA9][\xF0\x9F\x98\x80][]");
  EXPECT_EQ(tokenize("\xC3\xA9").at(0).kind, TokenKind::kUnknown);
  // Bytes that are no UTF-8 at all, and a zero byte.
  EXPECT_EQ(tokenize(std::string("\x80\x80\xFF\0a", 5)).size(), 5u);
}

}  // namespace
}  // namespace stator::expressions
