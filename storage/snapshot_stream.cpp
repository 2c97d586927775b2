// Making pieces of a partition's rows, and rows of pieces.
#include "storage/snapshot_stream.h"

#define XXH_STATIC_LINKING_ONLY  // the streaming state, by value
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "model/assert.h"

namespace stator::storage {

namespace {

static_assert(std::endian::native == std::endian::little, "lengths are written in the machine's order");

constexpr uint8_t kFormat = 1;
constexpr uint8_t kFirst = 1;
constexpr uint8_t kLast = 2;
constexpr size_t kChecksumAt = 24;
constexpr size_t kRowHeader = 9;

// What a snapshot ships, in order.
constexpr std::array kKinds = {
    RowKind::kItem,      RowKind::kLocalIndex, RowKind::kCollectionSize, RowKind::kDirty,
    RowKind::kLock,      RowKind::kTtl,        RowKind::kStream,         RowKind::kSchema,
    RowKind::kTable,     RowKind::kPartition,  RowKind::kAllocated,      RowKind::kNode,
    RowKind::kCluster,   RowKind::kBuild,
};

// The two halves of a split share their space: each has what its range, or its id, covers.
model::KeyRange range_of(RowKind kind, const PartitionState& state) {
  switch (kind) {
    case RowKind::kItem:
    case RowKind::kLocalIndex:
    case RowKind::kCollectionSize:
    case RowKind::kDirty:
    case RowKind::kLock:
      return state.range;
    case RowKind::kStream: {
      model::KeyRange range;
      append_u64_be(range.from, state.partition.value);
      append_u64_be(range.to, state.partition.value + 1);
      return range;
    }
    default:
      return {};
  }
}

bool is_shipped(RowKind kind) {
  return kind == RowKind::kRequest || std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
void put(std::string& out, size_t at, T value) {
  std::memcpy(out.data() + at, &value, sizeof value);
}
// Takes a T from the front; false where there is none.
template <class T>
bool take(std::string_view& in, T& value) {
  if (in.size() < sizeof value) return false;
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return true;
}
bool take(std::string_view& in, size_t size, std::string_view& bytes) {
  if (in.size() < size) return false;
  bytes = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

uint64_t checksum_of(std::string_view piece) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, piece.data(), kChecksumAt);
  XXH3_64bits_update(&state, piece.data() + kSnapshotPieceHeader, piece.size() - kSnapshotPieceHeader);
  return XXH3_64bits_digest(&state);
}

void append_row(std::string& piece, RowKind kind, std::string_view key, std::string_view value) {
  append(piece, static_cast<uint8_t>(kind));
  append(piece, static_cast<uint32_t>(key.size()));
  append(piece, static_cast<uint32_t>(value.size()));
  piece.append(key);
  piece.append(value);
}

struct Header {
  uint8_t flags = 0;
  uint32_t rows = 0;
  uint64_t rows_before = 0;
  uint64_t offset = 0;
};

// Takes the header off a piece whose checksum holds; nullopt for anything else.
std::optional<Header> take_header(std::string_view& piece) {
  if (piece.size() < kSnapshotPieceHeader) return std::nullopt;
  const uint64_t sum = checksum_of(piece);
  Header header;
  uint8_t format = 0;
  uint16_t zero = 0;
  uint64_t stored = 0;
  const bool whole = take(piece, format) && take(piece, header.flags) && take(piece, zero) &&
                     take(piece, header.rows) && take(piece, header.rows_before) &&
                     take(piece, header.offset) && take(piece, stored);
  if (!whole || format != kFormat || stored != sum || (header.flags & ~(kFirst | kLast)) != 0 || zero != 0)
    return std::nullopt;
  return header;
}

// False where they are not exactly the body's rows.
bool take_rows(std::string_view body, uint32_t count, std::vector<RowChange>& rows) {
  while (!body.empty()) {
    uint8_t kind = 0;
    uint32_t key_size = 0, value_size = 0;
    std::string_view key, value;
    if (!take(body, kind) || !take(body, key_size) || !take(body, value_size) || !take(body, key_size, key) ||
        !take(body, value_size, value) || !is_shipped(static_cast<RowKind>(kind))) {
      return false;
    }
    rows.push_back({static_cast<RowKind>(kind), std::string(key), std::string(value)});
  }
  return rows.size() == count;
}

}  // namespace

// --- reading
// -----------------------------------------------------------------------------------------------------------

Result<std::unique_ptr<SnapshotReader>> SnapshotReader::open(const ItemStore& items, PartitionId partition,
                                                             size_t piece_bytes) {
  Snapshot snapshot = items.snapshot();
  auto state = items.partition_state(partition, &snapshot);
  if (!state) return Failure(std::move(state.error()));
  return std::unique_ptr<SnapshotReader>(
      new SnapshotReader(items, std::move(snapshot), std::move(*state), piece_bytes));
}

SnapshotReader::SnapshotReader(const ItemStore& items, Snapshot snapshot, PartitionState state,
                               size_t piece_bytes)
    : items_(items), snapshot_(std::move(snapshot)), state_(std::move(state)), piece_bytes_(piece_bytes) {}

Result<SnapshotPiece> SnapshotReader::read(uint64_t offset) {
  if (last_.bytes && offset == last_offset_) return last_;
  if (offset == 0) rewind();
  if (offset != offset_) {
    return Failure(Error{ErrorCode::kNotFound,
                         "No piece of the snapshot of partition " + std::to_string(state_.partition.value) +
                             " begins at " + std::to_string(offset),
                         {}});
  }
  return make_piece();
}

void SnapshotReader::rewind() {
  offset_ = rows_ = 0;
  next_extra_ = next_kind_ = 0;
  iterator_.reset();
  last_ = {};
}

Result<bool> SnapshotReader::find_row() {
  if (next_extra_ < extra_.size()) return true;
  while (!iterator_ || !iterator_->valid()) {
    if (iterator_) {
      if (auto status = iterator_->status(); !status) return Failure(std::move(status.error()));
    }
    iterator_.reset();
    if (next_kind_ == kKinds.size()) return false;
    const RowKind kind = kKinds[next_kind_++];
    ScanOptions options;
    options.fill_cache = false;
    iterator_ = items_.scan(state_.space, kind, range_of(kind, state_), options, &snapshot_);
  }
  return true;
}

void SnapshotReader::next_row() {
  ++rows_;
  if (next_extra_ < extra_.size()) {
    ++next_extra_;
  } else {
    iterator_->next();
  }
}

Result<SnapshotPiece> SnapshotReader::make_piece() {
  const uint64_t rows_before = rows_;
  std::string piece(kSnapshotPieceHeader, '\0');
  piece.reserve(piece_bytes_ + piece_bytes_ / 4);
  if (offset_ == 0) {
    const std::string state = encode_partition_state(state_);
    append(piece, static_cast<uint32_t>(state.size()));
    piece += state;
  }
  bool more = true;
  while (true) {
    auto found = find_row();
    if (!found) return Failure(std::move(found.error()));
    more = *found;
    if (!more || piece.size() >= piece_bytes_) break;
    if (next_extra_ < extra_.size()) {
      const RowChange& row = extra_[next_extra_];
      append_row(piece, row.kind, row.key, *row.value);
    } else {
      append_row(piece, kKinds[next_kind_ - 1], iterator_->key(), iterator_->value());
    }
    next_row();
  }
  put<uint8_t>(piece, 0, kFormat);
  put<uint8_t>(piece, 1, static_cast<uint8_t>((offset_ == 0 ? kFirst : 0) | (more ? 0 : kLast)));
  put<uint32_t>(piece, 4, static_cast<uint32_t>(rows_ - rows_before));
  put<uint64_t>(piece, 8, rows_before);
  put<uint64_t>(piece, 16, offset_);
  put<uint64_t>(piece, kChecksumAt, checksum_of(piece));
  last_offset_ = offset_;
  offset_ += piece.size();
  last_ = {!more, std::make_shared<const std::string>(std::move(piece))};
  return last_;
}

// --- writing
// -----------------------------------------------------------------------------------------------------------

Result<std::unique_ptr<SnapshotWriter>> SnapshotWriter::begin(ItemStore& items, PartitionId partition) {
  auto space = items.allocate_space();
  if (!space) return Failure(std::move(space.error()));
  return std::unique_ptr<SnapshotWriter>(new SnapshotWriter(items, partition, *space));
}

SnapshotWriter::~SnapshotWriter() {
  if (!released_) items_.abandon_space(space_);
}

Result<void> SnapshotWriter::write(uint64_t offset, std::string_view piece) {
  const auto damaged = [&] {
    return Failure(Error{ErrorCode::kCorruption,
                         "A piece at " + std::to_string(offset) + " of a snapshot of partition " +
                             std::to_string(partition_.value) + " is damaged; it is asked for again",
                         {}});
  };
  const size_t size = piece.size();
  const auto header = take_header(piece);
  const bool next = header && !complete_ && offset == offset_ && header->offset == offset_ &&
                    header->rows_before == rows_ && ((header->flags & kFirst) != 0) == (offset == 0);
  if (!next) return damaged();
  std::optional<PartitionState> state;
  if (offset == 0) {
    uint32_t length = 0;
    std::string_view bytes;
    if (!take(piece, length) || !take(piece, length, bytes)) return damaged();
    auto decoded = decode_partition_state(partition_, bytes);
    if (!decoded) return Failure(std::move(decoded.error()));
    state = std::move(*decoded);
    state->space = space_;
  }
  std::vector<RowChange> rows;
  if (!take_rows(piece, header->rows, rows)) return damaged();
  if (auto written = items_.write_rows(space_, rows); !written) return written;
  if (state) state_ = std::move(state);
  offset_ += size;
  rows_ += rows.size();
  complete_ = (header->flags & kLast) != 0;
  return {};
}

const PartitionState& SnapshotWriter::state() const {
  STATOR_ASSERT(complete_, "the snapshot is whole");
  return *state_;
}

Result<std::vector<RowChange>> SnapshotWriter::rows(std::span<const RowKind> kinds) const {
  STATOR_ASSERT(complete_, "the snapshot is whole");
  std::vector<RowChange> rows;
  for (const RowKind kind : kinds) {
    auto scan = items_.scan(space_, kind, {});
    for (; scan.valid(); scan.next())
      rows.push_back({kind, std::string(scan.key()), std::string(scan.value())});
    if (auto status = scan.status(); !status) return Failure(std::move(status.error()));
  }
  return rows;
}

SpaceId SnapshotWriter::release() {
  STATOR_ASSERT(complete_ && !released_, "a whole snapshot is handed over once");
  released_ = true;
  return space_;
}

}  // namespace stator::storage
