// LinkHello: the first frame in each direction of a connection, and whether two processes may talk at all.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/result.h"
#include "net/frame.h"
#include "net/link_identity.h"

namespace stator::net {

inline constexpr uint32_t kHelloBytesMax = 16 * 1024;
inline constexpr size_t kHelloTextMax = 256;      // each of its texts
inline constexpr size_t kRefusalBytesMax = 1024;  // a longer reason is cut

struct LinkHello {
  LinkIdentity identity;
  model::NodeId to;      // whom the dialler wants; 0: whoever is there
  uint64_t session = 0;  // of the dialler; rises with each attempt
  bool operator==(const LinkHello&) const = default;
};

// Texts beyond kHelloTextMax are cut.
std::string encode_hello(const LinkHello& hello);
// Fails, with what is wrong, where these bytes are none.
model::Result<LinkHello, std::string> decode_hello(std::string_view body);

// Whether both belong to one cluster. Else they may exchange requests, and nothing else.
bool same_cluster(const LinkIdentity& a, const LinkIdentity& b);

// Why `ours` does not talk to `theirs` over a connection of this class, told from our side; nothing: it may.
// `expected`: the node that we dialled; 0: none, or they dialled.
std::optional<std::string> refusal_of(const LinkIdentity& ours, const LinkHello& theirs,
                                      model::NodeId expected, FrameClass frame_class);

// Text of others for our log: cut, and without control characters.
std::string printable(std::string_view text);

}  // namespace stator::net
