// BatchWriteItem: up to 25 puts and deletes in several tables, each on its own, without conditions; what
// cannot be done now comes back as UnprocessedItems. Each part is a PutItem or a DeleteItem. Source:
// API_BatchWriteItem. Pure.
#pragma once

#include "api/operations/batch_operation.h"

namespace stator::api {

class BatchWriteItem final : public Batch {
 public:
  std::string_view name() const override { return "BatchWriteItem"; }
  const Shape& input() const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const BatchWriteItem kBatchWriteItem;

}  // namespace stator::api
