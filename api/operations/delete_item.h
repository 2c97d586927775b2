// DeleteItem: removes an item; one that is not there is no error. Also the deletes of BatchWriteItem.
// Evaluated by the leader of the key's partition. Source: API_DeleteItem. Pure.
#pragma once

#include "api/operations/write_operation.h"

namespace stator::api {

struct DeleteItemRequest : WriteRequest {
  model::Item key;
};

class DeleteItem final : public WriteOperation {
 public:
  std::string_view name() const override { return "DeleteItem"; }
  const Shape& input() const override;
  Result<std::string> key(const model::Table& table, const Request& request) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
  Evaluation change(const model::Table& table, const Request& request, std::string key,
                    StoredItemPtr old) const override;
};

extern const DeleteItem kDeleteItem;

}  // namespace stator::api
