// Our own pass over a LevelDB's write-ahead logs, before DB::Open: LevelDB reads a torn tail as a silent end
// of file, and even skips what is zeroed, so that a hole would look complete (protocol 1).
//
// Each log that the MANIFEST still needs is read record by record: the checksums must hold, records be whole,
// and the sequence numbers of the batches run on without a gap, over all logs. What is wrong is cut away, or
// reported:
//
//   kCutAtFirstBad   items/: everything from the first bad record on goes, and the later logs. The Raft log
//                    replays it.
//   kTornTailOnly    log/: every record but the last was synced before the next was written. So the end of
//                    the newest log is cut where nothing whole follows the tear; the rest is rot:
//                    kLogDamaged.
//
// The MANIFEST itself is synced record by record as well, so its torn tail is cut by the second rule.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/env.h"
#include "storage/error.h"

namespace stator::storage {

enum class WalPolicy : uint8_t { kCutAtFirstBad, kTornTailOnly };

struct WalReport {
  uint64_t logs = 0;          // that were read
  uint64_t records = 0;       // that are good
  uint64_t cut_bytes = 0;     // dropped from the log with the first bad record
  uint64_t dropped_logs = 0;  // later logs, removed
  std::string detail;         // what was found, for the log; empty where all was well
};

// Requires that no LevelDB has `path` open. A folder without a database is fine. Repeatable: a crash in the
// middle leaves what the next call finishes. kLogDamaged, kCorruption or kIo.
Result<WalReport> check_write_ahead_logs(FileSystem& files, const std::string& path, WalPolicy policy);

}  // namespace stator::storage
