// XXH3 over parts, for the records of model/. Runs for each record written or read. Pure; any thread.
#include "model/checksum.h"

#define XXH_STATIC_LINKING_ONLY  // the streaming state on the stack
#include <xxhash.h>

#include <cstring>

namespace stator::model {
namespace {

// Up to this many bytes a copy into one buffer is cheaper than the streaming state, which sets up 200 bytes
// of its own.
constexpr size_t kGatherMax = 512;

}  // namespace

uint64_t checksum_of(std::initializer_list<std::string_view> parts) {
  size_t total = 0;
  for (const std::string_view part : parts) total += part.size();
  if (total <= kGatherMax) {
    char gathered[kGatherMax];
    size_t at = 0;
    for (const std::string_view part : parts) {
      if (!part.empty()) std::memcpy(gathered + at, part.data(), part.size());
      at += part.size();
    }
    return XXH3_64bits(gathered, total);
  }
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  for (const std::string_view part : parts) XXH3_64bits_update(&state, part.data(), part.size());
  return XXH3_64bits_digest(&state);
}

}  // namespace stator::model
