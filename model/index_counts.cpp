// Counts of entries, by the number of their index.
#include "model/index_counts.h"

#include <algorithm>

namespace stator::model {

void add_counts(std::vector<IndexCounts>& indexes, uint16_t number, int64_t items, int64_t bytes) {
  auto at = std::ranges::lower_bound(indexes, number, {}, &IndexCounts::number);
  if (at == indexes.end() || at->number != number) at = indexes.insert(at, {number, {}});
  at->counts.items += static_cast<uint64_t>(items);
  at->counts.bytes += static_cast<uint64_t>(bytes);
}

TableCounts find_counts(const std::vector<IndexCounts>& indexes, uint16_t number) {
  const auto at = std::ranges::lower_bound(indexes, number, {}, &IndexCounts::number);
  return at == indexes.end() || at->number != number ? TableCounts{} : at->counts;
}

}  // namespace stator::model
