// Error: the table of exceptions (name, namespace, status) and the factories. Called wherever something is
// refused: parse, evaluate, dispatcher, gateway. Pure; any thread.
#include "api/error.h"

#include "api/json.h"
#include "api/throttling.h"
#include "model/assert.h"

namespace stator::api {
namespace {

constexpr std::string_view kDynamo = "com.amazonaws.dynamodb.v20120810";
constexpr std::string_view kCoral = "com.amazon.coral.service";
constexpr std::string_view kCoralValidate = "com.amazon.coral.validate";

constexpr ErrorShape kValidationShape{"ValidationException", kCoralValidate, 400, "message"};
constexpr ErrorShape kSerializationShape{"SerializationException", kCoral, 400, "Message"};
constexpr ErrorShape kUnknownOperationShape{"UnknownOperationException", kCoral, 400, "message"};
constexpr ErrorShape kResourceNotFoundShape{"ResourceNotFoundException", kDynamo, 400, "message"};
constexpr ErrorShape kResourceInUseShape{"ResourceInUseException", kDynamo, 400, "message"};
constexpr ErrorShape kConditionalCheckFailedShape{"ConditionalCheckFailedException", kDynamo, 400, "message"};
constexpr ErrorShape kLimitExceededShape{"LimitExceededException", kDynamo, 400, "message"};
constexpr ErrorShape kThroughputShape{"ProvisionedThroughputExceededException", kDynamo, 400, "message"};
constexpr ErrorShape kThrottlingShape{"ThrottlingException", kDynamo, 400, "message"};
constexpr ErrorShape kCollectionSizeShape{"ItemCollectionSizeLimitExceededException", kDynamo, 400,
                                          "message"};
constexpr ErrorShape kInternalShape{"InternalServerError", kDynamo, 500, "message"};
constexpr ErrorShape kUnavailableShape{"ServiceUnavailable", kDynamo, 503, "message"};
constexpr ErrorShape kTooLargeShape{"RequestEntityTooLargeException", kCoral, 413, "message"};
constexpr ErrorShape kMissingTokenShape{"MissingAuthenticationTokenException", kCoral, 400, "message"};
constexpr ErrorShape kIncompleteSignatureShape{"IncompleteSignatureException", kCoral, 400, "message"};
constexpr ErrorShape kAccessDeniedShape{"AccessDeniedException", kCoral, 400, "Message"};
constexpr ErrorShape kInvalidSignatureShape{"InvalidSignatureException", kCoral, 400, "message"};
constexpr ErrorShape kUnrecognizedClientShape{"UnrecognizedClientException", kCoral, 400, "message"};
constexpr ErrorShape kPolicyNotFoundShape{"PolicyNotFoundException", kDynamo, 400, "message"};
constexpr ErrorShape kTableNotFoundShape{"TableNotFoundException", kDynamo, 400, "message"};

Failure failure(ErrorCode code, std::string message) {
  return Failure(Error{code, std::move(message), nullptr, 0});
}

}  // namespace

const ErrorShape& error_shape(ErrorCode code) {
  switch (code) {
    case ErrorCode::kValidation:
      return kValidationShape;
    case ErrorCode::kSerialization:
      return kSerializationShape;
    case ErrorCode::kUnknownOperation:
      return kUnknownOperationShape;
    case ErrorCode::kResourceNotFound:
      return kResourceNotFoundShape;
    case ErrorCode::kResourceInUse:
      return kResourceInUseShape;
    case ErrorCode::kConditionalCheckFailed:
      return kConditionalCheckFailedShape;
    case ErrorCode::kLimitExceeded:
      return kLimitExceededShape;
    case ErrorCode::kProvisionedThroughputExceeded:
      return kThroughputShape;
    case ErrorCode::kThrottling:
      return kThrottlingShape;
    case ErrorCode::kItemCollectionSizeLimitExceeded:
      return kCollectionSizeShape;
    case ErrorCode::kInternalServerError:
      return kInternalShape;
    case ErrorCode::kServiceUnavailable:
    case ErrorCode::kNotLeading:
      return kUnavailableShape;
    case ErrorCode::kRequestTooLarge:
      return kTooLargeShape;
    case ErrorCode::kMissingAuthenticationToken:
      return kMissingTokenShape;
    case ErrorCode::kIncompleteSignature:
      return kIncompleteSignatureShape;
    case ErrorCode::kAccessDenied:
      return kAccessDeniedShape;
    case ErrorCode::kInvalidSignature:
      return kInvalidSignatureShape;
    case ErrorCode::kUnrecognizedClient:
      return kUnrecognizedClientShape;
    case ErrorCode::kTableNotFound:
      return kTableNotFoundShape;
    case ErrorCode::kPolicyNotFound:
      return kPolicyNotFoundShape;
  }
  return kInternalShape;  // a code of a newer node, passed through by this one
}

std::string error_body(const Error& error) {
  const ErrorShape& shape = error_shape(error.code);
  std::string out;
  out.reserve(64 + shape.name_space.size() + shape.name.size() + error.message.size());
  json::Writer writer(out);
  writer.begin_object();
  writer.key("__type").string(std::string(shape.name_space) + "#" + std::string(shape.name));
  if (!error.message.empty()) writer.key(shape.message_member).string(error.message);
  if (error.code == ErrorCode::kConditionalCheckFailed && error.item) writer.key("Item").item(*error.item);
  write_throttling_reasons(error, writer);
  writer.end_object();
  return out;
}

bool is_retriable(const Error& error) {
  switch (error.code) {
    case ErrorCode::kProvisionedThroughputExceeded:
    case ErrorCode::kThrottling:
    case ErrorCode::kInternalServerError:
    case ErrorCode::kServiceUnavailable:
    case ErrorCode::kNotLeading:
      return true;
    default:
      return false;
  }
}

Failure validation_error(std::string message) { return failure(ErrorCode::kValidation, std::move(message)); }

Failure serialization_error(std::string message) {
  return failure(ErrorCode::kSerialization, std::move(message));
}

Failure unknown_operation() { return failure(ErrorCode::kUnknownOperation, ""); }

Failure resource_not_found() { return failure(ErrorCode::kResourceNotFound, "Requested resource not found"); }

Failure resource_not_found(std::string_view what) {
  return failure(ErrorCode::kResourceNotFound, "Requested resource not found: " + std::string(what));
}

Failure table_not_found(std::string_view table) {
  return resource_not_found("Table: " + std::string(table) + " not found");
}

Failure backup_table_not_found(std::string_view table) {
  return failure(ErrorCode::kTableNotFound, "Table not found: " + std::string(table));
}

Failure tagged_resource_not_found(std::string_view arn) {
  return resource_not_found("ResourceArn: " + std::string(arn) + " not found");
}

Failure policy_not_found(std::string_view arn) {
  return failure(ErrorCode::kPolicyNotFound,
                 "Resource-based policy not found for the provided ResourceArn: " + std::string(arn));
}

Failure resource_in_use(std::string message) {
  return failure(ErrorCode::kResourceInUse, std::move(message));
}

Failure conditional_check_failed(std::shared_ptr<const model::Item> item) {
  return Failure(
      Error{ErrorCode::kConditionalCheckFailed, "The conditional request failed", std::move(item), 0});
}

Failure throughput_exceeded(std::string message) {
  return failure(ErrorCode::kProvisionedThroughputExceeded, std::move(message));
}

Failure limit_exceeded(std::string message) { return failure(ErrorCode::kLimitExceeded, std::move(message)); }

Failure internal_error(std::string message) {
  return failure(ErrorCode::kInternalServerError, std::move(message));
}

Failure service_unavailable(std::string message, uint32_t retry_after_ms) {
  return Failure(Error{ErrorCode::kServiceUnavailable, std::move(message), nullptr, retry_after_ms});
}

Failure not_leading(std::string message) { return Failure(Error{ErrorCode::kNotLeading, std::move(message), nullptr, 50}); }

Failure not_implemented_yet(std::string_view member) {
  return validation_error("Stator does not implement this yet: " + std::string(member));
}

}  // namespace stator::api
