// The linearizability checker: whether a history of one item's operations could have come from one copy of
// it, each operation taking effect at one moment between its call and its return (Herlihy and Wing 1990). The
// search is that of Wing and Gong (1993) with Lowe's memory of configurations seen (2017).
//
// An operation whose outcome nobody heard may have taken effect at any moment after its call, or never: it is
// given no return, so it may always be placed after everything else.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "tests/simulation/replica/item_model.h"

namespace stator::replica_simulation {

inline constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

struct Operation {
  Op op;
  uint64_t called = 0;
  uint64_t returned = kNever;  // kNever: the outcome is not known
  Outcome outcome;
};

// Times are those of one clock that never stands still between a return and a later call; equal times count
// as concurrent. The item is absent at first.
enum class Verdict : uint8_t { kLinearizable, kNot, kUndecided };
Verdict check(const std::vector<Operation>& history);
inline bool is_linearizable(const std::vector<Operation>& history) {
  return check(history) == Verdict::kLinearizable;
}

// The search is exponential in what nobody heard of: after so many configurations it is given up as
// undecided.
inline constexpr size_t kConfigurationsMax = 300'000;

}  // namespace stator::replica_simulation
