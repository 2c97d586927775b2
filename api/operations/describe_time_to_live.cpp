// DescribeTimeToLive. Pure.
#include "api/operations/describe_time_to_live.h"

#include "api/operations/table_description.h"
#include "api/shapes/table_shapes.h"
#include "model/assert.h"

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
  if (tables.find(request.table_name) == nullptr) return table_not_found(request.table_name).error;
  return Answer(StaticAnswer{R"({"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}})"});
}

void DescribeTimeToLive::write_answer(const Request&, const Answer& answer, json::Writer& out) const {
  const auto* fixed = std::get_if<StaticAnswer>(&answer);
  STATOR_ASSERT(fixed != nullptr, "DescribeTimeToLive gives static answers");
  out.raw(fixed->json);
}

}  // namespace stator::api
