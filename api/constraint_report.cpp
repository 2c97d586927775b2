// ConstraintReport: walks a request in the order of the model and words each violated constraint. Pure.
#include "api/constraint_report.h"

#include <algorithm>
#include <vector>

#include "api/validation.h"
#include "model/assert.h"
#include "model/attribute_value.h"

namespace stator::api {
namespace {

// "TableName" is "tableName" in paths and quoted structures.
std::string lower_first(std::string_view name) {
  std::string out(name);
  if (!out.empty() && out[0] >= 'A' && out[0] <= 'Z') out[0] = static_cast<char>(out[0] - 'A' + 'a');
  return out;
}

bool length_is_bounded(const Bounds& bounds, int64_t value, std::string_view what,
                       std::vector<std::string>& out) {
  const std::string prefix = "Member must have " + std::string(what);
  if (value < bounds.min) out.push_back(prefix + " greater than or equal to " + std::to_string(bounds.min));
  if (value > bounds.max) out.push_back(prefix + " less than or equal to " + std::to_string(bounds.max));
  return bounds.contains(value);
}

std::string enum_text(const Shape& shape) {
  std::string out = "Member must satisfy enum value set: [";
  for (size_t i = 0; i < shape.enum_values.size(); ++i) {
    if (i > 0) out.append(", ");
    out.append(shape.enum_values[i]);
  }
  return out + "]";
}

// All constraints on the entries of a map, as the service lists them when one of them is violated.
std::string entry_constraints(const Shape& shape, bool null_entry) {
  std::string out;
  const auto add = [&](const std::string& text) { out.append(out.empty() ? "" : ", ").append(text); };
  if (shape.bounds.has_max())
    add("Member must have length less than or equal to " + std::to_string(shape.bounds.max));
  if (shape.bounds.has_min())
    add("Member must have length greater than or equal to " + std::to_string(shape.bounds.min));
  if (null_entry) add("Member must not be null");
  return "[" + out + "]";
}

// A value as Java's toString has it. Stops once it is long enough to be cut.
class Quote {
 public:
  std::string text(const Shape& shape, const json::Value& value) {
    append(shape, value);
    if (out_.size() > kQuotedValueMax) out_.resize(kQuotedValueMax);
    return std::move(out_);
  }

 private:
  void append(const Shape& shape, const json::Value& value);
  void append_structure(const Shape& shape, const json::Value& value);
  void append_attribute(const json::Value& value);
  bool full() const { return out_.size() > kQuotedValueMax; }

  std::string out_;
};

void Quote::append(const Shape& shape, const json::Value& value) {
  if (full()) return;
  if (value.is_null()) {
    out_.append("null");
    return;
  }
  switch (shape.type) {
    case ShapeType::kString:
      out_.append(json::text_of(value));
      break;
    case ShapeType::kInteger:
    case ShapeType::kLong: {
      int64_t number = 0;
      if (to_integer(value, number)) out_.append(std::to_string(number));
      break;
    }
    case ShapeType::kBoolean:
      out_.append(json::truth_of(value) ? "true" : "false");
      break;
    case ShapeType::kList: {
      std::string_view separator = "[";
      for (const auto element : json::array_of(value)) {
        if (full()) return;
        out_.append(separator);
        append(*shape.element, element);
        separator = ", ";
      }
      out_.append(separator == "[" ? "[]" : "]");
      break;
    }
    case ShapeType::kMap: {
      std::string_view separator = "{";
      for (const auto& [key, element] : json::object_of(value)) {
        if (full()) return;
        out_.append(separator).append(key).append("=");
        append(*shape.element, element);
        separator = ", ";
      }
      out_.append(separator == "{" ? "{}" : "}");
      break;
    }
    case ShapeType::kStructure:
      append_structure(shape, value);
      break;
    case ShapeType::kAttributeValue:
      append_attribute(value);
      break;
  }
}

void Quote::append_structure(const Shape& shape, const json::Value& value) {
  out_.append(shape.name).append("(");
  std::string_view separator;
  for (const Member& member : shape.members()) {
    out_.append(separator).append(lower_first(member.name)).append("=");
    separator = ", ";
    if (const auto field = json::member(value, member.name))
      append(*member.shape, *field);
    else
      out_.append("null");
  }
  out_.append(")");
}

void Quote::append_attribute(const json::Value& value) {
  constexpr std::string_view kTypes[] = {"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"};
  out_.append("AttributeValue(");
  std::string_view separator;
  for (const std::string_view type : kTypes) {
    out_.append(separator).append(lower_first(type)).append("=");
    separator = ", ";
    const auto content = json::member(value, type);
    if (!content)
      out_.append("null");
    else if (content->is_string())
      out_.append(json::text_of(*content));
    else
      out_.append(simdjson::minify(*content));
  }
  out_.append(")");
}

class Report {
 public:
  void structure(const Shape& shape, const json::Value& value, const std::string& path);
  std::string text() const;

 private:
  void value(const Shape& shape, const json::Value& value, const std::string& path);
  void own_constraints(const Shape& shape, const json::Value& value, const std::string& path);
  void map_entries(const Shape& shape, const json::Value& value, const std::string& path);
  void add(std::string quoted, const std::string& path, const std::string& constraint);
  bool full() const { return violations_.size() >= kViolationsMax; }

