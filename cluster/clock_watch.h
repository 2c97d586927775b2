// ClockWatch: whether this node's clock agrees with those of its peers (docs/architecture.md, protocol 10). A node that is
// more than a second from their median neither leads nor deletes what has expired. What is compared are distances: of each
// clock from this process' steady one, at the moment of the peer's hello; so a jump of the own clock later is seen, and a
// peer whose clock jumps sees its own. Pure; one thread at a time.
#pragma once

#include <cstdint>
#include <map>

#include "model/ids.h"

namespace stator::cluster {

inline constexpr int64_t kClockDistanceMaxMicros = 1'000'000;

class ClockWatch {
 public:
  // A peer says that its wall clock shows `peer_wall`; this process' steady clock shows `steady`. Microseconds.
  void heard(model::NodeId peer, int64_t peer_wall, int64_t steady) { distances_[peer] = peer_wall - steady; }
  // It is no peer any more; one that is only away keeps its place.
  void forget(model::NodeId peer) { distances_.erase(peer); }

  // Whether the own clock is too far away now. Without peers there is nothing to compare; of an even number the two in the
  // middle span what is right.
  bool astray(int64_t own_wall, int64_t steady) const;

 private:
  std::map<model::NodeId, int64_t> distances_;
};

}  // namespace stator::cluster
