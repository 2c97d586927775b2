// GetResourcePolicy: no table has a policy, which the service says by PolicyNotFoundException. Evaluated by
// any fresh replica of group 0. Source: API_GetResourcePolicy. Pure.
#pragma once

#include "api/operations/tags.h"

namespace stator::api {

class GetResourcePolicy final : public TableOperation {
 public:
  std::string_view name() const override { return "GetResourcePolicy"; }
  const Shape& input() const override;
  bool writes() const override { return false; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const GetResourcePolicy kGetResourcePolicy;

}  // namespace stator::api
