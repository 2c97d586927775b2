// ItemStore (item_store.h): rows in spaces, states of partitions, and which spaces are in use.
//
// Why sync() covers everything: it syncs LevelDB's current log; the logs before it were synced when they were
// closed (DatabaseEnv), and what is in tables was synced before the MANIFEST named them.
#include "storage/item_store.h"

#include <algorithm>
#include <cstring>

#include "model/assert.h"

namespace stator::storage {

namespace {

std::string_view view(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }
leveldb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

// A row's key in memory that is reused from row to row.
class RowKey {
 public:
  leveldb::Slice at(SpaceId space, RowKind kind, std::string_view key) {
    key_.clear();
    append_u64_be(key_, space.value);
    key_.push_back(static_cast<char>(kind));
    key_.append(key);
    return key_;
  }

 private:
  std::string key_;
};

void add_rows(leveldb::WriteBatch& batch, SpaceId space, std::span<const RowChange> rows) {
  RowKey key;
  for (const RowChange& row : rows) {
    const leveldb::Slice row_key = key.at(space, row.kind, row.key);
    if (row.value) {
      batch.Put(row_key, *row.value);
    } else {
      batch.Delete(row_key);
    }
  }
}

}  // namespace

size_t ApplyBatch::bytes() const {
  constexpr size_t kState = 512;  // encoded, roughly
  constexpr size_t kRow = kRowKeyPrefix + 16;
  size_t bytes = kState * (1 + born.size()) + state.request_ids.size() + state.extension.size();
  for (const RowChange& row : rows) bytes += kRow + row.key.size() + (row.value ? row.value->size() : 0);
  return bytes;
}

Snapshot::Snapshot(Snapshot&& other) noexcept
    : engine_(std::exchange(other.engine_, nullptr)), snapshot_(std::exchange(other.snapshot_, nullptr)) {}

Snapshot& Snapshot::operator=(Snapshot&& other) noexcept {
  std::swap(engine_, other.engine_);
  std::swap(snapshot_, other.snapshot_);
  return *this;
}

Snapshot::~Snapshot() {
  if (snapshot_) engine_->release_snapshot(snapshot_);
}

std::string_view RowIterator::key() const { return view(iterator_->key()).substr(kRowKeyPrefix); }
std::string_view RowIterator::value() const { return view(iterator_->value()); }

void RowIterator::next() {
  STATOR_ASSERT(valid_, "next() of an iterator at its end");
  forward_ ? iterator_->Next() : iterator_->Prev();
  check();
}

void RowIterator::check() {
  valid_ =
      iterator_->Valid() && (forward_ ? view(iterator_->key()) < upper_ : view(iterator_->key()) >= lower_);
}

Result<void> RowIterator::status() const {
  if (!iterator_->status().ok()) return Failure(engine_->read_error(iterator_->status()));
  return {};
}

Result<std::unique_ptr<ItemStore>> ItemStore::open(std::unique_ptr<Engine> engine) {
  std::unique_ptr<ItemStore> store(new ItemStore(std::move(engine)));
  if (auto loaded = store->load(); !loaded) return Failure(std::move(loaded.error()));
  return store;
}

Result<void> ItemStore::load_state(std::string_view key, std::string_view value) {
  if (key.size() != kRowKeyPrefix + sizeof(uint64_t)) {
    return Failure(Error{ErrorCode::kCorruption, "A key in items/ is none of ours", engine_->path()});
  }
  auto state = decode_partition_state(PartitionId(read_u64_be(key.data() + kRowKeyPrefix)), value);
  if (!state) {
    state.error().path = engine_->path();
    return Failure(std::move(state.error()));
  }
  held_[state->partition] = {{state->partition, state->replica}, state->space, state->applied.index};
  return {};
}

Result<void> ItemStore::load() {
  const auto rows = engine_->iterate();
  const std::string prefix = space_prefix(SpaceId(0));
  for (rows->Seek(prefix); rows->Valid() && view(rows->key()).starts_with(prefix); rows->Next()) {
    const std::string_view key = view(rows->key());
    const auto kind = key.size() > 8 ? static_cast<StoreRowKind>(key[8]) : StoreRowKind{};
    if (kind == StoreRowKind::kPartitionState) {
      if (auto loaded = load_state(key, view(rows->value())); !loaded) return loaded;
    } else if (kind == StoreRowKind::kSpace && key.size() == kRowKeyPrefix + 8) {
      references_[SpaceId(read_u64_be(key.data() + kRowKeyPrefix))] = 0;
    } else if (kind == StoreRowKind::kNextSpace && rows->value().size() == 8) {
      next_space_ = read_u64_be(rows->value().data());
    } else {
      return Failure(Error{ErrorCode::kCorruption, "A key in items/ is none of ours", engine_->path()});
    }
  }
  if (!rows->status().ok()) return Failure(engine_->read_error(rows->status()));
  for (const auto& [partition, held] : held_) {
    const auto space = references_.find(held.space);
    if (space == references_.end()) {
      return Failure(Error{ErrorCode::kCorruption,
                           "The rows of partition " + std::to_string(partition.value) +
                               " lie in a space that items/ does " +
                               "not know; remove this replica and add a new one",
                           engine_->path()});
    }
    ++space->second;
  }
  // Nobody's: a dropped one whose deletion was under way, or a snapshot that was not finished.
  for (const auto& [space, count] : references_) {
    if (count == 0) dropped_.push_back(space);
  }
  std::sort(dropped_.begin(), dropped_.end());
  for (const SpaceId space : dropped_) references_.erase(space);
  return {};
}

Snapshot ItemStore::snapshot() const { return Snapshot(engine_.get(), engine_->take_snapshot()); }

Result<std::optional<std::string>> ItemStore::get(SpaceId space, RowKind kind, std::string_view key,
                                                  const Snapshot* snapshot) const {
  return engine_->get(row_key(space, kind, key), snapshot ? snapshot->snapshot_ : nullptr);
}

RowIterator ItemStore::scan(SpaceId space, RowKind kind, const model::KeyRange& range,
                            const ScanOptions& options, const Snapshot* snapshot) const {
  RowIterator rows;
  rows.engine_ = engine_.get();
  rows.iterator_ = engine_->iterate(snapshot ? snapshot->snapshot_ : nullptr, options.fill_cache);
  rows.lower_ = row_key(space, kind, range.from);
  rows.upper_ =
      range.to.empty() ? model::prefix_end(kind_prefix(space, kind)) : row_key(space, kind, range.to);
  rows.forward_ = options.forward;
  leveldb::Iterator& at = *rows.iterator_;
  if (options.forward) {
    at.Seek(slice(rows.lower_));
  } else {
    at.Seek(slice(rows.upper_));
    at.Valid() ? at.Prev() : at.SeekToLast();
  }
  rows.check();
  return rows;
}

Result<PartitionState> ItemStore::partition_state(PartitionId partition, const Snapshot* snapshot) const {
  auto row = engine_->get(partition_state_key(partition), snapshot ? snapshot->snapshot_ : nullptr);
  if (!row) return Failure(std::move(row.error()));
  if (!row->has_value()) {
    return Failure(Error{ErrorCode::kNotFound, "items/ holds no partition " + std::to_string(partition.value),
                         engine_->path()});
  }
  auto state = decode_partition_state(partition, **row);
  if (!state) state.error().path = engine_->path();
  return state;
}

Result<std::vector<PartitionState>> ItemStore::partition_states() const {
  std::vector<PartitionId> partitions;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [partition, held] : held_) partitions.push_back(partition);
  }
  std::sort(partitions.begin(), partitions.end());
  const Snapshot now = snapshot();
  std::vector<PartitionState> states;
  for (const PartitionId partition : partitions) {
    auto state = partition_state(partition, &now);
    if (!state && state.error().code == ErrorCode::kNotFound) continue;  // gone since
    if (!state) return Failure(std::move(state.error()));
    states.push_back(std::move(*state));
  }
  return states;
}

