// Fuzz target: the input is the body of a frame of Raft messages. Goal: no bytes crash the reader or make it
// take memory that the bytes do not hold; what is accepted can be sent on and reads as the same messages.
#include <cstdint>
#include <string_view>

#include "cluster/raft_messages.h"
#include "model/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stator::cluster;
  const auto messages = decode_raft_messages({reinterpret_cast<const char*>(data), size});
  if (!messages.ok()) return 0;
  size_t bytes = 0;
  for (const GroupMessage& message : *messages) {
    (void)traffic_of(message.message);
    bytes += approximate_bytes(message);
  }
  STATOR_ASSERT(bytes <= 256 * (size + 8192), "memory is taken for what the body holds");
  const std::string body = encode_raft_messages(*messages);
  const auto again = decode_raft_messages(body);
  STATOR_ASSERT(again.ok() && encode_raft_messages(*again) == body,
                "what was read can be sent and read again");
  return 0;
}
