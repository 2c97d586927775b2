// DescribeKinesisStreamingDestination. Pure.
#include "api/operations/describe_kinesis_streaming_destination.h"

#include "api/operations/static_answer.h"
#include "api/operations/table_description.h"
#include "api/shapes/table_shapes.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
};
constexpr Shape kInput = structure_of("DescribeKinesisStreamingDestinationInput", kMembers);

}  // namespace

constinit const DescribeKinesisStreamingDestination kDescribeKinesisStreamingDestination;

const Shape& DescribeKinesisStreamingDestination::input() const { return kInput; }

Result<std::shared_ptr<Request>> DescribeKinesisStreamingDestination::read(const json::Value& body) const {
  return read_table_request(body);
}

Evaluation DescribeKinesisStreamingDestination::evaluate(const TableView& tables, const Request& request, model::Stamp) const {
  const model::Table* table = find_table(tables, request);
  if (table == nullptr) return table_not_found(request.table_name).error;
  StaticAnswer answer;
  json::Writer out(answer.json);
  out.begin_object().key("TableName").string(table->name);
  out.key("KinesisDataStreamDestinations").begin_array().end_array().end_object();
  return Answer(std::move(answer));
}

void DescribeKinesisStreamingDestination::write_answer(const Request&, const Answer& answer, json::Writer& out) const {
  write_static_answer(answer, out);
}

}  // namespace stator::api
