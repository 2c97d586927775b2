// SnapshotReceiver: a follower's side of a snapshot that comes in pieces. One piece is being written at a
// time; one that comes twice, too early or from an older stream is answered or ignored. Pure; part of
// Follower.
#pragma once

#include <cstdint>
#include <optional>

#include "raft/ready.h"

namespace stator::raft {

class SnapshotReceiver {
 public:
  // What to do with a piece.
  struct Verdict {
    bool write = false;  // hand the piece out
    std::optional<SnapshotAck> answer;
  };
  Verdict receive(const SnapshotChunk& chunk);

  // The piece at `offset` is written. The acknowledgement to send; nullopt: not waited for, or it was the
  // last one.
  std::optional<SnapshotAck> stored(uint64_t stream, uint64_t offset);

  // Set when every piece is written: ready to be installed.
  const SnapshotMeta* complete() const {
    return transfer_ && transfer_->complete ? &transfer_->meta : nullptr;
  }
  bool receiving() const { return transfer_.has_value(); }
  bool receiving(uint64_t stream) const { return transfer_ && transfer_->stream == stream; }
  void forget() { transfer_.reset(); }

 private:
  struct Writing {
    uint64_t offset;
    uint64_t bytes;
    bool done;
  };
  struct Transfer {
    uint64_t stream;
    SnapshotMeta meta;
    uint64_t stored = 0;  // bytes from the start that are written
    std::optional<Writing> writing;
    bool complete = false;
  };
  std::optional<Transfer> transfer_;
};

}  // namespace stator::raft
