// WriteCost: what a write takes of the throughput of its table and of each global index, by what its evaluation gave.
// In half capacity units: the smallest read costs one, so that whole numbers do for all. Pure.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "api/answer.h"
#include "api/view.h"

namespace stator::api {

// Requires units >= 0, as consumed capacity always is.
uint64_t half_units(double capacity_units);

struct WriteCost {
  uint64_t table = 0;                                   // local indexes included: they lie in the table's partitions
  std::vector<std::pair<uint16_t, uint64_t>> indexes;  // global ones that it changes, by number
};

// `old`: what was there before; null: nothing. A condition that failed costs as much as the item that it looked at, one unit
// at least (Developer Guide, "Capacity unit consumption for writes"); other errors cost nothing.
WriteCost write_cost(const Evaluation& evaluation, const StoredItemPtr& old);

}  // namespace stator::api
