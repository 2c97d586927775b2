// LogStore's loading and reading; writing is log_store_write.cpp's. Rows are log_rows.h's, keys
// key_layout.h's.
//
// A deleted row costs every later seek across it until a compaction, so nothing here seeks to the beginning
// of a log: its first index is in the base row, and scans start at it.
#include "storage/log_store.h"

#include <algorithm>

#include "model/assert.h"
#include "storage/log_rows.h"

namespace stator::storage {

namespace {

std::string_view view(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }
leveldb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

size_t LogUpdate::bytes() const {
  constexpr size_t kFixed = 96;
  size_t bytes = kFixed;
  for (const Entry& entry : entries)
    bytes += kLogKeyPrefix + 8 + kEntryHeader + (entry.data ? entry.data->size() : 0);
  return bytes;
}

Error LogStore::row_error(ReplicaAddress address, const char* row, std::string_view value) const {
  const bool format = !value.empty() && unknown_format(value);
  return Error{format ? ErrorCode::kFormat : ErrorCode::kCorruption,
               std::string("The ") + row + " of " + to_string(address) +
                   (format ? " has a format that this version does not know; run the version that wrote it"
                           : " is damaged in log/; remove this replica and add a new one"),
               engine_->path()};
}

Error LogStore::entry_error(ReplicaAddress address, Index index, std::string_view value) const {
  return row_error(address, ("log entry " + std::to_string(index)).c_str(), value);
}

Result<std::unique_ptr<LogStore>> LogStore::open(std::unique_ptr<Engine> engine) {
  std::unique_ptr<LogStore> store(new LogStore(std::move(engine)));
  if (auto loaded = store->load(); !loaded) return Failure(std::move(loaded.error()));
  return store;
}

Result<void> LogStore::load() {
  const auto rows = engine_->iterate();
  rows->SeekToFirst();
  while (rows->Valid() && view(rows->key()) != incarnation_key()) {
    const auto key = parse_log_key(view(rows->key()));
    if (!key) return Failure(Error{ErrorCode::kCorruption, "A key in log/ is none of ours", engine_->path()});
    const ReplicaAddress address = key->address;
    if (key->kind == LogRowKind::kMinimumReplica) {
      const auto minimum = decode_number(view(rows->key()), view(rows->value()));
      if (!minimum) return Failure(row_error(address, "smallest replica id", view(rows->value())));
      minimum_[address.partition] = ReplicaId(*minimum);
      rows->Next();
    } else if (key->kind == LogRowKind::kRemoved) {
      const auto range = decode_range(view(rows->key()), view(rows->value()));
      if (!range) return Failure(row_error(address, "removal", view(rows->value())));
      garbage_.push_back({address, range->from, range->to, true});
      rows->Next();
    } else if (key->kind == LogRowKind::kEntry) {
      // Left over from a removed replica (its row follows), since a live one's are passed by below.
      rows->Seek(slice(log_key(address, LogRowKind::kRemoved)));
      if (!rows->Valid() || view(rows->key()) != log_key(address, LogRowKind::kRemoved)) {
        return Failure(row_error(address, "base", {}));
      }
    } else {
      if (auto loaded = load_replica(address); !loaded) return loaded;
      rows->Seek(slice(log_key(address, LogRowKind::kRemoved)));
    }
  }
  if (!rows->status().ok()) return Failure(engine_->read_error(rows->status()));
  return {};
}

Result<void> LogStore::load_replica(ReplicaAddress address) {
  LogState state;
  const auto row = [&](LogRowKind kind) { return engine_->get(log_key(address, kind)); };

  auto base_row = row(LogRowKind::kBase);
  if (!base_row) return Failure(std::move(base_row.error()));
  const std::string base_value = base_row->value_or("");
  const auto base = decode_base(log_key(address, LogRowKind::kBase), base_value);
  if (!base) return Failure(row_error(address, "base", base_value));
  state.base = base->base;
  if (base->physical_first <= state.base.index) {
    garbage_.push_back({address, base->physical_first, state.base.index, false});
  }

  auto hard = row(LogRowKind::kHardState);
  if (!hard) return Failure(std::move(hard.error()));
  if (hard->has_value()) {
    const auto decoded = decode_hard_state(log_key(address, LogRowKind::kHardState), **hard);
    if (!decoded) return Failure(row_error(address, "term and vote", **hard));
    state.hard_state = *decoded;
  }

  auto synced = row(LogRowKind::kItemsSynced);
  if (!synced) return Failure(std::move(synced.error()));
  if (synced->has_value()) {
    const auto decoded = decode_number(log_key(address, LogRowKind::kItemsSynced), **synced);
    if (!decoded) return Failure(row_error(address, "items-synced mark", **synced));
    state.items_synced = *decoded;
  }

  if (auto loaded = load_last_entry(address, state); !loaded) return loaded;
  if (state.items_synced < state.base.index) return Failure(row_error(address, "items-synced mark", {}));
  replicas_.emplace(address, std::move(state));
  return {};
}

Result<void> LogStore::load_last_entry(ReplicaAddress address, LogState& state) const {
  state.last = state.base.index;
  state.last_term = state.base.term;
  const auto rows = engine_->iterate();
  // Forwards first: in an emptied log, a step backwards would walk over everything that was deleted.
  const std::string first = entry_key(address, state.first());
  const std::string end = log_key(address, LogRowKind::kRemoved);
  rows->Seek(slice(first));
  if (!rows->status().ok()) return Failure(engine_->read_error(rows->status()));
  if (!rows->Valid() || view(rows->key()) >= end) return {};
  if (view(rows->key()) != first) return Failure(entry_error(address, state.first(), {}));
  rows->Seek(slice(end));
  rows->Valid() ? rows->Prev() : rows->SeekToLast();
  if (!rows->status().ok())
    return Failure(engine_->read_error(rows->status()));  // a damaged block is passed over
  if (!rows->Valid()) return Failure(entry_error(address, state.first(), {}));
  const auto key = parse_log_key(view(rows->key()));
  if (!key || key->address != address || key->kind != LogRowKind::kEntry) {
    return Failure(entry_error(address, state.first(), {}));
  }
  const auto entry = decode_entry(view(rows->key()), view(rows->value()), false);
  if (!entry) return Failure(entry_error(address, key->index, view(rows->value())));
  state.last = key->index;
  state.last_term = entry->term;
  state.bytes = engine_->approximate_bytes(first, end);
  return {};
}

std::vector<ReplicaAddress> LogStore::replicas() const {
  std::vector<ReplicaAddress> addresses;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [address, state] : replicas_) addresses.push_back(address);
  }
  std::sort(addresses.begin(), addresses.end());
  return addresses;
}

