// JSON in (simdjson's DOM) and out (our own writer), with the checks that simdjson leaves to us: nesting depth and
// duplicate members. Pure apart from a parser's own buffers.
#pragma once

#include <cstdint>
#include <memory>
#include <simdjson.h>
#include <string>
#include <string_view>

#include "api/error.h"
#include "model/attribute_value.h"

namespace stator::api::json {

// A value of a parsed document. Valid until its Parser parses again or goes.
using Value = simdjson::dom::element;

// One a thread: its buffers grow to the largest body seen and are given back when a body was large.
class Parser {
 public:
  // SerializationException where the text is no JSON object, nests beyond model::kJsonDepthMax, or holds lone surrogates,
  // 1e999 or integers over 64 bits.
  Result<Value> parse(std::string_view text);

 private:
  simdjson::dom::parser parser_;
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
  Writer& number(double value);           // as the service writes doubles: 1.0, 0.5
  Writer& boolean(bool value);
  Writer& null();
  Writer& raw(std::string_view json);     // one whole value, already JSON
  Writer& value(const model::AttributeValue& value);  // {"S": "..."}
  Writer& item(const model::Item& item);              // {"a": {"S": "..."}, ...}

 private:
  void separate();

  std::string& out_;
  bool comma_ = false;
};

std::string base64(std::string_view bytes);
// False where the text is not standard base64 with padding.
bool unbase64(std::string_view text, std::string& bytes);

}  // namespace stator::api::json
