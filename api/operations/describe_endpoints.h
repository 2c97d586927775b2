// DescribeEndpoints: where to send requests: to where this one was sent. Answered from the request alone.
// Source: API_DescribeEndpoints. Pure.
#pragma once

#include "api/operation.h"

namespace stator::api {

class DescribeEndpoints final : public StaticOperation {
 public:
  std::string_view name() const override { return "DescribeEndpoints"; }
  const Shape& input() const override;
  Result<Answer> answer(const Request& request) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const DescribeEndpoints kDescribeEndpoints;

}  // namespace stator::api
