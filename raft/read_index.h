// ReadQueue: the leader's ReadIndex (dissertation §6.4), batched.
//
// A round is: note the commit index, send a heartbeat that carries the round's number, wait until a majority
// of the voters has answered that number or a later one. Then no other leader can have committed anything
// before the round began that this one's commit index lacks, and every read that ARRIVED BEFORE the round
// began may be served at that index. A read never joins the round under way: its heartbeats may have been
// answered before the read came. Pure; part of Leader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "raft/ready.h"

namespace stator::raft {

class ReadQueue {
 public:
  void add(uint64_t context) { waiting_.push_back(context); }
  size_t size() const { return waiting_.size() + confirming_.size(); }

  // The number of the latest round begun; 0: none yet.
  uint64_t round() const { return round_; }
  bool confirming() const { return !confirming_.empty(); }

  // Begins a round for all that wait, unless none does or one is under way. True: heartbeats with round() are
  // to go out.
  bool begin(Index commit) {
    if (waiting_.empty() || confirming()) return false;
    ++round_;
    index_ = commit;
    confirming_ = std::exchange(waiting_, {});
    return true;
  }

  // A majority has confirmed `round`. The reads that this answers are added to out.
  void confirm(uint64_t round, std::vector<ReadState>& out) {
    if (!confirming() || round < round_) return;
    for (uint64_t context : confirming_) out.push_back({context, index_});
    confirming_.clear();
  }

  // Leadership is over.
  void drop(std::vector<uint64_t>& out) {
    out.insert(out.end(), confirming_.begin(), confirming_.end());
    out.insert(out.end(), waiting_.begin(), waiting_.end());
    confirming_.clear();
    waiting_.clear();
  }

 private:
  std::vector<uint64_t> waiting_;     // for the next round; with confirming_ at most pending_reads_max
  std::vector<uint64_t> confirming_;  // in the round under way
  Index index_ = 0;                   // the commit index when that began
  uint64_t round_ = 0;
};

}  // namespace stator::raft
