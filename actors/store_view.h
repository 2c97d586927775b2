// StoreView: an item view over items/: what clients' reads see, and where a leader loads the rows that it
// evaluates. Damage becomes InternalServerError, and a log line that names the row. Reads block: reader
// threads only.
#pragma once

#include "api/view.h"
#include "model/ids.h"
#include "model/index_counts.h"
#include "storage/item_store.h"

namespace stator::actors {

// The item of a row of kind kItem; null for one that is none (a tombstone, a lock).
api::Result<api::StoredItemPtr> decode_item(std::string_view key, std::string_view value);

class StoreView final : public api::ItemView {
 public:
  StoreView(const storage::ItemStore& items, model::SpaceId space) : items_(items), space_(space) {}

  api::Result<api::StoredItemPtr> get(std::string_view key) const override;
  // What a leader evaluates a write against: a tombstone too.
  api::Result<api::StoredItemPtr> get_for_write(std::string_view key) const;
  api::Result<void> scan(const model::KeyRange& range, bool forward, const Visitor& visit) const override;
  api::Result<void> scan_local(const model::KeyRange& range, bool forward, const Visitor& visit) const override;
  // Where the collection has no row, it is counted: it is empty, or older than such rows are.
  api::Result<uint64_t> collection_bytes(std::string_view prefix) const override;

 private:
  api::Result<api::StoredItemPtr> get(std::string_view key, bool tombstones) const;
  api::Result<void> scan(model::RowKind kind, const model::KeyRange& range, bool forward, const Visitor& visit) const;

  const storage::ItemStore& items_;
  const model::SpaceId space_;
};

// Counts the entries of local indexes in `range`, a partition's, as of now. kCorruption where a row is damaged.
storage::Result<std::vector<model::IndexCounts>> count_local_entries(const storage::ItemStore& items, model::SpaceId space,
                                                                     const model::KeyRange& range);

}  // namespace stator::actors
