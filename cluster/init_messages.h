// How a cluster comes to be, and how a node comes into it, on the wire (schemas/init.capnp): who a node is,
// the bootstrap that is sent to all of them once, and the request of a node with a new folder. What a frame
// is, and how it travels, is net's; who decides is cli/cluster_init.h and actors/. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/ids.h"
#include "model/result.h"

namespace stator::cluster {

// Kinds of frames. Never reuse a number.
inline constexpr uint16_t kIdentify = 32;   // an empty body; answered with an IdentifyReply
inline constexpr uint16_t kBootstrap = 33;  // a BootstrapRequest; answered with a BootstrapReply
inline constexpr uint16_t kJoin = 34;       // a JoinRequest; answered with a JoinReply
                                            // 35: administer_messages.h

inline constexpr size_t kMembersMax = 64;  // of a list; a longer one is malformed
inline constexpr size_t kMemberTextBytesMax =
    512;                                         // an address, a zone, a version; a longer one is malformed
inline constexpr size_t kReasonBytesMax = 2048;  // a longer one is cut when it is encoded

using ClusterId = std::array<uint8_t, 16>;    // random, drawn by whoever initialises; zeros: none yet
using Incarnation = std::array<uint8_t, 16>;  // random, of a data folder (protocol 5)

// A node as the others know it.
struct Member {
  model::NodeId node;
  model::ReplicaId metadata_replica;  // its replica of group 0; none while it is in no cluster
  Incarnation incarnation{};
  std::string link;    // HOST:PORT
  std::string client;  // http://HOST:PORT
  std::string admin;   // http://HOST:PORT
  std::string zone;
  bool operator==(const Member&) const = default;
};

struct IdentifyReply {
  Member self;                  // node: none where it waits to be given a number
  ClusterId cluster_id{};       // zeros: it waits for a bootstrap, or to be let in
  std::vector<Member> members;  // as bootstrapped; empty without a cluster
  bool initialised() const { return cluster_id != ClusterId{}; }
  bool operator==(const IdentifyReply&) const = default;
};

struct BootstrapRequest {
  ClusterId cluster_id{};
  std::vector<Member> members;  // by node, each once, the receiver among them
  bool operator==(const BootstrapRequest&) const = default;
};

struct BootstrapReply {
  bool done = false;   // durable; also where it was done before with the same id
  std::string reason;  // where not done: a sentence for the operator
  bool operator==(const BootstrapReply&) const = default;
};

struct JoinRequest {
  Member self;              // node: none where it is to be given a number
  std::string version;      // of the binary
  uint32_t format_min = 0;  // the formats that it reads
  uint32_t format_max = 0;
  bool operator==(const JoinRequest&) const = default;
};

struct JoinWelcome {
  ClusterId cluster_id{};
  model::ReplicaId metadata_replica;
  bool late = false;  // begins as a learner with nothing, not as a bootstrapped voter
  std::vector<Member> members;
  model::NodeId node;  // its number; none from a leader that gave no numbers yet: the one that it asked with
  bool operator==(const JoinWelcome&) const = default;
};
struct JoinRefusal {
  std::string reason;
  bool again = false;  // the same request may succeed later
  bool operator==(const JoinRefusal&) const = default;
};
using JoinReply = std::variant<JoinWelcome, JoinRefusal>;

// Bodies of frames. Requires that texts and lists keep the bounds above.
std::string encode(const IdentifyReply& reply);
std::string encode(const BootstrapRequest& bootstrap);
std::string encode(const BootstrapReply& reply);
std::string encode(const JoinRequest& request);
std::string encode(const JoinReply& reply);

// The inverse, for bytes that may come from anywhere: kMalformed for what is no such body, breaks a bound
// above, or names a node 0 (but for one that is to be given a number), an empty incarnation or a cluster id that is
// missing where one has to be.
enum class InitMessageError : uint8_t { kMalformed = 1 };
template <class T>
using InitMessage = model::Result<T, InitMessageError>;
InitMessage<IdentifyReply> decode_identify_reply(std::string_view body);
InitMessage<BootstrapRequest> decode_bootstrap(std::string_view body);
InitMessage<BootstrapReply> decode_bootstrap_reply(std::string_view body);
InitMessage<JoinRequest> decode_join_request(std::string_view body);
InitMessage<JoinReply> decode_join_reply(std::string_view body);

// 32 hex digits, as INCARNATION files and status pages show ids; and back, false where the text is not that.
std::string to_hex(const std::array<uint8_t, 16>& id);
bool from_hex(std::string_view text, std::array<uint8_t, 16>& id);

}  // namespace stator::cluster
