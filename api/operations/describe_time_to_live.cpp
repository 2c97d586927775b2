// DescribeTimeToLive. Pure.
#include "api/operations/describe_time_to_live.h"

#include "api/operations/static_answer.h"
#include "api/operations/table_description.h"
#include "api/shapes/table_shapes.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
};
constexpr Shape kInput = structure_of("DescribeTimeToLiveInput", kMembers);

}  // namespace

constinit const DescribeTimeToLive kDescribeTimeToLive;

const Shape& DescribeTimeToLive::input() const { return kInput; }

Result<std::shared_ptr<Request>> DescribeTimeToLive::read(const json::Value& body) const {
  return read_table_request(body);
}

Evaluation DescribeTimeToLive::evaluate(const TableView& tables, const Request& request, model::Stamp) const {
  const model::Table* table = find_table(tables, request);
  if (table == nullptr) return table_not_found(request.table_name).error;
  StaticAnswer answer;
  json::Writer out(answer.json);
  out.begin_object().key("TimeToLiveDescription").begin_object();
  out.key("TimeToLiveStatus").string(table->time_to_live.enabled ? "ENABLED" : "DISABLED");
  // A table that had one once says nothing of it.
  if (table->time_to_live.enabled) out.key("AttributeName").string(table->time_to_live.attribute);
  out.end_object().end_object();
  return Answer(std::move(answer));
}

void DescribeTimeToLive::write_answer(const Request&, const Answer& answer, json::Writer& out) const {
  write_static_answer(answer, out);
}

}  // namespace stator::api
