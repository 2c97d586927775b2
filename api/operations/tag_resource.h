// TagResource: gives a table tags; those that it has already get new values. Evaluated by group 0's leader.
// Source: API_TagResource. Pure.
#pragma once

#include "api/operations/tags.h"

namespace stator::api {

struct TagResourceRequest : ResourceRequest {
  Tags tags;
};

class TagResource final : public TableOperation {
 public:
  std::string_view name() const override { return "TagResource"; }
  const Shape& input() const override;
  bool writes() const override { return true; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const TagResource kTagResource;

}  // namespace stator::api
