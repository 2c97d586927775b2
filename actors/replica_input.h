// What comes to a replica from other threads: clients' calls, completions of disk work, wishes of group 0.
// Values that are moved once, into the replica's mailbox (mailbox.h).
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/answer.h"
#include "api/operation.h"
#include "cluster/request_ids.h"
#include "cluster/state_machine.h"
#include "model/table.h"
#include "net/dispatcher.h"
#include "net/unique_function.h"
#include "raft/entry.h"
#include "storage/error.h"

namespace stator::actors {

// A write, or an operation that may turn out to be one. `done` is called exactly once.
struct WriteCall {
  api::RequestPtr request;
  std::string key;  // item operations: model::item_key
  std::optional<cluster::RequestId> id;
  net::Done done;
};

// A read of items/. Called exactly once: with null where it may read now (then on a reader's thread), else
// with the error.
using ReadJob = net::UniqueFunction<void(const api::Error*)>;
struct ReadCall {
  ReadJob job;
};

struct LoadedRow {
  cluster::RowLoad load;
  api::Result<api::StoredItemPtr> row;
};
struct RowsLoaded {
  std::vector<LoadedRow> rows;
};
struct Persisted {
  uint64_t id = 0;
  std::optional<storage::Error> error;
};
struct Applied {
  raft::Index index = 0;
  std::optional<storage::Error> error;
};
struct LogLoaded {
  uint64_t id = 0;
  std::vector<raft::Entry> entries;
};
struct ItemsSynced {
  raft::Index index = 0;
};
struct Configure {
  model::Table table;
};
struct Campaign {};
struct Room {};  // a queue that was full has room again
// Runs on the replica's actor: for what only it may read (group 0's tables).
struct Run {
  net::UniqueFunction<void()> function;
};

using ReplicaInput = std::variant<WriteCall, ReadCall, RowsLoaded, Persisted, Applied, LogLoaded, ItemsSynced,
                                  Configure, Campaign, Room, Run>;

}  // namespace stator::actors
