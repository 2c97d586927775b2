// LogStore: the Raft logs of all replicas of a store, in one LevelDB (log/). One synced batch carries the
// updates of many replicas. It hides that the log is a LevelDB; recycled segment files may take its place
// (docs/architecture.md, decision 3).
//
// Every row has a checksum of ours over its place and its content, so that damage that LevelDB does not see
// is found, and the error names replica and index. write() belongs to one thread, the committer's; the rest
// may be called from any.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "raft/entry.h"
#include "storage/engine.h"
#include "storage/key_layout.h"

namespace stator::storage {

using raft::Entry;
using raft::HardState;
using raft::Index;
using raft::Membership;
using raft::Term;

// The log's state just before its first entry: {0, 0, the first members} for a new group, else a snapshot's
// boundary. The membership in force is this one and the kMembership entries after it.
struct LogBase {
  Index index = 0;
  Term term = 0;
  Membership membership;
  bool operator==(const LogBase&) const = default;
};

// What one replica wants to be durable. All of an update becomes durable together, in the order of the
// fields.
struct LogUpdate {
  ReplicaAddress replica;
  // Drops every entry and begins the log anew behind this base: a new replica, or an installed snapshot. A
  // replica that is not known yet must begin with one. Requires base.index <= items_synced (of this update,
  // or before).
  std::optional<LogBase> reset;
  std::optional<HardState> hard_state;
  // Contiguous, the first at most last + 1 and above the base. Replaces everything from its first index on.
  std::vector<Entry> entries;
  // Everything in items/ up to this index is synced: ItemStore::sync() said so. Rises only.
  std::optional<Index> items_synced;
  // Drops the entries up to base.index, which is at most last; requires base.index <= items_synced: the log
  // is never cut above what items/ is sure to hold (protocol 1). Nothing to do where the log begins there or
  // later (a snapshot was installed meanwhile).
  std::optional<LogBase> cut;
  // Removes the replica with all that it has. From now on a replica of this partition must have at least this
  // id, over restarts too: ask minimum_replica() before creating one. Works for a replica that is not known.
  // Nothing else may be set.
  std::optional<ReplicaId> remove_with_minimum;

  size_t bytes() const;  // roughly what it costs in a queue and in the log
};

// What the log knows of a replica. All of it is held in memory and costs no read.
struct LogState {
  HardState hard_state;
  LogBase base;
  Index last = 0;      // = base.index where there are no entries
  Term last_term = 0;  // of the entry at last, or base.term
  Index items_synced = 0;
  uint64_t bytes = 0;  // of the entries, approximately: for the retention's byte cap
  Index first() const { return base.index + 1; }
};

class LogStore {
 public:
  // Reads the state of all replicas. kCorruption where a row is damaged; the error names it.
  static Result<std::unique_ptr<LogStore>> open(std::unique_ptr<Engine> engine);

  std::vector<ReplicaAddress> replicas() const;  // sorted
  std::optional<LogState> state(ReplicaAddress replica) const;
  // The smallest id that a replica of this partition may have here; 0 where none was removed yet.
  ReplicaId minimum_replica(PartitionId partition) const;

  // One synced batch for all updates, in their order; a replica may have several. Where it fails nothing of
  // it counts, the in-memory state is unchanged, and the handle never writes again. An update that breaks
  // LogUpdate's requirements is a bug of ours and trips an assertion.
  Result<void> write(std::span<const LogUpdate> updates);

  // Entries from..to (inclusive) in order, at least one, then no more than max_bytes of data. kCompacted
  // where `from` is below first(); fewer than asked where the log ends before `to`; empty where from > last.
  // kCorruption names the entry.
  Result<std::vector<Entry>> read(ReplicaAddress replica, Index from, Index to, size_t max_bytes) const;
  // The term at an index from base.index to last. kCompacted below, kNotFound above.
  Result<Term> term(ReplicaAddress replica, Index index) const;
  // Reads and checks every entry of a replica: for a scrub, and where a restart wants to be sure.
  Result<void> verify(ReplicaAddress replica) const;

  // The data folder's incarnation that this log was created under (layout.h); empty in a fresh log.
  Result<std::string> incarnation() const;
  Result<void> set_incarnation(const std::string& incarnation);

  Engine& engine() { return *engine_; }

 private:
  struct Garbage {  // entries at or below a base, or of a removed replica, that may still lie in the database
    ReplicaAddress replica;
    Index from = 0;
    Index to = 0;          // inclusive
    bool removed = false;  // of a removed replica: its kRemoved row goes with the last of them
  };
  struct Batch;

  explicit LogStore(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
  Result<void> load();
  Result<void> load_replica(ReplicaAddress address);
  Result<void> load_last_entry(ReplicaAddress address, LogState& state) const;
  Error row_error(ReplicaAddress address, const char* row, std::string_view value) const;
  Error entry_error(ReplicaAddress address, Index index, std::string_view value) const;

  LogState* staged(Batch& batch, ReplicaAddress address) const;
  void stage(Batch& batch, const LogUpdate& update) const;
  void stage_reset(Batch& batch, const LogUpdate& update) const;
  void stage_entries(Batch& batch, LogState& state, const LogUpdate& update) const;
  void stage_cut(Batch& batch, LogState& state, const LogUpdate& update) const;
  void stage_removal(Batch& batch, const LogUpdate& update) const;
  static void stage_garbage(Batch& batch);

  // What read() does, against a given state; nullopt where an entry that should be there is not.
  Result<std::optional<std::vector<Entry>>> read_range(ReplicaAddress replica, Index from, Index to,
                                                       size_t max_bytes) const;

  const std::unique_ptr<Engine> engine_;
  mutable std::mutex write_mutex_;  // held over a whole write(); taken before mutex_
  mutable std::mutex mutex_;
  std::unordered_map<ReplicaAddress, LogState> replicas_;  // by mutex_
  std::unordered_map<PartitionId, ReplicaId> minimum_;     // by mutex_
  std::vector<Garbage> garbage_;                           // by write_mutex_
};

}  // namespace stator::storage
