// The two ids of a request: the one that makes retries apply once (protocol 9), and the one that its answer
// shows.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/http_message.h"

namespace stator::net {

// What the Authorization header says of the caller. Views into the header; not verified here.
struct CredentialScope {
  std::string_view access_key;  // empty where there is none
  std::string_view region;      // empty where there is none or it is no region's name
};
CredentialScope credential_scope(std::string_view authorization);

using RequestIdBytes = std::array<uint8_t, 16>;

// Of one gateway thread: ids for requests that bring none, and the texts for x-amzn-RequestId. Not
// thread-safe.
class RequestIds {
 public:
  // `boot_epoch`: random, new with every start. `thread`: distinguishes the threads of one start.
  RequestIds(uint64_t boot_epoch, uint64_t thread);

  // The same for the same call of the same caller with the same body.
  static RequestIdBytes of_client(std::string_view invocation_id, std::string_view access_key,
                                  std::string_view target, std::string_view body);
  // Unlike all others.
  RequestIdBytes next();
  // 52 of [0-9A-V], random-looking, as the service's are.
  std::string next_text();

 private:
  uint64_t next_random();

  const uint64_t boot_epoch_;
  const uint64_t thread_;
  uint64_t counter_ = 0;
  uint64_t random_state_;
};

}  // namespace stator::net
