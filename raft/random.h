// The core's only source of chance: SplitMix64 from a seed, so that a run can be repeated. Pure.
#pragma once

#include <cstdint>

#include "model/assert.h"

namespace stator::raft {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  // Uniform over [min, max]; the bias of the remainder is below 2^-32 for such small ranges.
  uint32_t between(uint32_t min, uint32_t max) {
    STATOR_ASSERT(min <= max, "an empty range");
    return min + static_cast<uint32_t>(next() % (uint64_t{max} - min + 1));
  }

 private:
  uint64_t state_;
};

}  // namespace stator::raft
