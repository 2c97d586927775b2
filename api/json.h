// JSON in (simdjson's DOM) and out (our own writer). Duplicate members are found by those who walk a
// document: validation.h for a request's members, item_reader.h for attributes. Pure apart from a parser's
// own buffers.
#pragma once

#include <simdjson.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/error.h"
#include "model/attribute_value.h"

namespace stator::api::json {

// A value of a parsed document. Valid until its Parser parses again or goes.
using Value = simdjson::dom::element;

// What a value holds, by value. Requires that it is of that type (validation.h has seen to it for a request's
// members).
simdjson::dom::object object_of(const Value& value);
simdjson::dom::array array_of(const Value& value);
std::string_view text_of(const Value& value);  // valid as long as the value
bool truth_of(const Value& value);
// The first member of that name; nothing where it is absent or null, which is the same to the service.
// Requires an object.
std::optional<Value> member(const Value& object, std::string_view name);

// One a thread: its buffers grow to the largest body seen; what a body of over 1 MB took is given back before the
// next one is parsed.
class Parser {
 public:
  // SerializationException where the text is no JSON object, or holds lone surrogates, 1e999 or integers over
  // 64 bits; ValidationException where it nests beyond model::kJsonDepthMax, which no item of legal depth
  // does.
  Result<Value> parse(std::string_view text);

 private:
  simdjson::dom::parser parser_;
  std::string padded_;  // the text with the slack that simdjson reads over; its strings are copied out of it
};

// Appends JSON to a string, placing commas itself. Keys and values are written in the order of the calls.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);
  Writer& string(std::string_view text);  // escaped; the text is UTF-8
  Writer& integer(int64_t value);
  Writer& number(double value);  // as the service writes doubles: 1.0, 0.5
  Writer& boolean(bool value);
  Writer& null();
  Writer& raw(std::string_view json);  // already JSON: a whole value, or whole members of an object
  Writer& value(const model::AttributeValue& value);  // {"S": "..."}
  Writer& item(const model::Item& item);              // {"a": {"S": "..."}, ...}

 private:
  void separate();
  void scalar(std::string_view text);

  std::string& out_;
  bool comma_ = false;
};

std::string base64(std::string_view bytes);
void append_base64(std::string& out, std::string_view bytes);
// False where the text is not standard base64 with padding.
bool unbase64(std::string_view text, std::string& bytes);

}  // namespace stator::api::json
