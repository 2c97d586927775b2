// ReplicaOutputs: the work that a replica (replica.h) asks its carrier to do, as plain values: sync, send,
// apply, read, answer. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "api/answer.h"
#include "cluster/command.h"
#include "cluster/state_machine.h"
#include "model/ids.h"
#include "model/index_counts.h"
#include "raft/ready.h"

namespace stator::cluster {

// What a partition's state row holds beside the rows themselves, as of the last applied entry.
struct AppliedState {
  raft::Index index = 0;
  raft::Term term = 0;
  model::Stamp stamp;
  uint32_t schema_version = 0;
  raft::Membership membership;
  uint64_t items = 0;
  uint64_t bytes = 0;
  uint64_t checksum = 0;  // of the entry at `index`; 0: not known
  std::vector<model::IndexCounts> local_indexes = {};  // entries of local indexes; in order of number
};

// What a snapshot holds, beside the rows that only lie in items/.
struct SnapshotState {
  AppliedState state;
  std::vector<StoredRow> rows;  // of Replica::snapshot_kinds(), each kind in order of its keys
};

// How a waiting client was answered.
struct Answered {
  Token token = 0;
  api::Result<api::Answer> result;
};

// Rows to be written to items/ in one batch with the state.
struct ApplyWork {
  std::vector<RowWrite> rows;
  AppliedState state;
  size_t bytes = 0;
};

// To be made one synced batch of log/, in order; then persisted(id).
struct PersistWork {
  uint64_t id = 0;
  std::optional<raft::HardState> hard_state;
  // The snapshot that was received whole is the state now. First items/: one batch that makes its rows the
  // replica's, with the state that came with it, synced. Then this write, which also drops the stored log: it
  // begins anew behind the snapshot, with everything up to there marked as synced in items/. No entry is
  // being applied meanwhile.
  std::optional<raft::SnapshotMeta> install;
  std::vector<raft::Entry> entries;
};

struct ReplicaOutputs {
  std::optional<raft::SoftState> soft_state;
  std::optional<bool> serving;  // set when it changed: the leader takes requests from now on, or no more
  std::vector<PersistWork> persist;
  std::vector<raft::Message> messages;   // may be sent now; those that wait for a sync come with persisted()
  std::vector<ApplyWork> apply;          // in order; then applied(state.index)
  std::vector<RowLoad> loads;            // then row_loaded or row_load_failed
  std::vector<raft::LogRead> log_reads;  // then log_loaded
  std::vector<Token> reads;              // strong reads that may now read items/

  // Snapshots that go out: see raft/ready.h. Then snapshot_chunk or snapshot_failed.
  std::vector<raft::SnapshotRequest> snapshot_requests;
  std::vector<raft::SnapshotClose> snapshot_closes;
  // A snapshot that comes in. Carried out after `persist`, in this order: the one that was being received is
  // not wanted any more; pieces to be written to a fresh place. Then snapshot_stored or snapshot_refused.
  bool snapshot_abandoned = false;
  std::vector<raft::SnapshotPiece> snapshot_pieces;

  std::vector<Answered> answers;
  std::optional<raft::Index> cut_log;  // the stored log may be cut up to this index (inclusive), whose
                                       // membership is the applied one
  bool state_changed = false;          // an applied entry may have changed what the state machine publishes

  bool empty() const;
};

}  // namespace stator::cluster
