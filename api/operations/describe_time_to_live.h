// DescribeTimeToLive: whether a table's items expire, and by which attribute. Evaluated by any fresh replica of group 0.
// Source: API_DescribeTimeToLive. Pure.
#pragma once

#include "api/operation.h"

namespace stator::api {

class DescribeTimeToLive final : public TableOperation {
 public:
  std::string_view name() const override { return "DescribeTimeToLive"; }
  const Shape& input() const override;
  bool writes() const override { return false; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const DescribeTimeToLive kDescribeTimeToLive;

}  // namespace stator::api
