// From disk to a replica.
#include "actors/replica_opener.h"

#include <algorithm>

#include "actors/clock.h"
#include "actors/store_view.h"
#include "actors/ticker.h"
#include "cluster/item_machine.h"
#include "cluster/log_entry.h"
#include "model/assert.h"
#include "model/table_record.h"

namespace stator::actors {
namespace {

using storage::LogState;
using storage::LogStore;
using storage::PartitionState;
using storage::ReplicaAddress;

constexpr size_t kReadBytes = size_t{1} << 20;  // of the log, at a time

// Where terms begin in (base, last]: terms never fall along the log, so each rise is found by bisection.
storage::Result<void> find_terms(const LogStore& log, ReplicaAddress address, raft::Index first,
                                 raft::Index last, std::vector<raft::TermStart>& terms) {
  if (first > last) return {};
  auto last_term = log.term(address, last);
  if (!last_term.ok()) return model::Failure(last_term.error());
  for (raft::Index at = first; at <= last;) {
    auto term = log.term(address, at);
    if (!term.ok()) return model::Failure(term.error());
    terms.push_back({at, *term});
    if (*term == *last_term) break;
    raft::Index low = at, high = last;  // the term at low is *term, at high it is above
    while (high - low > 1) {
      raft::Index middle = low + (high - low) / 2;
      auto found = log.term(address, middle);
      if (!found.ok()) return model::Failure(found.error());
      (*found == *term ? low : high) = middle;
    }
    at = high;
  }
  return {};
}

// The stored log as Raft starts from it.
storage::Result<raft::InitialState> initial_state(const LogStore& log, ReplicaAddress address,
                                                  const LogState& stored, const PartitionState& state,
                                                  size_t tail_bytes) {
  raft::InitialState initial;
  initial.hard_state = stored.hard_state;
  initial.compacted_index = stored.base.index;
  initial.compacted_term = stored.base.term;
  initial.last_index = stored.last;
  initial.applied = state.applied.index;
  initial.membership = state.membership;
  if (auto ok = find_terms(log, address, stored.first(), stored.last, initial.terms); !ok.ok()) {
    return model::Failure(ok.error());
  }
  // What is not applied is read once: for its membership entries, and to be replayed from memory as far as it
  // may be cached.
  size_t bytes = 0;
  raft::Index next = std::min(std::max(state.applied.index + 1, stored.first()), stored.last);
  while (next >= stored.first() && next <= stored.last) {
    auto entries = log.read(address, next, stored.last, kReadBytes);
    if (!entries.ok()) return model::Failure(entries.error());
    if (entries->empty()) break;
    next = entries->back().index + 1;
    for (raft::Entry& entry : *entries) {
      if (entry.kind == raft::EntryKind::kMembership && entry.index > initial.applied)
        initial.memberships.push_back(entry);
      bytes += entry.data->size();
      initial.tail.push_back(std::move(entry));
    }
    if (bytes > tail_bytes) {  // keep the newest: the rest is read again when its turn comes
      size_t drop = 0;
      while (bytes > tail_bytes && drop + 1 < initial.tail.size()) bytes -= initial.tail[drop++].data->size();
      initial.tail.erase(initial.tail.begin(), initial.tail.begin() + static_cast<ptrdiff_t>(drop));
    }
  }
  return initial;
}

// Requests of the last minute, so that retries from before a restart are recognised.
storage::Result<void> recall(const LogStore& log, ReplicaAddress address, const LogState& stored,
                             const PartitionState& state, cluster::Replica& replica) {
  uint64_t now = wall_clock_micros();
  uint64_t oldest = now > cluster::kRequestIdRetentionMicros ? now - cluster::kRequestIdRetentionMicros : 0;
  raft::Index low = stored.first(), high = state.applied.index + 1;  // stamps rise along the log: bisect
  while (low < high) {
    raft::Index middle = low + (high - low) / 2;
    auto entry = log.read(address, middle, middle, 1);
    if (!entry.ok()) return model::Failure(entry.error());
    if (entry->empty()) break;
    auto header = cluster::decode_log_header(*entry->front().data);
    if (!header.ok() || header->stamp.micros < oldest) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  while (low <= state.applied.index) {
    auto entries = log.read(address, low, state.applied.index, kReadBytes);
    if (!entries.ok()) return model::Failure(entries.error());
    if (entries->empty()) break;
    for (const raft::Entry& entry : *entries) replica.recall(entry);
    low = entries->back().index + 1;
  }
  return {};
}

// Requests that an installed snapshot brought; the log does not go back that far.
storage::Result<void> recall_rows(const storage::ItemStore& items, const PartitionState& state,
                                  cluster::Replica& replica) {
  auto rows = items.scan(state.space, model::RowKind::kRequest, {});
  for (; rows.valid(); rows.next()) {
    replica.recall(
        cluster::StoredRow{model::RowKind::kRequest, std::string(rows.key()), std::string(rows.value())});
  }
  return rows.status();
}

// A crash came between the two writes of an install (docs/raft.md): items/ has the snapshot, and the log is
// one that it was to take the place of.
storage::Result<bool> is_overtaken(const LogStore& log, ReplicaAddress address, const LogState& stored,
                                   const PartitionState& state) {
  if (stored.last < state.applied.index) return true;
  if (state.applied.index < stored.base.index) return false;  // not so: Store::open() refuses it
  auto term = log.term(address, state.applied.index);
  if (!term.ok()) return model::Failure(term.error());
  return *term != state.applied.term;
}

// Begins the log behind a state that is there already. Returns what is stored then.
storage::Result<LogState> begin_log(const ReplicaServices& services, ReplicaAddress address,
                                    const PartitionState& state, raft::HardState hard_state) {
  LogState stored;
  stored.base = {state.applied.index, state.applied.term, state.membership};
  stored.last = state.applied.index;
  stored.last_term = state.applied.term;
  stored.hard_state = hard_state;
  storage::Submission begin;
  begin.update.replica = address;
  begin.update.reset = stored.base;
  // The term covers the log, and a vote is of its own term.
  if (hard_state.term < state.applied.term) {
    stored.hard_state = {state.applied.term, model::ReplicaId()};
    begin.update.hard_state = stored.hard_state;
  }
  if (stored.base.index > 0) {
    // That state is to be durable first (protocol 1).
    if (auto synced = services.store.items().sync(); !synced.ok()) return model::Failure(synced.error());
    begin.update.items_synced = stored.base.index;
  }
  begin.committed = [](const storage::Result<void>&) {};  // a failure comes again with the first entry
  if (!services.committer.try_submit(begin)) {
    return model::Failure(
        storage::Error{storage::ErrorCode::kIo, "The committer's queue is full; try again", {}});
  }
  return stored;
}

// A replica that was removed here promised things that are gone with it: it never comes back under its old id
// (docs/architecture.md, protocol 5).
storage::Result<void> check_not_removed(const LogStore& log, ReplicaAddress address) {
  model::ReplicaId minimum = log.minimum_replica(address.partition);
  if (address.replica >= minimum) return {};
  return model::Failure(storage::Error{
      storage::ErrorCode::kRemoved,
      "Replica " + std::to_string(address.replica.value) + " of partition " +
          std::to_string(address.partition.value) + " was removed from this node; only replica " +
          std::to_string(minimum.value) + " or a later one may take its place",
      {}});
}

storage::Result<OpenedReplica> open(const ReplicaServices& services, cluster::ReplicaConfig config,
                                    PartitionState state, const storage::RecoveredReplica* recovered,
                                    std::unique_ptr<cluster::StateMachine> machine) {
  LogStore& log = services.store.log();
  ReplicaAddress address{state.partition, state.replica};
  config.raft.self = state.replica;
  config.formats_max = services.formats_max;
  // Who could tell it of lost connections is there too.
  if (services.sender) config.raft.rest_ticks = kRestTicks;
  config.raft.seed = state.replica.value * 0x9E3779B97F4A7C15ULL ^ wall_clock_micros();
  LogState stored;
  bool begun = recovered && recovered->log;
  if (begun) {
    stored = *recovered->log;
    // Nothing is applied yet: the members are those that the log was begun with, whatever is wished by now.
    if (!recovered->state) state.membership = stored.base.membership;
    auto overtaken = is_overtaken(log, address, stored, state);
    if (!overtaken.ok()) return model::Failure(overtaken.error());
    begun = !*overtaken;
  }
  if (!begun) {
    auto fresh = begin_log(services, address, state, stored.hard_state);
    if (!fresh.ok()) return model::Failure(fresh.error());
    stored = std::move(*fresh);
  }
  auto initial = initial_state(log, address, stored, state, config.raft.cached_log_bytes_max);
  if (!initial.ok()) return model::Failure(initial.error());
  OpenedReplica opened;
  opened.replica = std::make_unique<cluster::Replica>(std::move(config), std::move(*initial),
                                                      applied_state_of(state), std::move(machine));
  if (recovered && recovered->state) {
    if (auto ok = recall_rows(services.store.items(), state, *opened.replica); !ok.ok())
      return model::Failure(ok.error());
  }
  if (begun) {
    if (auto ok = recall(log, address, stored, state, *opened.replica); !ok.ok())
      return model::Failure(ok.error());
  }
  opened.state = std::move(state);
  return opened;
}

}  // namespace

storage::Result<OpenedReplica> open_partition(const ReplicaServices& services,
                                              const cluster::Partition& partition,
                                              const cluster::ReplicaPlace& place,
                                              const storage::RecoveredReplica* recovered,
                                              cluster::ReplicaConfig config) {
  const ReplicaAddress address{partition.id, place.id};
  STATOR_ASSERT(!recovered || recovered->address == address, "what was recovered is this replica's");
  if (auto ok = check_not_removed(services.store.log(), address); !ok.ok()) return model::Failure(ok.error());
  storage::ItemStore& items = services.store.items();
  PartitionState state;
  std::optional<model::Table> table;
  if (recovered && recovered->state) {
    state = *recovered->state;
    auto row = items.get(state.space, model::RowKind::kSchema, {});
    if (!row.ok()) return model::Failure(row.error());
    if (*row) {
      auto decoded = model::decode_table_record(**row);
      if (!decoded.ok()) {
        return model::Failure(storage::Error{storage::ErrorCode::kCorruption,
                                             "The schema of partition " + std::to_string(partition.id.value) +
                                                 " is damaged; restore the data folder from a copy",
                                             {}});
      }
      table = std::move(*decoded);
    }
    if (table && !table->local_indexes.empty() && state.local_indexes.empty()) {
      // Nothing is there, or it was written before entries were counted.
      auto counts = count_local_entries(items, state.space, state.range);
      if (!counts.ok()) return model::Failure(counts.error());
      state.local_indexes = std::move(*counts);
    }
  } else {
    auto space = items.allocate_space();
    if (!space.ok()) return model::Failure(space.error());
    state.partition = partition.id;
    state.table = partition.table;
    state.space = *space;
    state.replica = place.id;
    state.range = partition.range;
    state.range_epoch = partition.range_epoch;
    state.membership = cluster::first_members(partition);
  }
  config.partition = partition.id;
  config.table = partition.table;
  config.range_epoch = partition.range_epoch;
  return open(services, std::move(config), std::move(state), recovered,
              std::make_unique<cluster::ItemMachine>(std::move(table), services.collection_bytes_max));
}

storage::Result<OpenedReplica> open_metadata(const ReplicaServices& services, model::ReplicaId self,
                                             const raft::Membership& members, cluster::Placement placement,
                                             cluster::PartitionCounts counts,
                                             const storage::RecoveredReplica* recovered) {
  const ReplicaAddress address{model::PartitionId(), self};
  if (recovered && recovered->address != address) {
    return model::Failure(storage::Error{
        storage::ErrorCode::kCorruption,
        "The data folder holds replica " + std::to_string(recovered->address.replica.value) +
            " of the metadata group, and its CLUSTER file names replica " + std::to_string(self.value) +
            ": they are of different folders; wipe the data folder and let the node rejoin",
        {}});
  }
  if (auto ok = check_not_removed(services.store.log(), address); !ok.ok()) return model::Failure(ok.error());
  storage::ItemStore& items = services.store.items();
  PartitionState state;
  std::vector<cluster::MetadataMachine::StoredRow> rows;
  if (recovered && recovered->state) {
    state = *recovered->state;
    for (model::RowKind kind : cluster::MetadataMachine::kRowKinds) {
      auto scan = items.scan(state.space, kind, {});
      for (; scan.valid(); scan.next())
        rows.push_back({kind, std::string(scan.key()), std::string(scan.value())});
      if (auto status = scan.status(); !status.ok()) return model::Failure(status.error());
    }
  } else {
    auto space = items.allocate_space();
    if (!space.ok()) return model::Failure(space.error());
    state.space = *space;
    state.replica = self;
    state.membership = members;
  }
  auto restored = cluster::MetadataMachine::restore(rows);
  if (!restored.ok()) {
    return model::Failure(storage::Error{
        storage::ErrorCode::kCorruption,
        "The cluster's metadata is damaged: " + std::string(cluster::log_entry_error_text(restored.error())),
        {}});
  }
  return open(services, {}, std::move(state), recovered,
              std::make_unique<cluster::MetadataMachine>(std::move(*restored), std::move(placement),
                                                         std::move(counts)));
}

}  // namespace stator::actors
