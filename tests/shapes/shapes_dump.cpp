// Prints the registry as JSON: every operation's input and every shape below it, with its type, bounds, pattern, enumeration
// and members. tests/tidy/test_model.py holds it against the API's public model. A program of one thread.
#include <cstdio>
#include <set>
#include <string>

#include "api/json.h"
#include "api/registry.h"

namespace {

using stator::api::Member;
using stator::api::Shape;
using stator::api::ShapeType;
using stator::api::Support;
using stator::api::json::Writer;

// The model's word for the type.
std::string_view type_name(ShapeType type) {
  switch (type) {
    case ShapeType::kString:
      return "string";
    case ShapeType::kBoolean:
      return "boolean";
    case ShapeType::kInteger:
      return "integer";
    case ShapeType::kLong:
      return "long";
    case ShapeType::kList:
      return "list";
    case ShapeType::kMap:
      return "map";
    case ShapeType::kStructure:
    case ShapeType::kAttributeValue:
      return "structure";
  }
  return "unknown";
}

std::string_view support_name(Support support) {
  switch (support) {
    case Support::kFull:
      return "full";
    case Support::kOffOnly:
      return "off only";
    case Support::kRefused:
      return "refused";
  }
  return "unknown";
}

// One object a shape, in the order in which they are met. Shapes of one name may differ only by mistake: all are printed, so
// that the comparison sees it.
class Dump {
 public:
  explicit Dump(Writer& out) : out_(out) {}

  void shape(const Shape& shape) {
    if (!seen_.insert(&shape).second) return;
    out_.begin_object();
    out_.key("name").string(shape.name).key("type").string(type_name(shape.type));
    if (shape.type == ShapeType::kAttributeValue) out_.key("opaque").boolean(true);
    if (shape.bounds.has_min()) out_.key("min").integer(shape.bounds.min);
    if (shape.bounds.has_max()) out_.key("max").integer(shape.bounds.max);
    if (!shape.pattern.empty()) out_.key("pattern").string(shape.pattern);
    if (!shape.enum_values.empty()) enumeration(shape);
    if (shape.key != nullptr) out_.key("key").string(shape.key->name);
    if (shape.element != nullptr) out_.key("element").string(shape.element->name);
    if (shape.type == ShapeType::kStructure) members(shape);
    out_.end_object();
    for (const Shape* below : {shape.key, shape.element}) {
      if (below != nullptr) this->shape(*below);
    }
    for (const Member& member : shape.members()) this->shape(*member.shape);
  }

 private:
  void enumeration(const Shape& shape) {
    out_.key("enum").begin_array();
    for (const std::string_view value : shape.enum_values) out_.string(value);
    out_.end_array();
  }

  void members(const Shape& shape) {
    out_.key("members").begin_object();
    for (const Member& member : shape.members()) {
      out_.key(member.name).begin_object();
      out_.key("shape").string(member.shape->name);
      out_.key("required").boolean(member.presence == stator::api::kRequired);
      out_.key("support").string(support_name(member.support));
      out_.end_object();
    }
    out_.end_object();
  }

  Writer& out_;
  std::set<const Shape*> seen_;
};

}  // namespace

int main() {
  std::string text;
  Writer out(text);
  out.begin_object().key("operations").begin_object();
  for (const auto* operation : stator::api::operations()) {
    out.key(operation->name()).string(operation->input().name);
  }
  out.end_object().key("shapes").begin_array();
  Dump dump(out);
  for (const auto* operation : stator::api::operations()) dump.shape(operation->input());
  out.end_array().end_object();
  text += '\n';
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
