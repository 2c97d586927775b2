// PutItem: replaces an item whole, or creates it. Also the puts of BatchWriteItem. Evaluated by the leader of
// the key's partition. Source: API_PutItem. Pure.
#pragma once

#include <memory>

#include "api/operations/write_operation.h"

namespace stator::api {

struct PutItemRequest : WriteRequest {
  std::shared_ptr<const model::Item> item;
  uint32_t size_bytes = 0;
  bool in_batch = false;  // BatchWriteItem words key errors in its own way
};

class PutItem final : public WriteOperation {
 public:
  std::string_view name() const override { return "PutItem"; }
  const Shape& input() const override;
  Result<std::string> key(const model::Table& table, const Request& request) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
  Evaluation change(const model::Table& table, const Request& request, std::string key,
                    StoredItemPtr old) const override;
};

extern const PutItem kPutItem;

// Reads an Item into the request, with its size checked.
Result<void> read_put_item(const json::Value& item, PutItemRequest& request);

}  // namespace stator::api
