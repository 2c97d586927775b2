// The median of what peers' clocks show.
#include "cluster/clock_watch.h"

#include <algorithm>
#include <vector>

namespace stator::cluster {

void ClockWatch::heard(model::NodeId peer, int64_t peer_wall, int64_t steady) {
  const int64_t distance = peer_wall - steady;
  const auto [at, first] = peers_.try_emplace(peer, Peer{steady, distance, distance});
  if (first) return;
  Peer& known = at->second;
  const int64_t age = steady - known.since;
  if (age < kClockHeardMicros) {
    known.newest = std::max(known.newest, distance);
    return;
  }
  known = Peer{steady, distance, age < 2 * kClockHeardMicros ? known.newest : distance};
}

ClockWatch::Span ClockWatch::middle() const {
  std::vector<int64_t> sorted;
  for (const auto& [node, peer] : peers_) sorted.push_back(std::max(peer.newest, peer.previous));
  std::sort(sorted.begin(), sorted.end());
  return {sorted[(sorted.size() - 1) / 2], sorted[sorted.size() / 2]};
}

bool ClockWatch::astray(int64_t own_wall, int64_t steady) const {
  if (peers_.empty()) return false;
  const Span right = middle();
  const int64_t own = own_wall - steady;
  return own < right.low - kClockDistanceMaxMicros || own > right.high + kClockDistanceMaxMicros;
}

int64_t ClockWatch::right_time(int64_t own_wall, int64_t steady) const {
  if (peers_.size() < 2 || !astray(own_wall, steady)) return own_wall;
  const Span right = middle();
  return std::clamp(own_wall - steady, right.low, right.high) + steady;
}

}  // namespace stator::cluster
