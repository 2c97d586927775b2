// Query. Pure.
#include "api/operations/query.h"

#include "api/operations/legacy_conditions.h"
#include "api/operations/legacy_parameters.h"
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

// The start key as an item key. It must be a key of this table, match the condition on the sort key, and have
// the queried partition key: in this order (measured, dynalite's tests).
Result<std::string> start_of(const model::Table& table, const QueryRequest& request,
                             const expressions::KeyQuery& query) {
  auto start = model::key_of_key_map(table.key, *request.start_key);
  if (!start) {
    switch (start.error().error) {
      case model::KeyError::kWrongType:
        return invalid_parameters("The provided key element does not match the schema");
      case model::KeyError::kEmpty:
      case model::KeyError::kTooLong:
        return key_error(start.error());
      default:
        return validation_error("The provided starting key is invalid");
    }
  }
  expressions::KeyQuery of_start = query;
  of_start.partition_key = *request.start_key->find(table.key.partition_key.name);
  if (!expressions::key_range(of_start).contains(*start))
    return validation_error("The provided starting key does not match the range key predicate");
  if (!(of_start.partition_key == query.partition_key))
    return validation_error(
        query.sort_key ? "The query can return at most one row and cannot be restarted"
                       : "The provided starting key is outside query boundaries based on provided conditions");
  return std::move(start).value();
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
  if (auto done = check_index(query); !done) return Failure(done.error());
  auto resolved = query.key_condition.resolve(table.key);
  if (!resolved) return expression_error(std::move(resolved).error());
  if (auto done = check_projection_paths(table, query); !done) return Failure(done.error());
  if (query.filter) {
    for (const std::string& attribute : query.filter->attributes()) {
      if (table.key.is_key(attribute))
        return validation_error(std::string(query.legacy_filter ? "QueryFilter" : "Filter Expression") +
                                " can only contain non-primary key attributes: Primary key attribute: " +
                                attribute);
    }
  }
  if (auto done = check_filter_paths(table, query); !done) return Failure(done.error());
  const model::KeyRange range = expressions::key_range(*resolved);
  if (!query.start_key) return is_empty(range) ? empty_range() : range;
  auto start = start_of(table, query, *resolved);
  if (!start) return Failure(std::move(start).error());
  return after_start(range, *start, query.forward);
}

}  // namespace stator::api
