// Fuzz target: the input is what a connection of the link brings, before or after the handshake. Goal: no
// bytes crash the reader or make it keep more than its bounds; what leaves a queue comes out of a reader as
// it was.
//
// The first byte says which end reads, on which connection; then either bytes as they are, or a series of
// frames whose headers are the input's and whose magic and checksum are right, since no fuzzer finds those.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "model/assert.h"
#include "net/link_hello.h"
#include "net/link_identity.h"
#include "net/link_reader.h"

namespace stator::net {
namespace {

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  uint8_t byte() { return static_cast<uint8_t>(take(1).front()); }
  // Zeros where the input ends.
  std::string take(size_t count) {
    std::string out(bytes_.substr(0, count));
    bytes_.remove_prefix(out.size());
    out.resize(count);
    return out;
  }

 private:
  std::string_view bytes_;
};

// False once the reader has failed.
bool feed(LinkReader& reader, std::string_view bytes, size_t step) {
  while (!bytes.empty()) {
    const auto [at, size] = reader.room();
    const size_t some = std::min({size, step, bytes.size()});
    std::memcpy(at, bytes.data(), some);
    bytes.remove_prefix(some);
    reader.commit(some);
    for (;;) {
      auto next = reader.next(LinkTime{});
      if (!next.ok()) return false;
      if (!next->has_value()) break;
      STATOR_ASSERT((*next)->body.size() <= kMessageBytesMax, "a message is within its bound");
      if ((*next)->header.kind == kHello) (void)decode_hello((*next)->body).ok();
      if ((*next)->header.kind == kRefusal) (void)printable((*next)->body);
    }
    STATOR_ASSERT(reader.reassembly_bytes() <= kReassemblyBytesMax, "pieces are within their bound");
  }
  return true;
}

void feed_frames(LinkReader& reader, Input& input, FrameClass frame_class) {
  while (!input.empty()) {
    const uint8_t shape = input.byte();
    FrameHeader header;
    header.frame_class = (shape & 1) != 0 ? static_cast<FrameClass>((shape >> 1) & 3) : frame_class;
    // Kinds of the link's own are as likely as others, correlations often the same.
    header.kind = (shape & 8) != 0 ? static_cast<uint16_t>(kFirstLinkKind + (shape >> 4)) : uint16_t{7};
    header.flags = input.byte() & (kFrameResponse | kFrameOneWay | kFrameMoreFragments);
    header.correlation = input.byte() & 31;
    header.fragment = input.byte();
    header.deadline_ms = input.byte();
    std::string body = input.take(input.byte());
    if ((shape & 16) != 0) body.resize(std::min<size_t>(body.size() * 4096, kFrameBodyMax), 'x');
    header.body_bytes = static_cast<uint32_t>(body.size());
    const FrameHeaderBytes bytes = encode_frame_header(header, body);
    if (!feed(reader, std::string(bytes.data(), bytes.size()) + body, SIZE_MAX)) return;
  }
}

}  // namespace
}  // namespace stator::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stator::net;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto address = parse_link_address(bytes); address.ok())
    STATOR_ASSERT(*parse_link_address(to_string(*address)) == *address,
                  "an address can be written and read again");
  if (const auto hello = decode_hello(bytes); hello.ok())
    STATOR_ASSERT(*decode_hello(encode_hello(*hello)) == *hello, "a hello can be written and read again");

  Input input(bytes);
  const uint8_t mode = input.byte();
  const auto end = (mode & 1) != 0 ? LinkReader::End::kDialled : LinkReader::End::kAccepted;
  const auto frame_class = static_cast<FrameClass>((mode >> 1) & 3);
  LinkReader reader(end, end == LinkReader::End::kDialled ? std::optional(frame_class) : std::nullopt);
  if ((mode & 8) != 0) reader.establish(frame_class, (mode & 16) != 0);
  if ((mode & 32) != 0) {
    feed_frames(reader, input, frame_class);
  } else {
    feed(reader, bytes.substr(std::min<size_t>(1, size)), 1 + (mode >> 6) * 37);
  }
  return 0;
}
