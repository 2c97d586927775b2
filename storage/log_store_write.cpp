// LogStore::write: many replicas' updates become one LevelDB batch. Everything is staged against copies of
// the replicas' states, so that nothing in memory moves unless the batch is durable. The committer's thread.
//
// Entries that a cut drops are deleted a few at a time with the writes that follow (a snapshot may drop
// 100,000 at once); the base row remembers where they begin, so that a restart goes on with it.
#include <algorithm>

#include "model/assert.h"
#include "storage/log_rows.h"
#include "storage/log_store.h"

namespace stator::storage {

namespace {

constexpr size_t kGarbageRowsPerWrite = 1024;

leveldb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

// The 25 bytes of an entry's key, with only the index rewritten from entry to entry.
class EntryKey {
 public:
  explicit EntryKey(ReplicaAddress address) : key_(entry_key(address, 0)) {}
  std::string_view at(Index index) {
    const uint64_t big = __builtin_bswap64(index);
    key_.replace(kLogKeyPrefix, sizeof big, reinterpret_cast<const char*>(&big), sizeof big);
    return key_;
  }

 private:
  std::string key_;
};

}  // namespace

struct LogStore::Batch {
  leveldb::WriteBatch rows;
  std::unordered_map<ReplicaAddress, std::optional<LogState>> states;  // nullopt: removed
  std::unordered_map<PartitionId, ReplicaId> minimum;
  std::vector<Garbage> garbage;
  std::string scratch;

