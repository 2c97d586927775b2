// The median of what peers' clocks show.
#include "cluster/clock_watch.h"

#include <algorithm>
#include <vector>

namespace stator::cluster {

bool ClockWatch::astray(int64_t own_wall, int64_t steady) const {
  if (distances_.empty()) return false;
  std::vector<int64_t> sorted;
  for (const auto& [peer, distance] : distances_) sorted.push_back(distance);
  std::sort(sorted.begin(), sorted.end());
  const int64_t low = sorted[(sorted.size() - 1) / 2];
  const int64_t high = sorted[sorted.size() / 2];
  const int64_t own = own_wall - steady;
  return own < low - kClockDistanceMaxMicros || own > high + kClockDistanceMaxMicros;
}

}  // namespace stator::cluster
