// IndexCounts: how many entries the local indexes of a table have in one partition, and their bytes. Kept with the
// partition's counts of items: changed by what its log entries say, stored with its state. Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "model/table.h"

namespace stator::model {

struct IndexCounts {
  uint16_t number = 0;  // of the local index
  TableCounts counts;
  bool operator==(const IndexCounts& other) const {
    return number == other.number && counts.items == other.counts.items && counts.bytes == other.counts.bytes;
  }
};

// Adds to the counts of index `number`; one that is not there yet begins with zeros. Keeps the order of the numbers.
void add_counts(std::vector<IndexCounts>& indexes, uint16_t number, int64_t items, int64_t bytes);
// Zeros where there is nothing of that number.
TableCounts find_counts(const std::vector<IndexCounts>& indexes, uint16_t number);

// What one partition of a table holds.
struct PartitionTotals {
  TableCounts items;
  std::vector<IndexCounts> local_indexes = {};  // in order of number
};

}  // namespace stator::model
