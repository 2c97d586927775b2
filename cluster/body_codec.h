// What the encoders and decoders of Cap'n Proto bodies share: a body is one segment without a segment table,
// in a log entry (log_bodies.cpp) or a frame (raft_messages.cpp). Decoding bounds what a message may make the
// reader do, and turns Cap'n Proto's exceptions into values. Pure; any thread.
#pragma once

#include <capnp/any.h>
#include <capnp/message.h>
#include <kj/exception.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "model/assert.h"
#include "model/result.h"

namespace stator::cluster {

inline capnp::Data::Reader data_of(std::string_view bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}
inline std::string_view view_of(capnp::Data::Reader reader) {
  return {reinterpret_cast<const char*>(reader.begin()), reader.size()};
}

// The message as one segment, whatever it was built in.
inline std::string flatten(capnp::MessageBuilder& message) {
  auto segments = message.getSegmentsForOutput();
  if (segments.size() == 1) {
    kj::ArrayPtr<const kj::byte> bytes = segments[0].asBytes();
    return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
  }
  auto root = message.getRoot<capnp::AnyPointer>().asReader();
  capnp::MallocMessageBuilder one(static_cast<uint>(root.targetSize().wordCount + 1));
  one.setRoot(root);
  STATOR_ASSERT(one.getSegmentsForOutput().size() == 1, "the size of a message is known");
  return flatten(one);
}

// A builder of this size usually takes a message with `bytes` of data in one segment.
inline uint words_for(size_t bytes) { return static_cast<uint>(bytes / sizeof(capnp::word) + 64); }

// A body read in place where it is aligned (it is in a log entry: the header is ten words), else from an
// aligned copy.
class BodyReader {
 public:
  explicit BodyReader(std::string_view body)
      : segment_(aligned(body)), reader_(kj::arrayPtr(&segment_, 1), options(body.size())) {}
  template <class T>
  typename T::Reader root() {
    return reader_.getRoot<T>();
  }

 private:
  kj::ArrayPtr<const capnp::word> aligned(std::string_view body) {
    size_t count = body.size() / sizeof(capnp::word);
    if (reinterpret_cast<uintptr_t>(body.data()) % alignof(capnp::word) == 0) {
      return {reinterpret_cast<const capnp::word*>(body.data()), count};
    }
    copy_ = kj::heapArray<capnp::word>(count);
    std::memcpy(copy_.begin(), body.data(), count * sizeof(capnp::word));
    return copy_;
  }
  static capnp::ReaderOptions options(size_t bytes) {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = bytes / sizeof(capnp::word) * 4 + 1024;
    options.nestingLimit = 16;  // bodies nest a few levels; items in them are opaque bytes
    return options;
  }

  kj::Array<capnp::word> copy_;
  const kj::ArrayPtr<const capnp::word> segment_;
  capnp::SegmentArrayMessageReader reader_;
};

// Calls read(BodyReader&), which returns a Result<T, E>. `malformed` stands for a body that is none: Cap'n
// Proto reports it by exception, and this is the one place that turns that into a value.
template <class T, class E, class F>
model::Result<T, E> decode_body(std::string_view body, E malformed, F&& read) {
  if (body.empty() || body.size() % sizeof(capnp::word) != 0) return model::Failure(malformed);
  std::optional<model::Result<T, E>> result;
  auto failed = kj::runCatchingExceptions([&] {
    BodyReader reader(body);
    result.emplace(read(reader));
  });
  if (failed != nullptr || !result) return model::Failure(malformed);
  return std::move(*result);
}

}  // namespace stator::cluster