uint64_t ItemStore::approximate_bytes(SpaceId space) const {
  return engine_->approximate_bytes(space_prefix(space), space_prefix(SpaceId(space.value + 1)));
}

bool ItemStore::is_live(SpaceId space) const {
  std::lock_guard lock(mutex_);
  return references_.contains(space);
}

void ItemStore::stage_state(Changes& changes, const PartitionState& state) const {
  STATOR_ASSERT(references_.contains(state.space), "a partition's space was allocated and not dropped");
  const auto staged = changes.find(state.partition);
  std::optional<Held> before;
  if (staged != changes.end()) {
    before = staged->second;
  } else if (const auto held = held_.find(state.partition); held != held_.end()) {
    before = held->second;
  }
  const bool same_rows = before && before->space == state.space && before->replica.replica == state.replica;
  STATOR_ASSERT(!same_rows || before->applied <= state.applied.index, "the applied index never falls");
  changes[state.partition] = Held{{state.partition, state.replica}, state.space, state.applied.index};
}

// Whether the partition's replica here is that of `state`.
bool ItemStore::is_held(const Changes& changes, const PartitionState& state) const {
  if (const auto staged = changes.find(state.partition); staged != changes.end())
    return staged->second && staged->second->replica.replica == state.replica;
  const auto held = held_.find(state.partition);
  return held != held_.end() && held->second.replica.replica == state.replica;
}

