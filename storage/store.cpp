// Opening a store (store.h), in the order that makes each step safe: lock, format, logs checked, databases
// opened, and what they say compared with each other.
#include "storage/store.h"

#include <algorithm>
#include <map>

#include "storage/cluster_file.h"

namespace stator::storage {

Result<std::unique_ptr<Store>> Store::open(FileSystem& files, const std::string& path,
                                           const StoreOptions& options, StorageObserver& observer) {
  std::unique_ptr<Store> store(new Store());
  auto folder = DataFolder::open(files, path);
  if (!folder) return Failure(std::move(folder.error()));
  store->folder_ = std::move(*folder);

  const std::string log_path = store->folder_->log_path();
  auto log_report = check_write_ahead_logs(files, log_path, WalPolicy::kTornTailOnly);
  if (!log_report) {
    Error error = std::move(log_report.error());
    if (error.code == ErrorCode::kLogDamaged) error.what += kLogDamagedRemedy;
    return Failure(std::move(error));
  }
  store->log_report_ = *log_report;
  auto log_engine = Engine::open(files, log_path, options.log, observer);
  if (!log_engine) return Failure(as_log_damage(std::move(log_engine.error())));
  auto log = LogStore::open(std::move(*log_engine));
  if (!log) return Failure(std::move(log.error()));
  store->log_ = std::move(*log);

  const std::string items_path = store->folder_->items_path();
  auto items_report = check_write_ahead_logs(files, items_path, WalPolicy::kCutAtFirstBad);
  if (!items_report) return Failure(std::move(items_report.error()));
  store->items_report_ = *items_report;
  auto items_engine = Engine::open(files, items_path, options.items, observer);
  if (!items_engine) return Failure(std::move(items_engine.error()));
  auto items = ItemStore::open(std::move(*items_engine));
  if (!items) return Failure(std::move(items.error()));
  store->items_ = std::move(*items);

  if (auto recovered = store->recover(); !recovered) return Failure(std::move(recovered.error()));
  if (auto matched = store->match_incarnation(); !matched) return Failure(std::move(matched.error()));
  return store;
}

Error Store::as_log_damage(Error error) {
  if (error.code != ErrorCode::kCorruption) return error;
  error.code = ErrorCode::kLogDamaged;
  error.what += kLogDamagedRemedy;
  return error;
}

// A folder whose log/ was deleted or exchanged must not go on under its old name: it forgot its votes.
Result<void> Store::match_incarnation() {
  auto known = log_->incarnation();
  if (!known) return Failure(as_log_damage(std::move(known.error())));
  if (*known == folder_->incarnation()) return {};
  if (!known->empty()) {
    return Failure(
        Error{ErrorCode::kLogDamaged,
              std::string("log/ belongs to another data folder or to an earlier life of this one") +
                  kLogDamagedRemedy,
              folder_->log_path()});
  }
  if (!recovered_.empty()) {
    return Failure(Error{ErrorCode::kLogDamaged,
                         std::string("log/ is empty, items/ is not") + kLogDamagedRemedy,
                         folder_->log_path()});
  }
  // A fresh log/: the folder's first open, or one whose stores/ was deleted by hand. New replicas either way, and
  // no node of a cluster any more: its votes are forgotten.
  if (auto left = remove_cluster_file(folder_->files(), folder_->path()); !left) return left;
  if (auto renewed = folder_->renew_incarnation(); !renewed) return renewed;
  return log_->set_incarnation(folder_->incarnation());
}

Result<void> Store::recover() {
  auto states = items_->partition_states();
  if (!states) return Failure(std::move(states.error()));
  std::map<ReplicaAddress, RecoveredReplica> replicas;
  for (const ReplicaAddress address : log_->replicas()) {
    replicas[address] = {address, log_->state(address), std::nullopt};
  }
  for (PartitionState& state : *states) {
    const ReplicaAddress address{state.partition, state.replica};
    RecoveredReplica& replica = replicas[address];
    replica.address = address;
    replica.state = std::move(state);
  }
  for (auto& [address, replica] : replicas) {
    if (replica.log) {
      const raft::Index applied = replica.state ? replica.state->applied.index : 0;
      if (applied < replica.log->items_synced) {
        return Failure(Error{ErrorCode::kCorruption,
                             "items/ holds " + to_string(address) + " up to index " +
                                 std::to_string(applied) + ", but was synced up to " +
                                 std::to_string(replica.log->items_synced) +
                                 ": it lost data. Wipe the folder and let it rejoin; restore a backup where "
                                 "it was the only one",
                             folder_->items_path()});
      }
    }
    recovered_.push_back(std::move(replica));
  }
  return {};
}

Result<void> Store::close() {
  auto items = items_->flush();
  auto log = log_->engine().flush();
  return items ? std::move(log) : std::move(items);
}

}  // namespace stator::storage
