// Updates applied to items. Everything is computed from the item as it was, then written in three steps, so
// that each path means what it meant in the old item: values that have a place (in the order of the text),
// values beyond the end of their list (in the order of their indexes), removals (from the back). Pure.
#include "api/expressions/update.h"

#include <algorithm>
#include <utility>

#include "api/expressions/ast.h"
#include "api/expressions/binder.h"
#include "api/expressions/messages.h"
#include "api/expressions/parser.h"
#include "api/expressions/projection.h"
#include "api/expressions/update_value.h"
#include "model/assert.h"
#include "model/limits.h"
#include "model/size.h"

namespace stator::expressions {

struct UpdateProgram {
  std::vector<UpdateAction> actions;
  std::vector<std::string> attributes;
  std::vector<std::string> nested_attributes;
  bool legacy = false;  // AttributeUpdates: one error has another text
};

namespace {

using model::AttributeValue;

// One change of the item, with its path as in the old item.
struct Write {
  DocumentPath path;
  AttributeValue value;
};

// The value that holds the path's last element; null where there is none. Requires a nested path.
AttributeValue* find_parent(model::Item& item, const DocumentPath& path) {
  AttributeValue* value = item.find(path.attribute());
  const auto& elements = path.elements();
  STATOR_ASSERT(!elements.empty(), "a top-level attribute's parent is the item");
  for (size_t i = 0; i + 1 < elements.size() && value != nullptr; ++i) {
    if (const auto* key = std::get_if<std::string>(&elements[i])) {
      model::AttributeMap* map = value->as_m();
      value = map == nullptr ? nullptr : map->find(*key);
    } else {
      model::AttributeList* list = value->as_l();
      const uint32_t index = std::get<uint32_t>(elements[i]);
      value = list == nullptr || index >= list->size() ? nullptr : &(*list)[index];
    }
  }
  return value;
}

// Whether the path's parent exists and is of the kind that the last element needs.
bool has_parent(model::Item& item, const DocumentPath& path) {
  if (!path.is_nested()) return true;
  const AttributeValue* parent = find_parent(item, path);
  if (parent == nullptr) return false;
  return std::holds_alternative<std::string>(path.elements().back()) ? parent->as_m() != nullptr
                                                                     : parent->as_l() != nullptr;
}

// Appends where the path ends in an index beyond the end.
void put(model::Item& item, const DocumentPath& path, AttributeValue value) {
  if (!path.is_nested()) {
    item.set(path.attribute(), std::move(value));
    return;
  }
  AttributeValue* parent = find_parent(item, path);
  if (const auto* key = std::get_if<std::string>(&path.elements().back())) {
    parent->as_m()->set(*key, std::move(value));
    return;
  }
  model::AttributeList& list = *parent->as_l();
  const uint32_t index = std::get<uint32_t>(path.elements().back());
  if (index < list.size()) {
    list[index] = std::move(value);
  } else {
    list.push_back(std::move(value));
  }
}

// Requires that the path exists.
void remove(model::Item& item, const DocumentPath& path) {
  if (!path.is_nested()) {
    item.erase(path.attribute());
    return;
  }
  AttributeValue* parent = find_parent(item, path);
  if (const auto* key = std::get_if<std::string>(&path.elements().back())) {
    parent->as_m()->erase(*key);
    return;
  }
  model::AttributeList& list = *parent->as_l();
  list.erase(list.begin() + std::get<uint32_t>(path.elements().back()));
}

class Applier {
 public:
  Applier(const model::Item& old, bool legacy) : old_(old), legacy_(legacy), new_item_(old) {}

  Result<model::Item> run(const std::vector<UpdateAction>& actions) {
    // What SET's operands lack is told before what is wrong with any action's target.
    std::vector<AttributeValue> values(actions.size());
    for (size_t i = 0; i < actions.size(); ++i) {
      if (actions[i].section != UpdateSection::kSet) continue;
      auto value = evaluate_operand(actions[i].value.front(), old_);
      if (!value) return Failure(std::move(value).error());
      if (auto counted = count(*value); !counted) return Failure(std::move(counted).error());
      values[i] = *std::move(value);
    }
    for (size_t i = 0; i < actions.size(); ++i) {
      if (auto planned = plan(actions[i], std::move(values[i])); !planned)
        return Failure(std::move(planned).error());
    }
    write();
    return std::move(new_item_);
  }

 private:
  // `value`: of SET.
  Result<void> plan(const UpdateAction& action, AttributeValue value) {
    const DocumentPath& path = action.target.path;
    switch (action.section) {
      case UpdateSection::kSet:
        return plan_write(path, std::move(value));
      case UpdateSection::kRemove:
        return plan_removal(path);
      case UpdateSection::kAdd: {
        auto sum = add_value(path.find(old_), *action.value.front().value()->value);
        if (!sum) return refuse(std::move(sum).error());
        if (auto counted = count(*sum); !counted) return counted;
        return plan_write(path, *std::move(sum));
      }
      case UpdateSection::kDelete:
        return plan_delete(path, *action.value.front().value()->value);
    }
    STATOR_ASSERT(false, "no such section");
    return {};
  }

