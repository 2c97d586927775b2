// Reading AttributeUpdates. Pure.
#include "api/operations/legacy_updates.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/expressions/ast.h"
#include "api/item_reader.h"
#include "api/operations/common.h"

namespace stator::api {
namespace {

using expressions::UpdateSection;
using model::AttributeType;

bool is_set(AttributeType type) {
  return type == AttributeType::kSS || type == AttributeType::kNS || type == AttributeType::kBS;
}

bool can_add(AttributeType type) {
  return is_set(type) || type == AttributeType::kN || type == AttributeType::kL;
}

Result<expressions::UpdateAction> read_action(std::string_view attribute, const json::Value& content) {
  if (auto named = check_attribute_name(attribute); !named) return Failure(std::move(named).error());
  const std::string_view name = read_text(content, "Action").value_or("PUT");
  const auto value = json::member(content, "Value");
  expressions::UpdateAction action;
  action.target.segments.push_back({expressions::PathSegment::Kind::kName, std::string(attribute)});
  action.target.path = expressions::DocumentPath(std::string(attribute));
  if (!value) {
    if (name != "DELETE")
      return invalid_parameters("Only DELETE action is allowed when no attribute value is specified");
    action.section = UpdateSection::kRemove;
    return action;
  }
  auto read = read_attribute_value(*value);
  if (!read) return Failure(std::move(read).error());
  const std::string type(model::type_name(read->type()));
  if (name == "DELETE" && !is_set(read->type()))
    return invalid_parameters("DELETE action with value is not supported for the type " + type);
  if (name == "ADD" && !can_add(read->type()))
    return invalid_parameters("ADD action is not supported for the type " + type);
  action.section = name == "DELETE" ? UpdateSection::kDelete
                   : name == "ADD"  ? UpdateSection::kAdd
                                    : UpdateSection::kSet;
  action.value.push_back(expressions::Operand{expressions::ValueOperand{
      {}, std::make_shared<const model::AttributeValue>(std::move(read).value())}});
  return action;
}

}  // namespace

Result<std::optional<expressions::Update>> read_attribute_updates(const json::Value& body) {
  const auto updates = json::member(body, "AttributeUpdates");
  std::vector<expressions::UpdateAction> actions;
  if (updates) {
    for (const auto& [attribute, content] : json::object_of(*updates)) {
      auto action = read_action(attribute, content);
      if (!action) return Failure(std::move(action).error());
      actions.push_back(std::move(action).value());
    }
  }
  if (actions.empty()) return std::optional<expressions::Update>();
  return std::optional(expressions::attribute_updates(std::move(actions)));
}

}  // namespace stator::api
