// Lexer: an expression's text to tokens. The same for all five kinds. Never fails: a character that begins no
// token becomes a token of its own, which the parser then refuses by name. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace stator::expressions {

enum class TokenKind : uint8_t {
  kIdentifier,        // a letter, then letters, digits, _
  kNamePlaceholder,   // #abc
  kValuePlaceholder,  // :abc
  kIndex,             // 0, or digits without a leading zero
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kPlus,
  kMinus,
  kLeftParenthesis,
  kRightParenthesis,
  kLeftBracket,
  kRightBracket,
  kComma,
  kDot,
  kAnd,  // the keywords ignore case, in every kind of expression
  kOr,
  kNot,
  kBetween,
  kIn,
  kSet,
  kRemove,
  kAdd,
  kDelete,
  kUnknown,  // one character (one UTF-8 sequence) that begins no token
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t offset = 0;      // in the text
  std::string_view text;  // of the text; empty for kEnd
};

// The last token is kEnd. The tokens refer to `text`.
std::vector<Token> tokenize(std::string_view text);

}  // namespace stator::expressions
