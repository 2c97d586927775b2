// Error: every failure that a client can see, as a value, with a factory for each of the service's
// exceptions. Pure. Names, namespaces and HTTP statuses: API reference, "Common Errors" and each operation's
// list.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/attribute_value.h"
#include "model/result.h"

namespace stator::api {

// Kept in request-id digests and on the wire between nodes: never reuse a number.
enum class ErrorCode : uint16_t {
  kValidation = 1,
  kSerialization = 2,
  kUnknownOperation = 3,
  kResourceNotFound = 4,
  kResourceInUse = 5,
  kConditionalCheckFailed = 6,
  kLimitExceeded = 7,
  kProvisionedThroughputExceeded = 8,
  kThrottling = 9,
  kItemCollectionSizeLimitExceeded = 10,
  kInternalServerError = 11,  // 500: the outcome may be unknown
  kServiceUnavailable = 12,   // 503: refused before anything was done; may be retried
  kRequestTooLarge = 13,      // 413
  kMissingAuthenticationToken = 14,
  kIncompleteSignature = 15,
  kAccessDenied = 16,
  kInvalidSignature = 17,
  kUnrecognizedClient = 18,
  kTableNotFound = 19,  // the backup operations' own ResourceNotFound
  // Between nodes: this replica does not lead, and nothing was done. Routers go on to the leader (actors/router.h);
  // where a deadline ends that, clients see InternalServerError.
  kNotLeading = 20,
  kPolicyNotFound = 21,
};

struct Error {
  ErrorCode code = ErrorCode::kInternalServerError;
  std::string message;
  std::shared_ptr<const model::Item>
      item;                     // ConditionalCheckFailed with ReturnValuesOnConditionCheckFailure=ALL_OLD
  uint32_t retry_after_ms = 0;  // with 503: sent as x-amz-retry-after; 0 = no header
};

template <class T>
using Result = model::Result<T, Error>;
using Failure = model::Failure<Error>;

// How an error looks on the wire.
struct ErrorShape {
  std::string_view name;            // "ValidationException"
  std::string_view name_space;      // "com.amazon.coral.validate"
  uint16_t http_status;             // 400, 413, 500, 503
  std::string_view message_member;  // "message", or "Message" where the service writes it so
};
const ErrorShape& error_shape(ErrorCode code);
// The JSON body: {"__type":"<namespace>#<Name>","message":"...", "Item":{...}}. No message member where it is
// empty, as the service answers a body that is no JSON.
std::string error_body(const Error& error);
// Whether the same request may succeed when sent again: in a batch such a part becomes unprocessed instead of
// failing it.
bool is_retriable(const Error& error);

// One factory an exception, so that a text is written once.
Failure validation_error(std::string message);
Failure serialization_error(std::string message);
Failure unknown_operation();
Failure resource_not_found();                            // data plane: "Requested resource not found"
Failure resource_not_found(std::string_view what);       // "Requested resource not found: <what>"
Failure table_not_found(std::string_view table);         // control plane: "...: Table: T not found"
Failure backup_table_not_found(std::string_view table);  // backups: TableNotFoundException
Failure tagged_resource_not_found(std::string_view arn);
Failure policy_not_found(std::string_view arn);
Failure resource_in_use(std::string message);
Failure conditional_check_failed(std::shared_ptr<const model::Item> item);
Failure throughput_exceeded(std::string message);
Failure limit_exceeded(std::string message);
Failure internal_error(std::string message);
Failure service_unavailable(std::string message, uint32_t retry_after_ms);
Failure not_leading(std::string message);  // see kNotLeading
// A member or value that DynamoDB has and Stator does not implement yet: refused by name, never ignored.
Failure not_implemented_yet(std::string_view member);

}  // namespace stator::api
