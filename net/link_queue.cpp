// Whose turn it is, and the cutting into frames.
#include "net/link_queue.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "model/assert.h"

namespace stator::net {
namespace {

bool is_request(const OutMessage& message) { return (message.flags & (kFrameResponse | kFrameOneWay)) == 0; }

bool is_late(const OutMessage& message, LinkTime now) {
  return message.offset == 0 && is_request(message) && message.kind < kFirstLinkKind &&
         message.deadline <= now;
}

// At least one: 0 says that the deadline has passed.
uint32_t milliseconds_left(const OutMessage& message, LinkTime now) {
  if (!is_request(message) || message.kind >= kFirstLinkKind) return 0;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(message.deadline - now).count();
  return static_cast<uint32_t>(std::clamp<int64_t>(left, 1, std::numeric_limits<uint32_t>::max()));
}

}  // namespace

void LinkQueue::push(OutMessagePtr message) {
  STATOR_ASSERT(message->body.size() <= kMessageBytesMax, "a message is within its bound");
  if ((message->flags & kFrameOneWay) != 0) return one_way_.push_back(std::move(message));
  (message->body.size() <= kFragmentBytes ? small_ : waiting_).push_back(std::move(message));
}

bool LinkQueue::empty() const {
  return heartbeat_ == nullptr && one_way_.empty() && small_.empty() && waiting_.empty() && active_.empty();
}

bool LinkQueue::next(LinkTime now, OutFrame& frame) {
  if (heartbeat_ != nullptr) {
    frame = cut(heartbeat_, kFragmentBytes, now);
    return true;
  }
  for (size_t i = 0; i < kLanes; ++i) {
    const size_t lane = std::exchange(lane_, (lane_ + 1) % kLanes);
    if (next_of_lane(lane, now, frame)) return true;
  }
  return false;
}

bool LinkQueue::next_of_lane(size_t lane, LinkTime now, OutFrame& frame) {
  if (lane == 0) {
    if (one_way_.empty()) return false;
    frame = cut(one_way_.front(), kFrameBodyMax, now);
    if (one_way_.front() == nullptr) one_way_.pop_front();
    return true;
  }
  if (lane == 1) {
    while (drop_if_late(now, small_)) {
    }
    if (small_.empty()) return false;
    frame = cut(small_.front(), kFragmentBytes, now);
    small_.pop_front();
    return true;
  }
  admit(now);
  if (active_.empty()) return false;
  OutMessagePtr message = std::move(active_.front());
  active_.pop_front();
  const size_t bytes = message->body.size();
  frame = cut(message, kFragmentBytes, now);
  if (message != nullptr) {
    active_.push_back(std::move(message));
  } else {
    active_bytes_ -= bytes;
  }
  return true;
}

bool LinkQueue::drop_if_late(LinkTime now, Messages& messages) {
  if (messages.empty() || !is_late(*messages.front(), now)) return false;
  dropped_cost_ += messages.front()->cost;
  messages.pop_front();
  return true;
}

void LinkQueue::admit(LinkTime now) {
  while (!waiting_.empty() && active_.size() < kInterleavedMax) {
    if (drop_if_late(now, waiting_)) continue;
    const size_t bytes = waiting_.front()->body.size();
    if (active_bytes_ + bytes > kInterleavedBytesMax) return;
    active_bytes_ += bytes;
    active_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

OutFrame LinkQueue::cut(OutMessagePtr& message, size_t body_max, LinkTime now) const {
  const size_t bytes = std::min(body_max, message->body.size() - message->offset);
  const bool last = message->offset + bytes == message->body.size();
  FrameHeader header;
  header.frame_class = frame_class_;
  header.kind = message->kind;
  header.flags = static_cast<uint16_t>(message->flags | (last ? 0 : kFrameMoreFragments));
  header.body_bytes = static_cast<uint32_t>(bytes);
  header.correlation = message->correlation;
  header.stamp = message->stamp;
  header.fragment = message->fragment;
  header.deadline_ms = message->fragment == 0 ? milliseconds_left(*message, now) : 0;
  OutFrame frame;
  frame.body = std::string_view(message->body).substr(message->offset, bytes);
  frame.header = encode_frame_header(header, frame.body);
  message->offset += bytes;
  ++message->fragment;
  if (last) frame.finished = std::move(message);
  return frame;
}

}  // namespace stator::net
