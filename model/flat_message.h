// A Cap'n Proto message as the records of model/ hold it: one segment, no segment table, at any alignment.
// Bodies of known size are built in place and read through an aligned copy; small ones never touch the heap.
// Private to model/. Pure.
#pragma once

#include <capnp/message.h>
#include <kj/exception.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "model/assert.h"

namespace stator::model {

inline constexpr size_t kWordBytes = sizeof(capnp::word);

// Pointers a reader follows in a chain. An item nests 32 deep at 3 pointers a level, which Cap'n Proto's 64
// would not take.
inline constexpr int kPointerNestingMax = 128;

// Aligned room for a message: on the stack up to 4 KB, else on the heap. Not initialised.
class WordBuffer {
 public:
  explicit WordBuffer(size_t words) : words_(words) {
    if (words > kOnStack) heap_ = std::make_unique_for_overwrite<uint64_t[]>(words);
  }
  WordBuffer(const WordBuffer&) = delete;
  WordBuffer& operator=(const WordBuffer&) = delete;

  capnp::word* data() { return reinterpret_cast<capnp::word*>(heap_ ? heap_.get() : stack_); }
  size_t size_bytes() const { return words_ * kWordBytes; }
  kj::ArrayPtr<capnp::word> words() { return kj::arrayPtr(data(), words_); }

 private:
  static constexpr size_t kOnStack = 512;
  size_t words_;
  std::unique_ptr<uint64_t[]> heap_;
  alignas(capnp::word) uint64_t stack_[kOnStack];
};

// Data fields hold text and bytes of ours: what they hold, and what to set them to. Views: valid as long as
// the other side.
inline std::string_view data_view(capnp::Data::Reader bytes) {
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}
inline capnp::Data::Reader data_reader(std::string_view bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}

// Appends a message of exactly `words` words to `out`; `fill` gets the empty builder.
template <class Fill>
void append_flat_message(std::string& out, size_t words, Fill&& fill) {
  WordBuffer buffer(words);
  std::memset(buffer.data(), 0, buffer.size_bytes());
  capnp::MallocMessageBuilder builder(buffer.words());
  fill(builder);
  const auto segments = builder.getSegmentsForOutput();
  STATOR_ASSERT(segments.size() == 1 && segments[0].size() == words,
                "a message has the size computed before");
  out.append(reinterpret_cast<const char*>(segments[0].begin()), words * kWordBytes);
}

// Reads such a message: `read` gets its root and returns bool. False where it does, and where the bytes are
// no message (Cap'n Proto throws on a pointer out of bounds or beyond a limit; no exception leaves here).
// `read` is to look at each object once: reads are limited to twice the message, so that pointers into shared
// data cannot multiply it.
template <class Root, class Read>
bool read_flat_message(std::string_view bytes, Read&& read) {
  if (bytes.empty() || bytes.size() % kWordBytes != 0) return false;
  WordBuffer buffer(bytes.size() / kWordBytes);
  std::memcpy(buffer.data(), bytes.data(), bytes.size());
  const kj::ArrayPtr<const capnp::word> segment = buffer.words();
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 2 * segment.size() + 16;
  options.nestingLimit = kPointerNestingMax;
  try {
    capnp::SegmentArrayMessageReader reader(kj::arrayPtr(&segment, 1), options);
    return read(reader.getRoot<Root>());
  } catch (const kj::Exception&) {
    return false;
  }
}

}  // namespace stator::model
