// DescribeLimits. Pure.
#include "api/operations/describe_limits.h"
#include "api/operations/static_answer.h"


namespace stator::api {
namespace {

constexpr Shape kInput = structure_of("DescribeLimitsInput", {});

}  // namespace

constinit const DescribeLimits kDescribeLimits;

const Shape& DescribeLimits::input() const { return kInput; }

Result<std::shared_ptr<Request>> DescribeLimits::read(const json::Value&) const {
  return std::make_shared<Request>();
}

Result<Answer> DescribeLimits::answer(const Request&) const {
  // The service's default quotas.
  return Answer(StaticAnswer{R"({"AccountMaxReadCapacityUnits":80000,"AccountMaxWriteCapacityUnits":80000,)"
                             R"("TableMaxReadCapacityUnits":40000,"TableMaxWriteCapacityUnits":40000})"});
}

void DescribeLimits::write_answer(const Request&, const Answer& answer, json::Writer& out) const {
  write_static_answer(answer, out);
}

}  // namespace stator::api
