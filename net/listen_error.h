// ListenError: why a port cannot be listened on.
#pragma once

#include <cstdint>
#include <string>

namespace stator::net {

struct ListenError {
  enum class Kind : uint8_t { kAddressInUse, kPermission, kBadAddress, kOther };
  Kind kind = Kind::kOther;
  std::string text;  // the system's
};

}  // namespace stator::net
