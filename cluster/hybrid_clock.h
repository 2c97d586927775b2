// HybridClock: the stamps of a partition's log entries: wall-clock time, pushed above every stamp that the
// log holds (docs/architecture.md, protocol 10). Where the log is ahead of the clock, which was set back, stamps rise by a
// microsecond an entry until time has caught up: whoever goes by age waits longer, and nothing is refused. That a wild clock
// gets into the log is prevented before (cluster/clock_watch.h). Knows no clock itself: the time comes in. Pure; belongs to
// one replica.
#pragma once

#include <algorithm>

#include "model/ids.h"

namespace stator::cluster {

class HybridClock {
 public:
  // A stamp above all before it.
  model::Stamp next(uint64_t now_micros) { return last_ = model::Stamp{std::max(now_micros, last_.micros + 1)}; }
  // An entry of another leader, or of the log that was recovered.
  void observe(model::Stamp stamp) { last_ = std::max(last_, stamp); }
  model::Stamp last() const { return last_; }

 private:
  model::Stamp last_;
};

}  // namespace stator::cluster
