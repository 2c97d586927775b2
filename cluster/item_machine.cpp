// Item operations between the overlay and the log.
#include "cluster/item_machine.h"

#include <algorithm>

#include "api/internal/expire_item.h"
#include "api/operations/index_changes.h"
#include "api/write_cost.h"
#include "cluster/index_marks.h"
#include "model/assert.h"
#include "model/expiry.h"
#include "model/index.h"
#include "model/item_record.h"
#include "model/size.h"
#include "model/table_record.h"

namespace stator::cluster {
namespace {

// What one item operation reads: its own row and the size of its item collection, as the overlay has them.
class OverlayView final : public api::ItemView {
 public:
  OverlayView(const Overlay& overlay, const CollectionSizes& collections, uint64_t collection_bytes_max)
      : overlay_(overlay), collections_(collections), collection_bytes_max_(collection_bytes_max) {}
  api::Result<api::StoredItemPtr> get(std::string_view key) const override { return overlay_.row(key); }
  api::Result<void> scan(const model::KeyRange&, bool, const Visitor&) const override {
    return api::internal_error("an item operation reads one row");
  }
  api::Result<void> scan_local(const model::KeyRange&, bool, const Visitor&) const override {
    return api::internal_error("an item operation reads one row");
  }
  api::Result<uint64_t> collection_bytes(std::string_view prefix) const override { return collections_.bytes(prefix); }
  uint64_t collection_bytes_max() const override { return collection_bytes_max_; }

