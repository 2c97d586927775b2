// What an evaluated write costs. Called by the leader of its key's partition where throughput is limited. Pure.
#include "api/write_cost.h"

#include <cmath>

#include "api/operations/common.h"
#include "api/operations/index_changes.h"
#include "model/assert.h"

namespace stator::api {
namespace {

// Of a write whose answer is `answer`, with everything that it changes.
WriteCost cost_of(const Answer& answer, const std::vector<ItemChange>& changes) {
  WriteCost cost;
  const auto* item = std::get_if<ItemAnswer>(&answer);
  if (item == nullptr) return cost;
  uint64_t of_indexes = 0;
  for (const ItemChange& change : changes) {
    for (const IndexChange& index : change.indexes) {
      if (index.local) continue;
      const uint64_t units = half_units(index_write_units(index));
      of_indexes += units;
      cost.indexes.emplace_back(index.number, units);
    }
  }
  const uint64_t all = half_units(item->capacity.write_units);
  STATOR_ASSERT(all >= of_indexes, "the indexes' capacity is a part of the whole");
  cost.table = all - of_indexes;
  return cost;
}

}  // namespace

uint64_t half_units(double capacity_units) {
  STATOR_ASSERT(capacity_units >= 0, "capacity is never given back");
  return static_cast<uint64_t>(std::llround(capacity_units * 2));
}

WriteCost write_cost(const Evaluation& evaluation, const StoredItemPtr& old) {
  if (const auto* effects = std::get_if<Effects>(&evaluation)) return cost_of(effects->answer, effects->items);
  if (const auto* answer = std::get_if<Answer>(&evaluation)) return cost_of(*answer, {});
  WriteCost cost;
  if (std::get<Error>(evaluation).code == ErrorCode::kConditionalCheckFailed)
    cost.table = half_units(write_units(old ? old->size_bytes : 0));
  return cost;
}

}  // namespace stator::api
