// DescribeTable: all that is known of a table. Evaluated by any fresh replica of group 0. Source:
// API_DescribeTable. Pure.
#pragma once

#include "api/operation.h"

namespace stator::api {

class DescribeTable final : public TableOperation {
 public:
  std::string_view name() const override { return "DescribeTable"; }
  const Shape& input() const override;
  bool writes() const override { return false; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const DescribeTable kDescribeTable;

}  // namespace stator::api
