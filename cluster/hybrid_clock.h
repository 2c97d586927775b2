// HybridClock: the stamps of a partition's log entries: wall-clock time, pushed above every stamp that the
// log holds (docs/architecture.md, protocol 10). Knows no clock itself: the time comes in. Pure; belongs to
// one replica.
#pragma once

#include <algorithm>
#include <optional>

#include "model/ids.h"

namespace stator::cluster {

// A leader refuses to stamp further ahead of its own clock than this: a peer's wild clock must not drag the
// log along.
inline constexpr uint64_t kStampAheadMaxMicros = 1'000'000;

class HybridClock {
 public:
  // A stamp above all before it; nullopt where that would lie more than kStampAheadMaxMicros ahead of
  // `now_micros`.
  std::optional<model::Stamp> next(uint64_t now_micros) {
    uint64_t stamp = std::max(now_micros, last_.micros + 1);
    if (stamp > now_micros + kStampAheadMaxMicros) return std::nullopt;
    return last_ = model::Stamp{stamp};
  }
  // For entries that must not be refused (a no-op, a membership change): the order holds, the distance does
  // not count.
  model::Stamp next_always(uint64_t now_micros) {
    return last_ = model::Stamp{std::max(now_micros, last_.micros + 1)};
  }
  // An entry of another leader, or of the log that was recovered. Never refused: a slow clock must not stall
  // a follower.
  void observe(model::Stamp stamp) { last_ = std::max(last_, stamp); }
  model::Stamp last() const { return last_; }

 private:
  model::Stamp last_;
};

}  // namespace stator::cluster
