// Query. Pure.
#include "api/operations/query.h"

#include <algorithm>

#include "api/operations/legacy_conditions.h"
#include "api/operations/legacy_parameters.h"
#include "api/operations/page_target.h"
#include "api/shapes/item_shapes.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
    {"IndexName", &kIndexName},
    {"Select", &kSelect},
    {"AttributesToGet", &kAttributeNameList},
    {"Limit", &kPositiveIntegerObject},
    {"ConsistentRead", &kConsistentRead},
    {"KeyConditions", &kKeyConditions},
    {"QueryFilter", &kFilterConditionMap},
    {"ConditionalOperator", &kConditionalOperator},
    {"ScanIndexForward", &kBooleanObject},
    {"ExclusiveStartKey", &kKey},
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"ProjectionExpression", &kProjectionExpression},
    {"FilterExpression", &kConditionExpression},
    {"KeyConditionExpression", &kKeyExpression},
    {"ExpressionAttributeNames", &kExpressionAttributeNameMap},
    {"ExpressionAttributeValues", &kExpressionAttributeValueMap},
};
constexpr Shape kInput = structure_of("QueryInput", kMembers);

// KeyConditions may stand beside a filter or a projection that is an expression, but not beside its own
// successor.
Result<void> check_query_parameters(const json::Value& body) {
  if (!json::member(body, "KeyConditionExpression"))
    return check_parameter_mix(body, {"AttributesToGet", "QueryFilter", "ConditionalOperator"},
                               {"ProjectionExpression", "FilterExpression"});
  return check_parameter_mix(body, {"AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"},
                             {"ProjectionExpression", "FilterExpression", "KeyConditionExpression"});
}

const QueryRequest& typed(const Request& request) { return static_cast<const QueryRequest&>(request); }

constexpr std::string_view kStartKeyInvalid = "The provided starting key is invalid";

Failure start_key_error(const model::Table& table, const PageTarget& target, const model::KeyFailure& failure) {
  switch (failure.error) {
    case model::KeyError::kWrongType: {
      // The keys of what is read are looked at first, as the condition's are; an index's table after them.
      const auto keys = key_attributes(table, target);
      const auto named = [&](const model::KeyAttribute& key) { return key.name == failure.attribute; };
      if (std::ranges::any_of(keys.partition_key, named) || std::ranges::any_of(keys.sort_key, named))
        return invalid_parameters("The provided key element does not match the schema");
      return validation_error(std::string(kStartKeyInvalid) + ": " + key_schema_mismatch().error.message);
    }
    case model::KeyError::kEmpty:
    case model::KeyError::kTooLong:
      return key_error(failure);
    default:
      return validation_error(std::string(kStartKeyInvalid));
  }
}

// Why a start key lies outside of `range`: the sort key's condition, or the partition key's.
Failure outside_of(const model::Table& table, const PageTarget& target, const QueryRequest& request,
                   const model::KeyRange& range, const expressions::KeyQuery& query, const std::string& start) {
  std::vector<model::AttributeValue> partition_key;
  for (const model::KeyAttribute& key : key_attributes(table, target).partition_key)
    partition_key.push_back(*request.start_key->find(key.name));
  const std::string rest = start.substr(key_prefix(target, partition_key).size());
  if (!query.sort_key.empty() && !range.contains(key_prefix(target, query.partition_key) + rest))
    return validation_error("The provided starting key does not match the range key predicate");
  // Measured (dynalite's query, where both keys of a table are asked for, whatever the operator): told only where the
  // start key is wrong anyway.
  if (!target.is_index() && !query.sort_key.empty())
    return validation_error("The query can return at most one row and cannot be restarted");
  return validation_error("The provided starting key is outside query boundaries based on provided conditions");
}

// The start key's bytes. It must have the keys of what is read and of its table, of the queried partition key, within
// the condition.
Result<std::string> start_of(const model::Table& table, const PageTarget& target, const QueryRequest& request,
                             const model::KeyRange& range, const expressions::KeyQuery& query) {
  if (request.start_key->size() != page_key_names(table, target).size())
    return validation_error(std::string(kStartKeyInvalid));
  auto start = start_bytes(table, target, *request.start_key);
  if (!start) return start_key_error(table, target, start.error());
  if (!range.contains(*start)) return outside_of(table, target, request, range, query, *start);
  return std::move(start).value();
}

