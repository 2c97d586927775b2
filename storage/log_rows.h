// The values of log/: fixed little-endian records with a checksum over key and value (XXH3-64 of what is
// before the checksum, seeded with the hash of the key; of an entry, of the data, seeded with both). Private
// to storage/; golden-byte tests.
//
//   hard state     format u8 | 0 x7 | term u64 | vote u64 | checksum u64
//   base           format u8 | 0 x7 | index u64 | term u64 | physical first u64 | voters u32 | learners u32 |
//                  their ids u64 ... | checksum u64
//   items synced   format u8 | 0 x7 | index u64 | checksum u64
//   entry          format u8 | kind u8 | 0 x6 | term u64 | checksum u64 | data
//   removed        format u8 | 0 x7 | from u64 | to u64 | checksum u64      entries that may still lie there
//   minimum        format u8 | 0 x7 | replica u64 | checksum u64
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/log_store.h"

namespace stator::storage {

inline constexpr uint8_t kLogRowFormat = 1;
inline constexpr size_t kEntryHeader = 24;

struct BaseRow {
  LogBase base;
  Index physical_first = 1;
};
struct RangeRow {
  Index from = 0;
  Index to = 0;
};

std::string encode_hard_state(std::string_view key, const HardState& state);
std::string encode_base(std::string_view key, const BaseRow& row);
std::string encode_number(std::string_view key, uint64_t number);  // items synced, minimum
std::string encode_range(std::string_view key, const RangeRow& row);
// Into `out`, which is overwritten: the hot path reuses its memory.
void encode_entry(std::string_view key, const Entry& entry, std::string& out);

// nullopt: damaged, or of another format (`unknown_format` says which).
std::optional<HardState> decode_hard_state(std::string_view key, std::string_view value);
std::optional<BaseRow> decode_base(std::string_view key, std::string_view value);
std::optional<uint64_t> decode_number(std::string_view key, std::string_view value);
std::optional<RangeRow> decode_range(std::string_view key, std::string_view value);
// Without index, which is the key's; with_data false leaves the data out (but checks it).
std::optional<Entry> decode_entry(std::string_view key, std::string_view value, bool with_data = true);
bool unknown_format(std::string_view value);

}  // namespace stator::storage
