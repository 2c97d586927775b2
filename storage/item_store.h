// ItemStore: the applied state of all partitions of a store (items/). Rows lie in spaces, node-local numbers
// that are never used twice; a partition's state row says which space is its own (key_layout.h,
// partition_state.h).
//
// Writes are not synced. They need not be: a batch carries its partition's applied index, LevelDB recovers a
// prefix of the batches (wal_check.h makes sure that it is one), and the Raft log replays the rest. sync()
// makes everything before it durable, and only then may the log be cut. All of it is thread-safe; the
// applier's thread is the usual writer.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/engine.h"
#include "storage/key_layout.h"
#include "storage/partition_state.h"

namespace stator::storage {

struct RowChange {
  RowKind kind = RowKind::kItem;
  std::string key;                   // without space and kind
  std::optional<std::string> value;  // nullopt: the row is deleted
};

// What applying some entries of one partition comes to. Atomic.
struct ApplyBatch {
  PartitionState state;              // after it. Its space is where `rows` go
  std::vector<RowChange> rows;       // in order: of two changes to one key the later holds
  std::vector<PartitionState> born;  // partitions that come to be in the same step (a split's right half)
  // Partitions that this store holds no more. Where `state`'s own is among them, the replica of `state` goes: one that is
  // gone already, or has a successor here under another id, changes nothing.
  std::vector<PartitionId> gone;
  size_t bytes() const;
};

// A partition's rows up to here survive a power loss.
struct SyncedIndex {
  ReplicaAddress replica;
  raft::Index index = 0;
};

class ItemStore;

// The store as of one moment, for reads that must agree with each other. Movable; released when destroyed. It
// keeps old versions of rows on disk while it lives: keep it for one page or one paced scan. Any thread; must
// not outlive its store.
class Snapshot {
 public:
  Snapshot() = default;
  Snapshot(Snapshot&& other) noexcept;
  Snapshot& operator=(Snapshot&& other) noexcept;
  ~Snapshot();
  explicit operator bool() const { return snapshot_ != nullptr; }

 private:
  friend class ItemStore;
  Snapshot(const Engine* engine, const leveldb::Snapshot* snapshot) : engine_(engine), snapshot_(snapshot) {}
  const Engine* engine_ = nullptr;
  const leveldb::Snapshot* snapshot_ = nullptr;
};

// Walks the rows of one kind within a range of keys, forwards or backwards, never beyond its bounds. One
// thread at a time; must not outlive its store or the snapshot it was made from.
//   for (auto rows = store.scan(...); rows.valid(); rows.next()) use(rows.key(), rows.value());
// Check rows.status() before the page is used: LevelDB passes over a damaged block as if it held nothing.
class RowIterator {
 public:
  bool valid() const { return valid_; }
  // Requires valid(). Views until the next next(). key() is without space and kind.
  std::string_view key() const;
  std::string_view value() const;
  void next();
  Result<void> status() const;

 private:
  friend class ItemStore;
  void check();
  const Engine* engine_ = nullptr;
  std::unique_ptr<leveldb::Iterator> iterator_;
  std::string lower_;  // inclusive, whole keys
  std::string upper_;  // exclusive
  bool forward_ = true;
  bool valid_ = false;
};

struct ScanOptions {
  bool forward = true;
  bool fill_cache = true;  // false for scans that read much once
};

class ItemStore {
 public:
  // Reads the states of all partitions. kCorruption names the partition whose row is damaged.
  static Result<std::unique_ptr<ItemStore>> open(std::unique_ptr<Engine> engine);

  // --- Reading ---
  Snapshot snapshot() const;
  // nullopt where there is no such row. Without a snapshot: as of now.
  Result<std::optional<std::string>> get(SpaceId space, RowKind kind, std::string_view key,
                                         const Snapshot* snapshot = nullptr) const;
  // `range.to` empty: to the end of the kind.
  RowIterator scan(SpaceId space, RowKind kind, const model::KeyRange& range, const ScanOptions& options = {},
                   const Snapshot* snapshot = nullptr) const;
  // kNotFound where this store holds no such partition. With a snapshot: its applied index belongs to the
  // rows seen there.
  Result<PartitionState> partition_state(PartitionId partition, const Snapshot* snapshot = nullptr) const;
  Result<std::vector<PartitionState>> partition_states() const;  // as of one moment, sorted by partition
  uint64_t approximate_bytes(SpaceId space) const;
  // Whether what a read of this space just found is whole: nothing of it was deleted meanwhile. False once an
  // installed snapshot, or the end of its partition, has taken the space's place. For a scan: asked after it
  // was begun.
  bool is_live(SpaceId space) const;

  // --- Writing ---
  // One LevelDB batch, not synced. A partition may occur several times; its applied index must not fall
  // (assertion), except where its space changes (a snapshot took its place).
  Result<void> apply(std::span<const ApplyBatch> batches);
  // This store holds the partition no more; its space is deleted later unless another partition uses it. Not
  // synced.
  Result<void> remove_partition(PartitionId partition);
  // Makes every apply before it durable and says up to where each partition is.
  Result<std::vector<SyncedIndex>> sync();

  // A fresh space, never used before. It belongs to the caller until a PartitionState names it; a restart
  // before that deletes it (a half-installed snapshot leaves nothing).
  Result<SpaceId> allocate_space();
  // Rows into a space that no partition uses yet: a snapshot being installed.
  Result<void> write_rows(SpaceId space, std::span<const RowChange> rows);
  // Gives a space of allocate_space() up.
  void abandon_space(SpaceId space);

  // Deletes up to `rows_max` rows of spaces that nobody uses any more. True while there is more to do. Paced
  // by the caller (the applier, when idle), since a burst of deletions slows every reader.
  Result<bool> delete_dropped_rows(size_t rows_max);
  bool has_dropped_spaces() const;

  // The memory table to disk: before a clean close.
  Result<void> flush() { return engine_->flush(); }
  Engine& engine() { return *engine_; }

 private:
  struct Held {
    ReplicaAddress replica;
    SpaceId space;
    raft::Index applied = 0;
  };
  explicit ItemStore(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
  Result<void> load();
  Result<void> load_state(std::string_view key, std::string_view value);
  // What a batch does to held_, checked against it: nullopt means gone.
  using Changes = std::unordered_map<PartitionId, std::optional<Held>>;
  void stage_state(Changes& changes, const PartitionState& state) const;
  bool is_held(const Changes& changes, const PartitionState& state) const;  // requires mutex_
  void install(const Changes& changes);
  void count(SpaceId space, int change);
  std::optional<SpaceId> dropped_space() const;

  const std::unique_ptr<Engine> engine_;
  mutable std::mutex write_mutex_;  // one writer at a time; before mutex_
  mutable std::mutex mutex_;
  std::unordered_map<PartitionId, Held> held_;        // by mutex_
  std::unordered_map<SpaceId, uint32_t> references_;  // by mutex_: users of a space; 0: just allocated
  std::deque<SpaceId> dropped_;                       // by mutex_: to be deleted, in this order
  std::string resume_;       // by write_mutex_: where in dropped_.front() deletion goes on
  bool unsynced_ = false;    // by write_mutex_: something was written since the last sync
  uint64_t next_space_ = 1;  // by write_mutex_
};

}  // namespace stator::storage
