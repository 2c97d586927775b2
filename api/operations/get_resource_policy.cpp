// GetResourcePolicy. Pure.
#include "api/operations/get_resource_policy.h"

#include "api/operations/static_answer.h"
#include "api/operations/table_description.h"
#include "api/shapes/table_shapes.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"ResourceArn", &kResourceArnString, kRequired},
};
constexpr Shape kInput = structure_of("GetResourcePolicyInput", kMembers);

}  // namespace

constinit const GetResourcePolicy kGetResourcePolicy;

const Shape& GetResourcePolicy::input() const { return kInput; }

Result<std::shared_ptr<Request>> GetResourcePolicy::read(const json::Value& body) const {
  auto request = std::make_shared<ResourceRequest>();
  if (auto done = read_resource(body, *request); !done) return Failure(done.error());
  return std::shared_ptr<Request>(std::move(request));
}

Evaluation GetResourcePolicy::evaluate(const TableView& tables, const Request& request, model::Stamp) const {
  if (find_table(tables, request) == nullptr) return table_not_found(request.table_name).error;
  return policy_not_found(static_cast<const ResourceRequest&>(request).arn).error;
}

void GetResourcePolicy::write_answer(const Request&, const Answer& answer, json::Writer& out) const {
  write_static_answer(answer, out);
}

}  // namespace stator::api