  void put(ReplicaAddress address, LogRowKind kind, const std::string& value) {
    rows.Put(log_key(address, kind), value);
  }
  Garbage* garbage_of(ReplicaAddress address) {
    const auto found = std::find_if(garbage.begin(), garbage.end(),
                                    [&](const Garbage& g) { return g.replica == address && !g.removed; });
    return found == garbage.end() ? nullptr : &*found;
  }
  // Entries up to `to` are dead now; `first` was the first live one. Where the dead ones begin; to + 1 where
  // there are none.
  Index add_garbage(ReplicaAddress address, Index first, Index to) {
    if (Garbage* known = garbage_of(address)) {
      known->to = std::max(known->to, to);
      return known->from;
    }
    if (first > to) return to + 1;
    garbage.push_back({address, first, to, false});
    return first;
  }
};

LogState* LogStore::staged(Batch& batch, ReplicaAddress address) const {
  const auto found = batch.states.find(address);
  if (found != batch.states.end()) return found->second ? &*found->second : nullptr;
  auto known = state(address);
  if (!known) return nullptr;
  return &*batch.states.emplace(address, std::move(known)).first->second;
}

void LogStore::stage_reset(Batch& batch, const LogUpdate& update) const {
  const ReplicaAddress address = update.replica;
  const LogBase& base = *update.reset;
  LogState next;
  Index physical_first = base.index + 1;
  if (const LogState* old = staged(batch, address)) {
    STATOR_ASSERT(base.index >= old->base.index, "a log never begins anew below its base");
    next.hard_state = old->hard_state;
    next.items_synced = old->items_synced;
    // What lies above the new base would be taken for new entries: it goes at once. The rest is garbage.
    EntryKey key(address);
    for (Index index = std::max(old->first(), base.index + 1); index <= old->last; ++index) {
      batch.rows.Delete(slice(key.at(index)));
    }
    const bool any = batch.garbage_of(address) || old->last > old->base.index;
    if (any) physical_first = batch.add_garbage(address, old->first(), std::min(base.index, old->last));
  } else {
    STATOR_ASSERT(address.replica >= minimum_replica(address.partition),
                  "a replica below the partition's minimum");
    STATOR_ASSERT(address.replica, "a replica has an id");
  }
  next.base = base;
  next.last = base.index;
  next.last_term = base.term;
  if (update.items_synced) next.items_synced = std::max(next.items_synced, *update.items_synced);
  STATOR_ASSERT(base.index <= next.items_synced, "a log begins only behind what items/ holds for sure");
  const std::string key = log_key(address, LogRowKind::kBase);
  batch.rows.Put(key, encode_base(key, {base, physical_first}));
  batch.states[address] = std::move(next);
}

void LogStore::stage_entries(Batch& batch, LogState& state, const LogUpdate& update) const {
  const Index first = update.entries.front().index;
  STATOR_ASSERT(first > state.base.index, "entries at or below the base are settled");
  STATOR_ASSERT(first <= state.last + 1, "entries without a gap");
  const Index old_last = state.last;
  if (first <= old_last) {  // the bytes of what is replaced, on average
    const uint64_t count = old_last - state.base.index;
    state.bytes -= state.bytes / count * (old_last - first + 1);
  }
  EntryKey key(update.replica);
  Index expected = first;
  for (const Entry& entry : update.entries) {
    STATOR_ASSERT(entry.index == expected, "entries without a gap");
    ++expected;
    const std::string_view row_key = key.at(entry.index);
    encode_entry(row_key, entry, batch.scratch);
    batch.rows.Put(slice(row_key), batch.scratch);
    state.bytes += row_key.size() + batch.scratch.size();
  }
  for (Index index = expected; index <= old_last; ++index) batch.rows.Delete(slice(key.at(index)));
  state.last = update.entries.back().index;
  state.last_term = update.entries.back().term;
}

void LogStore::stage_cut(Batch& batch, LogState& state, const LogUpdate& update) const {
  const LogBase& base = *update.cut;
  if (base.index <= state.base.index) return;
  STATOR_ASSERT(base.index <= state.last, "a cut lies within the log");
  STATOR_ASSERT(base.index <= state.items_synced, "the log is cut only up to what a synced items/ covers");
  const uint64_t count = state.last - state.base.index;
  state.bytes -= state.bytes / count * (base.index - state.base.index);
  const Index physical_first = batch.add_garbage(update.replica, state.first(), base.index);
  state.base = base;
  if (base.index == state.last) state.last_term = base.term;
  const std::string key = log_key(update.replica, LogRowKind::kBase);
  batch.rows.Put(key, encode_base(key, {base, physical_first}));
}

void LogStore::stage_removal(Batch& batch, const LogUpdate& update) const {
  const ReplicaAddress address = update.replica;
  const ReplicaAddress of_partition{address.partition, ReplicaId()};
  const auto known = batch.minimum.find(address.partition);
  const ReplicaId old = known != batch.minimum.end() ? known->second : minimum_replica(address.partition);
  const ReplicaId minimum = std::max(old, *update.remove_with_minimum);
  const std::string key = log_key(of_partition, LogRowKind::kMinimumReplica);
  batch.rows.Put(key, encode_number(key, minimum.value));
  batch.minimum[address.partition] = minimum;

  const LogState* state = staged(batch, address);
  if (!state) return;
  for (const LogRowKind kind : {LogRowKind::kHardState, LogRowKind::kBase, LogRowKind::kItemsSynced}) {
    batch.rows.Delete(log_key(address, kind));
  }
  Garbage dead{address, state->first(), state->last, true};
  if (const Garbage* below = batch.garbage_of(address)) {
    dead.from = below->from;
    std::erase_if(batch.garbage, [&](const Garbage& g) { return g.replica == address; });
  }
  const std::string removed = log_key(address, LogRowKind::kRemoved);
  batch.rows.Put(removed, encode_range(removed, {dead.from, dead.to}));
  batch.garbage.push_back(dead);
  batch.states[address] = std::nullopt;
}

void LogStore::stage_garbage(Batch& batch) {
  size_t budget = kGarbageRowsPerWrite;
  for (Garbage& garbage : batch.garbage) {
    EntryKey key(garbage.replica);
    for (; budget > 0 && garbage.from <= garbage.to; --budget, ++garbage.from) {
      batch.rows.Delete(slice(key.at(garbage.from)));
    }
    if (garbage.from > garbage.to && garbage.removed)
      batch.rows.Delete(log_key(garbage.replica, LogRowKind::kRemoved));
    if (budget == 0) break;
  }
  std::erase_if(batch.garbage, [](const Garbage& garbage) { return garbage.from > garbage.to; });
}

void LogStore::stage(Batch& batch, const LogUpdate& update) const {
  if (update.remove_with_minimum) return stage_removal(batch, update);
  if (update.reset) stage_reset(batch, update);
  LogState* state = staged(batch, update.replica);
  STATOR_ASSERT(state != nullptr, "a replica begins with a reset");
  if (update.hard_state) {
    STATOR_ASSERT(update.hard_state->term >= state->hard_state.term, "terms only rise");
    const std::string key = log_key(update.replica, LogRowKind::kHardState);
    batch.rows.Put(key, encode_hard_state(key, *update.hard_state));
    state->hard_state = *update.hard_state;
  }
  if (!update.entries.empty()) stage_entries(batch, *state, update);
  if (update.items_synced) {
    state->items_synced = std::max(state->items_synced, *update.items_synced);
    const std::string key = log_key(update.replica, LogRowKind::kItemsSynced);
    batch.rows.Put(key, encode_number(key, state->items_synced));
  }
  if (update.cut) stage_cut(batch, *state, update);
}

Result<void> LogStore::write(std::span<const LogUpdate> updates) {
  std::lock_guard writing(write_mutex_);
  Batch batch;
  batch.garbage = garbage_;
  for (const LogUpdate& update : updates) stage(batch, update);
  stage_garbage(batch);
  if (auto written = engine_->write(batch.rows, true); !written) return written;
  garbage_ = std::move(batch.garbage);
  std::lock_guard lock(mutex_);
  for (auto& [address, state] : batch.states) {
    if (state) {
      replicas_[address] = std::move(*state);
    } else {
      replicas_.erase(address);
    }
  }
  for (const auto& [partition, minimum] : batch.minimum) minimum_[partition] = minimum;
  return {};
}

Result<void> LogStore::set_incarnation(const std::string& incarnation) {
  std::lock_guard writing(write_mutex_);
  leveldb::WriteBatch batch;
  batch.Put(incarnation_key(), incarnation);
  return engine_->write(batch, true);
}

}  // namespace stator::storage
