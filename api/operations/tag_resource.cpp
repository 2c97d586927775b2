// TagResource. Pure.
#include "api/operations/tag_resource.h"

#include <algorithm>

#include "api/constraint_report.h"
#include "api/shapes/table_shapes.h"
#include "model/limits.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"ResourceArn", &kResourceArnString, kRequired},
    {"Tags", &kTagList, kRequired},
};
constexpr Shape kInput = structure_of("TagResourceInput", kMembers);

}  // namespace

constinit const TagResource kTagResource;

const Shape& TagResource::input() const { return kInput; }

Result<std::shared_ptr<Request>> TagResource::read(const json::Value& body) const {
  auto request = std::make_shared<TagResourceRequest>();
  if (auto done = read_resource(body, *request); !done) return Failure(done.error());
  const auto list = *json::member(body, "Tags");
  if (list_size(list) == 0) return validation_error("Atleast one Tag needs to be provided as Input.");
  auto tags = read_tags(list);
  if (!tags) return Failure(std::move(tags).error());
  request->tags = std::move(*tags);
  return std::shared_ptr<Request>(std::move(request));
}

Evaluation TagResource::evaluate(const TableView& tables, const Request& request, model::Stamp) const {
  const auto& asked = static_cast<const TagResourceRequest&>(request);
  return change_tags(tables, asked, [&](Tags& tags) -> Result<void> {
    for (const auto& tag : asked.tags) {
      const auto same = std::ranges::find(tags, tag.first, &Tags::value_type::first);
      if (same != tags.end())
        same->second = tag.second;
      else
        tags.push_back(tag);
    }
    if (tags.size() > model::kTagsMax) return too_many_tags();
    return {};
  });
}

// The service answers with no body at all.
void TagResource::write_answer(const Request&, const Answer&, json::Writer&) const {}

}  // namespace stator::api
