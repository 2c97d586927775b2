// The disk of one server: the log/ and items/ of a store as a crash finds them. log/ holds what was synced,
// in order; items/ holds the rows up to the last sync and, of the batches written since, as many of the
// oldest as the file system got to.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/log_entry.h"
#include "cluster/replica.h"
#include "model/assert.h"
#include "tests/unit/cluster/snapshot_bytes.h"

namespace stator::replica_simulation {

using cluster::Rows;

// items/ in memory or on disk.
struct Items {
  Rows rows;
  cluster::AppliedState state;

  void apply(const cluster::ApplyWork& work) {
    for (const cluster::RowWrite& row : work.rows) {
      if (row.value) {
        rows[{row.kind, row.key}] = *row.value;
      } else {
        rows.erase({row.kind, row.key});
      }
    }
    state = work.state;
  }
};

// One batch of items/: rows and the state after them, or a snapshot that takes the place of all.
struct ItemsWrite {
  cluster::ApplyWork work;
  std::shared_ptr<const Items> installed;
  raft::Index index() const { return installed ? installed->state.index : work.state.index; }
  void apply_to(Items& items) const {
    if (installed) {
      items = *installed;
    } else {
      items.apply(work);
    }
  }
};

// One update of log/.
struct LogWrite {
  uint64_t persist_id = 0;                    // 0: a cut
  std::optional<raft::SnapshotMeta> install;  // the log begins anew behind it
  std::optional<raft::HardState> hard_state;
  std::vector<raft::Entry> entries;
  raft::Index cut = 0;
};

struct Log {
  raft::HardState hard_state;
  raft::Index base = 0;
  raft::Term base_term = 0;
  std::vector<raft::Entry> entries;  // after base

  raft::Index last() const { return base + entries.size(); }
  bool holds(raft::Index index) const { return index > base && index <= last(); }
  const raft::Entry& at(raft::Index index) const { return entries[index - base - 1]; }

  void reset(raft::Index index, raft::Term term) {
    entries.clear();
    base = index;
    base_term = term;
  }
  raft::Term term_at(raft::Index index) const { return index == base ? base_term : at(index).term; }

  void write(const LogWrite& write) {
    if (write.install) reset(write.install->index, write.install->term);
    if (write.hard_state) hard_state = *write.hard_state;
    if (!write.entries.empty()) {
      raft::Index first = write.entries.front().index;
      STATOR_ASSERT(first > base && first <= last() + 1, "no hole in the stored log");
      entries.resize(first - base - 1);
      entries.insert(entries.end(), write.entries.begin(), write.entries.end());
    }
    if (write.cut > base) {
      base_term = at(write.cut).term;
      entries.erase(entries.begin(), entries.begin() + static_cast<ptrdiff_t>(write.cut - base));
      base = write.cut;
    }
  }
};

// Of the rows that all replicas have.
uint64_t hash_of(const Rows& rows);

struct Disk {
  Log log;
  Items items;                      // as of the last sync
  std::deque<ItemsWrite> unsynced;  // written to items/ since

  // A crash: of what was not synced the oldest `kept` batches survive.
  void lose_unsynced(size_t kept) {
    for (size_t i = 0; i < kept; ++i) unsynced[i].apply_to(items);
    unsynced.clear();
  }
  // Everything written to items/ up to `index` is durable.
  void sync_items(raft::Index index) {
    while (!unsynced.empty() && unsynced.front().index() <= index) {
      unsynced.front().apply_to(items);
      unsynced.pop_front();
    }
  }
  // A crash came between the two writes of an install: the log is dropped (raft/node.h, InitialState). True:
  // it was so.
  bool repair() {
    const cluster::AppliedState& state = items.state;
    if (state.index <= log.last() && (state.index <= log.base || log.term_at(state.index) == state.term))
      return false;
    log.reset(state.index, state.term);
    if (log.hard_state.term < state.term) log.hard_state = {state.term, model::ReplicaId()};
    return true;
  }

  // What a restart begins with. `tail`: how many of the newest entries are loaded, where it may choose.
  raft::InitialState restart(size_t tail) const {
    raft::InitialState initial;
    initial.hard_state = log.hard_state;
    initial.compacted_index = log.base;
    initial.compacted_term = log.base_term;
    initial.last_index = log.last();
    initial.applied = items.state.index;
    initial.membership = items.state.membership;
    for (const raft::Entry& entry : log.entries) {
      if (initial.terms.empty() || initial.terms.back().term != entry.term) {
        initial.terms.push_back({entry.index, entry.term});
      }
    }
    for (const raft::Entry& entry : log.entries) {
      if (entry.kind == raft::EntryKind::kMembership && entry.index > initial.applied)
        initial.memberships.push_back(entry);
    }
    tail = std::min(std::max<size_t>(tail, 1), log.entries.size());
    initial.tail.assign(log.entries.end() - static_cast<ptrdiff_t>(tail), log.entries.end());
    return initial;
  }
};

}  // namespace stator::replica_simulation
