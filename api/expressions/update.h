// Update: a parsed UpdateExpression, ready to be applied to items. Immutable, cheap to copy (shared), safe to
// use from any thread. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/expressions/expression_kind.h"
#include "api/expressions/path.h"
#include "api/expressions/substitutions.h"
#include "model/attribute_value.h"

namespace stator::expressions {

struct UpdateAction;
struct UpdateProgram;

class Update {
 public:
  explicit Update(std::shared_ptr<const UpdateProgram> program);

  // The updated item. `old` is the stored item, or the key attributes alone where the update creates one. All
  // operands read `old`. Errors are those that depend on the item's contents ("An operand in the update
  // expression has an incorrect data type", ...). Item size and nesting are the caller's to check.
  Result<model::Item> apply(const model::Item& old) const;

  // ReturnValues=UPDATED_OLD and UPDATED_NEW: the paths that it names as targets, as they are in the item of
  // before (not for a create, which returns no Attributes) or of after, as fragments. What is not there is left
  // out; so is an element set beyond the end of its list, which has another index afterwards, and where an element
  // was removed stands the one that followed it: measured (scylladb, test_returnvalues.py). Empty: no Attributes.
  model::Item touched(const model::Item& item) const;

  // Whether it takes away and adds nothing: such an update makes no item where there is none. Measured
  // (scylladb issue 5862): a key alone, with no update at all, makes one.
  bool only_removes() const;

  // The value that stands in the update itself for the whole of an attribute: what SET gives it, or what ADD and DELETE
  // name. Null where there is none.
  const model::AttributeValue* literal(std::string_view attribute) const;
  // Made of AttributeUpdates.
  bool legacy() const;

  // The top-level attributes that it changes, sorted, each once: UpdateItem refuses key attributes among
  // them.
  const std::vector<std::string>& attributes() const;
  // The attributes that some path of it, target or operand, goes into, sorted, each once.
  const std::vector<std::string>& nested_attributes() const;

 private:
  std::shared_ptr<const UpdateProgram> program_;
};

// AttributeUpdates: bound actions on whole attributes, one an attribute, at least one. ADD takes lists too.
Update attribute_updates(std::vector<UpdateAction> actions);

Result<Update> parse_update(std::string_view text, Substitutions& substitutions);

}  // namespace stator::expressions
