// JSON: the parser's wrapping of simdjson and the writer that every answer goes through (the hot path of
// reads). The last step of a request on the HTTP thread, and its second, after HTTP. Pure apart from a
// parser's own buffers.
#include "api/json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "model/assert.h"
#include "model/limits.h"

namespace stator::api::json {
namespace {

// A parser whose buffers outgrew this gives them back before the next body: one 16 MB batch must not pin 60
// MB a thread.
constexpr size_t kParserKeepBytes = 1024 * 1024;

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> make_base64_values() {
  std::array<int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (size_t i = 0; i < kBase64.size(); ++i)
    values[static_cast<uint8_t>(kBase64[i])] = static_cast<int8_t>(i);
  return values;
}
constexpr std::array<int8_t, 256> kBase64Values = make_base64_values();

bool must_escape(char c) { return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\'; }

// Whether one of eight bytes is a control character, a quote or a backslash ("has zero byte", Hacker's
// Delight §6-1). Bytes above 7F are never escaped: the text is UTF-8.
bool any_must_escape(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101ULL;
  constexpr uint64_t kHighs = 0x8080808080808080ULL;
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  const uint64_t below_space = (word - kOnes * 0x20) & ~word;
  return ((below_space | ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash)) & kHighs) != 0;
}

void append_escape(std::string& out, char c) {
  out.push_back('\\');
  switch (c) {
    case '"':
      out.push_back('"');
      return;
    case '\\':
      out.push_back('\\');
      return;
    case '\n':
      out.push_back('n');
      return;
    case '\r':
      out.push_back('r');
      return;
    case '\t':
      out.push_back('t');
      return;
    case '\b':
      out.push_back('b');
      return;
    case '\f':
      out.push_back('f');
      return;
    default:
      break;
  }
  out.append("u00");
  out.push_back(kHex[static_cast<uint8_t>(c) >> 4]);
  out.push_back(kHex[static_cast<uint8_t>(c) & 15]);
}

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  size_t clean_from = 0;
  size_t at = 0;
  while (at < text.size()) {
    uint64_t word = 0;
    if (text.size() - at >= sizeof word) {
      std::memcpy(&word, text.data() + at, sizeof word);
      if (!any_must_escape(word)) {
        at += sizeof word;
        continue;
      }
    }
    if (must_escape(text[at])) {
      out.append(text.substr(clean_from, at - clean_from));
      append_escape(out, text[at]);
      clean_from = at + 1;
    }
    ++at;
  }
  out.append(text.substr(clean_from));
  out.push_back('"');
}

}  // namespace

simdjson::dom::object object_of(const Value& value) {
  simdjson::dom::object object;
  const auto error = value.get_object().get(object);
  STATOR_ASSERT(error == simdjson::SUCCESS, "a JSON object");
  return object;
}

simdjson::dom::array array_of(const Value& value) {
  simdjson::dom::array array;
  const auto error = value.get_array().get(array);
  STATOR_ASSERT(error == simdjson::SUCCESS, "a JSON array");
  return array;
}

std::string_view text_of(const Value& value) {
  std::string_view text;
  const auto error = value.get_string().get(text);
  STATOR_ASSERT(error == simdjson::SUCCESS, "a JSON string");
  return text;
}

bool truth_of(const Value& value) {
  bool truth = false;
  const auto error = value.get_bool().get(truth);
  STATOR_ASSERT(error == simdjson::SUCCESS, "a JSON boolean");
  return truth;
}

std::optional<Value> member(const Value& object, std::string_view name) {
  Value found;
  if (object_of(object).at_key(name).get(found) != simdjson::SUCCESS || found.is_null()) return std::nullopt;
  return found;
}

Result<Value> Parser::parse(std::string_view text) {
  if (padded_.capacity() > kParserKeepBytes) {
    parser_ = simdjson::dom::parser();
    std::string().swap(padded_);  // an assignment would keep the memory
  }
  if (parser_.capacity() == 0) {
    // The first allocation fixes the depth; later ones keep it.
    if (parser_.allocate(simdjson::dom::MINIMAL_DOCUMENT_CAPACITY, model::kJsonDepthMax) != simdjson::SUCCESS)
      return internal_error("out of memory for a JSON parser");
  }
  padded_.resize(text.size() + simdjson::SIMDJSON_PADDING);
  std::memcpy(padded_.data(), text.data(), text.size());
  Value root;
  const auto error = parser_.parse(padded_.data(), text.size(), false).get(root);
  if (error == simdjson::DEPTH_ERROR)
    return validation_error("Nesting Levels have exceeded supported limits");
  if (error == simdjson::MEMALLOC) return internal_error("out of memory for a JSON document");
  if (error != simdjson::SUCCESS || !root.is_object()) return serialization_error("");
  return root;
}

void Writer::separate() {
  if (comma_) out_.push_back(',');
  comma_ = true;
}

void Writer::scalar(std::string_view text) {
  separate();
  out_.append(text);
}

Writer& Writer::begin_object() {
  scalar("{");
  comma_ = false;
  return *this;
}

Writer& Writer::end_object() {
  out_.push_back('}');
  comma_ = true;
  return *this;
}

