// DescribeKinesisStreamingDestination: a table streams to no Kinesis destination. Evaluated by any fresh replica of group 0.
// Source: API_DescribeKinesisStreamingDestination. Pure.
#pragma once

#include "api/operations/table_description.h"

namespace stator::api {

class DescribeKinesisStreamingDestination final : public TableOperation {
 public:
  std::string_view name() const override { return "DescribeKinesisStreamingDestination"; }
  const Shape& input() const override;
  bool writes() const override { return false; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const DescribeKinesisStreamingDestination kDescribeKinesisStreamingDestination;

}  // namespace stator::api
