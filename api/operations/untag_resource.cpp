// UntagResource. Pure.
#include "api/operations/untag_resource.h"

#include <algorithm>

#include "api/constraint_report.h"
#include "api/shapes/table_shapes.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"ResourceArn", &kResourceArnString, kRequired},
    {"TagKeys", &kTagKeyList, kRequired},
};
constexpr Shape kInput = structure_of("UntagResourceInput", kMembers);

}  // namespace

constinit const UntagResource kUntagResource;

const Shape& UntagResource::input() const { return kInput; }

Result<std::shared_ptr<Request>> UntagResource::read(const json::Value& body) const {
  auto request = std::make_shared<UntagResourceRequest>();
  if (auto done = read_resource(body, *request); !done) return Failure(done.error());
  const auto list = *json::member(body, "TagKeys");
  if (list_size(list) == 0) return validation_error("Atleast one Tag Key needs to be provided as Input.");
  auto keys = read_tag_keys(list);
  if (!keys) return Failure(std::move(keys).error());
  request->keys = std::move(*keys);
  return std::shared_ptr<Request>(std::move(request));
}

Evaluation UntagResource::evaluate(const TableView& tables, const Request& request, model::Stamp) const {
  const auto& asked = static_cast<const UntagResourceRequest&>(request);
  return change_tags(tables, asked, [&](Tags& tags) -> Result<void> {
    std::erase_if(tags, [&](const auto& tag) { return std::ranges::count(asked.keys, tag.first) > 0; });
    return {};
  });
}

// The service answers with no body at all.
void UntagResource::write_answer(const Request&, const Answer&, json::Writer&) const {}

}  // namespace stator::api
