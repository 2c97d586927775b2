// The names of the five kinds, as the request's members are called. Pure.
#include "api/expressions/expression_kind.h"

#include "model/assert.h"

namespace stator::expressions {

std::string_view kind_name(ExpressionKind kind) {
  switch (kind) {
    case ExpressionKind::kCondition:
      return "ConditionExpression";
    case ExpressionKind::kFilter:
      return "FilterExpression";
    case ExpressionKind::kProjection:
      return "ProjectionExpression";
    case ExpressionKind::kKeyCondition:
      return "KeyConditionExpression";
    case ExpressionKind::kUpdate:
      return "UpdateExpression";
  }
  STATOR_ASSERT(false, "no such expression kind");
  return {};
}

}  // namespace stator::expressions
