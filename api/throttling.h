// Throttling: the exceptions by which a request over its throughput is refused, and the reasons that they carry
// (API_ThrottlingReason: ResourceType + OperationType + LimitType, with the ARN of the table or index). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/error.h"
#include "api/json.h"

namespace stator::api {

enum class ThrottledAccess : uint8_t { kRead, kWrite };
enum class ThrottledLimit : uint8_t { kProvisionedThroughput, kMaxOnDemandThroughput, kKeyRangeThroughput };

// What was exceeded.
struct ThrottlingCause {
  std::string table;  // its name
  std::string index;  // a global index's name; empty: the table itself
  ThrottledAccess access = ThrottledAccess::kRead;
  ThrottledLimit limit = ThrottledLimit::kProvisionedThroughput;
  bool on_demand = false;  // the table's billing mode
};

// All reasons that there are here, by throttling_reason(). The service has AccountLimitExceeded too: there are no accounts.
inline constexpr std::array<std::string_view, 12> kThrottlingReasons{
    "TableReadProvisionedThroughputExceeded",  "TableReadMaxOnDemandThroughputExceeded",
    "TableReadKeyRangeThroughputExceeded",     "TableWriteProvisionedThroughputExceeded",
    "TableWriteMaxOnDemandThroughputExceeded", "TableWriteKeyRangeThroughputExceeded",
    "IndexReadProvisionedThroughputExceeded",  "IndexReadMaxOnDemandThroughputExceeded",
    "IndexReadKeyRangeThroughputExceeded",     "IndexWriteProvisionedThroughputExceeded",
    "IndexWriteMaxOnDemandThroughputExceeded", "IndexWriteKeyRangeThroughputExceeded",
};
// Its place in kThrottlingReasons.
size_t throttling_reason(const ThrottlingCause& cause);

// ProvisionedThroughputExceededException of a provisioned table, ThrottlingException of one on demand, in the service's words.
// `region`: of the ARN. The reason travels in Error::item, as the strings "reason" and "resource", between nodes too.
Failure throttled(const ThrottlingCause& cause, std::string_view region);
// The same error with the batch's region in its ARN: parts of a batch do not know their own.
Error in_region(Error error, std::string_view region);
// The member ThrottlingReasons (throttlingReasons in a ThrottlingException: that is how the API model has it) of an error
// that carries a reason; nothing for other errors.
void write_throttling_reasons(const Error& error, json::Writer& out);

}  // namespace stator::api
