// DeleteTable: drops a table and its items, unless it is protected. Evaluated by group 0's leader. Source:
// API_DeleteTable. Pure.
#pragma once

#include "api/operation.h"

namespace stator::api {

class DeleteTable final : public TableOperation {
 public:
  std::string_view name() const override { return "DeleteTable"; }
  const Shape& input() const override;
  bool writes() const override { return true; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const DeleteTable kDeleteTable;

}  // namespace stator::api