std::optional<LogState> LogStore::state(ReplicaAddress replica) const {
  std::lock_guard lock(mutex_);
  const auto found = replicas_.find(replica);
  if (found == replicas_.end()) return std::nullopt;
  return found->second;
}

ReplicaId LogStore::minimum_replica(PartitionId partition) const {
  std::lock_guard lock(mutex_);
  const auto found = minimum_.find(partition);
  return found == minimum_.end() ? ReplicaId() : found->second;
}

Result<std::optional<std::vector<Entry>>> LogStore::read_range(ReplicaAddress replica, Index from, Index to,
                                                               size_t max_bytes) const {
  const auto known = state(replica);
  if (!known)
    return Failure(Error{ErrorCode::kNotFound, "log/ holds no " + to_string(replica), engine_->path()});
  if (from <= known->base.index) {
    return Failure(Error{ErrorCode::kCompacted,
                         "The log of " + to_string(replica) + " begins at " + std::to_string(known->first()) +
                             ", behind " + std::to_string(from),
                         engine_->path()});
  }
  std::vector<Entry> entries;
  to = std::min(to, known->last);
  if (from > to) return std::optional(std::move(entries));
  const auto rows = engine_->iterate();
  size_t bytes = 0;
  std::string key = entry_key(replica, from);
  rows->Seek(slice(key));
  for (Index index = from; index <= to; ++index, rows->Next()) {
    const uint64_t big = __builtin_bswap64(index);
    key.replace(kLogKeyPrefix, sizeof big, reinterpret_cast<const char*>(&big), sizeof big);
    if (!rows->Valid() || view(rows->key()) != key) {
      if (!rows->status().ok()) {
        Error error = engine_->read_error(rows->status());
        error.what += " at log entry " + std::to_string(index) + " of " + to_string(replica);
        return Failure(std::move(error));
      }
      return std::optional<std::vector<Entry>>();
    }
    auto entry = decode_entry(key, view(rows->value()));
    if (!entry) return Failure(entry_error(replica, index, view(rows->value())));
    entry->index = index;
    bytes += entry->data->size();
    if (!entries.empty() && bytes > max_bytes) break;
    entries.push_back(std::move(*entry));
  }
  return std::optional(std::move(entries));
}

