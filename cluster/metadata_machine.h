// MetadataMachine: the state machine of group 0: tables and partitions of the whole cluster. Small, so all of
// it is in memory; the rows in items/ are its checkpoint. Group 0 is directory and wish: it says what should
// be, the nodes make it so (docs/architecture.md, protocol 16). Pure; belongs to one replica.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/partition.h"
#include "cluster/state_machine.h"
#include "model/table.h"

namespace stator::cluster {

// What group 0 holds. Immutable once published.
struct ClusterState {
  std::map<std::string, model::Table, std::less<>> tables;  // by name
  std::map<model::PartitionId, Partition> partitions;
  Allocated allocated;

  const model::Table* find(std::string_view name) const;
  const model::Table* find(model::TableId id) const;
  // In order of their ranges.
  std::vector<const Partition*> partitions_of(model::TableId table) const;

  // Applies one change. Requires that it makes sense: it was evaluated against the state before it.
  void apply(const MetadataChange& change);
};

// Where new replicas go. Constant while nodes do not come and go.
struct Placement {
  std::string cluster_id;            // 16 bytes: makes table uuids unlike any other cluster's
  std::vector<model::NodeId> nodes;  // each holds a replica of each partition
  uint32_t partitions_per_table = 1;
};

// What a partition's leader reported last: given by the carrier, read by DescribeTable, not replicated. Zeros
// where nothing was reported yet.
using PartitionCounts = std::function<model::TableCounts(model::PartitionId)>;

class MetadataMachine final : public StateMachine {
 public:
  // The rows of group 0's space in items/, in any order, to the state that they hold.
  struct StoredRow {
    model::RowKind kind;
    std::string key;
    std::string value;
  };
  static model::Result<ClusterState, LogEntryError> restore(const std::vector<StoredRow>& rows);

  MetadataMachine(ClusterState state, Placement placement, PartitionCounts counts);

  // As applied. A new object after each entry that changed it.
  std::shared_ptr<const ClusterState> state() const { return applied_; }
  // Evaluates an operation that only reads against the applied state.
  api::Evaluation read(const api::Request& request) const;

  bool ready() const override { return true; }
  uint32_t schema_version() const override { return 0; }
  bool admit(Command& command, std::vector<RowLoad>& loads) override;
  std::vector<Command> row_loaded(const std::string& key, uint64_t load, api::StoredItemPtr row) override;
  std::vector<Command> row_load_failed(const std::string& key, uint64_t load) override;
  api::Evaluation evaluate(const Command& command, model::Stamp stamp) override;
  raft::Index newest_read(const Command& command) const override;
  void evaluated(const Command& command) override;
  void take(const Command& command, api::Effects& effects, raft::Index index, model::Stamp stamp) override;
  bool body_full() const override { return body_.has_value(); }  // one command an entry
  std::optional<Proposal> take_body() override;
  std::vector<Command> step_down() override;

  model::Result<std::vector<AppliedRequest>, LogEntryError> apply(const LogHeader& header,
                                                                  std::string_view body,
                                                                  ApplyResult& result) override;
  model::Result<std::vector<AppliedRequest>, LogEntryError> recall(const LogHeader& header,
                                                                   std::string_view body) const override;
  void applied(raft::Index index) override;

 private:
  void create(model::Table& table, model::Stamp stamp, std::vector<MetadataChange>& changes);

  Placement placement_;
  std::shared_ptr<const ClusterState> applied_;
  std::shared_ptr<ClusterState> proposed_;  // null: the same as applied_
  raft::Index proposed_index_ = 0;          // of the newest proposal in proposed_
  std::optional<MetadataBody> body_;
  PartitionCounts counts_;
};

}  // namespace stator::cluster
