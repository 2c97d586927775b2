// How the counts of a table's indexes are written, in what is kept for a retry (outcome_codec.h) and in answers between nodes
// (request_wire.cpp): lists of {items, bytes}, of one shape in both schemas. Pure; any thread.
#pragma once

#include <vector>

#include "model/table.h"

namespace stator::cluster {

// Requires a list of as many as there are counts.
template <class ListBuilder>
void write_counts(ListBuilder out, const std::vector<model::TableCounts>& counts) {
  for (unsigned i = 0; i < out.size(); ++i) {
    out[i].setItems(counts[i].items);
    out[i].setBytes(counts[i].bytes);
  }
}

template <class ListReader>
std::vector<model::TableCounts> read_counts(ListReader in) {
  std::vector<model::TableCounts> counts;
  counts.reserve(in.size());
  for (auto index : in) counts.push_back({index.getItems(), index.getBytes()});
  return counts;
}

}  // namespace stator::cluster
