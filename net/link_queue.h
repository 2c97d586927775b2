// LinkQueue: what waits to be sent over one connection, cut into frames in an order that is fair: a large
// message is a series of frames between which others go out. Knows no socket. Not thread-safe.
//
//   heartbeat        the newest only          ──┐ always first
//   one-way          in order, frames ≤ 1 MiB ──┤
//   requests, answers: those of one frame     ──┤ one frame of each in turn
//   and the others, ≤ kInterleavedMax at once ──┘
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/frame.h"
#include "net/link_reader.h"

namespace stator::net {

struct OutMessage {
  uint16_t kind = 0;
  uint16_t flags = 0;  // kFrameResponse, kFrameOneWay or none: a request
  uint64_t correlation = 0;
  uint64_t stamp = 0;   // FrameHeader::stamp
  LinkTime deadline{};  // of a request: not begun after it
  std::string body;
  size_t cost = 0;  // what it counts against a queue's bound
  // How far it is cut.
  size_t offset = 0;
  uint32_t fragment = 0;
};
using OutMessagePtr = std::unique_ptr<OutMessage>;

// What a message with this body counts: it costs memory when it is empty, too.
inline size_t queue_cost(const std::string& body) { return body.size() + 256; }

struct OutFrame {
  FrameHeaderBytes header;
  std::string_view body;   // of a message in the queue, or of `finished`
  OutMessagePtr finished;  // the message whose last frame it is
};

class LinkQueue {
 public:
  explicit LinkQueue(FrameClass frame_class) : frame_class_(frame_class) {}

  // Before the first frame.
  void set_frame_class(FrameClass frame_class) { frame_class_ = frame_class; }
  // Requires a body of at most kMessageBytesMax.
  void push(OutMessagePtr message);
  // Replaces one that waits.
  void set_heartbeat(OutMessagePtr message) { heartbeat_ = std::move(message); }

  // The next frame; false: nothing waits. Requests that have not begun by their deadline are left out.
  bool next(LinkTime now, OutFrame& frame);
  // The cost of what was left out since the last call.
  size_t take_dropped_cost() { return std::exchange(dropped_cost_, 0); }
  bool empty() const;

 private:
  static constexpr size_t kLanes = 3;
  using Messages = std::deque<OutMessagePtr>;

  bool drop_if_late(LinkTime now, Messages& messages);
  bool next_of_lane(size_t lane, LinkTime now, OutFrame& frame);
  void admit(LinkTime now);
  // The next frame of `message`, which it takes where that is the last.
  OutFrame cut(OutMessagePtr& message, size_t body_max, LinkTime now) const;

  FrameClass frame_class_;
  OutMessagePtr heartbeat_;
  Messages one_way_;
  Messages small_;
  Messages waiting_;  // of several fragments, not begun
  Messages active_;   // and begun, in turn
  size_t active_bytes_ = 0;
  size_t lane_ = 0;  // whose turn it is
  size_t dropped_cost_ = 0;
};

}  // namespace stator::net
