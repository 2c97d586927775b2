// gzip for bodies: unpacking with a bound that is checked while it unpacks, so that no bomb gets memory, and
// packing with a state that is kept. Not thread-safe: one of each a thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace stator::net {

enum class GunzipError : uint8_t {
  kNone = 0,
  kCorrupt,   // not gzip, damaged, cut off, or with bytes behind its end
  kTooLarge,  // unpacks to more than bytes_max
};

// Unpacks all members of a gzip file into `out` (cleared first; holds at most bytes_max at any moment).
GunzipError gunzip(std::string_view packed, uint64_t bytes_max, std::string& out);

class Gzipper {
 public:
  Gzipper();
  ~Gzipper();
  Gzipper(const Gzipper&) = delete;
  Gzipper& operator=(const Gzipper&) = delete;

  // Replaces `body` by its gzip form. False, and `body` as it was, where zlib has no memory.
  bool pack(std::string& body);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;  // made by the first pack(): 256 KiB that most processes never need
};

}  // namespace stator::net
