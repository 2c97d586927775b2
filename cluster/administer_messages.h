// What an operator asks of a running cluster, on the wire (schemas/init.capnp): sent to any node's link, which hands it to
// group 0's leader. A request may be repeated: the answer says how far it has come. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/init_messages.h"
#include "model/ids.h"

namespace stator::cluster {

// The kind of the frame; of the list in init_messages.h.
inline constexpr uint16_t kAdminister = 35;  // an AdministerRequest; answered with an AdministerReply

// On the wire: never reuse a number.
enum class AdministerVerb : uint8_t {
  kDecommission = 1,     // `node`
  kFinalizeVersion = 2,
};

struct AdministerRequest {
  AdministerVerb verb = AdministerVerb::kDecommission;
  model::NodeId node;
  bool operator==(const AdministerRequest&) const = default;
};

// On the wire: never reuse a number.
enum class AdministerState : uint8_t {
  kDone = 1,
  kUnderWay,  // ask again to see how far it is
  kRefused,   // the text says why
  kAgain,     // not now: the text says what is missing
};

struct AdministerReply {
  AdministerState state = AdministerState::kDone;
  std::string text;   // a sentence for the operator; cut to kReasonBytesMax
  uint32_t left = 0;  // kUnderWay: replicas that are still on the node
  bool operator==(const AdministerReply&) const = default;
};

std::string encode(const AdministerRequest& request);
std::string encode(const AdministerReply& reply);
// kMalformed for what is no such body, a verb or a state that is not known, and a missing node.
InitMessage<AdministerRequest> decode_administer_request(std::string_view body);
InitMessage<AdministerReply> decode_administer_reply(std::string_view body);

}  // namespace stator::cluster
