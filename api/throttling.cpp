// Throttling: texts, reasons, and the body's member. Texts: API_BatchStatementError lists those of provisioned tables and
// indexes; the Developer Guide's "Diagnosing throttling" has the one of a maximum on demand. Pure; any thread.
#include "api/throttling.h"

#include <memory>
#include <utility>

#include "api/operations/common.h"

namespace stator::api {
namespace {

constexpr std::string_view kTableText =
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning "
    "level with the UpdateTable API.";
constexpr std::string_view kIndexText =
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. "
    "Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable "
    "API";  // no period: so it is met in the wild
constexpr std::string_view kOnDemandText =
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or "
    "index so please try again shortly. If exceptions persist, check if you have a hot key: "
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html";
constexpr std::string_view kMaxOnDemandText =
    "Throughput exceeds the maximum OnDemandThroughput configured on table or index";

constexpr std::string_view kReason = "reason";
constexpr std::string_view kResource = "resource";
constexpr std::string_view kNoRegion = "arn:aws:dynamodb::";

std::string_view text_of(const ThrottlingCause& cause) {
  if (cause.limit == ThrottledLimit::kMaxOnDemandThroughput) return kMaxOnDemandText;
  if (cause.on_demand) return kOnDemandText;
  return cause.index.empty() ? kTableText : kIndexText;
}

bool is_throttling(const Error& error) {
  return error.code == ErrorCode::kProvisionedThroughputExceeded || error.code == ErrorCode::kThrottling;
}

// Empty where it is not there, or no string.
std::string_view string_of(const model::Item& item, std::string_view name) {
  const model::AttributeValue* value = item.find(name);
  const std::string* text = value ? value->as_s() : nullptr;
  return text ? std::string_view(*text) : std::string_view();
}

std::shared_ptr<const model::Item> carried(std::string_view reason, std::string resource) {
  model::Item item;
  item.set(kReason, model::AttributeValue::s(std::string(reason)));
  item.set(kResource, model::AttributeValue::s(std::move(resource)));
  return std::make_shared<const model::Item>(std::move(item));
}

}  // namespace

size_t throttling_reason(const ThrottlingCause& cause) {
  return (cause.index.empty() ? 0 : 6) + (cause.access == ThrottledAccess::kRead ? 0 : 3) +
         static_cast<size_t>(cause.limit);
}

Failure throttled(const ThrottlingCause& cause, std::string_view region) {
  std::string resource = table_arn(region, cause.table);
  if (!cause.index.empty()) resource += "/index/" + cause.index;
  return Failure(Error{cause.on_demand ? ErrorCode::kThrottling : ErrorCode::kProvisionedThroughputExceeded,
                       std::string(text_of(cause)),
                       carried(kThrottlingReasons[throttling_reason(cause)], std::move(resource)), 0});
}

Error in_region(Error error, std::string_view region) {
  if (!is_throttling(error) || !error.item) return error;
  const std::string_view resource = string_of(*error.item, kResource);
  if (!resource.starts_with(kNoRegion)) return error;
  std::string arn(resource);
  arn.insert(kNoRegion.size() - 1, region);
  error.item = carried(string_of(*error.item, kReason), std::move(arn));
  return error;
}

void write_throttling_reasons(const Error& error, json::Writer& out) {
  if (!is_throttling(error) || !error.item) return;
  out.key(error.code == ErrorCode::kThrottling ? "throttlingReasons" : "ThrottlingReasons").begin_array();
  out.begin_object();
  out.key(kReason).string(string_of(*error.item, kReason));
  out.key(kResource).string(string_of(*error.item, kResource));
  out.end_object().end_array();
}

}  // namespace stator::api
