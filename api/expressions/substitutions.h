// Substitutions: the ExpressionAttributeNames and ExpressionAttributeValues of one request, and which of them
// its expressions have used so far: what no expression of the request uses is an error. Belongs to one
// parse() of one request; the expressions that come out keep nothing of it. Pure; not shared between threads.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "api/expressions/expression_kind.h"
#include "model/attribute_value.h"

namespace stator::expressions {

class Substitutions {
 public:
  Substitutions() = default;

  // ExpressionAttributeNames, an entry at a time, or none at all after begin_names() (an empty map is an
  // error of its own). A placeholder that comes twice replaces the first.
  void begin_names() { names_given_ = true; }
  void add_name(std::string placeholder, std::string attribute);
  // ExpressionAttributeValues, likewise. The values are well-formed already (the JSON reader's business,
  // which wraps its errors in invalid_value()).
  void begin_values() { values_given_ = true; }
  void add_value(std::string placeholder, model::AttributeValue value);

  bool has_names() const { return names_given_; }
  bool has_values() const { return values_given_; }

  // What can be refused of the maps alone: empty maps, the placeholders' syntax and length, empty attribute
  // names, the total size. Run before the expressions are parsed, names first.
  Result<void> check_names() const;
  Result<void> check_values() const;

  // For the parsers: the attribute or value that a placeholder (with its # or :) stands for, marked as used.
  // Null where it is not defined. The name is valid until the next add_*; a value lives on in the expressions
  // that share it.
  const std::string* use_name(std::string_view placeholder);
  std::shared_ptr<const model::AttributeValue> use_value(std::string_view placeholder);

  // After all expressions of the request: an error where a name, or else a value, was used by none.
  Result<void> check_all_used() const;

 private:
  template <class T>
  struct Entry {
    T content;
    bool used = false;
  };
  template <class T>
  using Entries = std::map<std::string, Entry<T>, std::less<>>;  // by placeholder

  Entries<std::string> names_;
  Entries<std::shared_ptr<const model::AttributeValue>> values_;
  bool names_given_ = false;
  bool values_given_ = false;
};

// "ExpressionAttributeValues contains invalid value: <inner> for key <placeholder>".
std::string invalid_value(std::string_view inner, std::string_view placeholder);

}  // namespace stator::expressions
