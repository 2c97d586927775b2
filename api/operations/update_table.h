// UpdateTable: one thing a request, in all its forms: billing mode and throughput, on-demand limits, warm throughput, global
// indexes, table class, deletion protection. Evaluated by group 0's leader. Source: API_UpdateTable. Pure.
#pragma once

#include <optional>
#include <vector>

#include "api/operation.h"
#include "api/operations/index_updates.h"
#include "api/operations/throughput.h"

namespace stator::api {

struct UpdateTableRequest : Request {
  std::optional<model::BillingMode> billing_mode;
  std::optional<AskedThroughput> throughput;
  AskedUnits on_demand;
  AskedUnits warm;
  std::vector<IndexUpdate> indexes;
  std::optional<model::TableClass> table_class;
  std::optional<bool> deletion_protection;
  bool stream = false;      // StreamSpecification: disabled, which no table's stream is otherwise
  bool encryption = false;  // SSESpecification: the default
};

class UpdateTable final : public TableOperation {
 public:
  std::string_view name() const override { return "UpdateTable"; }
  const Shape& input() const override;
  bool writes() const override { return true; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const UpdateTable kUpdateTable;

}  // namespace stator::api
