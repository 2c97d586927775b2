// LinkReader: the bytes of one connection, taken apart into messages: headers checked before memory is taken
// for their bodies, checksums, fragments put together. Knows no socket, so that it can be fuzzed. Not
// thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/result.h"
#include "net/frame.h"

namespace stator::net {

using LinkTime = std::chrono::steady_clock::time_point;

// Fragmented messages that one end sends at a time, interleaved: LinkQueue keeps to it, LinkReader insists on
// it.
inline constexpr size_t kInterleavedMax = 16;
inline constexpr size_t kInterleavedBytesMax = kMessageBytesMax;
// One one-way message in pieces beside them.
inline constexpr size_t kPartialMessagesMax = kInterleavedMax + 1;
inline constexpr size_t kReassemblyBytesMax = kInterleavedBytesMax + kMessageBytesMax;

struct LinkMessage {
  FrameHeader header;  // of its first fragment
  std::string body;    // whole
  LinkTime deadline;   // of a request: from the arrival of its first fragment
};

class LinkReader {
 public:
  // The end that dialled reads answers, the other one requests and one-way messages.
  enum class End : uint8_t { kDialled, kAccepted };
  LinkReader(End end, std::optional<FrameClass> frame_class) : end_(end), frame_class_(frame_class) {}

  // Until this only a hello is taken, of at most kHelloBytesMax, or a refusal. `one_way`: whether the other
  // end may send one-way messages.
  void establish(FrameClass frame_class, bool one_way);

  // Where to put the next bytes: never empty; valid until commit().
  std::pair<char*, size_t> room();
  // So many were put there.
  void commit(size_t bytes);
  // The next whole message; none: more bytes are needed. Fails, for good, with what was wrong with the bytes.
  model::Result<std::optional<LinkMessage>, std::string> next(LinkTime now);

  // Since the last call.
  uint64_t take_frame_count() { return std::exchange(frames_, 0); }
  // What is kept of messages that are not whole.
  size_t reassembly_bytes() const { return partial_bytes_; }

 private:
  std::optional<std::string> broken_rule(const FrameHeader& header) const;
  std::optional<std::string> broken_handshake_rule(const FrameHeader& header) const;
  // Where the body of header_ goes; null, with `why`, where it may not.
  std::string* destination(LinkTime now, std::string& why);
  // header_'s body is there: the message, if it was its last fragment.
  std::optional<LinkMessage> finish();

  const End end_;
  std::optional<FrameClass> frame_class_;
  bool established_ = false;
  bool one_way_ = false;

  std::vector<char> buffer_;  // [begin_, end_of_data_) is unread
  size_t begin_ = 0;
  size_t end_of_data_ = 0;

  // The frame whose body is being read.
  bool in_body_ = false;
  bool direct_ = false;  // room() was in the body itself
  FrameHeader header_;
  FrameHeaderBytes header_bytes_{};
  std::string* body_ = nullptr;  // single_'s, or of one of partials_
  size_t body_from_ = 0;         // where in it this frame's part begins
  size_t body_left_ = 0;

  LinkMessage single_;
  std::map<uint64_t, LinkMessage> partials_;  // by correlation; header.fragment is the last one that came
  size_t partial_bytes_ = 0;
  uint64_t frames_ = 0;
};

}  // namespace stator::net
