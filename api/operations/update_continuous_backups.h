// UpdateContinuousBackups: turns point-in-time recovery off, which it is; turning it on is refused by name.
// Evaluated by any fresh replica of group 0. Source: API_UpdateContinuousBackups. Pure.
#pragma once

#include "api/operations/table_description.h"

namespace stator::api {

class UpdateContinuousBackups final : public TableOperation {
 public:
  std::string_view name() const override { return "UpdateContinuousBackups"; }
  const Shape& input() const override;
  bool writes() const override { return false; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const UpdateContinuousBackups kUpdateContinuousBackups;

}  // namespace stator::api
