// A partition's state as a stream of pieces: what a leader sends to a member whose log entries are cut, and
// what that one writes into a fresh space. The reader holds one moment of the store open and walks it once,
// so that a snapshot of any size takes the memory of a piece; the writer shows nothing of it until its space
// is named by an applied state.
//
//   piece:  format u8 = 1 | flags u8 (1: the first, 2: the last) | 0 u16 | rows u32 | rows of the pieces
//   before u64 |
//           offset u64 (bytes of the pieces before) | checksum u64 (XXH3 over all before it, and the body) |
//           body
//   body:   in the first piece: length u32, the sender's partition state (partition_state.h)
//           then each row: kind u8 | key length u32 | value length u32 | key | value         all
//           little-endian
//
// Rows of kind request are the sender's own memory
// of an earlier install: the ones that go with this snapshot come from its replica (cluster/replica.h,
// request_rows).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/item_store.h"

namespace stator::storage {

// A piece ends with the row that crosses this: a row has a few hundred KB at most.
inline constexpr size_t kSnapshotPieceBytes = 256 * 1024;
inline constexpr size_t kSnapshotPieceHeader = 32;

struct SnapshotPiece {
  bool last = false;
  std::shared_ptr<const std::string> bytes;
};

// The sender's side. Any thread, one at a time; must not outlive its store. Keeps old versions of rows on
// disk while it lives.
class SnapshotReader {
 public:
  // The partition as of now. kNotFound where nothing of it was applied yet.
  static Result<std::unique_ptr<SnapshotReader>> open(const ItemStore& items, PartitionId partition,
                                                      size_t piece_bytes = kSnapshotPieceBytes);

  // As of the snapshot.
  const PartitionState& state() const { return state_; }
  // Rows that go with it but do not lie in items/. Before the first read().
  void add_rows(std::vector<RowChange> rows) { extra_ = std::move(rows); }
  // The piece that begins at `offset`: where the last one ended, that last one again, or 0 for all of it
  // again. kNotFound for any other.
  Result<SnapshotPiece> read(uint64_t offset);

 private:
  SnapshotReader(const ItemStore& items, Snapshot snapshot, PartitionState state, size_t piece_bytes);
  void rewind();
  Result<bool> find_row();  // false: there is no more
  void next_row();
  Result<SnapshotPiece> make_piece();

  const ItemStore& items_;
  const Snapshot snapshot_;
  const PartitionState state_;
  const size_t piece_bytes_;
  std::vector<RowChange> extra_;

  // Where the next piece begins.
  uint64_t offset_ = 0;
  uint64_t rows_ = 0;
  size_t next_extra_ = 0;
  size_t next_kind_ = 0;
  std::optional<RowIterator> iterator_;  // of the kind before next_kind_
  // The last one made.
  uint64_t last_offset_ = 0;
  SnapshotPiece last_;
};

// The receiver's side. Any thread, one at a time; must not outlive its store. Destroyed before release(), it
// gives its space up.
class SnapshotWriter {
 public:
  static Result<std::unique_ptr<SnapshotWriter>> begin(ItemStore& items, PartitionId partition);
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;

  // kCorruption where the bytes are damaged, or not the piece that comes next; then nothing of it is written.
  Result<void> write(uint64_t offset, std::string_view piece);
  // The last piece is written.
  bool complete() const { return complete_; }

  // REQUIRES of the rest: complete().
  // The sender's; with the space that the rows are in now.
  const PartitionState& state() const;
  // The rows of these kinds, each kind in order of its keys.
  Result<std::vector<RowChange>> rows(std::span<const RowKind> kinds) const;
  // The space is the caller's: the next applied state names it.
  SpaceId release();

 private:
  SnapshotWriter(ItemStore& items, PartitionId partition, SpaceId space)
      : items_(items), partition_(partition), space_(space) {}

  ItemStore& items_;
  const PartitionId partition_;
  const SpaceId space_;
  std::optional<PartitionState> state_;
  uint64_t offset_ = 0;
  uint64_t rows_ = 0;
  bool complete_ = false;
  bool released_ = false;
};

}  // namespace stator::storage
