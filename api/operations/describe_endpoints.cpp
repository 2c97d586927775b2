// DescribeEndpoints. Pure.
#include "api/operations/describe_endpoints.h"
#include "api/operations/static_answer.h"


namespace stator::api {
namespace {

constexpr Shape kInput = structure_of("DescribeEndpointsRequest", {});

// How long clients may use the answer.
constexpr int64_t kCachePeriodMinutes = 1440;

}  // namespace

constinit const DescribeEndpoints kDescribeEndpoints;

const Shape& DescribeEndpoints::input() const { return kInput; }

Result<std::shared_ptr<Request>> DescribeEndpoints::read(const json::Value&) const {
  return std::make_shared<Request>();
}

Result<Answer> DescribeEndpoints::answer(const Request& request) const {
  StaticAnswer answer;
  json::Writer out(answer.json);
  out.begin_object().key("Endpoints").begin_array().begin_object();
  out.key("Address").string(request.host).key("CachePeriodInMinutes").integer(kCachePeriodMinutes);
  out.end_object().end_array().end_object();
  return Answer(std::move(answer));
}

void DescribeEndpoints::write_answer(const Request&, const Answer& answer, json::Writer& out) const {
  write_static_answer(answer, out);
}

}  // namespace stator::api
