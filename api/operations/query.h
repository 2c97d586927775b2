// Query: the items of one partition key, in the order of the sort key, by a KeyConditionExpression. Evaluated
// on the partition that holds them (several, where a split went through one item collection). Source:
// API_Query. Pure.
#pragma once

#include "api/expressions/key_condition.h"
#include "api/operations/page_operation.h"

namespace stator::api {

struct QueryRequest : PageRequest {
  expressions::KeyCondition key_condition{std::vector<expressions::KeyPredicate>{}};
  bool forward = true;
};

class Query final : public PageReader {
 public:
  std::string_view name() const override { return "Query"; }
  const Shape& input() const override;
  bool forward(const Request& request) const override;
  Result<model::KeyRange> range(const model::Table& table, const Request& request) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const Query kQuery;

}  // namespace stator::api
