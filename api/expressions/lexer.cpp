// Characters to tokens: the longest match, keywords afterwards. Pure.
#include "api/expressions/lexer.h"

#include <array>
#include <utility>

namespace stator::expressions {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

bool equal_ignoring_case(std::string_view text, std::string_view upper) {
  if (text.size() != upper.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != upper[i]) return false;
  }
  return true;
}

constexpr std::array<std::pair<std::string_view, TokenKind>, 9> kKeywords = {{
    {"AND", TokenKind::kAnd},
    {"OR", TokenKind::kOr},
    {"NOT", TokenKind::kNot},
    {"BETWEEN", TokenKind::kBetween},
    {"IN", TokenKind::kIn},
    {"SET", TokenKind::kSet},
    {"REMOVE", TokenKind::kRemove},
    {"ADD", TokenKind::kAdd},
    {"DELETE", TokenKind::kDelete},
}};

TokenKind word_kind(std::string_view word) {
  for (const auto& [keyword, kind] : kKeywords) {
    if (equal_ignoring_case(word, keyword)) return kind;
  }
  return TokenKind::kIdentifier;
}

// The number of leading word characters.
size_t word_size(std::string_view text) {
  size_t size = 0;
  while (size < text.size() && is_word(text[size])) ++size;
  return size;
}

struct Match {
  TokenKind kind;
  size_t size;
};

Match match_symbol(std::string_view text) {
  const char next = text.size() > 1 ? text[1] : '\0';
  switch (text[0]) {
    case '=':
      return {TokenKind::kEqual, 1};
    case '<':
      if (next == '>') return {TokenKind::kNotEqual, 2};
      if (next == '=') return {TokenKind::kLessOrEqual, 2};
      return {TokenKind::kLess, 1};
    case '>':
      if (next == '=') return {TokenKind::kGreaterOrEqual, 2};
      return {TokenKind::kGreater, 1};
    case '+':
      return {TokenKind::kPlus, 1};
    case '-':
      return {TokenKind::kMinus, 1};
    case '(':
      return {TokenKind::kLeftParenthesis, 1};
    case ')':
      return {TokenKind::kRightParenthesis, 1};
    case '[':
      return {TokenKind::kLeftBracket, 1};
    case ']':
      return {TokenKind::kRightBracket, 1};
    case ',':
      return {TokenKind::kComma, 1};
    case '.':
      return {TokenKind::kDot, 1};
    default:
      break;
  }
  // The rest of a UTF-8 sequence belongs to its first byte.
  size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return {TokenKind::kUnknown, size};
}

// Requires text that is not empty and does not begin with a space.
Match match(std::string_view text) {
  const char c = text[0];
  if (is_letter(c)) {
    const size_t size = word_size(text);
    return {word_kind(text.substr(0, size)), size};
  }
  if (c == '#' || c == ':') {
    const size_t size = word_size(text.substr(1));
    if (size > 0) return {c == '#' ? TokenKind::kNamePlaceholder : TokenKind::kValuePlaceholder, size + 1};
  }
  if (c == '0') return {TokenKind::kIndex, 1};
  if (is_digit(c)) {
    size_t size = 1;
    while (size < text.size() && is_digit(text[size])) ++size;
    return {TokenKind::kIndex, size};
  }
  return match_symbol(text);
}

}  // namespace

std::vector<Token> tokenize(std::string_view text) {
  std::vector<Token> tokens;
  size_t offset = 0;
  while (offset < text.size()) {
    if (is_space(text[offset])) {
      ++offset;
      continue;
    }
    const Match found = match(text.substr(offset));
    tokens.push_back({found.kind, offset, text.substr(offset, found.size)});
    offset += found.size;
  }
  tokens.push_back({TokenKind::kEnd, text.size(), {}});
  return tokens;
}

}  // namespace stator::expressions