void ItemStore::count(SpaceId space, int change) {
  const auto found = references_.find(space);
  STATOR_ASSERT(found != references_.end(), "only known spaces are counted");
  found->second += change;
  if (found->second != 0 || change > 0) return;
  references_.erase(found);
  dropped_.push_back(space);
}

void ItemStore::install(const Changes& changes) {
  std::lock_guard lock(mutex_);
  // New uses first, so that a space that passes from one partition to another is not dropped between.
  for (const auto& [partition, held] : changes) {
    if (held) count(held->space, 1);
  }
  for (const auto& [partition, held] : changes) {
    const auto before = held_.find(partition);
    if (before != held_.end()) count(before->second.space, -1);
    if (held) {
      held_[partition] = *held;
    } else if (before != held_.end()) {
      held_.erase(before);
    }
  }
}

Result<void> ItemStore::apply(std::span<const ApplyBatch> batches) {
  std::lock_guard writing(write_mutex_);
  leveldb::WriteBatch rows;
  Changes changes;
  std::unordered_map<PartitionId, const PartitionState*>
      newest;  // of several states of a partition only the last is stored
  {
    std::lock_guard lock(mutex_);
    for (const ApplyBatch& batch : batches) {
      const bool leaves = std::find(batch.gone.begin(), batch.gone.end(), batch.state.partition) != batch.gone.end();
      if (leaves && !is_held(changes, batch.state)) continue;
      stage_state(changes, batch.state);
      newest[batch.state.partition] = &batch.state;
      for (const PartitionState& born : batch.born) {
        stage_state(changes, born);
        newest[born.partition] = &born;
      }
      for (const PartitionId gone : batch.gone) {
        changes[gone] = std::nullopt;
        newest.erase(gone);
      }
    }
  }
  for (const ApplyBatch& batch : batches) add_rows(rows, batch.state.space, batch.rows);
  for (const auto& [partition, held] : changes) {
    if (held) {
      rows.Put(partition_state_key(partition), encode_partition_state(*newest.at(partition)));
    } else {
      rows.Delete(partition_state_key(partition));
    }
  }
  if (auto written = engine_->write(rows, false); !written) return written;
  unsynced_ = true;
  install(changes);
  return {};
}