Result<void> check_filter(const QueryRequest& query, const expressions::KeyAttributes& keys) {
  if (!query.filter) return {};
  for (const std::string& attribute : query.filter->attributes()) {
    const auto named = [&](const model::KeyAttribute& key) { return key.name == attribute; };
    if (std::ranges::any_of(keys.partition_key, named) || std::ranges::any_of(keys.sort_key, named))
      return validation_error(std::string(query.legacy_filter ? "QueryFilter" : "Filter Expression") +
                              " can only contain non-primary key attributes: Primary key attribute: " +
                              attribute);
  }
  return {};
}

}  // namespace

constinit const Query kQuery;

const Shape& Query::input() const { return kInput; }

Result<std::shared_ptr<Request>> Query::read(const json::Value& body) const {
  auto request = std::make_shared<QueryRequest>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  if (auto done = check_query_parameters(body); !done) return Failure(done.error());
  const auto key_text = read_text(body, "KeyConditionExpression");
  if (key_text && key_text->empty())
    return validation_error("Invalid KeyConditionExpression: The expression can not be empty;");
  if (auto done =
          check_parameter_usage(body, {"ProjectionExpression", "FilterExpression", "KeyConditionExpression"},
                                {"FilterExpression", "KeyConditionExpression"});
      !done)
    return Failure(done.error());
  read_page_members(body, *request);
  request->forward = read_boolean(body, "ScanIndexForward", true);
  if (auto done = read_page_filter(body, "QueryFilter", *request); !done) return Failure(done.error());
  if (auto done = read_page_attributes(body, *request); !done) return Failure(done.error());
  if (auto done = read_start_key(body, *request); !done) return Failure(done.error());
  if (!key_text && !json::member(body, "KeyConditions"))
    return validation_error(
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
  if (auto done = read_select(body, SelectWording::kQuery, *request); !done) return Failure(done.error());
  expressions::Substitutions substitutions;
  if (auto done = read_substitutions(body, substitutions); !done) return Failure(done.error());
  if (auto done = read_page_expressions(body, substitutions, *request); !done) return Failure(done.error());
  if (key_text) {
    auto key_condition = expressions::parse_key_condition(*key_text, substitutions);
    if (!key_condition) return expression_error(std::move(key_condition).error());
    request->key_condition = std::move(key_condition).value();
  }
  if (auto used = substitutions.check_all_used(); !used) return expression_error(used.error());
  if (!key_text) {
    auto key_condition = read_key_conditions(body);
    if (!key_condition) return Failure(std::move(key_condition).error());
    request->key_condition = std::move(key_condition).value();
  }
  if (auto shape = request->key_condition.check_shape(); !shape) return expression_error(shape.error());
  return std::shared_ptr<Request>(std::move(request));
}

bool Query::forward(const Request& request) const { return typed(request).forward; }

Result<model::KeyRange> Query::range(const model::Table& table, const Request& request) const {
  const QueryRequest& query = typed(request);
  const auto target = page_target(table, query);
  if (!target) return Failure(target.error());
  const expressions::KeyAttributes keys = key_attributes(table, *target);
  auto resolved = query.key_condition.resolve(keys);
  if (!resolved) return expression_error(std::move(resolved).error());
  // The start key before what is filtered and projected: so both dynalite and DynamoDB Local have it.
  model::KeyRange range = expressions::key_range(*resolved, key_prefix(*target, resolved->partition_key));
  if (query.start_key) {
    auto start = start_of(table, *target, query, range, *resolved);
    if (!start) return Failure(std::move(start).error());
    range = after_start(std::move(range), *start, query.forward);
  }
  if (auto done = check_projection_paths(table, query); !done) return Failure(done.error());
  if (auto done = check_filter(query, keys); !done) return Failure(done.error());
  if (auto done = check_filter_paths(table, query); !done) return Failure(done.error());
  if (auto done = check_filter_projection(table, *target, query); !done) return Failure(done.error());
  if (auto done = check_projection(table, *target, query); !done) return Failure(done.error());
  return is_empty(range) ? empty_range() : range;
}

}  // namespace stator::api
