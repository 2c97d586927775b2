// CreateTable: a table with its keys, indexes, billing mode, throughput, class, protection and tags. Evaluated by group 0's
// leader, which adds id and uuid, makes the partitions and the tables of the global indexes. Source: API_CreateTable. Pure.
#pragma once

#include "api/operation.h"

namespace stator::api {

struct CreateTableRequest : Request {
  model::Table table;  // all that the request says of it
};

class CreateTable final : public TableOperation {
 public:
  std::string_view name() const override { return "CreateTable"; }
  const Shape& input() const override;
  bool writes() const override { return true; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const CreateTable kCreateTable;

}  // namespace stator::api
