// zlib, in gzip format.
#include "net/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "model/assert.h"

namespace stator::net {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, gzip header and trailer
// Level 1: answers are JSON that packs five-fold already, and the io thread does this.
constexpr int kLevel = 1;
constexpr size_t kFirstOutBytes = 16 * 1024;

Bytef* bytes_of(const char* text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text)); }

}  // namespace

GunzipError gunzip(std::string_view packed, uint64_t bytes_max, std::string& out) {
  out.clear();
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return GunzipError::kCorrupt;
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, &inflateEnd);
  stream.next_in = bytes_of(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  size_t held = 0;
  for (;;) {
    const bool full = held >= bytes_max;
    Bytef extra = 0;  // full, and perhaps exactly at its end: one more byte of room tells
    if (!full && held == out.size()) {
      out.resize(static_cast<size_t>(std::min<uint64_t>(bytes_max, std::max<size_t>(kFirstOutBytes, held * 2))));
    }
    stream.next_out = full ? &extra : bytes_of(out.data()) + held;
    stream.avail_out = full ? 1 : static_cast<uInt>(out.size() - held);
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (full && stream.avail_out == 0) return GunzipError::kTooLarge;
    if (!full) held = out.size() - stream.avail_out;
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      if (inflateReset(&stream) != Z_OK) return GunzipError::kCorrupt;  // the next member
      continue;
    }
    // Z_BUF_ERROR with room left: the input ended before the stream did.
    if (result != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0)) return GunzipError::kCorrupt;
  }
  out.resize(held);
  return GunzipError::kNone;
}

struct Gzipper::Stream {
  z_stream z{};
};

Gzipper::Gzipper() = default;
Gzipper::~Gzipper() {
  if (stream_) deflateEnd(&stream_->z);
}

bool Gzipper::pack(std::string& body) {
  if (!stream_) {
    auto stream = std::make_unique<Stream>();
    if (deflateInit2(&stream->z, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      return false;
    stream_ = std::move(stream);
  }
  z_stream& z = stream_->z;
  std::string packed(deflateBound(&z, body.size()), '\0');
  z.next_in = bytes_of(body.data());
  z.avail_in = static_cast<uInt>(body.size());
  z.next_out = bytes_of(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&z, Z_FINISH);
  packed.resize(packed.size() - z.avail_out);
  STATOR_ASSERT(deflateReset(&z) == Z_OK, "a state that deflateInit2 made");
  if (result != Z_STREAM_END) return false;
  // The bound is generous: what the answer does not need goes before the answer waits in a queue.
  packed.shrink_to_fit();
  body = std::move(packed);
  return true;
}

}  // namespace stator::net
