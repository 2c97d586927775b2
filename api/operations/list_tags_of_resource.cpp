// ListTagsOfResource. Pure.
#include "api/operations/list_tags_of_resource.h"

#include "api/operations/static_answer.h"
#include "api/operations/table_description.h"
#include "api/shapes/table_shapes.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"ResourceArn", &kResourceArnString, kRequired},
    {"NextToken", &kNextTokenString},  // none is ever given, and the service does not look at it
};
constexpr Shape kInput = structure_of("ListTagsOfResourceInput", kMembers);

}  // namespace

constinit const ListTagsOfResource kListTagsOfResource;

const Shape& ListTagsOfResource::input() const { return kInput; }

Result<std::shared_ptr<Request>> ListTagsOfResource::read(const json::Value& body) const {
  auto request = std::make_shared<ResourceRequest>();
  if (auto done = read_resource(body, *request); !done) return Failure(done.error());
  return std::shared_ptr<Request>(std::move(request));
}

Evaluation ListTagsOfResource::evaluate(const TableView& tables, const Request& request, model::Stamp) const {
  const model::Table* table = find_table(tables, request);
  if (table == nullptr) return tagged_resource_not_found(static_cast<const ResourceRequest&>(request).arn).error;
  StaticAnswer answer;
  json::Writer out(answer.json);
  out.begin_object().key("Tags").begin_array();
  for (const auto& [key, value] : table->tags)
    out.begin_object().key("Key").string(key).key("Value").string(value).end_object();
  out.end_array().end_object();
  return Answer(std::move(answer));
}

void ListTagsOfResource::write_answer(const Request&, const Answer& answer, json::Writer& out) const {
  write_static_answer(answer, out);
}

}  // namespace stator::api