  Result<void> plan_delete(const DocumentPath& path, const AttributeValue& operand) {
    const AttributeValue* present = path.find(old_);
    if (present == nullptr) return plan_removal(path);
    auto value = delete_value(*present, operand);
    if (!value) return refuse(std::move(value).error());
    return is_empty_set(*value) ? plan_removal(path) : plan_write(path, *std::move(value));
  }

  // What ADD and DELETE say of a value of another type.
  Failure refuse(std::string error) const {
    const bool reworded = legacy_ && error == messages::update_operand_type();
    return Failure(reworded ? messages::attribute_update_type() : std::move(error));
  }

  // All written values are in the new item together. Stops early what the item's size would stop in the end.
  Result<void> count(const AttributeValue& value) {
    written_bytes_ += model::size_bytes(value);
    if (written_bytes_ > model::kItemSizeMax) return Failure(messages::update_item_too_large());
    return {};
  }

  Result<void> plan_write(const DocumentPath& path, AttributeValue value) {
    if (!has_parent(new_item_, path)) return Failure(messages::update_path_invalid());
    const bool appends = path.is_nested() && std::holds_alternative<uint32_t>(path.elements().back()) &&
                         path.find(old_) == nullptr;
    (appends ? appends_ : writes_).push_back({path, std::move(value)});
    return {};
  }

  Result<void> plan_removal(const DocumentPath& path) {
    if (!has_parent(new_item_, path)) return Failure(messages::update_path_invalid());
    if (path.find(old_) != nullptr) removals_.push_back(path);
    return {};
  }

  void write() {
    const auto by_path = [](const Write& a, const Write& b) { return before(a.path, b.path); };
    std::sort(appends_.begin(), appends_.end(), by_path);
    std::sort(removals_.begin(), removals_.end(), [](const auto& a, const auto& b) { return before(b, a); });
    for (auto* writes : {&writes_, &appends_}) {
      for (Write& write : *writes) put(new_item_, write.path, std::move(write.value));
    }
    for (const DocumentPath& removal : removals_) remove(new_item_, removal);
  }

  const model::Item& old_;
  const bool legacy_;
  model::Item new_item_;  // the old item until write()
  std::vector<Write> writes_;
  std::vector<Write> appends_;
  std::vector<DocumentPath> removals_;
  uint64_t written_bytes_ = 0;
};

}  // namespace

Update::Update(std::shared_ptr<const UpdateProgram> program) : program_(std::move(program)) {
  STATOR_ASSERT(program_ != nullptr && !program_->actions.empty(), "an update does something");
}

Result<model::Item> Update::apply(const model::Item& old) const {
  return Applier(old, program_->legacy).run(program_->actions);
}

model::Item Update::touched(const model::Item& item) const {
  std::vector<DocumentPath> paths;
  paths.reserve(program_->actions.size());
  for (const UpdateAction& action : program_->actions) paths.push_back(action.target.path);
  return Projection(std::move(paths)).apply(item);
}

bool Update::only_removes() const {
  return std::ranges::all_of(program_->actions, [](const UpdateAction& action) {
    return action.section == UpdateSection::kRemove || action.section == UpdateSection::kDelete;
  });
}

const AttributeValue* Update::literal(std::string_view attribute) const {
  for (const UpdateAction& action : program_->actions) {
    const DocumentPath& path = action.target.path;
    if (path.is_nested() || path.attribute() != attribute || action.value.empty()) continue;
    const ValueOperand* value = action.value.front().value();
    return value == nullptr ? nullptr : value->value.get();
  }
  return nullptr;
}

bool Update::legacy() const { return program_->legacy; }

const std::vector<std::string>& Update::attributes() const { return program_->attributes; }

const std::vector<std::string>& Update::nested_attributes() const { return program_->nested_attributes; }

namespace {

void collect_paths(const std::vector<Operand>& operands, std::vector<DocumentPath>& out) {
  for (const Operand& operand : operands) {
    if (const PathOperand* path = operand.path()) out.push_back(path->path);
    if (const FunctionOperand* function = operand.function()) collect_paths(function->arguments, out);
    if (const ArithmeticOperand* sum = operand.arithmetic()) collect_paths(sum->arguments, out);
  }
}

std::shared_ptr<UpdateProgram> program_of(std::vector<UpdateAction> actions) {
  auto program = std::make_shared<UpdateProgram>();
  program->actions = std::move(actions);
  std::vector<DocumentPath> targets;
  targets.reserve(program->actions.size());
  for (const UpdateAction& action : program->actions) targets.push_back(action.target.path);
  program->attributes = top_level_attributes(targets);
  std::vector<DocumentPath> paths = std::move(targets);
  for (const UpdateAction& action : program->actions) collect_paths(action.value, paths);
  program->nested_attributes = nested_attributes(paths);
  return program;
}

}  // namespace

Update attribute_updates(std::vector<UpdateAction> actions) {
  auto program = program_of(std::move(actions));
  program->legacy = true;
  return Update(std::move(program));
}

Result<Update> parse_update(std::string_view text, Substitutions& substitutions) {
  auto parsed = parse_update_syntax(text);
  if (!parsed) return Failure(std::move(parsed).error());
  if (auto bound = bind_update(*parsed, substitutions); !bound) return Failure(std::move(bound).error());
  return Update(program_of(std::move(parsed->tree.actions)));
}

}  // namespace stator::expressions
