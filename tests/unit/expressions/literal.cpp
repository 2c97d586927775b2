// Reader and printer of literals. See literal.h.
#include "literal.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace stator::expressions::testing {
namespace {

using model::AttributeValue;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  AttributeValue whole() {
    AttributeValue out = value();
    skip();
    if (at_ != text_.size()) fail("more text than one literal");
    return out;
  }

 private:
  [[noreturn]] void fail(const char* why) {
    std::fprintf(stderr, "bad literal (%s) at %zu: %.*s\n", why, at_, static_cast<int>(text_.size()),
                 text_.data());
    std::abort();
  }
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  char peek() {
    skip();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail("unexpected character");
  }
  bool accept_word(std::string_view word) {
    skip();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  AttributeValue value() {
    const char c = peek();
    if (c == '"') return AttributeValue::s(string());
    if (c == '{') return map();
    if (c == '[') return list();
    if (c == '<') return set();
    if (accept_word("b\"")) return --at_, AttributeValue::b(string());
    if (accept_word("true")) return AttributeValue::boolean(true);
    if (accept_word("false")) return AttributeValue::boolean(false);
    if (accept_word("null")) return AttributeValue::null();
    return number();
  }

  std::string string() {
    expect('"');
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] != '\\') {
        out += text_[at_++];
        continue;
      }
      if (++at_ == text_.size()) fail("ends in an escape");
      const char escaped = text_[at_++];
      if (escaped == 'x') {
        out += static_cast<char>(std::stoi(std::string(text_.substr(at_, 2)), nullptr, 16));
        at_ += 2;
      } else {
        out += escaped == 'n' ? '\n' : escaped;
      }
    }
    expect('"');
    return out;
  }

  AttributeValue number() {
    const size_t begin = at_;
    while (at_ < text_.size() &&
           std::string_view("+-.0123456789eE").find(text_[at_]) != std::string_view::npos)
      ++at_;
    const auto parsed = model::Number::parse(text_.substr(begin, at_ - begin));
    if (!parsed) fail("no value");
    return AttributeValue::n(*parsed);
  }

  AttributeValue map() {
    expect('{');
    model::AttributeMap out;
    while (!accept('}')) {
      skip();
      const size_t begin = at_;
      while (at_ < text_.size() && !(text_[at_] == ':' && at_ > begin)) ++at_;
      std::string key(text_.substr(begin, at_ - begin));
      expect(':');
      if (!out.insert(std::move(key), value())) fail("a key twice");
      if (peek() != '}') expect(',');
    }
    return AttributeValue::m(std::move(out));
  }

  AttributeValue list() {
    expect('[');
    model::AttributeList out;
    while (!accept(']')) {
      out.push_back(value());
      if (peek() != ']') expect(',');
    }
    return AttributeValue::l(std::move(out));
  }

  AttributeValue set() {
    expect('<');
    model::StringSet strings;
    model::NumberSet numbers;
    model::BinarySet binaries;
    while (!accept('>')) {
      const AttributeValue member = value();
      if (member.as_s() != nullptr) strings.values.push_back(*member.as_s());
      if (member.as_n() != nullptr) numbers.values.push_back(*member.as_n());
      if (member.as_b() != nullptr) binaries.values.push_back(member.as_b()->bytes);
      if (peek() != '>') expect(',');
    }
    std::sort(strings.values.begin(), strings.values.end());
    std::sort(numbers.values.begin(), numbers.values.end());
    std::sort(binaries.values.begin(), binaries.values.end());
    if (!strings.values.empty()) return AttributeValue(std::move(strings));
    if (!numbers.values.empty()) return AttributeValue(std::move(numbers));
    if (!binaries.values.empty()) return AttributeValue(std::move(binaries));
    fail("an empty set");
  }

  std::string_view text_;
  size_t at_ = 0;
};

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char hex[5];
      std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(c));
      out += hex;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// "open, a, b close"
template <class Range, class Print>
std::string sequence(const char* open, const Range& range, const char* close, Print print_one) {
  std::string out = open;
  bool first = true;
  for (const auto& element : range) {
    if (!std::exchange(first, false)) out += ", ";
    out += print_one(element);
  }
  return out + close;
}

}  // namespace

AttributeValue read_value(std::string_view text) { return Reader(text).whole(); }

model::Item read_item(std::string_view text) {
  const AttributeValue value = read_value(text);
  if (value.as_m() == nullptr) std::abort();
  return *value.as_m();
}

std::string print(const AttributeValue& value) {
  const auto print_value = [](const AttributeValue& element) { return print(element); };
  switch (value.type()) {
    case model::AttributeType::kS:
      return in_quotes(*value.as_s());
    case model::AttributeType::kN:
      return value.as_n()->to_string();
    case model::AttributeType::kB:
      return "b" + in_quotes(value.as_b()->bytes);
    case model::AttributeType::kBool:
      return *value.as_bool() ? "true" : "false";
    case model::AttributeType::kNull:
      return "null";
    case model::AttributeType::kM:
      return print(*value.as_m());
    case model::AttributeType::kL:
      return sequence("[", *value.as_l(), "]", print_value);
    case model::AttributeType::kSS:
      return sequence("<", value.as_ss()->values, ">", in_quotes);
    case model::AttributeType::kNS:
      return sequence("<", value.as_ns()->values, ">", [](const model::Number& n) { return n.to_string(); });
    case model::AttributeType::kBS:
      return sequence("<", value.as_bs()->values, ">",
                      [](const std::string& b) { return "b" + in_quotes(b); });
  }
  std::abort();
}

std::string print(const model::Item& item) {
  return sequence("{", item, "}", [](const auto& entry) { return entry.first + ": " + print(entry.second); });
}

}  // namespace stator::expressions::testing
