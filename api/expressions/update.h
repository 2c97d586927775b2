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

struct UpdateProgram;

struct UpdateResult {
  model::Item new_item;
  // Where SET, ADD and DELETE left values, with list indexes as they are in new_item. Input of
  // Update::updated_new.
  std::vector<DocumentPath> written;
};

class Update {
 public:
  explicit Update(std::shared_ptr<const UpdateProgram> program);

  // The updated item. `old` is the stored item, or the key attributes alone where the update creates one. All
  // operands read `old`. Errors are those that depend on the item's contents ("An operand in the update
  // expression has an incorrect data type", ...). Item size and nesting are the caller's to check.
  Result<UpdateResult> apply(const model::Item& old) const;

  // ReturnValues=UPDATED_OLD: the touched paths as they were, as fragments. `old` as stored; not for a
  // create, which returns no Attributes. Empty: no Attributes.
  model::Item updated_old(const model::Item& old) const;
  // ReturnValues=UPDATED_NEW: the touched paths as they are now; what was removed is not there. Empty: no
  // Attributes.
  static model::Item updated_new(const UpdateResult& result);

  // The top-level attributes that it changes, sorted, each once: UpdateItem refuses key attributes among
  // them.
  const std::vector<std::string>& attributes() const;

 private:
  std::shared_ptr<const UpdateProgram> program_;
};

Result<Update> parse_update(std::string_view text, Substitutions& substitutions);

}  // namespace stator::expressions