Result<std::vector<Entry>> LogStore::read(ReplicaAddress replica, Index from, Index to,
                                          size_t max_bytes) const {
  STATOR_ASSERT(from >= 1, "entries begin at 1");
  auto entries = read_range(replica, from, to, max_bytes);
  if (!entries) return Failure(std::move(entries.error()));
  if (entries->has_value()) return std::move(**entries);
  // A write may have cut the log between the look at its state and the look at its rows. Without one, a hole
  // is damage.
  std::lock_guard lock(write_mutex_);
  entries = read_range(replica, from, to, max_bytes);
  if (!entries) return Failure(std::move(entries.error()));
  if (!entries->has_value()) return Failure(entry_error(replica, from, {}));
  return std::move(**entries);
}

Result<Term> LogStore::term(ReplicaAddress replica, Index index) const {
  const auto known = state(replica);
  if (!known)
    return Failure(Error{ErrorCode::kNotFound, "log/ holds no " + to_string(replica), engine_->path()});
  if (index == known->base.index) return known->base.term;
  if (index == known->last) return known->last_term;
  if (index > known->last) {
    return Failure(Error{ErrorCode::kNotFound,
                         "The log of " + to_string(replica) + " has no entry " + std::to_string(index),
                         engine_->path()});
  }
  if (index < known->base.index) {
    return Failure(
        Error{ErrorCode::kCompacted,
              "The log of " + to_string(replica) + " has no entry " + std::to_string(index) + " any more",
              engine_->path()});
  }
  auto entries = read(replica, index, index, 0);
  if (!entries) return Failure(std::move(entries.error()));
  if (entries->empty()) {  // truncated since
    return Failure(Error{ErrorCode::kNotFound,
                         "The log of " + to_string(replica) + " has no entry " + std::to_string(index),
                         engine_->path()});
  }
  return entries->front().term;
}

Result<void> LogStore::verify(ReplicaAddress replica) const {
  constexpr size_t kPage = 1024 * 1024;
  const auto known = state(replica);
  if (!known)
    return Failure(Error{ErrorCode::kNotFound, "log/ holds no " + to_string(replica), engine_->path()});
  Term term = known->base.term;
  for (Index next = known->first(); next <= known->last;) {
    const auto entries = read(replica, next, known->last, kPage);
    if (!entries) {
      if (entries.error().code != ErrorCode::kCompacted) return Failure(entries.error());
      const auto now = state(replica);  // it was cut meanwhile
      if (!now) return {};
      next = now->first();
      term = now->base.term;
      continue;
    }
    if (entries->empty()) return {};  // truncated meanwhile
    for (const Entry& entry : *entries) {
      if (entry.term < term) return Failure(entry_error(replica, entry.index, {}));
      term = entry.term;
    }
    next = entries->back().index + 1;
  }
  return {};
}

Result<std::string> LogStore::incarnation() const {
  auto value = engine_->get(incarnation_key());
  if (!value) return Failure(std::move(value.error()));
  return value->value_or("");
}

}  // namespace stator::storage
