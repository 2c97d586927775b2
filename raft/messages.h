// What replicas of one group say to each other. Plain values: the link encodes them (schemas/raft.capnp), the
// core reads and writes them. Every message names sender and receiver by replica id, so that one meant for an
// earlier incarnation of a node is dropped (docs/architecture.md, protocol 5). Messages may be lost, doubled,
// delayed and reordered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "raft/entry.h"

namespace stator::raft {

// Leader to all: entries after prev_index (Raft §5.3). No entries: a probe of prev_index. Class: data.
struct Append {
  Index prev_index = 0;
  Term prev_term = 0;
  Index commit = 0;            // the leader's commit index
  std::vector<Entry> entries;  // contiguous, the first has index prev_index + 1
};

// Follower to leader. Accepted: everything up to `index` equals the leader's log and is synced. Rejected: no
// entry with the probed prev_index and prev_term; `index` repeats prev_index, and the hint lets the leader
// skip whole terms.
struct AppendResponse {
  bool rejected = false;
  Index index = 0;
  Index hint_index =
      0;               // rejected: the highest index at which the logs may agree, by what the follower knows
  Term hint_term = 0;  // rejected: the follower's term at hint_index
};

// Leader to all, every heartbeat_ticks, and at once for a new read round. Class: control.
struct Heartbeat {
  Index commit = 0;         // never above what this peer is known to have
  uint64_t read_round = 0;  // the latest ReadIndex round begun (read_index.h)
  bool rest = false;  // nothing happens here: a follower that has applied `commit`, its last entry, may rest
  Index floor = 0;    // all members have everything up to here: nobody needs it from a log
};

// Leader to a follower that is up to date, when nothing else tells it of a commit. Needs no answer. Class: data, as that
// of the Appends whose place it takes.
struct CommitNotice {
  Index commit = 0;  // never above what this peer is known to have
};

struct HeartbeatResponse {
  uint64_t read_round = 0;  // the round of the heartbeat that is answered
  bool resting = false;     // needs no more heartbeats until something happens
};

// "Would you vote for me in Message::term?", asked before that term is begun (dissertation §9.6). Changes
// nothing.
struct PreVoteRequest {
  Index last_index = 0;
  Term last_term = 0;
};

// Granted: Message::term is the term asked about. Refused: it is the refuser's own term.
struct PreVoteResponse {
  bool granted = false;
};

struct VoteRequest {
  Index last_index = 0;
  Term last_term = 0;
  bool transfer = false;  // the leader asked for this election: voters set aside that they hear from it
};

struct VoteResponse {
  bool granted = false;
};

// Leader to the one that is to follow it (dissertation §3.10): campaign at once.
struct TimeoutNow {};

// What a snapshot stands for: the state after applying `index`.
struct SnapshotMeta {
  Index index = 0;
  Term term = 0;
  Membership membership;  // as of `index`
  bool operator==(const SnapshotMeta&) const = default;
};

// A piece of a snapshot, its bytes opaque to the core. Class: bulk.
struct SnapshotChunk {
  SnapshotMeta meta;
  uint64_t stream = 0;  // numbers its sender's streams since it started; a higher one replaces a lower one
  uint64_t offset = 0;  // in bytes from the start of the stream
  bool done = false;    // the last piece
  std::shared_ptr<const std::string> data;
};

// Follower to leader, answers the piece at `offset`: bytes before next_offset are stored, go on from there,
// be it back (the follower restarted).
struct SnapshotAck {
  uint64_t stream = 0;
  uint64_t offset = 0;
  uint64_t next_offset = 0;
};

using MessageBody =
    std::variant<Append, AppendResponse, Heartbeat, HeartbeatResponse, CommitNotice, PreVoteRequest,
                 PreVoteResponse, VoteRequest, VoteResponse, TimeoutNow, SnapshotChunk, SnapshotAck>;

struct Message {
  ReplicaId from;
  ReplicaId to;
  Term term = 0;  // the sender's, except in pre-votes (see there)
  MessageBody body;
};

}  // namespace stator::raft
