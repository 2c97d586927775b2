// Binder: completes a syntax tree with the request's names and values, and refuses what grammar alone lets
// through: reserved words, unknown and misused functions, operands of the wrong number or type, paths that
// overlap. In the service's order, so that of several mistakes the same one is told. Pure.
#pragma once

#include <vector>

#include "api/expressions/ast.h"
#include "api/expressions/expression_kind.h"
#include "api/expressions/parser.h"
#include "api/expressions/substitutions.h"

namespace stator::expressions {

// A path's segments: reserved words, depth, list indexes; needs no substitutions.
Result<void> check_path(ExpressionKind kind, const PathOperand& path);
// Fills in path.path. Requires check_path().
Result<void> bind_path(ExpressionKind kind, PathOperand& path, Substitutions& substitutions);
// An error where two of the paths may not be used together.
Result<void> check_paths_distinct(ExpressionKind kind, const std::vector<DocumentPath>& paths);

// For kCondition, kFilter and kKeyCondition.
Result<void> bind_condition(ExpressionKind kind, Parsed<ConditionNode>& parsed, Substitutions& substitutions);
// The paths that the condition names.
std::vector<DocumentPath> condition_paths(const ConditionNode& root);

Result<std::vector<DocumentPath>> bind_projection(Parsed<std::vector<PathOperand>>& parsed,
                                                  Substitutions& substitutions);

Result<void> bind_update(Parsed<UpdateSyntax>& parsed, Substitutions& substitutions);

}  // namespace stator::expressions
