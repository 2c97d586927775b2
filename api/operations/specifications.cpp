// StreamSpecification and SSESpecification. Pure.
#include "api/operations/specifications.h"

#include "api/operations/common.h"

namespace stator::api {

Result<void> check_stream(const json::Value& body, TableStep step) {
  const auto stream = json::member(body, "StreamSpecification");
  if (!stream) return {};
  const bool create = step == TableStep::kCreate;
  const bool enabled = read_boolean(*stream, "StreamEnabled", false);
  const bool view_type = json::member(*stream, "StreamViewType").has_value();
  if (enabled && !view_type)
    return invalid_parameters(create ? "Table is being created with a stream enabled, UpdateViewType is required"
                                     : "If stream is being enabled then UpdateViewType is required");
  if (!enabled && view_type)
    return invalid_parameters(create
                                  ? "Table is being created with a stream disabled, UpdateViewType should not be specified"
                                  : "If stream is being disabled, then UpdateViewType must not be specified");
  if (enabled) return not_implemented_yet("StreamSpecification");
  return {};
}

Result<void> check_encryption(const json::Value& body) {
  const auto encryption = json::member(body, "SSESpecification");
  if (!encryption) return {};
  const bool enabled = read_boolean(*encryption, "Enabled", false);
  const bool refused = json::member(*encryption, "Enabled").has_value() && !enabled;
  const auto type = read_text(*encryption, "SSEType");
  const bool key = json::member(*encryption, "KMSMasterKeyId").has_value();
  if (refused && type) return invalid_parameters("SSEType can not be specified if Enabled is false");
  if (refused && key) return invalid_parameters("KMSMasterKeyId can not be specified if Enabled is false");
  if (type == "AES256") return invalid_parameters("SSEType AES256 is not supported");
  if (enabled || type || key) return not_implemented_yet("SSESpecification");
  return {};
}

}  // namespace stator::api
