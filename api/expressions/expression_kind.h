// ExpressionKind: the five kinds of expressions, and the Result that their parsers return. One lexer, one
// parser and one evaluator serve all five; the kind decides what is allowed and how an error's text begins.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/result.h"

namespace stator::expressions {

enum class ExpressionKind : uint8_t { kCondition = 1, kFilter, kProjection, kKeyCondition, kUpdate };

// The request's member: "ConditionExpression", "FilterExpression", "ProjectionExpression",
// "KeyConditionExpression", "UpdateExpression".
std::string_view kind_name(ExpressionKind kind);

// The error is the whole text of a ValidationException, with the service's prefix where the service has one
// ("Invalid ConditionExpression: ...").
template <class T>
using Result = model::Result<T, std::string>;
using Failure = model::Failure<std::string>;

}  // namespace stator::expressions
