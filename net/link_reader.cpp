// What may come over a connection, and how fragments become messages.
#include "net/link_reader.h"

#include <algorithm>
#include <cstring>

#include "model/assert.h"
#include "net/link_hello.h"

namespace stator::net {
namespace {

constexpr size_t kHandshakeBufferBytes = 4 * 1024;  // of a connection that has not said who it is
constexpr size_t kBufferBytes = 64 * 1024;

bool is_reply_kind(uint16_t kind) { return kind == kReplyRefused || kind == kReplyLost; }

}  // namespace

void LinkReader::establish(FrameClass frame_class, bool one_way) {
  STATOR_ASSERT(!established_ && (!frame_class_ || *frame_class_ == frame_class), "a class is for ever");
  established_ = true;
  frame_class_ = frame_class;
  one_way_ = one_way;
}

std::pair<char*, size_t> LinkReader::room() {
  direct_ = false;
  const size_t size = established_ ? kBufferBytes : kHandshakeBufferBytes;
  if (begin_ == end_of_data_) {
    begin_ = end_of_data_ = 0;
    if (in_body_ && body_left_ >= kBufferBytes) {
      direct_ = true;
      return {body_->data() + (body_->size() - body_left_), body_left_};
    }
  } else if (begin_ > 0) {
    // Less than a header: next() has taken all else.
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_of_data_ - begin_);
    end_of_data_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < size) buffer_.resize(size);
  STATOR_ASSERT(end_of_data_ < buffer_.size(), "what was read is taken before more is read");
  return {buffer_.data() + end_of_data_, buffer_.size() - end_of_data_};
}

void LinkReader::commit(size_t bytes) {
  if (direct_) {
    STATOR_ASSERT(bytes <= body_left_, "no more than there was room for");
    body_left_ -= bytes;
  } else {
    STATOR_ASSERT(bytes <= buffer_.size() - end_of_data_, "no more than there was room for");
    end_of_data_ += bytes;
  }
  direct_ = false;
}

model::Result<std::optional<LinkMessage>, std::string> LinkReader::next(LinkTime now) {
  for (;;) {
    if (!in_body_) {
      if (end_of_data_ - begin_ < kFrameHeaderBytes) return std::optional<LinkMessage>();
      std::memcpy(header_bytes_.data(), buffer_.data() + begin_, kFrameHeaderBytes);
      begin_ += kFrameHeaderBytes;
      auto header = decode_frame_header({header_bytes_.data(), kFrameHeaderBytes});
      if (!header) return model::Failure(std::move(header).error());
      if (auto broken = established_ ? broken_rule(*header) : broken_handshake_rule(*header))
        return model::Failure(std::move(*broken));
      header_ = *header;
      std::string why;
      body_ = destination(now, why);
      if (body_ == nullptr) return model::Failure(std::move(why));
      body_from_ = body_->size();
      body_left_ = header_.body_bytes;
      body_->resize(body_from_ + body_left_);
      in_body_ = true;
    }
    const size_t taken = std::min(body_left_, end_of_data_ - begin_);
    std::memcpy(body_->data() + (body_->size() - body_left_), buffer_.data() + begin_, taken);
    begin_ += taken;
    body_left_ -= taken;
    if (body_left_ > 0) return std::optional<LinkMessage>();
    in_body_ = false;
    ++frames_;
    if (!frame_is_intact({header_bytes_.data(), kFrameHeaderBytes},
                         std::string_view(*body_).substr(body_from_)))
      return model::Failure(std::string("a frame whose checksum does not match"));
    if (auto message = finish()) return message;
  }
}

std::optional<std::string> LinkReader::broken_handshake_rule(const FrameHeader& header) const {
  const bool hello =
      header.kind == kHello && header.flags == (end_ == End::kDialled ? kFrameResponse : uint16_t{0});
  const bool refusal = header.kind == kRefusal && header.flags == kFrameOneWay && end_ == End::kDialled;
  if (!hello && !refusal) return "a frame before the handshake";
  if (header.fragment != 0) return "a fragment before the handshake";
  if (frame_class_ && header.frame_class != *frame_class_)
    return "a frame of another class than the connection's";
  if (header.body_bytes > (hello ? kHelloBytesMax : kRefusalBytesMax)) return "a hello that is too large";
  return std::nullopt;
}

std::optional<std::string> LinkReader::broken_rule(const FrameHeader& header) const {
  if (header.frame_class != *frame_class_) return "a frame of another class than the connection's";
  const bool whole = header.fragment == 0 && !header.has(kFrameMoreFragments);
  if (header.kind == kRefusal) {
    if (!whole || !header.has(kFrameOneWay) || header.body_bytes > kRefusalBytesMax)
      return "a refusal that is none";
    return std::nullopt;
  }
  if (header.has(kFrameResponse) != (end_ == End::kDialled)) return "a frame in the wrong direction";
  if (header.kind == kHeartbeat) {
    if (!whole || header.has(kFrameOneWay) || header.body_bytes != 0 || *frame_class_ != FrameClass::kControl)
      return "a heartbeat that is none";
    return std::nullopt;
  }
  const bool reply = header.has(kFrameResponse) && is_reply_kind(header.kind);
  if (header.kind >= kFirstLinkKind && !reply) return "a frame of an unknown kind";
  if (header.has(kFrameOneWay)) {
    if (!one_way_) return "a one-way message from a process that may only send requests";
  } else if (*frame_class_ != FrameClass::kData && *frame_class_ != FrameClass::kRequest) {
    return "a request or an answer on a connection that is not for them";
  }
  return std::nullopt;
}

std::string* LinkReader::destination(LinkTime now, std::string& why) {
  const auto found = partials_.find(header_.correlation);
  const LinkTime deadline = now + std::chrono::milliseconds(header_.deadline_ms);
  if (header_.fragment == 0) {
    if (found != partials_.end()) return why = "a message that begins twice", nullptr;
    if (!header_.has(kFrameMoreFragments)) {
      single_ = LinkMessage{header_, {}, deadline};
      return &single_.body;
    }
    if (partials_.size() >= kPartialMessagesMax)
      return why = "too many messages in pieces at a time", nullptr;
  } else if (found == partials_.end() || header_.fragment != found->second.header.fragment + 1) {
    return why = "a fragment without the one before it", nullptr;
  } else if (const FrameHeader& first = found->second.header;
             first.kind != header_.kind ||
             (first.flags | kFrameMoreFragments) != (header_.flags | kFrameMoreFragments)) {
    return why = "fragments of two messages under one correlation", nullptr;
  } else if (found->second.body.size() + header_.body_bytes > kMessageBytesMax) {
    return why = "a message that is too large", nullptr;
  }
  if (partial_bytes_ + header_.body_bytes > kReassemblyBytesMax)
    return why = "too many bytes of messages in pieces", nullptr;
  partial_bytes_ += header_.body_bytes;
  LinkMessage& partial = partials_[header_.correlation];
  if (header_.fragment == 0) {
    partial = LinkMessage{header_, {}, deadline};
  } else {
    partial.header.fragment = header_.fragment;
  }
  return &partial.body;
}

std::optional<LinkMessage> LinkReader::finish() {
  if (header_.has(kFrameMoreFragments)) return std::nullopt;
  if (header_.fragment == 0) return std::move(single_);
  const auto node = partials_.extract(header_.correlation);
  LinkMessage message = std::move(node.mapped());
  partial_bytes_ -= message.body.size();
  message.header.fragment = 0;
  return message;
}

}  // namespace stator::net
