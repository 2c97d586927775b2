// Ready: what the owner of a Node has to do next. The core does no I/O; it hands out work and is told when it
// is done.
//
//   Node ──take_ready()──▶ Ready ─┬─ messages ─────────────────────────▶ link, at once
//    ▲                            ├─ hard_state, snapshot, entries ────▶ committer, then messages_after_sync
//    ├─◀─ persisted(persist_id) ──┼──────────────────────────────────────────┘
//    ├─◀─ applied(index) ─────────┼─ committed ────────────────────────▶ applier
//    ├─◀─ log_loaded(id, ...) ────┼─ log_reads ────────────────────────▶ reader pool
//    ├─◀─ snapshot_chunk(...) ────┼─ snapshot_requests ────────────────▶ snapshot reader (leader)
//    └─◀─ snapshot_stored(...) ───┴─ snapshot_chunks ──────────────────▶ snapshot writer (follower)
//
// Several Readys may be under way at once. What is to be persisted is persisted in the order of the Readys;
// `committed` is applied in the order of the Readys; nothing else is ordered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "raft/messages.h"

namespace stator::raft {

enum class Role : uint8_t { kFollower = 1, kCandidate, kLeader };  // a learner is a follower that is no voter

// Who this replica believes to lead. Nothing of it is stored.
struct SoftState {
  Role role = Role::kFollower;
  ReplicaId leader;  // none: unknown
  Term term = 0;
  bool operator==(const SoftState&) const = default;
};

// A read that may be served once everything up to `index` is applied here.
struct ReadState {
  uint64_t context = 0;  // as given to read_index()
  Index index = 0;
};

// Entries [first, last] are wanted from disk: for a peer that is behind the memory window, or to be applied
// after a restart. Answer with Node::log_loaded(id, entries): a prefix of the range, at least one entry even
// if that exceeds bytes_max, else as many as fit; no entries when they cannot be read now (the core asks
// again later).
struct LogRead {
  uint64_t id = 0;
  Index first = 0;
  Index last = 0;
  size_t bytes_max = 0;
};

// Leader: send a peer the piece at `offset` of the snapshot stream `stream`, through Node::snapshot_chunk().
// A stream not seen yet: open a snapshot of the applied state. The same piece may be asked for again after a
// loss. A snapshot that cannot be had: Node::snapshot_failed().
struct SnapshotRequest {
  ReplicaId to;
  uint64_t stream = 0;
  uint64_t offset = 0;
};

// Leader: the stream is over, delivered or not. Let go of what it holds open.
struct SnapshotClose {
  ReplicaId to;
  uint64_t stream = 0;
};

// Follower: write this piece to the snapshot that is being received, then call Node::snapshot_stored().
// Offset 0 begins a new one (a fresh space) and abandons any before it.
struct SnapshotPiece {
  ReplicaId from;
  SnapshotChunk chunk;
};

// One round of work. Within a Ready: start hard_state + snapshot + entries as ONE synced batch, in the order
// of the fields; the rest needs no order among itself. A Ready that is not taken piles up nothing but the
// next Ready.
struct Ready {
  // -- changes of belief, for the owner
  // --------------------------------------------------------------------------------- Set when role, leader
  // or term differ from the last Ready's. Look at it first: stop serving before anything else.
  std::optional<SoftState> soft_state;

  // -- to persist
  // -------------------------------------------------------------------------------------------------------
  // Non-zero when this Ready has something to persist or messages_after_sync. Call persisted(persist_id) when
  // this Ready's work AND that of all before it is synced; one call covers all earlier ids.
  uint64_t persist_id = 0;
  std::optional<HardState> hard_state;
  // Install: the snapshot whose last piece was stored becomes the state, and the stored log is replaced by an
  // empty one that continues at meta.index + 1. No entry is being applied when this comes out, and none comes
  // out before it is persisted. State and log lie in two databases: write the state first; a restart that
  // finds an applied index which the log does not hold (with the same term) drops the log (InitialState).
  std::optional<SnapshotMeta> snapshot;
  // Append to the stored log. Everything stored at or after entries.front().index is overwritten: it goes,
  // also where the new entries are fewer.
  std::vector<Entry> entries;

  // -- to send
  // ----------------------------------------------------------------------------------------------------------
  std::vector<Message> messages;  // at once; also before anything of this Ready is synced
  std::vector<Message>
      messages_after_sync;  // votes, vote requests, acknowledgements: once persist_id is synced, not before

  // -- to apply
  // ---------------------------------------------------------------------------------------------------------
  // Committed and locally synced, in order, each once; applied(index) acknowledges. Includes kNoop and
  // kMembership.
  std::vector<Entry> committed;

  // -- reads
  // ------------------------------------------------------------------------------------------------------------
  std::vector<ReadState> read_states;  // confirmed: serve when applied
  std::vector<uint64_t>
      dropped_reads;  // leadership was lost before they were confirmed: never served by this replica

  // -- asks
  // -------------------------------------------------------------------------------------------------------------
  std::vector<LogRead> log_reads;
  std::vector<SnapshotRequest> snapshot_requests;
  std::vector<SnapshotClose> snapshot_closes;
  // The snapshot being received is not wanted any more: delete its space. Comes before this Ready's
  // snapshot_chunks.
  bool snapshot_abandoned = false;
  std::vector<SnapshotPiece> snapshot_chunks;

  bool empty() const {
    return !soft_state && persist_id == 0 && messages.empty() && committed.empty() && read_states.empty() &&
           dropped_reads.empty() && log_reads.empty() && snapshot_requests.empty() &&
           snapshot_closes.empty() && snapshot_chunks.empty() && !snapshot_abandoned;
  }
};

}  // namespace stator::raft