  std::vector<std::string> violations_;
};

void Report::add(std::string quoted, const std::string& path, const std::string& constraint) {
  if (full()) return;
  violations_.push_back("Value " + std::move(quoted) + " at '" + path +
                        "' failed to satisfy constraint: " + constraint);
}

void Report::structure(const Shape& shape, const json::Value& value, const std::string& path) {
  for (const Member& member : shape.members()) {
    if (full()) return;
    const std::string member_path =
        path.empty() ? lower_first(member.name) : path + "." + lower_first(member.name);
    if (const auto field = json::member(value, member.name))
      this->value(*member.shape, *field, member_path);
    else if (member.presence == kRequired)
      add("null", member_path, "Member must not be null");
  }
}

void Report::value(const Shape& shape, const json::Value& value, const std::string& path) {
  own_constraints(shape, value, path);
  switch (shape.type) {
    case ShapeType::kStructure:
      structure(shape, value, path);
      break;
    case ShapeType::kList: {
      size_t position = 0;
      for (const auto element : json::array_of(value)) {
        if (full()) return;
        const std::string element_path = path + "." + std::to_string(++position) + ".member";
        if (!element.is_null())
          this->value(*shape.element, element, element_path);
        else if (shape.element->type != ShapeType::kAttributeValue)
          add("null", element_path, "Member must not be null");
      }
      break;
    }
    case ShapeType::kMap:
      map_entries(shape, value, path);
      break;
    default:
      break;
  }
}

void Report::own_constraints(const Shape& shape, const json::Value& value, const std::string& path) {
  if (satisfies_constraints(shape, value)) return;
  std::vector<std::string> constraints;
  switch (shape.type) {
    case ShapeType::kString: {
      const std::string_view text = json::text_of(value);
      if (!shape.enum_values.empty()) constraints.push_back(enum_text(shape));
      Shape pattern_only;
      pattern_only.type = ShapeType::kString;
      pattern_only.pattern = shape.pattern;
      if (!satisfies_constraints(pattern_only, value))
        constraints.push_back("Member must satisfy regular expression pattern: " +
                              std::string(shape.pattern));
      length_is_bounded(shape.bounds, static_cast<int64_t>(utf16_length(text)), "length", constraints);
      break;
    }
    case ShapeType::kInteger:
    case ShapeType::kLong: {
      int64_t number = 0;
      if (to_integer(value, number)) length_is_bounded(shape.bounds, number, "value", constraints);
      break;
    }
    case ShapeType::kList:
      length_is_bounded(shape.bounds, static_cast<int64_t>(list_size(value)), "length", constraints);
      break;
    case ShapeType::kMap:
      if (length_is_bounded(shape.bounds, static_cast<int64_t>(map_size(value)), "length", constraints))
        constraints.push_back("Map keys must satisfy constraint: " + entry_constraints(*shape.key, false));
      break;
    default:
      break;
  }
  STATOR_ASSERT(!constraints.empty(), "a violated constraint has a sentence");
  for (const std::string& constraint : constraints)
    add("'" + Quote().text(shape, value) + "'", path, constraint);
}

// A list that is a map's entry has no path of its own: the map is quoted with all constraints on its entries.
void Report::map_entries(const Shape& shape, const json::Value& value, const std::string& path) {
  bool entry_violated = false;
  bool null_entry = false;
  for (const auto& [key, element] : json::object_of(value)) {
    if (element.is_null()) {
      null_entry = null_entry || shape.element->type != ShapeType::kAttributeValue;
    } else if (shape.element->type == ShapeType::kList || shape.element->type == ShapeType::kString) {
      entry_violated = entry_violated || !satisfies_constraints(*shape.element, element);
    }
    (void)key;
  }
  if (entry_violated || null_entry)
    add("'" + Quote().text(shape, value) + "'", path,
        "Map value must satisfy constraint: " + entry_constraints(*shape.element, null_entry));
  for (const auto& [key, element] : json::object_of(value)) {
    if (full()) return;
    if (element.is_null()) continue;
    const std::string entry_path = path + "." + std::string(key) + ".member";
    if (shape.element->type == ShapeType::kList) {
      Shape unbounded = *shape.element;
      unbounded.bounds = {};
      this->value(unbounded, element, entry_path);
    } else if (shape.element->type != ShapeType::kString) {
      this->value(*shape.element, element, entry_path);
    }
  }
}

std::string Report::text() const {
  STATOR_ASSERT(!violations_.empty(), "something is violated");
  std::string out =
      std::to_string(violations_.size()) +
      (violations_.size() == 1 ? " validation error detected: " : " validation errors detected: ");
  for (size_t i = 0; i < violations_.size(); ++i) {
    if (i > 0) out.append("; ");
    out.append(violations_[i]);
  }
  return out;
}

}  // namespace

std::string report_violations(const Shape& input, const json::Value& body) {
  Report report;
  report.structure(input, body, "");
  return report.text();
}

std::string violation(const Shape& shape, const std::optional<json::Value>& value, std::string_view path,
                      std::string_view constraint) {
  std::string out = "1 validation error detected: Value ";
  out.append(value ? "'" + Quote().text(shape, *value) + "'" : "null");
  return out.append(" at '").append(path).append("' failed to satisfy constraint: ").append(constraint);
}

}  // namespace stator::api
