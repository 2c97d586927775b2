// ApplyQueue: which committed entries the owner gets to apply, and when.
//
// Only what is committed AND synced here (docs/architecture.md, protocol 1), each entry once, within a bound
// in bytes. Entries that memory holds no more are read from disk first. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "raft/log.h"

namespace stator::raft {

class ApplyQueue {
 public:
  explicit ApplyQueue(Index applied) : applied_(applied), handed_(applied) {}

  Index applied_index() const { return applied_; }
  // Nothing that was handed out is still being applied.
  bool idle() const { return applied_ == handed_; }

  // Moves entries up to `limit` into ready.committed, or asks for a read (with the id `read_id`; true: it was
  // used).
  bool collect(const Log& log, Index limit, const Config& config, uint64_t read_id, Ready& ready);
  // Answers the read. False: not ours.
  bool loaded(uint64_t id, std::vector<Entry>& entries, const Log& log);
  void applied(Index index);
  void tick() { read_failed_ = false; }

  // A snapshot up to `index` replaces the state. Until that is synced nothing is, and so nothing is handed
  // out. REQUIRES: idle(), index above applied_index().
  void install(Index index);

 private:
  void hand_out(std::vector<Entry>& entries, size_t bytes, Ready& ready);

  struct Batch {
    Index last;
    size_t bytes;
  };
  Index applied_;
  Index handed_;
  std::deque<Batch> under_way_;  // handed out, not applied
  size_t bytes_ = 0;             // of under_way_
  uint64_t read_id_ = 0;         // the LogRead under way; 0: none
  bool read_failed_ = false;
  std::vector<Entry> loaded_;  // read, for the next Ready
};

}  // namespace stator::raft
