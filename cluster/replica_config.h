// ReplicaConfig: what a replica (replica.h) is told at its birth: which group it belongs to, and its bounds. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cluster/log_entry.h"
#include "model/ids.h"
#include "raft/node.h"

namespace stator::cluster {

struct ReplicaConfig {
  model::PartitionId partition;
  model::TableId table;  // none for group 0
  uint32_t range_epoch = 1;
  uint32_t formats_max = kLogFormatVersion;  // the newest format that this binary reads: it stops at a newer entry
  raft::Config raft;  // seal and unseal are set by the replica
  // Proposed and not applied yet, in bytes: commands are refused beyond (docs/architecture.md, protocol 2).
  // Together with kLogBodyMax at most raft.uncommitted_bytes_max, so that a proposal never fails for want of
  // space.
  size_t unapplied_bytes_max = 16 * 1024 * 1024;
  // Clients that wait for a row, a commit or a confirmation; more are refused.
  size_t waiting_max = 65'536;
  // Entries proposed and not committed yet: beyond, what is evaluated waits for room and shares an entry, as far as
  // one body goes.
  raft::Index entries_in_flight_max = 1;
  // The log is cut only where that frees so many entries: each cut is a synced write.
  raft::Index log_cut_entries_min = 1024;
  // A stored log above this is cut beyond the members that lack half of it: they get a snapshot.
  uint64_t log_bytes_max = 256 * 1024 * 1024;
};

// Why a replica stopped for good: it must be closed, and its node says so. It takes no inputs but completions
// any more, so that another replica leads, and answers what waits.
struct ReplicaFailure {
  LogEntryError error;
  raft::Index index = 0;
};

}  // namespace stator::cluster
