// Frame: what two processes exchange on a connection of the link: a fixed header and a body. A message is one
// frame or several, its fragments. Bytes only; no socket, any thread. docs/link.md has the table of the
// header.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/result.h"

namespace stator::net {

inline constexpr size_t kFrameHeaderBytes = 70;
inline constexpr uint32_t kFrameBodyMax = 1024 * 1024;
inline constexpr uint32_t kFragmentBytes =
    64 * 1024;  // bodies of requests and responses travel in pieces of this
inline constexpr uint32_t kMessageBytesMax = 32 * 1024 * 1024;  // all fragments of a message

// On the wire: the numbers are never reused.
enum class FrameClass : uint8_t { kControl = 0, kData = 1, kBulk = 2, kRequest = 3 };

// Bits of FrameHeader::flags. Compressed bodies are reserved: a frame with a bit that is not understood is
// refused.
inline constexpr uint16_t kFrameResponse = 1;
inline constexpr uint16_t kFrameOneWay = 2;
inline constexpr uint16_t kFrameMoreFragments = 4;
inline constexpr uint16_t kFrameCompressed = 8;

// Kinds from here on are the link's own; those below belong to its user.
inline constexpr uint16_t kFirstLinkKind = 0xFF00;
enum LinkKind : uint16_t {
  kHello = 0xFF00,         // the first frame in each direction of a connection
  kRefusal = 0xFF01,       // why the connection is closed: text
  kHeartbeat = 0xFF02,     // a request without a body, and its response
  kReplyRefused = 0xFF03,  // a response: the request was refused; text
  kReplyLost =
      0xFF04,  // a response: the request may have been carried out, its answer is not to be had; text
};

struct FrameHeader {
  FrameClass frame_class = FrameClass::kControl;
  uint16_t kind = 0;
  uint16_t flags = 0;
  uint32_t body_bytes = 0;
  uint64_t correlation = 0;  // of the request and its response; of all fragments of a message
  uint32_t fragment = 0;     // counts from 0
  uint32_t deadline_ms = 0;  // of a request: what was left when its first fragment was sent; 0: nothing
  uint64_t stamp = 0;        // of a heartbeat: the sender's wall clock, microseconds since 1970; 0: none
  uint64_t map_version = 0;  // of the sender's partition map; 0: none
  std::array<uint8_t, 16> trace_id{};

  bool has(uint16_t flag) const { return (flags & flag) != 0; }
  bool operator==(const FrameHeader&) const = default;
};

using FrameHeaderBytes = std::array<char, kFrameHeaderBytes>;

// Requires body.size() == header.body_bytes <= kFrameBodyMax.
FrameHeaderBytes encode_frame_header(const FrameHeader& header, std::string_view body);

// The header in front of a body that has not been read yet. Fails, with what is wrong, where these are no
// bytes of ours or the body would be too large. `bytes` has kFrameHeaderBytes.
model::Result<FrameHeader, std::string> decode_frame_header(std::string_view bytes);

// Whether header and body arrived as they were sent. `header_bytes` as given to decode_frame_header().
bool frame_is_intact(std::string_view header_bytes, std::string_view body);

}  // namespace stator::net
