// DescribeLimits: the account's quotas, which Stator does not enforce. Answered from the request alone.
// Source: API_DescribeLimits. Pure.
#pragma once

#include "api/operation.h"

namespace stator::api {

class DescribeLimits final : public StaticOperation {
 public:
  std::string_view name() const override { return "DescribeLimits"; }
  const Shape& input() const override;
  Result<Answer> answer(const Request& request) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const DescribeLimits kDescribeLimits;

}  // namespace stator::api
