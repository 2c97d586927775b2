// Scan. Pure.
#include "api/operations/scan.h"

#include "api/operations/legacy_parameters.h"
#include "api/operations/page_target.h"
#include "api/shapes/item_shapes.h"

namespace stator::api {
namespace {

using namespace shapes;

constexpr Member kMembers[] = {
    {"TableName", &kTableArn, kRequired},
    {"IndexName", &kIndexName},
    {"AttributesToGet", &kAttributeNameList},
    {"Limit", &kPositiveIntegerObject},
    {"Select", &kSelect},
    {"ScanFilter", &kFilterConditionMap},
    {"ConditionalOperator", &kConditionalOperator},
    {"ExclusiveStartKey", &kKey},
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"TotalSegments", &kScanTotalSegments},
    {"Segment", &kScanSegment},
    {"ProjectionExpression", &kProjectionExpression},
    {"FilterExpression", &kConditionExpression},
    {"ExpressionAttributeNames", &kExpressionAttributeNameMap},
    {"ExpressionAttributeValues", &kExpressionAttributeValueMap},
    {"ConsistentRead", &kConsistentRead},
};
constexpr Shape kInput = structure_of("ScanInput", kMembers);

const ScanRequest& typed(const Request& request) { return static_cast<const ScanRequest&>(request); }

Result<void> read_segments(const json::Value& body, ScanRequest& request) {
  const auto segment = read_integer(body, "Segment");
  const auto total = read_integer(body, "TotalSegments");
  if (segment && !total)
    return validation_error(
        "The TotalSegments parameter is required but was not present in the request when Segment parameter "
        "is "
        "present");
  if (total && !segment)
    return validation_error(
        "The Segment parameter is required but was not present in the request when parameter TotalSegments "
        "is "
        "present");
  if (!segment) return {};
  if (*segment >= *total)
    return validation_error(
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: " +
        std::to_string(*segment) + " is not less than TotalSegments: " + std::to_string(*total));
  request.segment = static_cast<uint32_t>(*segment);
  request.total_segments = static_cast<uint32_t>(*total);
  return {};
}

// The start key's bytes. It must have the keys of what is read and of its table, and lie in the segment.
Result<std::string> start_of(const model::Table& table, const PageTarget& target, const ScanRequest& request,
                             const model::KeyRange& segment) {
  if (request.start_key->size() != page_key_names(table, target).size())
    return validation_error("Exclusive Start Key must have same size as table's key schema");
  auto start = start_bytes(table, target, *request.start_key);
  if (!start)
    return validation_error("The provided starting key is invalid: " +
                            key_error(start.error()).error.message);
  if (!segment.contains(*start))
    return validation_error(
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with "
        "correct "
        "Segment. TotalSegments: " +
        std::to_string(request.total_segments) + " Segment: " + std::to_string(request.segment));
  return std::move(start).value();
}

}  // namespace

constinit const Scan kScan;

const Shape& Scan::input() const { return kInput; }

Result<std::shared_ptr<Request>> Scan::read(const json::Value& body) const {
  auto request = std::make_shared<ScanRequest>();
  if (auto done = read_table_name(body, *request); !done) return Failure(done.error());
  if (auto done = check_parameter_mix(body, {"AttributesToGet", "ScanFilter", "ConditionalOperator"},
                                      {"ProjectionExpression", "FilterExpression"});
      !done)
    return Failure(done.error());
  if (auto done =
          check_parameter_usage(body, {"ProjectionExpression", "FilterExpression"}, {"FilterExpression"});
      !done)
    return Failure(done.error());
  read_page_members(body, *request);
  if (auto done = read_page_attributes(body, *request); !done) return Failure(done.error());
  if (auto done = read_page_filter(body, "ScanFilter", *request); !done) return Failure(done.error());
  if (auto done = read_start_key(body, *request); !done) return Failure(done.error());
  if (auto done = read_segments(body, *request); !done) return Failure(done.error());
  if (auto done = read_select(body, SelectWording::kScan, *request); !done) return Failure(done.error());
  expressions::Substitutions substitutions;
  if (auto done = read_substitutions(body, substitutions); !done) return Failure(done.error());
  if (auto done = read_page_expressions(body, substitutions, *request); !done) return Failure(done.error());
  if (auto used = substitutions.check_all_used(); !used) return expression_error(used.error());
  return std::shared_ptr<Request>(std::move(request));
}

Result<model::KeyRange> Scan::range(const model::Table& table, const Request& request) const {
  const ScanRequest& scan = typed(request);
  const auto target = page_target(table, scan);
  if (!target) return Failure(target.error());
  model::KeyRange range = model::segment_range(scan.segment, scan.total_segments);
  if (scan.start_key) {
    auto start = start_of(table, *target, scan, range);
    if (!start) return Failure(std::move(start).error());
    range = after_start(std::move(range), *start, true);
  }
  if (auto done = check_projection_paths(table, scan); !done) return Failure(done.error());
  if (auto done = check_filter_paths(table, scan); !done) return Failure(done.error());
  if (auto done = check_projection(table, *target, scan); !done) return Failure(done.error());
  return range;
}

}  // namespace stator::api
