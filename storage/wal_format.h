// LevelDB 1.23's log format, as wal_check reads it: logs and MANIFESTs alike. Private to storage/.
//
//   file     blocks of 32 KiB; less than 7 bytes at a block's end are padding
//   record   masked crc32c u32 | length u16 | type u8 | payload
//            little-endian; the checksum covers type and payload
//   type     1 full, 2 first, 3 middle, 4 last: a logical record is one full, or first, any middles, last
//   batch    sequence u64 | count u32 | rows
//            the payload in a write-ahead log; its rows have sequence, sequence + 1, ...
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace stator::storage {

inline constexpr size_t kWalBlock = 32768;
inline constexpr size_t kWalHeader = 7;
inline constexpr size_t kWalBatchHeader = 12;

// How far a log can be trusted.
struct WalScan {
  size_t good_end = 0;   // behind the last good logical record
  uint64_t records = 0;  // good ones
  std::string problem;   // what is wrong at good_end; empty where the whole log is good
  bool clean() const { return problem.empty(); }
};
// Reads logical records in order until one is bad, nothing but zeros follows (a log is filled ahead of its writer, env.h),
// or `accept` answers with a problem of its own (empty:
// good).
WalScan scan_wal(std::string_view log, const std::function<std::string(std::string_view record)>& accept);

// Whether a whole logical record lies anywhere at or behind `from`, aligned with nothing, that `plausible`
// takes for one of this log (a torn record may hold bytes of a client that look like a record).
bool whole_record_behind(std::string_view log, size_t from,
                         const std::function<bool(std::string_view)>& plausible);

struct WalBatch {
  uint64_t sequence = 0;
  uint32_t count = 0;
};
// nullopt where the payload is too short for a batch.
std::optional<WalBatch> parse_wal_batch(std::string_view payload);

// What a MANIFEST says, summed over its edits.
struct ManifestState {
  uint64_t log_number = 0;  // logs from this one on are needed; 0: none was named yet
  uint64_t last_sequence = 0;
};
// Takes one edit's log number and last sequence over; false where it is no edit.
bool take_manifest_edit(std::string_view edit, ManifestState& state);

}  // namespace stator::storage
