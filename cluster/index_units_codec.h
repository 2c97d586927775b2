// The parts of a request's capacity that its indexes have: the same in log entries and between nodes, two schemas. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/answer.h"
#include "cluster/body_codec.h"

namespace stator::cluster {

template <typename ListBuilder>
void write_index_units(ListBuilder out, const std::vector<api::IndexUnits>& indexes) {
  for (unsigned i = 0; i < out.size(); ++i) {
    out[i].setIndex(data_of(indexes[i].index));
    out[i].setLocal(indexes[i].local);
    out[i].setUnits(indexes[i].units);
  }
}

template <typename ListReader>
std::vector<api::IndexUnits> read_index_units(ListReader in) {
  std::vector<api::IndexUnits> indexes;
  indexes.reserve(in.size());
  for (auto index : in)
    indexes.push_back({std::string(view_of(index.getIndex())), index.getLocal(), index.getUnits()});
  return indexes;
}

}  // namespace stator::cluster
