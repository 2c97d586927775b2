// DescribeContinuousBackups. Pure.
#include "api/operations/describe_continuous_backups.h"

#include "api/operations/static_answer.h"
#include "api/operations/table_description.h"
#include "api/shapes/table_shapes.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
};
constexpr Shape kInput = structure_of("DescribeContinuousBackupsInput", kMembers);

}  // namespace

constinit const DescribeContinuousBackups kDescribeContinuousBackups;

const Shape& DescribeContinuousBackups::input() const { return kInput; }

Result<std::shared_ptr<Request>> DescribeContinuousBackups::read(const json::Value& body) const {
  return read_table_request(body);
}

Evaluation DescribeContinuousBackups::evaluate(const TableView& tables, const Request& request,
                                               model::Stamp) const {
  return describe_continuous_backups(tables, request);
}

Evaluation describe_continuous_backups(const TableView& tables, const Request& request) {
  if (find_table(tables, request) == nullptr) return backup_table_not_found(request.table_name).error;
  return Answer(
      StaticAnswer{R"({"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED",)"
                   R"("PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"DISABLED"}}})"});
}

void DescribeContinuousBackups::write_answer(const Request&, const Answer& answer, json::Writer& out) const {
  write_static_answer(answer, out);
}

}  // namespace stator::api
