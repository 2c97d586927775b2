// The list of internal operations that travel between nodes.
#include "api/internal/internal_operations.h"

#include "api/internal/index_built.h"
#include "api/internal/index_writes.h"

namespace stator::api {

const Operation* find_internal_operation(std::string_view name) {
  for (const Operation* operation : {static_cast<const Operation*>(&kIndexWrites), static_cast<const Operation*>(&kIndexBuilt)}) {
    if (operation->name() == name) return operation;
  }
  return nullptr;
}

}  // namespace stator::api
