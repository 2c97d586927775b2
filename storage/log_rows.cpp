// Encoding of log/'s rows (log_rows.h draws them).
#include "storage/log_rows.h"

#include <xxhash.h>

#include <cstring>

namespace stator::storage {

namespace {

constexpr size_t kChecksum = sizeof(uint64_t);

uint64_t hash(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

void put_u32(std::string& out, uint32_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void put_u64(std::string& out, uint64_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T get(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::string begin_row() {
  std::string out(8, '\0');
  out[0] = static_cast<char>(kLogRowFormat);
  return out;
}

std::string seal(std::string_view key, std::string row) {
  put_u64(row, hash(row, hash(key, 0)));
  return row;
}

// The row without its checksum; nullopt where that does not hold.
std::optional<std::string_view> unseal(std::string_view key, std::string_view value) {
  if (value.size() < 8 + kChecksum || unknown_format(value)) return std::nullopt;
  const std::string_view row = value.substr(0, value.size() - kChecksum);
  if (get<uint64_t>(value, row.size()) != hash(row, hash(key, 0))) return std::nullopt;
  return row;
}

}  // namespace

bool unknown_format(std::string_view value) {
  return value.empty() || static_cast<uint8_t>(value[0]) != kLogRowFormat;
}

std::string encode_hard_state(std::string_view key, const HardState& state) {
  std::string row = begin_row();
  put_u64(row, state.term);
  put_u64(row, state.vote.value);
  return seal(key, std::move(row));
}

std::optional<HardState> decode_hard_state(std::string_view key, std::string_view value) {
  const auto row = unseal(key, value);
  if (!row || row->size() != 24) return std::nullopt;
  return HardState{get<uint64_t>(*row, 8), ReplicaId(get<uint64_t>(*row, 16))};
}

std::string encode_base(std::string_view key, const BaseRow& base) {
  std::string row = begin_row();
  put_u64(row, base.base.index);
  put_u64(row, base.base.term);
  put_u64(row, base.physical_first);
  put_u32(row, static_cast<uint32_t>(base.base.membership.voters.size()));
  put_u32(row, static_cast<uint32_t>(base.base.membership.learners.size()));
  for (const ReplicaId id : base.base.membership.voters) put_u64(row, id.value);
  for (const ReplicaId id : base.base.membership.learners) put_u64(row, id.value);
  return seal(key, std::move(row));
}

std::optional<BaseRow> decode_base(std::string_view key, std::string_view value) {
  constexpr size_t kFixed = 40;
  const auto row = unseal(key, value);
  if (!row || row->size() < kFixed) return std::nullopt;
  BaseRow base{{get<uint64_t>(*row, 8), get<uint64_t>(*row, 16), {}}, get<uint64_t>(*row, 24)};
  const uint64_t voters = get<uint32_t>(*row, 32);
  const uint64_t learners = get<uint32_t>(*row, 36);
  if (row->size() != kFixed + (voters + learners) * sizeof(uint64_t)) return std::nullopt;
  for (uint64_t i = 0; i < voters + learners; ++i) {
    auto& list = i < voters ? base.base.membership.voters : base.base.membership.learners;
    list.push_back(ReplicaId(get<uint64_t>(*row, kFixed + i * sizeof(uint64_t))));
  }
  return base;
}

std::string encode_number(std::string_view key, uint64_t number) {
  std::string row = begin_row();
  put_u64(row, number);
  return seal(key, std::move(row));
}

std::optional<uint64_t> decode_number(std::string_view key, std::string_view value) {
  const auto row = unseal(key, value);
  if (!row || row->size() != 16) return std::nullopt;
  return get<uint64_t>(*row, 8);
}

std::string encode_range(std::string_view key, const RangeRow& range) {
  std::string row = begin_row();
  put_u64(row, range.from);
  put_u64(row, range.to);
  return seal(key, std::move(row));
}

std::optional<RangeRow> decode_range(std::string_view key, std::string_view value) {
  const auto row = unseal(key, value);
  if (!row || row->size() != 24) return std::nullopt;
  return RangeRow{get<uint64_t>(*row, 8), get<uint64_t>(*row, 16)};
}

namespace {

uint64_t entry_checksum(std::string_view key, std::string_view header, std::string_view data) {
  return hash(data, hash(header, hash(key, 0)));
}

}  // namespace

void encode_entry(std::string_view key, const Entry& entry, std::string& out) {
  const std::string_view data = entry.data ? std::string_view(*entry.data) : std::string_view();
  out.assign(8, '\0');
  out[0] = static_cast<char>(kLogRowFormat);
  out[1] = static_cast<char>(entry.kind);
  put_u64(out, entry.term);
  put_u64(out, entry_checksum(key, out, data));
  out.append(data);
}

std::optional<Entry> decode_entry(std::string_view key, std::string_view value, bool with_data) {
  if (value.size() < kEntryHeader || unknown_format(value)) return std::nullopt;
  const std::string_view data = value.substr(kEntryHeader);
  if (get<uint64_t>(value, 16) != entry_checksum(key, value.substr(0, 16), data)) return std::nullopt;
  const auto kind = static_cast<raft::EntryKind>(value[1]);
  if (kind < raft::EntryKind::kNoop || kind > raft::EntryKind::kMembership) return std::nullopt;
  Entry entry;
  entry.term = get<uint64_t>(value, 8);
  entry.kind = kind;
  if (with_data) entry.data = std::make_shared<const std::string>(data);
  return entry;
}

}  // namespace stator::storage
