// GetItem: one item by its key, projected. Also the gets of BatchGetItem. Evaluated by the leader of the
// key's partition or, without ConsistentRead, by a replica that is fresh enough. Source: API_GetItem. Pure.
#pragma once

#include <optional>

#include "api/expressions/projection.h"
#include "api/operation.h"
#include "api/operations/common.h"

namespace stator::api {

struct GetItemRequest : Request {
  model::Item key;
  bool consistent = false;
  std::optional<expressions::Projection> projection;
  ReturnConsumedCapacity capacity = ReturnConsumedCapacity::kNone;
};

class GetItem final : public ItemOperation {
 public:
  std::string_view name() const override { return "GetItem"; }
  const Shape& input() const override;
  bool writes() const override { return false; }
  bool consistent(const Request& request) const override;
  Result<std::string> key(const model::Table& table, const Request& request) const override;
  Evaluation evaluate(const model::Table& table, const ItemView& items, const Request& request,
                      model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const GetItem kGetItem;

}  // namespace stator::api
