// Group 0's evaluation, proposals and checkpoint rows.
#include "cluster/metadata_machine.h"

#include <xxhash.h>

#include <cstdio>
#include <utility>

#include "cluster/metadata_plan.h"
#include "model/assert.h"
#include "model/index.h"
#include "model/table_record.h"

namespace stator::cluster {
namespace {

std::string id_key(uint64_t id) {
  std::string key(8, '\0');
  for (int i = 0; i < 8; ++i) key[i] = static_cast<char>(id >> (56 - 8 * i));
  return key;
}

// A version 4 UUID from what makes the table unique: pure, and the same wherever it is computed.
std::string table_uuid(const std::string& cluster_id, model::TableId id, model::Stamp stamp) {
  std::string seed = cluster_id + id_key(id.value) + id_key(stamp.micros);
  XXH128_hash_t hash = XXH3_128bits(seed.data(), seed.size());
  char text[37];
  std::snprintf(text, sizeof text, "%08x-%04x-4%03x-%04x-%012llx", static_cast<unsigned>(hash.high64 >> 32),
                static_cast<unsigned>(hash.high64 >> 16 & 0xffff), static_cast<unsigned>(hash.high64 & 0xfff),
                static_cast<unsigned>((hash.low64 >> 48 & 0x3fff) | 0x8000),
                static_cast<unsigned long long>(hash.low64 & 0xffffffffffffULL));
  return text;
}

// The table that holds an index: keyed by its entries, otherwise as its base.
model::Table index_table(const model::Table& base, const model::GlobalIndex& index) {
  model::Table table;
  table.id = index.id;
  table.name = model::index_table_name(base.name, index.name);
  table.uuid = base.uuid;
  table.created = base.created;
  table.key = base.key;
  table.attribute_definitions = base.attribute_definitions;
  table.billing_mode = base.billing_mode;
  table.global_indexes = {index};
  table.index_of = model::IndexOf{base.id, index.number};
  return table;
}

class StateView final : public api::TableView {
 public:
  StateView(const ClusterState& state, const PartitionCounts& counts) : state_(state), counts_(counts) {}
  const model::Table* find(std::string_view name) const override { return state_.find(name); }
  model::TableCounts counts(const model::Table& table) const override {
    model::TableCounts sum;
    for (const Partition* partition : state_.partitions_of(table.id)) {
      const model::TableCounts counts = counts_(partition->id).items;
      sum.items += counts.items;
      sum.bytes += counts.bytes;
    }
    return sum;
  }
  // A global index's entries are the items of a table of its own, a local one's lie beside the table's items.
  model::TableCounts index_counts(const model::Table& table, uint16_t number) const override {
    if (const model::GlobalIndex* index = table.find_global(number)) {
      const model::Table* entries = state_.find(model::index_table_name(table.name, index->name));
      return entries ? counts(*entries) : model::TableCounts{};
    }
    model::TableCounts sum;
    for (const Partition* partition : state_.partitions_of(table.id)) {
      const model::TableCounts counts = model::find_counts(counts_(partition->id).local_indexes, number);
      sum.items += counts.items;
      sum.bytes += counts.bytes;
    }
    return sum;
  }
  void list(std::string_view after, const std::function<bool(const model::Table&)>& visit) const override {
    for (auto it = state_.tables.upper_bound(after); it != state_.tables.end() && visit(it->second); ++it) {
    }
  }

