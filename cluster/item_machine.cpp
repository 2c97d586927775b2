// Item operations between the overlay and the log.
#include "cluster/item_machine.h"

#include "model/assert.h"
#include "model/item_record.h"
#include "model/size.h"
#include "model/table_record.h"

namespace stator::cluster {
namespace {

// What one item operation reads: its own row, as the overlay has it.
class OverlayView final : public api::ItemView {
 public:
  explicit OverlayView(const Overlay& overlay) : overlay_(overlay) {}
  api::Result<api::StoredItemPtr> get(std::string_view key) const override { return overlay_.row(key); }
  api::Result<void> scan(const model::KeyRange&, bool, const Visitor&) const override {
    return api::internal_error("an item operation reads one row");
  }
  api::Result<void> scan_local(const model::KeyRange&, bool, const Visitor&) const override {
    return api::internal_error("an item operation reads one row");
  }

 private:
  const Overlay& overlay_;
};

const api::ItemOperation& item_operation(const Command& command) {
  STATOR_ASSERT(command.request->operation->owner() == api::Owner::kItem, "partitions take item operations");
  return static_cast<const api::ItemOperation&>(*command.request->operation);
}

}  // namespace

bool ItemMachine::admit(Command& command, std::vector<RowLoad>& loads) {
  // admit() moves the command from us in every case but kReady, so its key is kept for the load.
  std::string key = command.key;
  switch (overlay_.admit(command)) {
    case Overlay::Admission::kReady:
      return true;
    case Overlay::Admission::kLoad:
      loads.push_back({std::move(key), overlay_.load_id()});
      return false;
    case Overlay::Admission::kWaiting:
      return false;
  }
  return false;
}

std::vector<Command> ItemMachine::row_loaded(const std::string& key, uint64_t load, api::StoredItemPtr row) {
  return overlay_.loaded(key, load, std::move(row));
}

std::vector<Command> ItemMachine::row_load_failed(const std::string& key, uint64_t load) {
  return overlay_.load_failed(key, load);
}

api::Evaluation ItemMachine::evaluate(const Command& command, model::Stamp stamp) {
  STATOR_ASSERT(table_.has_value(), "a replica serves once its table's schema is applied");
  return item_operation(command).evaluate(*table_, OverlayView(overlay_), *command.request, stamp);
}

raft::Index ItemMachine::newest_read(const Command& command) const { return overlay_.index(command.key); }

void ItemMachine::evaluated(const Command& command) { overlay_.release(command.key); }

void ItemMachine::take(const Command& command, api::Effects& effects, raft::Index index, model::Stamp stamp) {
  STATOR_ASSERT(effects.tables.empty(), "an item operation changes items");
  bool first = true;
  for (api::ItemChange& change : effects.items) {
    WriteOperation operation;
    operation.count_delta = static_cast<int8_t>((change.item ? 1 : 0) - (change.old_item ? 1 : 0));
    operation.bytes_delta = static_cast<int64_t>(change.size_bytes) -
                            (change.old_item ? static_cast<int64_t>(change.old_item->size_bytes) : 0);
    if (change.item) {
      model::ItemRecordHeader header;
      header.version_index = index;
      header.version_ordinal = static_cast<uint16_t>(taken_.size());
      header.stamp = stamp;
      header.schema_version = table_->schema_version;
      header.item_bytes = change.size_bytes;
      operation.record = model::encode_item_record(change.key, header, *change.item);
    }
    if (command.id && first) {
      operation.request_id = command.id;
      operation.outcome = std::get<api::ItemAnswer>(effects.answer);
    }
    first = false;
    taken_bytes_ += change.key.size() + operation.record.size();
    if (operation.outcome && operation.outcome->item)
      taken_bytes_ += model::size_bytes(*operation.outcome->item);
    api::StoredItemPtr row;
    if (change.item)
      row = std::make_shared<api::StoredItem>(api::StoredItem{*change.item, change.size_bytes});
    overlay_.put(change.key, std::move(row), index);
    operation.key = std::move(change.key);
    taken_.push_back(std::move(operation));
  }
}

bool ItemMachine::body_full() const {
  return taken_bytes_ >= kWriteBodyBytes || taken_.size() >= kWriteBodyOperations;
}

std::optional<Proposal> ItemMachine::take_body() {
  if (taken_.empty()) return std::nullopt;
  Proposal proposal{LogKind::kWrite, encode_write_body(taken_)};
  taken_.clear();
  taken_bytes_ = 0;
  return proposal;
}

std::vector<Command> ItemMachine::step_down() {
  taken_.clear();
  taken_bytes_ = 0;
  return overlay_.clear();
}

model::Result<std::vector<AppliedRequest>, LogEntryError> ItemMachine::apply(const LogHeader& header,
                                                                             std::string_view body,
                                                                             ApplyResult& result) {
  std::vector<AppliedRequest> requests;
  switch (header.kind) {
    case LogKind::kWrite: {
      auto operations = decode_write_body(body);
      if (!operations.ok()) return model::Failure(operations.error());
      for (WriteOperationView& operation : *operations) {
        RowWrite row{model::RowKind::kItem, std::string(operation.key), std::nullopt};
        if (!operation.record.empty()) row.value = std::string(operation.record);
        result.rows.push_back(std::move(row));
        result.count_delta += operation.count_delta;
        result.bytes_delta += operation.bytes_delta;
        if (operation.request_id) requests.push_back({*operation.request_id, std::move(*operation.outcome)});
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
  auto operations = decode_write_body(body);
  if (!operations.ok()) return model::Failure(operations.error());
  for (WriteOperationView& operation : *operations) {
    if (operation.request_id) requests.push_back({*operation.request_id, std::move(*operation.outcome)});
  }
  return requests;
}

void ItemMachine::applied(raft::Index index) { overlay_.applied(index); }

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
    STATOR_ASSERT(overlay_.size() == 0 && taken_.empty(),
                  "followers install snapshots, and evaluate nothing");
    table_ = table;
  });
}

}  // namespace stator::cluster
