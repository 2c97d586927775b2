// BuildPlace: how far the items of before were read for a new index, or for the time to live: the value of a row of kind
// kBuild, whose key is the index's number (0: the time to live). Written with what was found, in the same log entry, so that
// another leader goes on where this one stopped. Pure; any thread.
//
//   generation u64, big-endian | state u8 | items read u64 | of them skipped u64, both big-endian | key of the last item read
//
// State: 2 reading, 3 done. 0 and 1 are the same of rows that were written before items were counted: they lack both counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace stator::cluster {

struct BuildPlace {
  bool done = false;
  uint64_t read = 0;     // items
  uint64_t skipped = 0;  // of them, because an attribute cannot be the index's key
  std::string cursor;    // the last item's key; empty: none
  bool operator==(const BuildPlace&) const = default;
};

std::string build_key(uint16_t number);
// `generation` tells one enabling of the time to live from the next.
std::string encode_build_place(uint64_t generation, const BuildPlace& place);
// Where a build goes on: from the beginning where there is no row, one of another generation, or one that cannot be read.
BuildPlace decode_build_place(const std::optional<std::string>& value, uint64_t generation);

}  // namespace stator::cluster
