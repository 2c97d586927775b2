// Progress: what the leader knows of one peer's log, and how much it may send there. Raft figure 2's
// nextIndex and matchIndex, with flow control.
//
//              an Append is accepted                  its place in the log is compacted
//   Probe ───────────────────────────▶ Replicate   (any) ──────────────────────────────▶ Snapshot
//     ▲───────────── rejected ─────────────│                                              │
//     ▲──── connection lost, peer silent ──┴──────── installed, failed, peer silent ──────┘
//
// Probe: one Append at a time, until the logs are known to agree. Replicate: Appends are sent ahead of their
// answers, within a window. Snapshot: no Appends. Pure; part of Leader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <variant>

#include "raft/node.h"

namespace stator::raft {

// Appends sent and not answered.
class Inflight {
 public:
  void add(Index last, size_t bytes) {
    window_.push_back({last, bytes});
    bytes_ += bytes;
  }
  // The peer has everything up to `index`.
  void free_to(Index index) {
    while (!window_.empty() && window_.front().last <= index) free_first();
  }
  void free_first() {
    if (window_.empty()) return;
    bytes_ -= window_.front().bytes;
    window_.pop_front();
  }
  size_t messages() const { return window_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  struct Sent {
    Index last;
    size_t bytes;
  };
  std::deque<Sent> window_;  // at most inflight_messages_max
  size_t bytes_ = 0;
};

struct Probe {
  bool paused = false;  // sent one, waiting for its answer or the next sign of life
};

struct Replicate {
  Inflight inflight;
};

struct SnapshotTransfer {
  uint64_t stream = 0;
  uint64_t acknowledged = 0;  // bytes from the start that the peer has
  uint32_t silent_ticks = 0;  // since the last acknowledgement or request
};

struct Progress {
  Index match = 0;           // the peer has synced everything up to here, equal to our log
  Index next = 1;            // the next entry to send; > match
  bool active = true;        // heard from since the last quorum check
  bool resting = false;      // answered that it rests, and nothing happened since
  uint64_t read_round = 0;   // the latest round it has confirmed
  Index commit_sent = 0;     // the highest commit index it was told
  uint64_t read_id = 0;      // the LogRead under way for it; 0: none
  bool read_failed = false;  // the last one had no answer; wait for a tick
  std::variant<Probe, Replicate, SnapshotTransfer> state;

  Probe* probe() { return std::get_if<Probe>(&state); }
  Replicate* replicate() { return std::get_if<Replicate>(&state); }
  const Replicate* replicate() const { return std::get_if<Replicate>(&state); }
  SnapshotTransfer* snapshot() { return std::get_if<SnapshotTransfer>(&state); }
  PeerStatus::State kind() const { return static_cast<PeerStatus::State>(state.index() + 1); }

  void become_probe(bool paused);
  void become_replicate();
  void become_snapshot(uint64_t stream);

  // An Append up to `index` was accepted. False: nothing new.
  bool accepted(Index index);
  // An Append at prev_index = `probed` was rejected; the logs can agree at `agree` at best. False: an old
  // answer.
  bool rejected(Index probed, Index agree);

  // Whether no Append may be sent now.
  bool paused(const Config& config) const;
};

}  // namespace stator::raft
