// BatchGetItem: up to 100 items of several tables, at most 16 MB of them; what does not fit or cannot be read
// now comes back as UnprocessedKeys. Each part is a GetItem. Source: API_BatchGetItem. Pure.
#pragma once

#include "api/operations/batch_operation.h"

namespace stator::api {

struct BatchGetItemRequest : BatchRequest {
  // What UnprocessedKeys repeats of each group besides its keys, as JSON members:
  // "\"ConsistentRead\":true,...".
  std::vector<std::string> group_members;
};

class BatchGetItem final : public Batch {
 public:
  std::string_view name() const override { return "BatchGetItem"; }
  const Shape& input() const override;
  Result<Answer> combine(const Request& request, BatchAnswer parts) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const BatchGetItem kBatchGetItem;

}  // namespace stator::api