Result<void> ItemStore::remove_partition(PartitionId partition) {
  std::lock_guard writing(write_mutex_);
  leveldb::WriteBatch rows;
  rows.Delete(partition_state_key(partition));
  if (auto written = engine_->write(rows, false); !written) return written;
  unsynced_ = true;
  install({{partition, std::nullopt}});
  return {};
}

Result<std::vector<SyncedIndex>> ItemStore::sync() {
  std::lock_guard writing(write_mutex_);
  if (unsynced_) {
    leveldb::WriteBatch nothing;
    if (auto written = engine_->write(nothing, true); !written) return Failure(std::move(written.error()));
    unsynced_ = false;
  }
  std::vector<SyncedIndex> synced;
  std::lock_guard lock(mutex_);
  for (const auto& [partition, held] : held_) synced.push_back({held.replica, held.applied});
  return synced;
}

Result<SpaceId> ItemStore::allocate_space() {
  std::lock_guard writing(write_mutex_);
  const SpaceId space(next_space_);
  // Not synced: whatever survives of a use of this space, the numbers before it survive too.
  leveldb::WriteBatch rows;
  rows.Put(space_key(space), {});
  std::string next;
  append_u64_be(next, next_space_ + 1);
  rows.Put(next_space_key(), next);
  if (auto written = engine_->write(rows, false); !written) return Failure(std::move(written.error()));
  unsynced_ = true;
  ++next_space_;
  std::lock_guard lock(mutex_);
  references_[space] = 0;
  return space;
}

Result<void> ItemStore::write_rows(SpaceId space, std::span<const RowChange> changes) {
  std::lock_guard writing(write_mutex_);
  {
    std::lock_guard lock(mutex_);
    const auto found = references_.find(space);
    STATOR_ASSERT(found != references_.end() && found->second == 0,
                  "rows go into a space that no partition uses yet");
  }
  leveldb::WriteBatch rows;
  add_rows(rows, space, changes);
  unsynced_ = true;
  return engine_->write(rows, false);
}

void ItemStore::abandon_space(SpaceId space) {
  std::lock_guard lock(mutex_);
  const auto found = references_.find(space);
  STATOR_ASSERT(found != references_.end() && found->second == 0,
                "only a space that no partition uses is given up");
  references_.erase(found);
  dropped_.push_back(space);
}

std::optional<SpaceId> ItemStore::dropped_space() const {
  std::lock_guard lock(mutex_);
  if (dropped_.empty()) return std::nullopt;
  return dropped_.front();
}

bool ItemStore::has_dropped_spaces() const { return dropped_space().has_value(); }

Result<bool> ItemStore::delete_dropped_rows(size_t rows_max) {
  std::lock_guard writing(write_mutex_);
  const auto space = dropped_space();
  if (!space) return false;
  // From where the last call ended: a seek across deleted rows takes half a second a million.
  const std::string prefix = space_prefix(*space);
  const auto rows = engine_->iterate(nullptr, false);
  leveldb::WriteBatch batch;
  size_t deleted = 0;
  rows->Seek(resume_.empty() ? prefix : resume_);
  for (; deleted < rows_max && rows->Valid() && view(rows->key()).starts_with(prefix);
       rows->Next(), ++deleted) {
    batch.Delete(rows->key());
  }
  if (!rows->status().ok()) return Failure(engine_->read_error(rows->status()));
  const bool done = !rows->Valid() || !view(rows->key()).starts_with(prefix);
  std::string next = done ? std::string() : rows->key().ToString();
  if (done) batch.Delete(space_key(*space));
  if (auto written = engine_->write(batch, false); !written) return Failure(std::move(written.error()));
  unsynced_ = true;
  resume_ = std::move(next);
  std::lock_guard lock(mutex_);
  if (done) dropped_.pop_front();
  return !dropped_.empty();
}

}  // namespace stator::storage