 private:
  const Overlay& overlay_;
  const CollectionSizes& collections_;
  const uint64_t collection_bytes_max_;
};

const api::ItemOperation& item_operation(const Command& command) {
  STATOR_ASSERT(command.request->operation->owner() == api::Owner::kItem, "partitions take item operations");
  return static_cast<const api::ItemOperation&>(*command.request->operation);
}

}  // namespace

// The item collection of an item key; empty where nobody asks for the size of one. A table's local indexes are made with it.
std::string ItemMachine::collection_of(std::string_view key) const {
  return !table_ || table_->local_indexes.empty() ? std::string() : api::collection_prefix(key);
}

bool ItemMachine::admit(Command& command, std::vector<RowLoad>& loads) {
  if (command.rows) return true;
  // admit() moves the command from us in every case but kReady, so its key is kept for the load.
  std::string key = command.key;
  std::string collection = collection_of(key);
  if (!collection.empty()) collections_.hold(collection);
  switch (overlay_.admit(command)) {
    case Overlay::Admission::kReady:
      return true;
    case Overlay::Admission::kLoad:
      loads.push_back({std::move(key), overlay_.load_id(), std::move(collection)});
      return false;
    case Overlay::Admission::kWaiting:
      return false;
  }
  return false;
}

std::vector<Command> ItemMachine::row_loaded(const std::string& key, uint64_t load, api::StoredItemPtr row,
                                             uint64_t collection_bytes) {
  std::vector<Command> commands = overlay_.loaded(key, load, std::move(row));
  if (commands.empty()) return commands;  // a load of an earlier leadership: its size is as stale as its row
  if (const std::string collection = collection_of(key); !collection.empty())
    collections_.loaded(collection, collection_bytes);
  return commands;
}

std::vector<Command> ItemMachine::row_load_failed(const std::string& key, uint64_t load) {
  std::vector<Command> commands = overlay_.load_failed(key, load);
  const std::string collection = collection_of(key);
  for (size_t i = 0; !collection.empty() && i < commands.size(); ++i) collections_.release(collection);
  return commands;
}

api::Evaluation ItemMachine::evaluate(const Command& command, model::Stamp stamp) {
  STATOR_ASSERT(table_.has_value(), "a replica serves once its table's schema is applied");
  if (command.rows) return api::Effects{{}, {}, *command.rows, api::StaticAnswer{}};
  if (limits_ && is_limited(command)) [[unlikely]] return evaluate_limited(command, stamp);
  const OverlayView view(overlay_, collections_, collection_bytes_max_);
  return item_operation(command).evaluate(*table_, view, *command.request, stamp);
}

bool ItemMachine::is_limited(const Command& command) const {
  return limits_->on(*table_) && !table_->index_of && command.request->operation != &api::kExpireItem;
}

// Evaluation and what it takes are one step: of the parts of a batch, those are done that there is throughput for.
api::Evaluation ItemMachine::evaluate_limited(const Command& command, model::Stamp stamp) {
  if (auto refused = limits_->refuse(*table_, *command.request)) return std::move(*refused);
  const OverlayView view(overlay_, collections_, collection_bytes_max_);
  api::Evaluation evaluation = item_operation(command).evaluate(*table_, view, *command.request, stamp);
  const api::WriteCost cost = api::write_cost(evaluation, overlay_.row(command.key));
  if (auto refused = limits_->take(*table_, *command.request, cost)) return std::move(*refused);
  return evaluation;
}

raft::Index ItemMachine::newest_read(const Command& command) const {
  if (command.rows) return 0;
  const std::string collection = collection_of(command.key);
  return std::max(overlay_.index(command.key), collection.empty() ? 0 : collections_.index(collection));
}

void ItemMachine::evaluated(const Command& command) {
  if (command.rows) return;
  overlay_.release(command.key);
  if (const std::string collection = collection_of(command.key); !collection.empty()) collections_.release(collection);
}

void ItemMachine::take(const Command& command, api::Effects& effects, raft::Index index, model::Stamp stamp) {
  STATOR_ASSERT(effects.tables.empty(), "an item operation changes items");
  std::optional<RequestId> id = command.id;
  for (api::ItemChange& change : effects.items) {
    take_item(change, id, effects.answer, index, stamp);
    id.reset();  // the first carries the outcome
  }
  for (model::RowWrite& row : effects.rows) take_row(row.kind, std::move(row.key), std::move(row.value));
}

void ItemMachine::take_item(api::ItemChange& change, const std::optional<RequestId>& id, const api::Answer& answer,
                            raft::Index index, model::Stamp stamp) {
  const bool was_there = change.old_item && !change.old_item->tombstone;
  WriteOperation operation;
  operation.count_delta = static_cast<int8_t>((change.item ? 1 : 0) - (was_there ? 1 : 0));
  operation.bytes_delta =
      static_cast<int64_t>(change.size_bytes) - (was_there ? static_cast<int64_t>(change.old_item->size_bytes) : 0);
  model::ItemRecordHeader header;
  header.kind = change.tombstone ? model::RecordKind::kTombstone : model::RecordKind::kItem;
  const model::ItemVersion version =
      change.version.value_or(model::ItemVersion{index, static_cast<uint16_t>(taken_.size())});
  header.version_index = version.index;
  header.version_ordinal = version.ordinal;
  header.stamp = stamp;
  header.schema_version = table_->schema_version;
  header.item_bytes = change.size_bytes;
  if (change.item || change.tombstone) {
    static const model::Item kNothing;
    operation.record = model::encode_item_record(change.key, header, change.item ? *change.item : kNothing);
  }
  if (id) {
    operation.request_id = id;
    operation.outcome = std::get<api::ItemAnswer>(answer);
  }
  taken_bytes_ += change.key.size() + operation.record.size();
  if (operation.outcome && operation.outcome->item) taken_bytes_ += model::size_bytes(*operation.outcome->item);
  api::StoredItemPtr row;
  if (change.item || change.tombstone) {
    auto stored = std::make_shared<api::StoredItem>();
    if (change.item) stored->item = *change.item;
    stored->size_bytes = change.size_bytes;
    stored->version = version;
    stored->stamp = stamp;
    stored->tombstone = change.tombstone;
    row = std::move(stored);
  }
  overlay_.put(change.key, std::move(row), index);
  if (const std::string collection = collection_of(change.key); !collection.empty())
    taken_bytes_ += collections_.grow(collection, api::collection_growth(change), index);
  take_index_rows(change, header);
  take_expiry(change, stamp);
  operation.key = std::move(change.key);
  taken_.push_back(std::move(operation));
}

// Entries of local indexes are written with the item. Of a global one only a mark is left, with what the index may hold by
// now: its own leader is told once this is applied (index_feed.h).
void ItemMachine::take_index_rows(const api::ItemChange& change, const model::ItemRecordHeader& header) {
  for (const api::IndexChange& index : change.indexes) {
    if (!index.local) {
      take_row(model::RowKind::kDirty,
               encode_mark_key({change.key, index.number, {header.version_index, header.version_ordinal}}),
               index.before ? index.before->key : std::string());
      continue;
    }
    const bool stays = index.before && index.after && index.after->key == index.before->key;
    const auto before_bytes = static_cast<int32_t>(index.before ? index.before->size_bytes : 0);
    if (index.before && !stays) {
      take_row(model::RowKind::kLocalIndex, index.before->key, std::nullopt);
      taken_rows_.back().count_delta = -1;
      taken_rows_.back().bytes_delta = -before_bytes;
    }
    if (!index.after) continue;
    model::ItemRecordHeader entry = header;
    entry.item_bytes = index.after->size_bytes;
    take_row(model::RowKind::kLocalIndex, index.after->key,
             model::encode_item_record(index.after->key, entry, index.after->item));
    taken_rows_.back().count_delta = stays ? 0 : 1;
    taken_rows_.back().bytes_delta = static_cast<int32_t>(index.after->size_bytes) - (stays ? before_bytes : 0);
  }
}

void ItemMachine::take_expiry(const api::ItemChange& change, model::Stamp stamp) {
  if (change.tombstone) {
    const auto until = static_cast<uint32_t>(stamp.seconds()) + kTombstoneSeconds;
    return take_row(model::RowKind::kTtl, model::encode_expiry_key(until, change.key), std::string());
  }
  const model::TimeToLive& time_to_live = table_->time_to_live;
  if (!time_to_live.enabled || table_->index_of) return;
  const auto before =
      change.old_item ? model::expiry_seconds(time_to_live, change.old_item->item) : std::optional<uint32_t>();
  const auto after = change.item ? model::expiry_seconds(time_to_live, *change.item) : std::optional<uint32_t>();
  if (before == after) return;
  if (before) take_row(model::RowKind::kTtl, model::encode_expiry_key(*before, change.key), std::nullopt);
  if (after) take_row(model::RowKind::kTtl, model::encode_expiry_key(*after, change.key), std::string());
}

void ItemMachine::take_row(model::RowKind kind, std::string key, std::optional<std::string> value) {
  taken_bytes_ += key.size() + (value ? value->size() : 0) + 16;
  taken_rows_.push_back({kind, std::move(key), std::move(value)});
}

bool ItemMachine::body_full() const {
  return taken_bytes_ >= kWriteBodyBytes || taken_.size() >= kWriteBodyOperations ||
         taken_rows_.size() >= kWriteBodyRows;
}

std::optional<Proposal> ItemMachine::take_body() {
  if (taken_.empty() && taken_rows_.empty()) return std::nullopt;
  collections_.take_rows(taken_rows_);
  Proposal proposal{LogKind::kWrite, encode_write_body(taken_, taken_rows_)};
  taken_.clear();
  taken_rows_.clear();
  taken_bytes_ = 0;
  return proposal;
}

std::vector<Command> ItemMachine::step_down() {
  taken_.clear();
  taken_rows_.clear();
  taken_bytes_ = 0;
  collections_.clear();
  return overlay_.clear();
}

model::Result<std::vector<AppliedRequest>, LogEntryError> ItemMachine::apply(const LogHeader& header,
                                                                             std::string_view body,
                                                                             ApplyResult& result) {
  std::vector<AppliedRequest> requests;
  switch (header.kind) {
    case LogKind::kWrite: {
      auto write = decode_write_body(body);
      if (!write.ok()) return model::Failure(write.error());
      for (WriteOperationView& operation : write->operations) {
        RowWrite row{model::RowKind::kItem, std::string(operation.key), std::nullopt};
        if (!operation.record.empty()) row.value = std::string(operation.record);
        result.rows.push_back(std::move(row));
        result.count_delta += operation.count_delta;
        result.bytes_delta += operation.bytes_delta;
        if (operation.request_id) requests.push_back({*operation.request_id, std::move(*operation.outcome)});
      }
      for (RowWrite& row : write->rows) {
        if (row.kind == model::RowKind::kDirty && row.value) ++result.marks;
        if (row.kind == model::RowKind::kLocalIndex && (row.count_delta != 0 || row.bytes_delta != 0)) {
          const auto number = model::local_index_number(row.key);
          if (!number) return model::Failure(LogEntryError::kMalformed);
          model::add_counts(result.local_deltas, *number, row.count_delta, row.bytes_delta);
        }
        result.rows.push_back(std::move(row));
      }
      return requests;
    }
    case LogKind::kSchema: {
      auto table = decode_schema_body(body);
      if (!table.ok()) return model::Failure(table.error());
      result.rows.push_back({model::RowKind::kSchema, {}, model::encode_table_record(*table)});
      table_ = std::move(*table);
      return requests;
    }
    case LogKind::kNoop:
    case LogKind::kMembership:
      return requests;
    case LogKind::kMetadata:
      break;
  }
  return model::Failure(LogEntryError::kMalformed);
}

model::Result<std::vector<AppliedRequest>, LogEntryError> ItemMachine::recall(const LogHeader& header,
                                                                              std::string_view body) const {
  std::vector<AppliedRequest> requests;
  if (header.kind != LogKind::kWrite) return requests;
  auto write = decode_write_body(body);
  if (!write.ok()) return model::Failure(write.error());
  for (WriteOperationView& operation : write->operations) {
    if (operation.request_id) requests.push_back({*operation.request_id, std::move(*operation.outcome)});
  }
  return requests;
}

void ItemMachine::applied(raft::Index index) {
  overlay_.applied(index);
  collections_.applied(index);
}

model::Result<StateMachine::Install, LogEntryError> ItemMachine::prepare_install(
    const std::vector<StoredRow>& rows) {
  std::optional<model::Table> table;
  for (const StoredRow& row : rows) {
    if (row.kind != model::RowKind::kSchema) continue;
    auto decoded = model::decode_table_record(row.value);
    if (!decoded.ok()) return model::Failure(LogEntryError::kMalformed);
    table = std::move(*decoded);
  }
  return Install([this, table = std::move(table)] {
    STATOR_ASSERT(overlay_.size() == 0 && collections_.size() == 0 && taken_.empty() && taken_rows_.empty(),
                  "followers install snapshots, and evaluate nothing");
    table_ = table;
  });
}

}  // namespace stator::cluster
