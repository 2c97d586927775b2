// ListTables: table names in order, a page at a time. Evaluated by any fresh replica of group 0. Source:
// API_ListTables. Pure.
#pragma once

#include "api/operation.h"

namespace stator::api {

struct ListTablesRequest : Request {
  std::string after;  // ExclusiveStartTableName; empty: from the first
  uint32_t limit = 0;
};

class ListTables final : public TableOperation {
 public:
  std::string_view name() const override { return "ListTables"; }
  const Shape& input() const override;
  bool writes() const override { return false; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const ListTables kListTables;

}  // namespace stator::api
