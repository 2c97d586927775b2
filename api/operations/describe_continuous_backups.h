// DescribeContinuousBackups: what the service answers of a table without point-in-time recovery. Evaluated by
// any fresh replica of group 0. Source: API_DescribeContinuousBackups. Pure.
#pragma once

#include "api/operation.h"

namespace stator::api {

class DescribeContinuousBackups final : public TableOperation {
 public:
  std::string_view name() const override { return "DescribeContinuousBackups"; }
  const Shape& input() const override;
  bool writes() const override { return false; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

// What both operations on continuous backups answer: of a table that is there, that point-in-time recovery is off.
Evaluation describe_continuous_backups(const TableView& tables, const Request& request);

extern const DescribeContinuousBackups kDescribeContinuousBackups;

}  // namespace stator::api
