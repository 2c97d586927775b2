// MemoryTables: the views of api/view.h over maps in memory, for tests: what the replica and group 0 give in
// the product.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "api/answer.h"
#include "api/view.h"

namespace stator::api::testing {

class MemoryItems final : public ItemView {
 public:
  Result<StoredItemPtr> get(std::string_view key) const override {
    const auto found = rows.find(key);
    return found == rows.end() ? StoredItemPtr() : found->second;
  }

  Result<void> scan(const model::KeyRange& range, bool forward, const Visitor& visit) const override {
    return visit_rows(rows, range, forward, visit);
  }

  Result<void> scan_local(const model::KeyRange& range, bool forward, const Visitor& visit) const override {
    return visit_rows(local, range, forward, visit);
  }

  Result<uint64_t> collection_bytes(std::string_view prefix) const override {
    uint64_t bytes = 0;
    for (const auto* entries : {&rows, &local}) {
      for (const auto& [key, stored] : *entries) bytes += key.starts_with(prefix) ? stored->size_bytes : 0;
    }
    return bytes;
  }

  // Global indexes are MemoryTables' business: their entries are items of other tables.
  void apply(const ItemChange& change) {
    if (change.item)
      rows[change.key] = std::make_shared<const StoredItem>(StoredItem{*change.item, change.size_bytes});
    else
      rows.erase(change.key);
    for (const IndexChange& index : change.indexes) {
      if (index.local) apply(index, local);
    }
  }

  static void apply(const IndexChange& change, std::map<std::string, StoredItemPtr, std::less<>>& entries) {
    if (change.before) entries.erase(change.before->key);
    if (change.after)
      entries[change.after->key] =
          std::make_shared<const StoredItem>(StoredItem{change.after->item, change.after->size_bytes});
  }

  std::map<std::string, StoredItemPtr, std::less<>> rows;
  std::map<std::string, StoredItemPtr, std::less<>> local;  // entries of all local indexes

 private:
  static Result<void> visit_rows(const std::map<std::string, StoredItemPtr, std::less<>>& rows,
                                 const model::KeyRange& range, bool forward, const Visitor& visit) {
    const auto from = rows.lower_bound(range.from);
    const auto to = range.to.empty() ? rows.end() : rows.lower_bound(range.to);
    if (forward) {
      for (auto row = from; row != to; ++row) {
        if (!visit(row->first, row->second)) break;
      }
    } else {
      for (auto row = to; row != from;) {
        --row;
        if (!visit(row->first, row->second)) break;
      }
    }
    return {};
  }
};

class MemoryTables final : public TableView {
 public:
  struct Entry {
    model::Table table;
    MemoryItems items;
  };

  // A write on the table, in its global indexes too: at once, as in a cluster of one.
  void apply(const std::string& table, const ItemChange& change) {
    Entry& base = tables.at(table);
    base.items.apply(change);
    for (const IndexChange& index : change.indexes) {
      if (!index.local) MemoryItems::apply(index, index_table(base.table, index.number).items.rows);
    }
  }

  // The table that holds a global index's entries.
  Entry& index_table(const model::Table& base, uint16_t number) {
    const model::GlobalIndex& index = *base.find_global(number);
    Entry& entry = index_tables[model::index_table_name(base.name, index.name)];
    entry.table = base;
    entry.table.name = model::index_table_name(base.name, index.name);
    entry.table.local_indexes.clear();
    entry.table.global_indexes = {index};
    entry.table.index_of = model::IndexOf{base.id, number};
    return entry;
  }

  const model::Table* find(std::string_view name) const override {
    const auto found = tables.find(name);
    return found == tables.end() ? nullptr : &found->second.table;
  }

  model::TableCounts counts(const model::Table& table) const override {
    model::TableCounts counts;
    for (const auto& [key, stored] : tables.find(table.name)->second.items.rows) {
      ++counts.items;
      counts.bytes += stored->size_bytes;
    }
    return counts;
  }

  // As tests set them: entries of global indexes are counted in tables of their own.
  model::TableCounts index_counts(const model::Table& table, uint16_t number) const override {
    const auto found = index_entries.find({table.name, number});
    return found == index_entries.end() ? model::TableCounts{} : found->second;
  }

  void list(std::string_view after, const std::function<bool(const model::Table&)>& visit) const override {
    for (auto entry = after.empty() ? tables.begin() : tables.upper_bound(after); entry != tables.end();
         ++entry) {
      if (!visit(entry->second.table)) return;
    }
  }

  // As group 0 does it, with ids and uuids counted from 1.
  void apply(TableChange change) {
    switch (change.kind) {
      case TableChange::Kind::kCreate: {
        change.table.id = model::TableId(++last_id);
        const std::string number = std::to_string(last_id);
        change.table.uuid = "00000000-0000-4000-8000-" + std::string(12 - number.size(), '0') + number;
        tables[change.table.name].table = change.table;
        break;
      }
      case TableChange::Kind::kUpdate:
        tables[change.table.name].table = change.table;
        break;
      case TableChange::Kind::kDelete:
        tables.erase(change.table.name);
        break;
    }
  }

  // What group 0 does behind UpdateTable: indexes that were made are there, deleted ones are gone.
  void settle() {
    for (auto& [name, entry] : tables) {
      std::vector<model::GlobalIndex>& indexes = entry.table.global_indexes;
      std::erase_if(indexes, [](const auto& index) { return index.status == model::TableStatus::kDeleting; });
      for (model::GlobalIndex& index : indexes) {
        index.status = model::TableStatus::kActive;
        index.backfilling = false;
      }
      entry.table.status = model::TableStatus::kActive;
    }
  }

  std::map<std::string, Entry, std::less<>> tables;
  std::map<std::string, Entry, std::less<>> index_tables;
  std::map<std::pair<std::string, uint16_t>, model::TableCounts> index_entries;
  uint64_t last_id = 0;
};

}  // namespace stator::api::testing
