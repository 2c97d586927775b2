// ListTagsOfResource. Pure.
#include "api/operations/list_tags_of_resource.h"

#include "api/operations/common.h"
#include "api/shapes/table_shapes.h"
#include "model/assert.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"ResourceArn", &kResourceArnString, kRequired},
    {"NextToken", &kNextTokenString, kOptional, Support::kRefused},
};
constexpr Shape kInput = structure_of("ListTagsOfResourceInput", kMembers);

}  // namespace

constinit const ListTagsOfResource kListTagsOfResource;

const Shape& ListTagsOfResource::input() const { return kInput; }

Result<std::shared_ptr<Request>> ListTagsOfResource::read(const json::Value& body) const {
  auto request = std::make_shared<ListTagsRequest>();
  request->arn = read_text(body, "ResourceArn").value_or("");
  auto table = request->arn.starts_with("arn:") ? table_name_of(request->arn) : std::nullopt;
  if (!table)
    return validation_error("Invalid TableArn: Invalid ResourceArn provided as input " + request->arn);
  request->table_name = std::move(*table);
  return std::shared_ptr<Request>(std::move(request));
}

Evaluation ListTagsOfResource::evaluate(const TableView& tables, const Request& request, model::Stamp) const {
  const model::Table* table = tables.find(request.table_name);
  if (table == nullptr)
    return tagged_resource_not_found(static_cast<const ListTagsRequest&>(request).arn).error;
  StaticAnswer answer;
  json::Writer out(answer.json);
  out.begin_object().key("Tags").begin_array();
  for (const auto& [key, value] : table->tags)
    out.begin_object().key("Key").string(key).key("Value").string(value).end_object();
  out.end_array().end_object();
  return Answer(std::move(answer));
}

void ListTagsOfResource::write_answer(const Request&, const Answer& answer, json::Writer& out) const {
  const auto* fixed = std::get_if<StaticAnswer>(&answer);
  STATOR_ASSERT(fixed != nullptr, "ListTagsOfResource gives static answers");
  out.raw(fixed->json);
}

}  // namespace stator::api
