// ClockWatch: whether this node's clock agrees with those of its peers (docs/architecture.md, protocol 10). A node that is
// more than a second from their median neither leads nor deletes what has expired, and takes their time for its own. What is
// compared are distances: of each clock from this process' steady one, at the moment when the peer said what its clock
// shows. It says so again and again, so that clocks which are all set at once agree again soon; what it says may be late on
// its way, which makes its clock look slow: so the fastest of the last seconds counts. Pure; one thread at a time.
#pragma once

#include <cstdint>
#include <map>

#include "model/ids.h"

namespace stator::cluster {

inline constexpr int64_t kClockDistanceMaxMicros = 1'000'000;
// What a peer said longer ago than one to two of these counts only while it says nothing newer.
inline constexpr int64_t kClockHeardMicros = 2'000'000;

class ClockWatch {
 public:
  // A peer says that its wall clock shows `peer_wall`; this process' steady clock shows `steady`, which never goes back.
  // Microseconds.
  void heard(model::NodeId peer, int64_t peer_wall, int64_t steady);
  // It is no peer any more; one that is only away keeps its place.
  void forget(model::NodeId peer) { peers_.erase(peer); }

  // Whether the own clock is too far away now. Without peers there is nothing to compare; of an even number the two in the
  // middle span what is right.
  bool astray(int64_t own_wall, int64_t steady) const;
  // What time it is: what the own clock shows, or, where that is astray, the nearest that the median allows. One peer alone
  // is no better than the own clock.
  int64_t right_time(int64_t own_wall, int64_t steady) const;

 private:
  struct Peer {
    int64_t since = 0;     // steady: `newest` was begun
    int64_t newest = 0;    // the largest distance since then
    int64_t previous = 0;  // and in the time before
  };
  struct Span {
    int64_t low, high;
  };
  // The distances in the middle. Requires peers.
  Span middle() const;

  std::map<model::NodeId, Peer> peers_;
};

}  // namespace stator::cluster
