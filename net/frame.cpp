// Encoding and checking of frame headers. On the link's thread, once for each frame.
#include "net/frame.h"

#include <cstring>

#include "model/assert.h"
#include "model/byte_order.h"
#include "model/checksum.h"

namespace stator::net {
namespace {

using model::load_little_endian;
using model::store_little_endian;

constexpr uint32_t kMagic = 0x4B4C5453;  // "STLK" as bytes
constexpr uint8_t kHeaderVersion = 1;
constexpr uint16_t kFlagsKnown = kFrameResponse | kFrameOneWay | kFrameMoreFragments;

// Where the fields are. The checksum is over all before it and the body.
enum Offset : size_t {
  kAtMagic = 0,
  kAtVersion = 4,
  kAtClass = 5,
  kAtKind = 6,
  kAtFlags = 8,
  kAtBodyBytes = 10,
  kAtCorrelation = 14,
  kAtFragment = 22,
  kAtDeadline = 26,
  kAtStamp = 30,
  kAtMapVersion = 38,
  kAtTraceId = 46,
  kAtChecksum = 62,
};
static_assert(kAtChecksum + sizeof(uint64_t) == kFrameHeaderBytes);

}  // namespace

FrameHeaderBytes encode_frame_header(const FrameHeader& header, std::string_view body) {
  STATOR_ASSERT(body.size() == header.body_bytes && body.size() <= kFrameBodyMax, "a body fits its frame");
  FrameHeaderBytes out;
  char* at = out.data();
  store_little_endian(at + kAtMagic, kMagic);
  store_little_endian(at + kAtVersion, kHeaderVersion);
  store_little_endian(at + kAtClass, static_cast<uint8_t>(header.frame_class));
  store_little_endian(at + kAtKind, header.kind);
  store_little_endian(at + kAtFlags, header.flags);
  store_little_endian(at + kAtBodyBytes, header.body_bytes);
  store_little_endian(at + kAtCorrelation, header.correlation);
  store_little_endian(at + kAtFragment, header.fragment);
  store_little_endian(at + kAtDeadline, header.deadline_ms);
  store_little_endian(at + kAtStamp, header.stamp);
  store_little_endian(at + kAtMapVersion, header.map_version);
  std::memcpy(at + kAtTraceId, header.trace_id.data(), header.trace_id.size());
  store_little_endian(at + kAtChecksum, model::checksum_of({{at, kAtChecksum}, body}));
  return out;
}

model::Result<FrameHeader, std::string> decode_frame_header(std::string_view bytes) {
  STATOR_ASSERT(bytes.size() == kFrameHeaderBytes, "a header is there as a whole");
  const auto refuse = [](const char* why) { return model::Failure(std::string(why)); };
  const char* at = bytes.data();
  if (load_little_endian<uint32_t>(at + kAtMagic) != kMagic) return refuse("no frame: another magic number");
  if (load_little_endian<uint8_t>(at + kAtVersion) != kHeaderVersion)
    return refuse("a frame header of an unknown version");
  const auto frame_class = load_little_endian<uint8_t>(at + kAtClass);
  if (frame_class > static_cast<uint8_t>(FrameClass::kRequest)) return refuse("a frame of an unknown class");
  FrameHeader header;
  header.frame_class = static_cast<FrameClass>(frame_class);
  header.kind = load_little_endian<uint16_t>(at + kAtKind);
  header.flags = load_little_endian<uint16_t>(at + kAtFlags);
  header.body_bytes = load_little_endian<uint32_t>(at + kAtBodyBytes);
  header.correlation = load_little_endian<uint64_t>(at + kAtCorrelation);
  header.fragment = load_little_endian<uint32_t>(at + kAtFragment);
  header.deadline_ms = load_little_endian<uint32_t>(at + kAtDeadline);
  header.stamp = load_little_endian<uint64_t>(at + kAtStamp);
  header.map_version = load_little_endian<uint64_t>(at + kAtMapVersion);
  std::memcpy(header.trace_id.data(), at + kAtTraceId, header.trace_id.size());
  if ((header.flags & ~kFlagsKnown) != 0) return refuse("a frame with unknown flags");
  if (header.has(kFrameResponse) && header.has(kFrameOneWay)) return refuse("a response that is one-way");
  if (header.body_bytes > kFrameBodyMax) return refuse("a frame whose body is too large");
  // Each fragment brings a message nearer to its bound.
  if (header.body_bytes == 0 && (header.has(kFrameMoreFragments) || header.fragment > 0))
    return refuse("an empty fragment");
  return header;
}

bool frame_is_intact(std::string_view header_bytes, std::string_view body) {
  return load_little_endian<uint64_t>(header_bytes.data() + kAtChecksum) ==
         model::checksum_of({header_bytes.substr(0, kAtChecksum), body});
}

}  // namespace stator::net
