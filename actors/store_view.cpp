// Rows of items/ to items.
#include "actors/store_view.h"

#include <spdlog/spdlog.h>

#include "model/collection_size.h"
#include "model/index.h"
#include "model/item_record.h"

namespace stator::actors {
namespace {

api::Failure unreadable(std::string_view why) {
  spdlog::error("an item cannot be read: {}", why);
  return api::internal_error("Internal server error");
}

// A row that is no item (a tombstone, a lock) is not there; `tombstones` are, for those who write.
api::Result<api::StoredItemPtr> decode(std::string_view key, std::string_view value, bool tombstones = false) {
  auto record = model::decode_item_record(key, value);
  if (!record.ok()) return unreadable(model::record_error_text(record.error()));
  const model::ItemRecordHeader& header = record->header;
  const bool tombstone = header.kind == model::RecordKind::kTombstone;
  if (header.kind != model::RecordKind::kItem && !(tombstone && tombstones)) return api::StoredItemPtr();
  return std::make_shared<const api::StoredItem>(
      api::StoredItem{std::move(record->item), header.item_bytes, {header.version_index, header.version_ordinal},
                      header.stamp, tombstone});
}

// What was found may be half of what there was.
api::Failure replaced() { return api::not_leading("The partition's rows were replaced meanwhile"); }

}  // namespace

api::Result<api::StoredItemPtr> decode_item(std::string_view key, std::string_view value) { return decode(key, value); }

api::Result<api::StoredItemPtr> StoreView::get(std::string_view key) const { return get(key, false); }

api::Result<api::StoredItemPtr> StoreView::get_for_write(std::string_view key) const { return get(key, true); }

api::Result<api::StoredItemPtr> StoreView::get(std::string_view key, bool tombstones) const {
  auto value = items_.get(space_, model::RowKind::kItem, key);
  if (!value.ok()) return unreadable(value.error().text());
  if (!items_.is_live(space_)) return replaced();
  if (!*value) return api::StoredItemPtr();
  return decode(key, **value, tombstones);
}

api::Result<void> StoreView::scan(const model::KeyRange& range, bool forward, const Visitor& visit) const {
  return scan(model::RowKind::kItem, range, forward, visit);
}

api::Result<void> StoreView::scan_local(const model::KeyRange& range, bool forward, const Visitor& visit) const {
  return scan(model::RowKind::kLocalIndex, range, forward, visit);
}

api::Result<void> StoreView::scan(model::RowKind kind, const model::KeyRange& range, bool forward,
                                  const Visitor& visit) const {
  storage::ScanOptions options;
  options.forward = forward;
  auto rows = items_.scan(space_, kind, range, options);
  if (!items_.is_live(space_)) return replaced();
  for (; rows.valid(); rows.next()) {
    auto item = decode(rows.key(), rows.value());
    if (!item.ok()) return api::Failure(item.error());
    if (*item && !visit(rows.key(), std::move(*item))) return {};
  }
  if (auto status = rows.status(); !status.ok()) return unreadable(status.error().text());
  return {};
}

api::Result<uint64_t> StoreView::collection_bytes(std::string_view prefix) const {
  const storage::Snapshot snapshot = items_.snapshot();
  auto value = items_.get(space_, model::RowKind::kCollectionSize, prefix, &snapshot);
  if (!value.ok()) return unreadable(value.error().text());
  uint64_t bytes = 0;
  if (*value) {
    const auto stored = model::decode_collection_size(prefix, **value);
    if (!stored) return unreadable("the size of an item collection is damaged");
    bytes = *stored;
  } else {
    const model::KeyRange range{std::string(prefix), model::prefix_end(prefix)};
    for (const model::RowKind kind : {model::RowKind::kItem, model::RowKind::kLocalIndex}) {
      auto rows = items_.scan(space_, kind, range, {}, &snapshot);
      for (; rows.valid(); rows.next()) {
        auto header = model::decode_item_record_header(rows.key(), rows.value());
        if (!header.ok()) return unreadable(model::record_error_text(header.error()));
        bytes += header->item_bytes;
      }
      if (auto status = rows.status(); !status.ok()) return unreadable(status.error().text());
    }
  }
  if (!items_.is_live(space_)) return replaced();
  return bytes;
}

storage::Result<std::vector<model::IndexCounts>> count_local_entries(const storage::ItemStore& items, model::SpaceId space,
                                                                     const model::KeyRange& range) {
  std::vector<model::IndexCounts> counts;
  storage::ScanOptions options;
  options.fill_cache = false;
  auto rows = items.scan(space, model::RowKind::kLocalIndex, range, options);
  for (; rows.valid(); rows.next()) {
    const auto number = model::local_index_number(rows.key());
    auto header = model::decode_item_record_header(rows.key(), rows.value());
    if (!number || !header.ok()) {
      return model::Failure(
          storage::Error{storage::ErrorCode::kCorruption, "An entry of a local index is damaged in items/", {}});
    }
    model::add_counts(counts, *number, 1, header->item_bytes);
  }
  if (auto status = rows.status(); !status.ok()) return model::Failure(status.error());
  return counts;
}

}  // namespace stator::actors
