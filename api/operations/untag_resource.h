// UntagResource: takes tags off a table; keys that it does not have are no error. Evaluated by group 0's
// leader. Source: API_UntagResource. Pure.
#pragma once

#include "api/operations/tags.h"

namespace stator::api {

struct UntagResourceRequest : ResourceRequest {
  std::vector<std::string> keys;
};

class UntagResource final : public TableOperation {
 public:
  std::string_view name() const override { return "UntagResource"; }
  const Shape& input() const override;
  bool writes() const override { return true; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const UntagResource kUntagResource;

}  // namespace stator::api
