// MetadataMachine: the state machine of group 0: nodes, tables and partitions of the whole cluster
// (cluster_state.h). The rows in items/ are its checkpoint. Group 0 is directory and wish: it says what
// should be, the nodes make it so (docs/architecture.md, protocol 16). Pure; belongs to one replica.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/cluster_state.h"
#include "cluster/placement.h"
#include "cluster/state_machine.h"
#include "model/table.h"

namespace stator::cluster {

// Where new replicas go.
struct Placement {
  // Of a cluster of one, whose state holds neither: what makes its tables' uuids unlike any other cluster's,
  // and its nodes. Not looked at once the state has nodes.
  std::string cluster_id;
  std::vector<model::NodeId> nodes;
  uint32_t partitions_per_table = 0;  // of a new table; 0: as many as its nodes can lead (placement.h)
  LiveNodes live;
};

// What a partition's leader reported last: given by the carrier, read by DescribeTable, not replicated. Zeros
// where nothing was reported yet.
using PartitionCounts = std::function<model::PartitionTotals(model::PartitionId)>;

class MetadataMachine final : public StateMachine {
 public:
  // All of the state is in rows of these kinds.
  static constexpr model::RowKind kRowKinds[] = {model::RowKind::kTable, model::RowKind::kPartition,
                                                 model::RowKind::kAllocated, model::RowKind::kNode,
                                                 model::RowKind::kCluster};
  // The rows of group 0's space in items/, in any order, to the state that they hold.
  using StoredRow = cluster::StoredRow;
  static model::Result<ClusterState, LogEntryError> restore(const std::vector<StoredRow>& rows);

  MetadataMachine(ClusterState state, Placement placement, PartitionCounts counts);

  // As applied. A new object after each entry that changed it.
  std::shared_ptr<const ClusterState> state() const { return applied_; }
  // Evaluates an operation that only reads against the applied state, as of `now`.
  api::Evaluation read(const api::Request& request, model::Stamp now) const;

  bool ready() const override { return true; }
  uint32_t schema_version() const override { return 0; }
  bool admit(Command& command, std::vector<RowLoad>& loads) override;
  std::vector<Command> row_loaded(const std::string& key, uint64_t load, api::StoredItemPtr row,
                                  uint64_t collection_bytes) override;
  std::vector<Command> row_load_failed(const std::string& key, uint64_t load) override;
  api::Evaluation evaluate(const Command& command, model::Stamp stamp) override;
  bool changes(const Command& command, const api::Effects& effects) const override;
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

  std::vector<model::RowKind> kinds_in_memory() const override;
  model::Result<Install, LogEntryError> prepare_install(const std::vector<StoredRow>& rows) override;

 private:
  const ClusterState& newest() const { return proposed_ ? *proposed_ : *applied_; }
  // Appends what the effects on tables change.
  // Changes being put together: ids are taken, and partitions placed, one table after the other.
  struct Placing {
    Allocated next;
    std::map<model::PartitionId, Partition> partitions;
    std::vector<MetadataChange> changes;
  };
  void change_tables(api::Effects& effects, model::Stamp stamp, std::vector<MetadataChange>& changes) const;
  void create(model::Table& table, model::Stamp stamp, Placing& placing) const;
  void update(model::Table& table, Placing& placing) const;
  void place(const model::Table& table, Placing& placing) const;
  void drop(const model::Table& table, Placing& placing) const;
  static std::vector<model::Table> new_index_tables(model::Table& table, Placing& placing);

  Placement placement_;
  std::shared_ptr<const ClusterState> applied_;
  std::shared_ptr<ClusterState> proposed_;  // null: the same as applied_
  raft::Index proposed_index_ = 0;          // of the newest proposal in proposed_
  std::optional<MetadataBody> body_;
  std::vector<MetadataChange> planned_;  // of the node's command that was evaluated last
  PartitionCounts counts_;
};

}  // namespace stator::cluster
