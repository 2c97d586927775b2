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

// Appends where the path ends in an index beyond the end. Returns the path that the value has now.
DocumentPath put(model::Item& item, DocumentPath path, AttributeValue value) {
  if (!path.is_nested()) {
    item.set(path.attribute(), std::move(value));
    return path;
  }
  AttributeValue* parent = find_parent(item, path);
  if (const auto* key = std::get_if<std::string>(&path.elements().back())) {
    parent->as_m()->set(*key, std::move(value));
    return path;
  }
  model::AttributeList& list = *parent->as_l();
  uint32_t& index = std::get<uint32_t>(path.elements().back());
  if (index < list.size()) {
    list[index] = std::move(value);
  } else {
    index = static_cast<uint32_t>(list.size());
    list.push_back(std::move(value));
  }
  return path;
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

// Moves the indexes of `path` to where they are after `removed` (an element of a list) is gone.
void shift(DocumentPath& moved, const DocumentPath& path, const DocumentPath& removed) {
  if (!removed.is_nested() || path.attribute() != removed.attribute()) return;
  const size_t last = removed.elements().size() - 1;
  const auto* gone = std::get_if<uint32_t>(&removed.elements()[last]);
  if (gone == nullptr || path.elements().size() <= last) return;
  if (!std::equal(removed.elements().begin(), removed.elements().begin() + static_cast<ptrdiff_t>(last),
                  path.elements().begin())) {
    return;
  }
  const auto* index = std::get_if<uint32_t>(&path.elements()[last]);
  if (index != nullptr && *index > *gone) --std::get<uint32_t>(moved.elements()[last]);
}

class Applier {
 public:
  explicit Applier(const model::Item& old) : old_(old) { result_.new_item = old; }

  Result<UpdateResult> run(const std::vector<UpdateAction>& actions) {
    for (const UpdateAction& action : actions) {
      if (auto planned = plan(action); !planned) return Failure(std::move(planned).error());
    }
    write();
    return std::move(result_);
  }

 private:
  Result<void> plan(const UpdateAction& action) {
    const DocumentPath& path = action.target.path;
    switch (action.section) {
      case UpdateSection::kSet: {
        auto value = evaluate_operand(action.value.front(), old_);
        return value ? plan_write(path, *std::move(value)) : Failure(std::move(value).error());
      }
      case UpdateSection::kRemove:
        return plan_removal(path);
      case UpdateSection::kAdd: {
        auto value = add_value(path.find(old_), *action.value.front().value()->value);
        return value ? plan_write(path, *std::move(value)) : Failure(std::move(value).error());
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
    if (!value) return Failure(std::move(value).error());
    return is_empty_set(*value) ? plan_removal(path) : plan_write(path, *std::move(value));
  }

  Result<void> plan_write(const DocumentPath& path, AttributeValue value) {
    if (!has_parent(result_.new_item, path)) return Failure(messages::update_path_invalid());
    // All written values are in the new item together. Stops early what the item's size would stop in the
    // end.
    written_bytes_ += model::size_bytes(value);
    if (written_bytes_ > model::kItemSizeMax) return Failure(messages::update_item_too_large());
    const bool appends = path.is_nested() && std::holds_alternative<uint32_t>(path.elements().back()) &&
                         path.find(old_) == nullptr;
    (appends ? appends_ : writes_).push_back({path, std::move(value)});
    return {};
  }

  Result<void> plan_removal(const DocumentPath& path) {
    if (!has_parent(result_.new_item, path)) return Failure(messages::update_path_invalid());
    if (path.find(old_) != nullptr) removals_.push_back(path);
    return {};
  }

  void write() {
    const auto by_path = [](const Write& a, const Write& b) { return before(a.path, b.path); };
    std::sort(appends_.begin(), appends_.end(), by_path);
    std::sort(removals_.begin(), removals_.end(), [](const auto& a, const auto& b) { return before(b, a); });
    for (auto* writes : {&writes_, &appends_}) {
      for (Write& write : *writes) {
        result_.written.push_back(put(result_.new_item, std::move(write.path), std::move(write.value)));
      }
    }
    for (const DocumentPath& removal : removals_) remove(result_.new_item, removal);
    for (DocumentPath& path : result_.written) {
      const DocumentPath placed = path;
      for (const DocumentPath& removal : removals_) shift(path, placed, removal);
    }
  }

  const model::Item& old_;
  UpdateResult result_;  // new_item is the old item until write()
  std::vector<Write> writes_;
  std::vector<Write> appends_;
  std::vector<DocumentPath> removals_;
  uint64_t written_bytes_ = 0;
};

}  // namespace

Update::Update(std::shared_ptr<const UpdateProgram> program) : program_(std::move(program)) {
  STATOR_ASSERT(program_ != nullptr && !program_->actions.empty(), "an update does something");
}

Result<UpdateResult> Update::apply(const model::Item& old) const {
  return Applier(old).run(program_->actions);
}

model::Item Update::updated_old(const model::Item& old) const {
  std::vector<DocumentPath> paths;
  paths.reserve(program_->actions.size());
  for (const UpdateAction& action : program_->actions) paths.push_back(action.target.path);
  return Projection(std::move(paths)).apply(old);
}

model::Item Update::updated_new(const UpdateResult& result) {
  return Projection(result.written).apply(result.new_item);
}

const std::vector<std::string>& Update::attributes() const { return program_->attributes; }

Result<Update> parse_update(std::string_view text, Substitutions& substitutions) {
  auto parsed = parse_update_syntax(text);
  if (!parsed) return Failure(std::move(parsed).error());
  if (auto bound = bind_update(*parsed, substitutions); !bound) return Failure(std::move(bound).error());
  auto program = std::make_shared<UpdateProgram>();
  program->actions = std::move(parsed->tree.actions);
  std::vector<DocumentPath> targets;
  targets.reserve(program->actions.size());
  for (const UpdateAction& action : program->actions) targets.push_back(action.target.path);
  program->attributes = top_level_attributes(targets);
  return Update(std::move(program));
}

}  // namespace stator::expressions
