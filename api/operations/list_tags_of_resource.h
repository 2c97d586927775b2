// ListTagsOfResource: a table's tags, all in one page. Evaluated by any fresh replica of group 0.
// Source: API_ListTagsOfResource. Pure.
#pragma once

#include "api/operations/tags.h"

namespace stator::api {

class ListTagsOfResource final : public TableOperation {
 public:
  std::string_view name() const override { return "ListTagsOfResource"; }
  const Shape& input() const override;
  bool writes() const override { return false; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const ListTagsOfResource kListTagsOfResource;

}  // namespace stator::api