 private:
  const ClusterState& state_;
  const PartitionCounts& counts_;
};

const api::TableOperation& table_operation(const api::Request& request) {
  STATOR_ASSERT(request.operation->owner() == api::Owner::kTables, "group 0 takes table operations");
  return static_cast<const api::TableOperation&>(*request.operation);
}

RowWrite row_of(const MetadataChange& change) {
  switch (change.kind) {
    case MetadataChange::Kind::kPutTable:
      return {model::RowKind::kTable, id_key(change.table.id.value),
              model::encode_table_record(change.table)};
    case MetadataChange::Kind::kDeleteTable:
      return {model::RowKind::kTable, id_key(change.table.id.value), std::nullopt};
    case MetadataChange::Kind::kPutPartition:
      return {model::RowKind::kPartition, id_key(change.partition.id.value),
              encode_partition(change.partition)};
    case MetadataChange::Kind::kDeletePartition:
      return {model::RowKind::kPartition, id_key(change.partition.id.value), std::nullopt};
    case MetadataChange::Kind::kPutNode:
      return {model::RowKind::kNode, id_key(change.node.id.value), encode_node(change.node)};
    case MetadataChange::Kind::kDeleteNode:
      return {model::RowKind::kNode, id_key(change.node.id.value), std::nullopt};
    case MetadataChange::Kind::kPutCluster:
      return {model::RowKind::kCluster, {}, encode_cluster(change.cluster)};
    case MetadataChange::Kind::kAllocated:
      break;
  }
  return {model::RowKind::kAllocated, {}, encode_allocated(change.allocated)};
}

// The value of a row as the change that wrote it.
model::Result<MetadataChange, LogEntryError> change_of(const MetadataMachine::StoredRow& row) {
  MetadataChange change;
  switch (row.kind) {
    case model::RowKind::kTable: {
      auto table = model::decode_table_record(row.value);
      if (!table.ok()) return model::Failure(LogEntryError::kMalformed);
      change.kind = MetadataChange::Kind::kPutTable;
      change.table = std::move(*table);
      return change;
    }
    case model::RowKind::kPartition: {
      auto partition = decode_partition(row.value);
      if (!partition.ok()) return model::Failure(partition.error());
      change.kind = MetadataChange::Kind::kPutPartition;
      change.partition = std::move(*partition);
      return change;
    }
    case model::RowKind::kAllocated: {
      auto allocated = decode_allocated(row.value);
      if (!allocated.ok()) return model::Failure(allocated.error());
      change.kind = MetadataChange::Kind::kAllocated;
      change.allocated = *allocated;
      return change;
    }
    case model::RowKind::kNode: {
      auto node = decode_node(row.value);
      if (!node.ok()) return model::Failure(node.error());
      change.kind = MetadataChange::Kind::kPutNode;
      change.node = std::move(*node);
      return change;
    }
    case model::RowKind::kCluster: {
      auto cluster = decode_cluster(row.value);
      if (!cluster.ok()) return model::Failure(cluster.error());
      change.kind = MetadataChange::Kind::kPutCluster;
      change.cluster = *cluster;
      return change;
    }
    default:
      return model::Failure(LogEntryError::kUnknownFormat);
  }
}

// The requests that an entry with `body` answered.
std::vector<AppliedRequest> requests_of(MetadataBody& body) {
  std::vector<AppliedRequest> requests;
  if (body.request_id) requests.push_back({*body.request_id, std::move(*body.outcome)});
  return requests;
}

}  // namespace

model::Result<ClusterState, LogEntryError> MetadataMachine::restore(const std::vector<StoredRow>& rows) {
  ClusterState state;
  for (const StoredRow& row : rows) {
    auto change = change_of(row);
    if (!change.ok()) return model::Failure(change.error());
    state.apply(*change);
  }
  return state;
}

MetadataMachine::MetadataMachine(ClusterState state, Placement placement, PartitionCounts counts)
    : placement_(std::move(placement)),
      applied_(std::make_shared<ClusterState>(std::move(state))),
      counts_(std::move(counts)) {}

api::Evaluation MetadataMachine::read(const api::Request& request, model::Stamp now) const {
  const api::TableOperation& operation = table_operation(request);
  STATOR_ASSERT(!operation.writes(), "what may write goes through the log");
  return operation.evaluate(StateView(*applied_, counts_), request, now);
}

bool MetadataMachine::admit(Command&, std::vector<RowLoad>&) { return true; }
std::vector<Command> MetadataMachine::row_loaded(const std::string&, uint64_t, api::StoredItemPtr, uint64_t) {
  return {};
}
std::vector<Command> MetadataMachine::row_load_failed(const std::string&, uint64_t) { return {}; }

api::Evaluation MetadataMachine::evaluate(const Command& command, model::Stamp stamp) {
  if (!command.metadata) {
    return table_operation(*command.request).evaluate(StateView(newest(), counts_), *command.request, stamp);
  }
  auto changes = plan_changes(newest(), *command.metadata, placement_.live);
  if (!changes.ok()) return std::move(changes.error());
  planned_ = std::move(*changes);
  return api::Effects{{}, {}, {}, api::StaticAnswer{}};
}

bool MetadataMachine::changes(const Command& command, const api::Effects& effects) const {
  return command.metadata ? !planned_.empty() : StateMachine::changes(command, effects);
}

raft::Index MetadataMachine::newest_read(const Command&) const { return proposed_ ? proposed_index_ : 0; }

void MetadataMachine::evaluated(const Command&) {}

// The record and the partitions of a table that has its id.
void MetadataMachine::place(const model::Table& table, Placing& placing) const {
  MetadataChange put;
  put.kind = MetadataChange::Kind::kPutTable;
  put.table = table;
  placing.changes.push_back(std::move(put));

  std::vector<CandidateNode> nodes;
  auto live = [&](model::NodeId node) { return !placement_.live || placement_.live(node); };
  for (const auto& [id, node] : proposed_->nodes) {
    if (node.phase == NodePhase::kMember) nodes.push_back({id, node.zone, live(id)});
  }
  if (nodes.empty()) {
    for (model::NodeId id : placement_.nodes) nodes.push_back({id, {}, live(id)});
  }
  uint32_t count =
      placement_.partitions_per_table ? placement_.partitions_per_table : automatic_partitions(nodes);
  std::vector<PlannedPartition> planned = place_partitions(nodes, placing.partitions, count);
  for (uint32_t i = 0; i < count; ++i) {
    MetadataChange change;
    change.kind = MetadataChange::Kind::kPutPartition;
    Partition& partition = change.partition;
    partition.id = model::PartitionId(placing.next.partition++);
    partition.table = table.id;
    partition.range = model::segment_range(i, count);
    for (model::NodeId node : planned[i].nodes) {
      partition.replicas.push_back({model::ReplicaId(placing.next.replica++), node});
      if (node == planned[i].first_leader) partition.first_leader = partition.replicas.back().id;
    }
    placing.partitions.emplace(partition.id, partition);
    placing.changes.push_back(std::move(change));
  }
}

// Gives ids to the indexes that have none; the tables that will hold them.
std::vector<model::Table> MetadataMachine::new_index_tables(model::Table& table, Placing& placing) {
  std::vector<model::Table> tables;
  for (model::GlobalIndex& index : table.global_indexes) {
    if (index.id) continue;
    index.id = model::TableId(placing.next.table++);
    tables.push_back(index_table(table, index));
  }
  return tables;
}

void MetadataMachine::drop(const model::Table& table, Placing& placing) const {
  for (const Partition* partition : proposed_->partitions_of(table.id)) {
    MetadataChange gone;
    gone.kind = MetadataChange::Kind::kDeletePartition;
    gone.partition = *partition;
    placing.partitions.erase(partition->id);
    placing.changes.push_back(std::move(gone));
  }
  MetadataChange out;
  out.kind = MetadataChange::Kind::kDeleteTable;
  out.table = table;
  placing.changes.push_back(std::move(out));
}

void MetadataMachine::create(model::Table& table, model::Stamp stamp, Placing& placing) const {
  const ClusterState& state = *proposed_;
  table.id = model::TableId(placing.next.table++);
  table.uuid = table_uuid(state.bootstrapped() ? std::string(state.cluster_id.begin(), state.cluster_id.end())
                                               : placement_.cluster_id,
                          table.id, stamp);
  table.created = stamp;
  const std::vector<model::Table> index_tables = new_index_tables(table, placing);
  place(table, placing);
  for (const model::Table& index : index_tables) place(index, placing);
}

// Indexes that were asked for get their tables, indexes that are to go are gone with theirs, and one whose last partition has
// been read is active.
void MetadataMachine::update(model::Table& table, Placing& placing) const {
  const size_t partitions = proposed_->partitions_of(table.id).size();
  const std::vector<model::Table> index_tables = new_index_tables(table, placing);
  bool changing = false;
  for (model::GlobalIndex& index : table.global_indexes) {
    if (index.status == model::TableStatus::kDeleting) {
      if (const model::Table* holder = proposed_->find(index.id)) drop(*holder, placing);
      continue;
    }
    if (index.backfilling && index.built.size() >= partitions) {
      index.backfilling = false;
      index.built.clear();
      index.status = model::TableStatus::kActive;
    }
    changing |= index.status == model::TableStatus::kCreating;
  }
  std::erase_if(table.global_indexes,
                [](const model::GlobalIndex& index) { return index.status == model::TableStatus::kDeleting; });
  if (table.status == model::TableStatus::kUpdating && !changing) table.status = model::TableStatus::kActive;
  ++table.schema_version;
  MetadataChange put;
  put.kind = MetadataChange::Kind::kPutTable;
  put.table = table;
  placing.changes.push_back(std::move(put));
  for (const model::Table& index : index_tables) place(index, placing);
}

void MetadataMachine::change_tables(api::Effects& effects, model::Stamp stamp,
                                    std::vector<MetadataChange>& changes) const {
  STATOR_ASSERT(effects.tables.size() <= 1,
                "an operation changes one table: ids are allocated from one state");
  Placing placing{proposed_->allocated, proposed_->partitions, {}};
  for (api::TableChange& change : effects.tables) {
    switch (change.kind) {
      case api::TableChange::Kind::kCreate: {
        create(change.table, stamp, placing);
        auto* answer = std::get_if<api::TableAnswer>(&effects.answer);
        if (answer && answer->table.name == change.table.name) {
          // The status is the answer's own: a table is being created when it is answered, and active when it
          // is looked at.
          answer->table.id = change.table.id;
          answer->table.uuid = change.table.uuid;
          answer->table.created = change.table.created;
        }
        break;
      }
      case api::TableChange::Kind::kUpdate:
        update(change.table, placing);
        break;
      case api::TableChange::Kind::kDelete:
        for (const model::GlobalIndex& index : change.table.global_indexes) {
          if (const model::Table* holder = proposed_->find(index.id)) drop(*holder, placing);
        }
        drop(change.table, placing);
        break;
    }
  }
  changes = std::move(placing.changes);
  if (placing.next == proposed_->allocated) return;
  MetadataChange allocated;
  allocated.kind = MetadataChange::Kind::kAllocated;
  allocated.allocated = placing.next;
  changes.push_back(std::move(allocated));
}

void MetadataMachine::take(const Command& command, api::Effects& effects, raft::Index index,
                           model::Stamp stamp) {
  STATOR_ASSERT(effects.items.empty(), "group 0 holds no items");
  STATOR_ASSERT(!body_, "one command an entry");
  proposed_ = std::make_shared<ClusterState>(newest());
  body_.emplace();
  if (command.metadata) {
    body_->changes = std::exchange(planned_, {});
  } else {
    change_tables(effects, stamp, body_->changes);
  }
  if (command.id) {
    STATOR_ASSERT(std::holds_alternative<api::TableAnswer>(effects.answer),
                  "a change of a table answers with the table");
    body_->request_id = command.id;
    body_->outcome = std::get<api::TableAnswer>(effects.answer);
  }
  for (const MetadataChange& change : body_->changes) proposed_->apply(change);
  proposed_index_ = index;
}

std::optional<Proposal> MetadataMachine::take_body() {
  if (!body_) return std::nullopt;
  Proposal proposal{LogKind::kMetadata, encode_metadata_body(*body_)};
  body_.reset();
  return proposal;
}

std::vector<Command> MetadataMachine::step_down() {
  proposed_.reset();
  proposed_index_ = 0;
  body_.reset();
  return {};
}

model::Result<std::vector<AppliedRequest>, LogEntryError> MetadataMachine::apply(const LogHeader& header,
                                                                                 std::string_view body,
                                                                                 ApplyResult& result) {
  switch (header.kind) {
    case LogKind::kMetadata:
      break;
    case LogKind::kNoop:
    case LogKind::kMembership:
      return std::vector<AppliedRequest>{};
    default:
      return model::Failure(LogEntryError::kMalformed);
  }
  auto decoded = decode_metadata_body(body);
  if (!decoded.ok()) return model::Failure(decoded.error());
  auto next = std::make_shared<ClusterState>(*applied_);
  for (const MetadataChange& change : decoded->changes) {
    next->apply(change);
    result.rows.push_back(row_of(change));
  }
  applied_ = std::move(next);
  return requests_of(*decoded);
}

model::Result<std::vector<AppliedRequest>, LogEntryError> MetadataMachine::recall(
    const LogHeader& header, std::string_view body) const {
  if (header.kind != LogKind::kMetadata) return std::vector<AppliedRequest>{};
  auto decoded = decode_metadata_body(body);
  if (!decoded.ok()) return model::Failure(decoded.error());
  return requests_of(*decoded);
}

void MetadataMachine::applied(raft::Index index) {
  if (proposed_ && index >= proposed_index_) proposed_.reset();
}

std::vector<model::RowKind> MetadataMachine::kinds_in_memory() const {
  return {std::begin(kRowKinds), std::end(kRowKinds)};
}

model::Result<StateMachine::Install, LogEntryError> MetadataMachine::prepare_install(
    const std::vector<StoredRow>& rows) {
  auto restored = restore(rows);
  if (!restored.ok()) return model::Failure(restored.error());
  auto state = std::make_shared<const ClusterState>(std::move(*restored));
  return Install([this, state = std::move(state)] {
    STATOR_ASSERT(!proposed_ && !body_, "followers install snapshots, and evaluate nothing");
    applied_ = state;
  });
}

}  // namespace stator::cluster
