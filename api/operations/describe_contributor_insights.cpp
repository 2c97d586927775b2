// DescribeContributorInsights. Pure.
#include "api/operations/describe_contributor_insights.h"

#include "api/operations/static_answer.h"
#include "api/operations/table_description.h"
#include "api/shapes/table_shapes.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
    {"IndexName", &kIndexName},
};
constexpr Shape kInput = structure_of("DescribeContributorInsightsInput", kMembers);

}  // namespace

constinit const DescribeContributorInsights kDescribeContributorInsights;

const Shape& DescribeContributorInsights::input() const { return kInput; }

Result<std::shared_ptr<Request>> DescribeContributorInsights::read(const json::Value& body) const {
  auto request = std::make_shared<DescribeContributorInsightsRequest>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  request->index = read_text(body, "IndexName").value_or("");
  return std::shared_ptr<Request>(std::move(request));
}

Evaluation DescribeContributorInsights::evaluate(const TableView& tables, const Request& request, model::Stamp) const {
  const model::Table* table = find_table(tables, request);
  if (table == nullptr) return table_not_found(request.table_name).error;
  const std::string& index = static_cast<const DescribeContributorInsightsRequest&>(request).index;
  if (!index.empty() && table->find_global(index) == nullptr)
    return resource_not_found("Index: " + index + " not found for table: " + table->name).error;
  StaticAnswer answer;
  json::Writer out(answer.json);
  out.begin_object().key("TableName").string(table->name);
  if (!index.empty()) out.key("IndexName").string(index);
  out.key("ContributorInsightsStatus").string("DISABLED").end_object();
  return Answer(std::move(answer));
}

void DescribeContributorInsights::write_answer(const Request&, const Answer& answer, json::Writer& out) const {
  write_static_answer(answer, out);
}

}  // namespace stator::api
