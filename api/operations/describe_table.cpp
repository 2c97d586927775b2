// DescribeTable. Pure.
#include "api/operations/describe_table.h"

#include "api/operations/table_description.h"
#include "api/operations/throughput.h"
#include "api/shapes/table_shapes.h"
#include "model/assert.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
};
constexpr Shape kInput = structure_of("DescribeTableInput", kMembers);

}  // namespace

constinit const DescribeTable kDescribeTable;

const Shape& DescribeTable::input() const { return kInput; }

Result<std::shared_ptr<Request>> DescribeTable::read(const json::Value& body) const {
  return read_table_request(body);
}

Evaluation DescribeTable::evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const {
  const model::Table* table = find_table(tables, request);
  if (table == nullptr) return table_not_found(request.table_name).error;
  TableAnswer answer = describe(tables, *table);
  forget_old_decreases(answer.table, stamp);
  return Answer(std::move(answer));
}

void DescribeTable::write_answer(const Request& request, const Answer& answer, json::Writer& out) const {
  const auto* table = std::get_if<TableAnswer>(&answer);
  STATOR_ASSERT(table != nullptr, "DescribeTable gives table answers");
  out.begin_object().key("Table");
  write_table_description(request, *table, Detail::kWhole, {}, out);
  out.end_object();
}

}  // namespace stator::api
