// UpdateTimeToLive: turns on or off that items expire. Evaluated by group 0's leader; partition leaders delete what has
// expired. Source: API_UpdateTimeToLive. Pure.
#pragma once

#include "api/operation.h"

namespace stator::api {

struct UpdateTimeToLiveRequest : Request {
  bool enabled = false;
  std::string attribute;
};

class UpdateTimeToLive final : public TableOperation {
 public:
  std::string_view name() const override { return "UpdateTimeToLive"; }
  const Shape& input() const override;
  bool writes() const override { return true; }
  Evaluation evaluate(const TableView& tables, const Request& request, model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const UpdateTimeToLive kUpdateTimeToLive;

}  // namespace stator::api
