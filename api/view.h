// View: all that an evaluation may read. The replica gives its overlay over LevelDB, a test a map in memory.
// Const, without side effects, the same answers each time within one evaluation.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/error.h"
#include "model/attribute_value.h"
#include "model/item_record.h"
#include "model/key.h"
#include "model/limits.h"
#include "model/table.h"

namespace stator::api {

// An item as it is stored now.
struct StoredItem {
  model::Item item;
  uint32_t size_bytes = 0;  // as the service counts (model/size.h)
  model::ItemVersion version = {};
  model::Stamp stamp = {};  // of that version
  bool tombstone = false;   // nothing is there, and it is remembered since when: only in tables that hold an index, and only
                            // for those who write there
};
using StoredItemPtr = std::shared_ptr<const StoredItem>;  // null: there is none

// Items of one table, or of the part of it that this replica holds. Reading can fail (a damaged row): the
// error is then InternalServerError and the evaluation passes it on.
class ItemView {
 public:
  virtual ~ItemView() = default;
  // `key` as model::item_key makes it.
  virtual Result<StoredItemPtr> get(std::string_view key) const = 0;
  // Visits the items of `range` in key order, or from its end backwards, until `visit` returns false.
  using Visitor = std::function<bool(std::string_view key, StoredItemPtr item)>;
  virtual Result<void> scan(const model::KeyRange& range, bool forward, const Visitor& visit) const = 0;
  // The same over the entries of local indexes (model/index.h), all indexes of the table together: what is visited is the
  // entry as it was projected, with its size.
  virtual Result<void> scan_local(const model::KeyRange& range, bool forward, const Visitor& visit) const = 0;
  // Bytes of the items of one partition key and of their entries in local indexes, as the service counts.
  // `prefix`: model::partition_prefix. 0 where the table has no local indexes: nobody counts there.
  virtual Result<uint64_t> collection_bytes(std::string_view prefix) const {
    (void)prefix;
    return 0;
  }
  // What they may come to: the service's limit, unless a test wants a lower one.
  virtual uint64_t collection_bytes_max() const { return model::kItemCollectionSizeMax; }
};

// The tables: what group 0 holds. Pointers are valid during the evaluation.
class TableView {
 public:
  virtual ~TableView() = default;
  virtual const model::Table* find(std::string_view name) const = 0;  // null: there is none
  // Counts as its leaders reported them last.
  virtual model::TableCounts counts(const model::Table& table) const = 0;
  // The same of an index's entries. Zeros where there is no index of the number, or nothing was reported yet.
  virtual model::TableCounts index_counts(const model::Table& table, uint16_t number) const = 0;
  // In order of name, beginning with the first above `after` (empty: from the first), until `visit` returns
  // false.
  virtual void list(std::string_view after, const std::function<bool(const model::Table&)>& visit) const = 0;
};

}  // namespace stator::api
