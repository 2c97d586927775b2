// Group 0's evaluation, proposals and checkpoint rows.
#include "cluster/metadata_machine.h"

#include <xxhash.h>

#include <cstdio>

#include "model/assert.h"
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

class StateView final : public api::TableView {
 public:
  StateView(const ClusterState& state, const PartitionCounts& counts) : state_(state), counts_(counts) {}
  const model::Table* find(std::string_view name) const override { return state_.find(name); }
  model::TableCounts counts(const model::Table& table) const override {
    model::TableCounts sum;
    for (const Partition* partition : state_.partitions_of(table.id)) {
      model::TableCounts counts = counts_(partition->id);
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
    case MetadataChange::Kind::kAllocated:
      break;
  }
  return {model::RowKind::kAllocated, {}, encode_allocated(change.allocated)};
}

// The requests that an entry with `body` answered.
std::vector<AppliedRequest> requests_of(MetadataBody& body) {
  std::vector<AppliedRequest> requests;
  if (body.request_id) requests.push_back({*body.request_id, std::move(*body.outcome)});
  return requests;
}

}  // namespace

const model::Table* ClusterState::find(std::string_view name) const {
  auto it = tables.find(name);
  return it == tables.end() ? nullptr : &it->second;
}

const model::Table* ClusterState::find(model::TableId id) const {
  for (const auto& [name, table] : tables) {
    if (table.id == id) return &table;
  }
  return nullptr;
}

std::vector<const Partition*> ClusterState::partitions_of(model::TableId table) const {
  std::vector<const Partition*> result;
  for (const auto& [id, partition] : partitions) {
    if (partition.table == table) result.push_back(&partition);
  }
  std::sort(result.begin(), result.end(),
            [](const Partition* a, const Partition* b) { return a->range.from < b->range.from; });
  return result;
}

void ClusterState::apply(const MetadataChange& change) {
  switch (change.kind) {
    case MetadataChange::Kind::kPutTable:
      tables[change.table.name] = change.table;
      break;
    case MetadataChange::Kind::kDeleteTable:
      std::erase_if(tables, [&](const auto& entry) { return entry.second.id == change.table.id; });
      break;
    case MetadataChange::Kind::kPutPartition:
      partitions[change.partition.id] = change.partition;
      break;
    case MetadataChange::Kind::kDeletePartition:
      partitions.erase(change.partition.id);
      break;
    case MetadataChange::Kind::kAllocated:
      allocated = change.allocated;
      break;
  }
}

model::Result<ClusterState, LogEntryError> MetadataMachine::restore(const std::vector<StoredRow>& rows) {
  ClusterState state;
  for (const StoredRow& row : rows) {
    MetadataChange change;
    switch (row.kind) {
      case model::RowKind::kTable: {
        auto table = model::decode_table_record(row.value);
        if (!table.ok()) return model::Failure(LogEntryError::kMalformed);
        change.kind = MetadataChange::Kind::kPutTable;
        change.table = std::move(*table);
        break;
      }
      case model::RowKind::kPartition: {
        auto partition = decode_partition(row.value);
        if (!partition.ok()) return model::Failure(partition.error());
        change.kind = MetadataChange::Kind::kPutPartition;
        change.partition = std::move(*partition);
        break;
      }
      case model::RowKind::kAllocated: {
        auto allocated = decode_allocated(row.value);
        if (!allocated.ok()) return model::Failure(allocated.error());
        change.kind = MetadataChange::Kind::kAllocated;
        change.allocated = *allocated;
        break;
      }
      default:
        return model::Failure(LogEntryError::kUnknownFormat);
    }
    state.apply(change);
  }
  return state;
}

MetadataMachine::MetadataMachine(ClusterState state, Placement placement, PartitionCounts counts)
    : placement_(std::move(placement)),
      applied_(std::make_shared<ClusterState>(std::move(state))),
      counts_(std::move(counts)) {
  STATOR_ASSERT(!placement_.nodes.empty(), "partitions live on nodes");
  STATOR_ASSERT(placement_.partitions_per_table > 0, "a table has partitions");
}

