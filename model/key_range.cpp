// Ranges of item keys: what partitions, scan segments and queries are made of. Pure; any thread.
#include <algorithm>

#include "model/key.h"

namespace stator::model {
namespace {

// floor(2^128 * segment / total) as 16 big-endian bytes. Requires 0 < segment < total.
std::string segment_start(uint32_t segment, uint32_t total) {
  // Long division, 32 bits at a time; the remainder stays below total, so that each quotient fits 32 bits.
  std::string out;
  out.reserve(kHashSize);
  uint64_t remainder = segment;
  for (int limb = 0; limb < 4; ++limb) {
    const uint64_t dividend = remainder << 32;
    const uint64_t quotient = dividend / total;
    remainder = dividend % total;
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(quotient >> shift & 0xff));
  }
  return out;
}

}  // namespace

std::string prefix_end(std::string_view prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.remove_suffix(1);
  std::string end(prefix);
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

KeyRange segment_range(uint32_t segment, uint32_t total) {
  STATOR_ASSERT(segment < total, "a segment beyond the total");
  KeyRange range;
  if (segment > 0) range.from = segment_start(segment, total);
  if (segment + 1 < total) range.to = segment_start(segment + 1, total);
  return range;
}

std::optional<KeyRange> intersect(const KeyRange& a, const KeyRange& b) {
  KeyRange common;
  common.from = std::max(a.from, b.from);
  common.to = a.to.empty() ? b.to : b.to.empty() ? a.to : std::min(a.to, b.to);
  if (!common.to.empty() && common.from >= common.to) return std::nullopt;
  return common;
}

}  // namespace stator::model
