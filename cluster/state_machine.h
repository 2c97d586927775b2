// StateMachine: what a replica replicates: the items of a partition (item_machine.h) or the tables of the
// cluster (metadata_machine.h). The replica drives Raft and answers clients; its state machine evaluates,
// encodes and applies. Evaluation happens on the leader alone; applying is the same on every replica. Pure;
// belongs to one replica.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/answer.h"
#include "cluster/command.h"
#include "cluster/log_entry.h"
#include "model/ids.h"
#include "model/index_counts.h"
#include "model/row_kind.h"
#include "raft/entry.h"

namespace stator::cluster {

using model::RowWrite;

// A row as items/ holds it, or a snapshot brought it.
struct StoredRow {
  model::RowKind kind = model::RowKind::kItem;
  std::string key;  // without space and kind
  std::string value;
};

// A row that evaluation needs: the carrier reads it from items/ and hands it back with Replica::row_loaded.
struct RowLoad {
  std::string key;  // model::RowKind::kItem
  uint64_t load = 0;
  std::string collection = {};  // not empty: the size of this item collection too, as of the same moment (kCollectionSize;
                                // counted where it has no row)
};

// A body ready to be proposed.
struct Proposal {
  LogKind kind = LogKind::kWrite;
  std::string body;
};

// What applying committed entries says beside the rows.
struct ApplyResult {
  std::vector<RowWrite> rows;
  int64_t count_delta = 0;
  int64_t bytes_delta = 0;
  size_t marks = 0;  // rows of kind kDirty among `rows`: a global index has something to see
  std::vector<model::IndexCounts> local_deltas = {};  // of local indexes' entries; what falls is counted modulo 2^64
};

// A request that an applied entry answered, to be remembered for its retry.
struct AppliedRequest {
  RequestId id;
  api::Answer outcome;
};

class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // Whether operations can be evaluated at all: the schema that they need is applied.
  virtual bool ready() const = 0;
  // Of the newest applied schema entry; 0 before the first, and in group 0.
  virtual uint32_t schema_version() const = 0;

  // --- the leader ---

  // True where `command` can be evaluated now. Else it was taken, and comes back from row_loaded(); `loads`
  // may have grown.
  virtual bool admit(Command& command, std::vector<RowLoad>& loads) = 0;
  // The commands that waited for the row, in order of arrival; then evaluate each and call evaluated(key).
  // `collection_bytes`: where the load asked for it.
  virtual std::vector<Command> row_loaded(const std::string& key, uint64_t load, api::StoredItemPtr row,
                                          uint64_t collection_bytes) = 0;
  virtual std::vector<Command> row_load_failed(const std::string& key, uint64_t load) = 0;
  // Evaluates against the newest proposed state. Requires admit() == true or a command from row_loaded().
  virtual api::Evaluation evaluate(const Command& command, model::Stamp stamp) = 0;
  // Whether what evaluate() just returned is to be logged: take() follows. Else its answer is a read.
  virtual bool changes(const Command& /*command*/, const api::Effects& effects) const {
    return !effects.items.empty() || !effects.rows.empty() || !effects.tables.empty();
  }
  // The newest proposal that evaluating `command` may have read; 0 = committed state only.
  virtual raft::Index newest_read(const Command& command) const = 0;
  // The command needs its row no more: called once for each that admit() let through or row_loaded()
  // returned, also where it was never evaluated.
  virtual void evaluated(const Command& command) = 0;
  // Takes the effects into the overlay and into the body of the entry that will have `index` and `stamp`. May
  // change the effects' answer (ids that only the machine can give).
  virtual void take(const Command& command, api::Effects& effects, raft::Index index, model::Stamp stamp) = 0;
  // Whether the body should be proposed before another command is taken.
  virtual bool body_full() const = 0;
  // What was taken since the last call; nullopt where that is nothing.
  virtual std::optional<Proposal> take_body() = 0;
  // The leadership is lost: overlay and taken effects go. The commands that were parked, to be answered.
  virtual std::vector<Command> step_down() = 0;

  // --- every replica ---

  // A committed entry to rows. An entry that this version cannot read is an error: the replica stops, it
  // never skips.
  virtual model::Result<std::vector<AppliedRequest>, LogEntryError> apply(const LogHeader& header,
                                                                          std::string_view body,
                                                                          ApplyResult& result) = 0;
  // The requests that an entry of the past answered, without applying it: so that a restart remembers them.
  virtual model::Result<std::vector<AppliedRequest>, LogEntryError> recall(const LogHeader& header,
                                                                           std::string_view body) const = 0;
  // Rows up to `index` are in items/.
  virtual void applied(raft::Index index) = 0;

  // --- snapshots ---

  // The kinds of rows that this machine keeps in memory: what it needs of a snapshot beside the rows in
  // items/.
  virtual std::vector<model::RowKind> kinds_in_memory() const = 0;
  // Reads a snapshot's rows of those kinds. Nothing changes before what it returns is called, once, on a
  // follower; then the machine stands where the snapshot does.
  using Install = std::function<void()>;
  virtual model::Result<Install, LogEntryError> prepare_install(const std::vector<StoredRow>& rows) = 0;
};

}  // namespace stator::cluster
