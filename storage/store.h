// Store: one data folder opened whole: lock and format, the pass over the write-ahead logs, both LevelDBs,
// and what each replica can be restarted from. After it, wire a Committer to log() and an Applier to items().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/item_store.h"
#include "storage/layout.h"
#include "storage/log_store.h"
#include "storage/observer.h"
#include "storage/wal_check.h"

namespace stator::storage {

struct StoreOptions {
  EngineOptions log = log_engine_options();
  EngineOptions items = items_engine_options();
};

// A replica as the disk remembers it. Apply the log from state->applied.index + 1 (or base.index + 1) up to
// min(commit, log.last).
struct RecoveredReplica {
  ReplicaAddress address;
  // None: its state is in items/, its log is not begun yet: a crash came between the birth in items/ (the
  // right half of a split, a new group) and the reset. Begin it at state->applied, with items_synced the
  // same, after an ItemStore::sync(). last below state->applied.index: the same, between a snapshot's switch
  // in items/ and the reset of log/.
  std::optional<LogState> log;
  // None: nothing was applied yet.
  std::optional<PartitionState> state;
};

// Thread-safe as its parts are.
class Store {
 public:
  // Requires that `files` and `observer` outlive the store. Beside what DataFolder, wal_check and the engines
  // answer:
  //   kLogDamaged   log/ lost synced entries. The store counts as wiped. A node with a healthy quorum
  //                 elsewhere may call wipe_data_folder() and rejoin as a new incarnation; a cluster of one
  //                 stops here.
  //   kCorruption   items/ is behind what log/ says is synced there.
  static Result<std::unique_ptr<Store>> open(FileSystem& files, const std::string& path,
                                             const StoreOptions& options = {},
                                             StorageObserver& observer = no_observer());
  // Flushes both databases, so that the next open replays nothing. Stop the committer and the applier first.
  Result<void> close();

  LogStore& log() { return *log_; }
  ItemStore& items() { return *items_; }
  DataFolder& folder() { return *folder_; }
  // As found at the open, sorted by address.
  const std::vector<RecoveredReplica>& recovered() const { return recovered_; }
  // What the pass over the write-ahead logs found.
  const WalReport& log_report() const { return log_report_; }
  const WalReport& items_report() const { return items_report_; }

 private:
  static constexpr const char* kLogDamagedRemedy =
      ". Votes and entries that this node promised to keep are gone, so it must not go on under its old "
      "name: in a cluster "
      "whose other nodes are healthy wipe the folder and let it rejoin; a single node needs a backup";
  Store() = default;
  static Error as_log_damage(Error error);
  Result<void> match_incarnation();
  Result<void> recover();

  std::unique_ptr<DataFolder> folder_;
  std::unique_ptr<LogStore> log_;
  std::unique_ptr<ItemStore> items_;
  std::vector<RecoveredReplica> recovered_;
  WalReport log_report_;
  WalReport items_report_;
};

}  // namespace stator::storage