Writer& Writer::begin_array() {
  scalar("[");
  comma_ = false;
  return *this;
}

Writer& Writer::end_array() {
  out_.push_back(']');
  comma_ = true;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  separate();
  append_quoted(out_, name);
  out_.push_back(':');
  comma_ = false;
  return *this;
}

Writer& Writer::string(std::string_view text) {
  separate();
  append_quoted(out_, text);
  return *this;
}

Writer& Writer::integer(int64_t value) {
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  scalar({buffer.data(), static_cast<size_t>(end.ptr - buffer.data())});
  return *this;
}

Writer& Writer::number(double value) {
  STATOR_ASSERT(std::isfinite(value), "JSON has no infinity");
  // The shortest decimal that reads back as the same double; fixed, so at most 309 digits.
  std::array<char, 400> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  const std::string_view text(buffer.data(), static_cast<size_t>(end.ptr - buffer.data()));
  scalar(text);
  if (text.find('.') == std::string_view::npos) out_.append(".0");
  return *this;
}

Writer& Writer::boolean(bool value) {
  scalar(value ? "true" : "false");
  return *this;
}

Writer& Writer::null() {
  scalar("null");
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  scalar(json);
  return *this;
}

// Recursion: as deep as the value nests; what is stored has passed model::kNestingMax.
Writer& Writer::value(const model::AttributeValue& value) {
  using model::AttributeType;
  begin_object();
  key(model::type_name(value.type()));
  switch (value.type()) {
    case AttributeType::kS:
      string(*value.as_s());
      break;
    case AttributeType::kN: {
      separate();
      out_.push_back('"');
      out_.append(value.as_n()->to_string());
      out_.push_back('"');
      break;
    }
    case AttributeType::kB: {
      separate();
      out_.push_back('"');
      append_base64(out_, value.as_b()->bytes);
      out_.push_back('"');
      break;
    }
    case AttributeType::kBool:
      boolean(*value.as_bool());
      break;
    case AttributeType::kNull:
      boolean(true);
      break;
    case AttributeType::kM:
      item(*value.as_m());
      break;
    case AttributeType::kL:
      begin_array();
      for (const auto& element : *value.as_l()) this->value(element);
      end_array();
      break;
    case AttributeType::kSS:
      begin_array();
      for (const auto& member : value.as_ss()->values) string(member);
      end_array();
      break;
    case AttributeType::kNS:
      begin_array();
      for (const auto& member : value.as_ns()->values) string(member.to_string());
      end_array();
      break;
    case AttributeType::kBS:
      begin_array();
      for (const auto& member : value.as_bs()->values) string(base64(member));
      end_array();
      break;
  }
  return end_object();
}

Writer& Writer::item(const model::Item& item) {
  begin_object();
  for (const auto& [name, attribute] : item) key(name).value(attribute);
  return end_object();
}

void append_base64(std::string& out, std::string_view bytes) {
  const auto byte = [&](size_t at) { return static_cast<uint32_t>(static_cast<uint8_t>(bytes[at])); };
  size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3) {
    const uint32_t bits = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
    const char four[4] = {kBase64[bits >> 18], kBase64[bits >> 12 & 63], kBase64[bits >> 6 & 63],
                          kBase64[bits & 63]};
    out.append(four, 4);
  }
  if (bytes.size() - at == 1) {
    const uint32_t bits = byte(at) << 16;
    const char four[4] = {kBase64[bits >> 18], kBase64[bits >> 12 & 63], '=', '='};
    out.append(four, 4);
  } else if (bytes.size() - at == 2) {
    const uint32_t bits = byte(at) << 16 | byte(at + 1) << 8;
    const char four[4] = {kBase64[bits >> 18], kBase64[bits >> 12 & 63], kBase64[bits >> 6 & 63], '='};
    out.append(four, 4);
  }
}

std::string base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  append_base64(out, bytes);
  return out;
}

bool unbase64(std::string_view text, std::string& bytes) {
  bytes.clear();
  if (text.size() % 4 != 0) return false;
  bytes.reserve(text.size() / 4 * 3);
  for (size_t at = 0; at < text.size(); at += 4) {
    const bool last = at + 4 == text.size();
    const size_t padding = !last || text[at + 3] != '=' ? 0 : text[at + 2] != '=' ? 1 : 2;
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; ++i) {
      const int8_t value = i < 4 - padding ? kBase64Values[static_cast<uint8_t>(text[at + i])] : int8_t{0};
      if (value < 0) return false;
      bits = bits << 6 | static_cast<uint32_t>(value);
    }
    // Bits that the padding cuts off must be zero, so that a byte string has one text.
    if ((padding == 1 && (bits & 0xFF) != 0) || (padding == 2 && (bits & 0xFFFF) != 0)) return false;
    bytes.push_back(static_cast<char>(bits >> 16));
    if (padding < 2) bytes.push_back(static_cast<char>(bits >> 8 & 0xFF));
    if (padding < 1) bytes.push_back(static_cast<char>(bits & 0xFF));
  }
  return true;
}

}  // namespace stator::api::json
