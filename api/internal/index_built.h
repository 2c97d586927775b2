// IndexBuilt: a partition's leader tells group 0 that all its items are in an index that is being made. Not an operation of
// the API: clients cannot call it. It goes the way of a table operation, between nodes too. Pure.
#pragma once

#include <memory>
#include <string>

#include "api/operation.h"

namespace stator::api {

class IndexBuilt final : public TableOperation {
 public:
  std::string_view name() const override { return "IndexBuilt"; }
  const Shape& input() const override;
  bool writes() const override { return true; }
  // Changes nothing where the table, or the index, is gone, or it was told before.
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

  static std::shared_ptr<Request> request(const model::Table& table, uint16_t index, model::PartitionId partition);
  // The body by which another node reads the same request.
  static std::string body(const Request& request);

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};
extern const IndexBuilt kIndexBuilt;

}  // namespace stator::api
