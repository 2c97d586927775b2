// UpdateItem: changes attributes of an item, or creates it, by an UpdateExpression or by AttributeUpdates.
// Evaluated by the leader of the key's partition. Source: API_UpdateItem. Pure.
#pragma once

#include <optional>

#include "api/expressions/update.h"
#include "api/operations/write_operation.h"

namespace stator::api {

struct UpdateItemRequest : WriteRequest {
  model::Item key;
  std::optional<expressions::Update>
      update;  // none: the item is made where it is missing, else left as it is
};

class UpdateItem final : public WriteOperation {
 public:
  std::string_view name() const override { return "UpdateItem"; }
  const Shape& input() const override;
  Result<std::string> key(const model::Table& table, const Request& request) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
  Evaluation change(const model::Table& table, const Request& request, std::string key,
                    StoredItemPtr old) const override;
  std::string_view item_too_large() const override;
};

extern const UpdateItem kUpdateItem;

}  // namespace stator::api