api::Evaluation MetadataMachine::read(const api::Request& request) const {
  const api::TableOperation& operation = table_operation(request);
  STATOR_ASSERT(!operation.writes(), "what may write goes through the log");
  return operation.evaluate(StateView(*applied_, counts_), request, model::Stamp{});
}

bool MetadataMachine::admit(Command&, std::vector<RowLoad>&) { return true; }
std::vector<Command> MetadataMachine::row_loaded(const std::string&, uint64_t, api::StoredItemPtr) {
  return {};
}
std::vector<Command> MetadataMachine::row_load_failed(const std::string&, uint64_t) { return {}; }

api::Evaluation MetadataMachine::evaluate(const Command& command, model::Stamp stamp) {
  const ClusterState& newest = proposed_ ? *proposed_ : *applied_;
  return table_operation(*command.request).evaluate(StateView(newest, counts_), *command.request, stamp);
}

raft::Index MetadataMachine::newest_read(const Command&) const { return proposed_ ? proposed_index_ : 0; }

void MetadataMachine::evaluated(const Command&) {}

void MetadataMachine::create(model::Table& table, model::Stamp stamp, std::vector<MetadataChange>& changes) {
  Allocated& next = proposed_->allocated;
  table.id = model::TableId(next.table++);
  table.uuid = table_uuid(placement_.cluster_id, table.id, stamp);
  table.created = stamp;
  MetadataChange put;
  put.kind = MetadataChange::Kind::kPutTable;
  put.table = table;
  changes.push_back(std::move(put));
  for (uint32_t i = 0; i < placement_.partitions_per_table; ++i) {
    MetadataChange change;
    change.kind = MetadataChange::Kind::kPutPartition;
    Partition& partition = change.partition;
    partition.id = model::PartitionId(next.partition++);
    partition.table = table.id;
    partition.range = model::segment_range(i, placement_.partitions_per_table);
    for (model::NodeId node : placement_.nodes) {
      partition.replicas.push_back({model::ReplicaId(next.replica++), node, 0, false});
    }
    // Leaders spread over the nodes from the start.
    partition.first_leader = partition.replicas[partition.id.value % partition.replicas.size()].id;
    changes.push_back(std::move(change));
  }
  MetadataChange allocated;
  allocated.kind = MetadataChange::Kind::kAllocated;
  allocated.allocated = next;
  changes.push_back(std::move(allocated));
}

void MetadataMachine::take(const Command& command, api::Effects& effects, raft::Index index,
                           model::Stamp stamp) {
  STATOR_ASSERT(effects.items.empty(), "group 0 holds no items");
  STATOR_ASSERT(!body_, "one command an entry");
  proposed_ = std::make_shared<ClusterState>(proposed_ ? *proposed_ : *applied_);
  body_.emplace();
  for (api::TableChange& change : effects.tables) {
    MetadataChange out;
    switch (change.kind) {
      case api::TableChange::Kind::kCreate: {
        create(change.table, stamp, body_->changes);
        auto* answer = std::get_if<api::TableAnswer>(&effects.answer);
        if (answer && answer->table.name == change.table.name) {
          // The status is the answer's own: a table is being created when it is answered, and active when it
          // is looked at.
          model::TableStatus status = answer->table.status;
          answer->table = change.table;
          answer->table.status = status;
        }
        continue;
      }
      case api::TableChange::Kind::kUpdate:
        out.kind = MetadataChange::Kind::kPutTable;
        out.table = change.table;
        body_->changes.push_back(std::move(out));
        continue;
      case api::TableChange::Kind::kDelete:
        for (const Partition* partition : proposed_->partitions_of(change.table.id)) {
          MetadataChange gone;
          gone.kind = MetadataChange::Kind::kDeletePartition;
          gone.partition = *partition;
          body_->changes.push_back(std::move(gone));
        }
        out.kind = MetadataChange::Kind::kDeleteTable;
        out.table = change.table;
        body_->changes.push_back(std::move(out));
        continue;
    }
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

}  // namespace stator::cluster
