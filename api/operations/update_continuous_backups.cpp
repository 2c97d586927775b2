// UpdateContinuousBackups. Pure.
#include "api/operations/update_continuous_backups.h"

#include "api/operations/describe_continuous_backups.h"
#include "api/operations/static_answer.h"
#include "api/operations/table_description.h"
#include "api/shapes/table_shapes.h"
#include "model/assert.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Shape kBooleanObject = boolean_of("BooleanObject");
constexpr Shape kRecoveryPeriodInDays = integer_of("RecoveryPeriodInDays", {1, 35});
constexpr Member kRecoveryMembers[] = {
    {"PointInTimeRecoveryEnabled", &kBooleanObject, kRequired, Support::kOffOnly},
    {"RecoveryPeriodInDays", &kRecoveryPeriodInDays},
};
constexpr Shape kRecovery = structure_of("PointInTimeRecoverySpecification", kRecoveryMembers);
constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
    {"PointInTimeRecoverySpecification", &kRecovery, kRequired},
};
constexpr Shape kInput = structure_of("UpdateContinuousBackupsInput", kMembers);

}  // namespace

constinit const UpdateContinuousBackups kUpdateContinuousBackups;

const Shape& UpdateContinuousBackups::input() const { return kInput; }

Result<std::shared_ptr<Request>> UpdateContinuousBackups::read(const json::Value& body) const {
  auto request = read_table_request(body);
  if (!request) return request;
  const auto recovery = json::member(body, "PointInTimeRecoverySpecification");
  STATOR_ASSERT(recovery.has_value(), "a required member");
  if (json::member(*recovery, "RecoveryPeriodInDays"))
    return validation_error(
        "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.");
  return request;
}

Evaluation UpdateContinuousBackups::evaluate(const TableView& tables, const Request& request, model::Stamp) const {
  return describe_continuous_backups(tables, request);
}

void UpdateContinuousBackups::write_answer(const Request&, const Answer& answer, json::Writer& out) const {
  write_static_answer(answer, out);
}

}  // namespace stator::api
