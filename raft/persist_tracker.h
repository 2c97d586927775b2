// PersistTracker: how far the log is synced, while several writes are under way and the log may be
// overwritten under them.
//
// An acknowledgement of an early write must not count for entries that replaced what it wrote: when the log
// is truncated, what every pending write will vouch for is cut to the part that remains. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "model/assert.h"
#include "raft/entry.h"

namespace stator::raft {

class PersistTracker {
 public:
  explicit PersistTracker(Index persisted) : persisted_(persisted) {}

  // Synced up to this index.
  Index persisted() const { return persisted_; }
  bool idle() const { return pending_.empty(); }
  // The id that the next write will get.
  uint64_t next_id() const { return next_id_; }

  // A write is handed out after which the stored log ends at `last`. Its id.
  uint64_t begin(Index last) {
    pending_.push_back({next_id_, last});
    return next_id_++;
  }

  // All writes up to `id` are synced. REQUIRES: id was handed out. True: something new is synced.
  bool finish(uint64_t id) {
    STATOR_ASSERT(id < next_id_, "a write that was handed out");
    bool news = false;
    while (!pending_.empty() && pending_.front().id <= id) {
      persisted_ = std::max(persisted_, pending_.front().last);
      pending_.pop_front();
      news = true;
    }
    return news;
  }

  // Entries at and after `index` are replaced.
  void truncate(Index index) {
    persisted_ = std::min(persisted_, index - 1);
    for (Write& write : pending_) write.last = std::min(write.last, index - 1);
  }

  // The whole log is replaced (a snapshot): nothing is synced until a later write is.
  void reset() { truncate(1); }

 private:
  struct Write {
    uint64_t id;
    Index last;
  };
  Index persisted_;
  uint64_t next_id_ = 1;
  std::deque<Write> pending_;  // as many as the owner leaves under way
};

}  // namespace stator::raft
