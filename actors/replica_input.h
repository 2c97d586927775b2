// What comes to a replica from other threads: clients' calls, completions of disk work, wishes of group 0.
// Values that are moved once, into the replica's mailbox (mailbox.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/mailbox.h"
#include "actors/protocol.h"
#include "api/answer.h"
#include "api/operation.h"
#include "cluster/log_entry.h"
#include "cluster/metadata_command.h"
#include "cluster/request_ids.h"
#include "cluster/state_machine.h"
#include "model/table.h"
#include "net/dispatcher.h"
#include "net/unique_function.h"
#include "raft/messages.h"
#include "storage/error.h"

namespace stator::actors {

// A write, or an operation that may turn out to be one. `done` is called exactly once.
struct WriteCall {
  api::RequestPtr request;
  std::string key;  // item operations: model::item_key
  std::optional<cluster::RequestId> id;
  net::Done done;
  std::shared_ptr<const std::vector<model::RowWrite>> rows = nullptr;  // instead of a request: cluster::Command's
};

// What a node asks of group 0 (cluster/metadata_command.h).
struct MetadataCall {
  std::shared_ptr<const cluster::MetadataCommand> command;
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
  uint64_t collection_bytes = 0;  // where the load asked for them
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
struct Tick {};  // kTickMillis have passed (ticker.h)
// What a replica on another node says.
struct Step {
  raft::Message message;
};
// The connection to this member's node is lost.
struct PeerLost {
  model::ReplicaId replica;
};
// Who should belong to the group, and what its leader writes, by group 0.
struct Reconfigure {
  raft::Membership members;
  uint32_t active_version = cluster::kLogFormatVersion;
};
// This node's clock is astray, or is right again: others should lead.
struct BeReluctant {
  bool reluctant = false;
};
// Hand the leadership to this member, if it is ours.
struct Transfer {
  model::ReplicaId to;
};
struct Room {};  // a queue that was full has room again
// Runs on the replica's actor: for what only it may read (group 0's tables).
struct Run {
  net::UniqueFunction<void()> function;
};

using ReplicaInput = std::variant<WriteCall, ReadCall, MetadataCall, RowsLoaded, Persisted, Applied, LogLoaded, ItemsSynced,
                                  Configure, Campaign, Tick, Step, PeerLost, Reconfigure, BeReluctant, Transfer, Room, Run>;

using ReplicaMailbox = Mailbox<ReplicaInput, ReplicaActor>;

}  // namespace stator::actors
