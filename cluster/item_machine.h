// ItemMachine: the state machine of a table's partition: item operations evaluated over the overlay, log
// entries of write operations, rows of items/. Pure; belongs to one replica.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/collection_sizes.h"
#include "cluster/overlay.h"
#include "cluster/state_machine.h"
#include "cluster/write_limits.h"
#include "model/key.h"
#include "model/limits.h"
#include "model/table.h"

namespace stator::cluster {

// A body is proposed once it holds this much: one entry then still fits the committer's batch of 1 MiB twice
// over.
inline constexpr size_t kWriteBodyBytes = 512 * 1024;
inline constexpr size_t kWriteBodyOperations = 256;
inline constexpr size_t kWriteBodyRows = 4096;

// How long the table of an index remembers that an entry is gone: longer than what changes one may be on its way
// (docs/architecture.md, protocol 19).
inline constexpr uint32_t kTombstoneSeconds = 600;

class ItemMachine final : public StateMachine {
 public:
  // `table` as the newest applied schema entry has it; nullopt before the first. `collection_bytes_max`: what the items of
  // one partition key may come to where the table has local indexes.
  explicit ItemMachine(std::optional<model::Table> table,
                       uint64_t collection_bytes_max = model::kItemCollectionSizeMax)
      : table_(std::move(table)), collection_bytes_max_(collection_bytes_max) {}

  // From now on writes ask there whether they may be done. What the server does by itself (what keeps an index, what takes
  // away expired items) does not. Null, as at first: no limits.
  void limit_writes(std::shared_ptr<WriteLimits> limits) { limits_ = std::move(limits); }

  // The table as applied; null before the first schema entry.
  const model::Table* table() const { return table_ ? &*table_ : nullptr; }

  bool ready() const override { return table_.has_value(); }
  uint32_t schema_version() const override { return table_ ? table_->schema_version : 0; }
  bool admit(Command& command, std::vector<RowLoad>& loads) override;
  std::vector<Command> row_loaded(const std::string& key, uint64_t load, api::StoredItemPtr row,
                                  uint64_t collection_bytes) override;
  std::vector<Command> row_load_failed(const std::string& key, uint64_t load) override;
  api::Evaluation evaluate(const Command& command, model::Stamp stamp) override;
  raft::Index newest_read(const Command& command) const override;
  void evaluated(const Command& command) override;
  void take(const Command& command, api::Effects& effects, raft::Index index, model::Stamp stamp) override;
  bool body_full() const override;
  std::optional<Proposal> take_body() override;
  std::vector<Command> step_down() override;

  model::Result<std::vector<AppliedRequest>, LogEntryError> apply(const LogHeader& header,
                                                                  std::string_view body,
                                                                  ApplyResult& result) override;
  model::Result<std::vector<AppliedRequest>, LogEntryError> recall(const LogHeader& header,
                                                                   std::string_view body) const override;
  void applied(raft::Index index) override;

  std::vector<model::RowKind> kinds_in_memory() const override { return {model::RowKind::kSchema}; }
  model::Result<Install, LogEntryError> prepare_install(const std::vector<StoredRow>& rows) override;

  const Overlay& overlay() const { return overlay_; }
  const CollectionSizes& collections() const { return collections_; }

 private:
  std::optional<model::Table> table_;
  const uint64_t collection_bytes_max_;
  Overlay overlay_;
  CollectionSizes collections_;  // empty where the table has no local indexes
  std::string collection_of(std::string_view key) const;
  std::shared_ptr<WriteLimits> limits_;
  bool is_limited(const Command& command) const;
  api::Evaluation evaluate_limited(const Command& command, model::Stamp stamp);
  void take_item(api::ItemChange& change, const std::optional<RequestId>& id, const api::Answer& answer,
                 raft::Index index, model::Stamp stamp);
  void take_index_rows(const api::ItemChange& change, const model::ItemRecordHeader& header);
  void take_expiry(const api::ItemChange& change, model::Stamp stamp);
  void take_row(model::RowKind kind, std::string key, std::optional<std::string> value);

  std::vector<WriteOperation> taken_;
  std::vector<model::RowWrite> taken_rows_;
  size_t taken_bytes_ = 0;
};

}  // namespace stator::cluster
