// Operation: what all operations do the same way on the way in. Pure.
#include "api/operation.h"

#include "api/validation.h"

namespace stator::api {

Result<RequestPtr> Operation::parse(const json::Value& body, const RequestContext& context) const {
  if (auto valid = validate(input(), body); !valid) return Failure(std::move(valid).error());
  auto request = read(body);
  if (!request) return Failure(std::move(request).error());
  (*request)->operation = this;
  (*request)->region = context.region;
  (*request)->host = context.host;
  return RequestPtr(std::move(request).value());
}

}  // namespace stator::api
