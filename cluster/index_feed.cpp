// Marks to messages.
#include "cluster/index_feed.h"

#include <algorithm>

#include "api/internal/index_writes.h"
#include "model/index.h"

namespace stator::cluster {
namespace {

std::shared_ptr<api::IndexWriteRequest> new_write(const std::string& table, std::string key,
                                                  model::ItemVersion version, model::Stamp now) {
  auto write = std::make_shared<api::IndexWriteRequest>();
  write->operation = &api::kIndexWrite;
  write->table_name = write->table_given = table;
  write->key = std::move(key);
  write->version = version;
  write->sent = now;
  return write;
}

}  // namespace

std::vector<MarkGroup> group_marks(const std::vector<MarkRow>& rows) {
  std::vector<MarkGroup> groups;
  for (const MarkRow& row : rows) {
    auto mark = decode_mark_key(row.key);
    if (!mark) continue;
    if (groups.empty() || groups.back().item_key != mark->item_key || groups.back().index != mark->index) {
      groups.emplace_back();
      groups.back().item_key = std::move(mark->item_key);
      groups.back().index = mark->index;
    }
    MarkGroup& group = groups.back();
    group.newest = std::max(group.newest, mark->version);
    group.mark_keys.push_back(row.key);
    if (!row.value.empty() && std::ranges::find(group.published, row.value) == group.published.end())
      group.published.push_back(row.value);
  }
  return groups;
}

std::vector<api::RequestPtr> index_writes(const model::Table& table, const MarkGroup& group,
                                          const api::StoredItemPtr& item, model::Stamp now) {
  std::vector<api::RequestPtr> writes;
  const model::GlobalIndex* index = table.find_global(group.index);
  if (index == nullptr || index->status == model::TableStatus::kDeleting) return writes;
  const std::string name = model::index_table_name(table.name, index->name);
  const model::ItemVersion version = item ? std::max(item->version, group.newest) : group.newest;
  std::string current;
  if (item) {
    if (auto entry = model::index_entry(table, *index, item->item)) {
      current = entry->key;
      auto write = new_write(name, std::move(entry->key), version, now);
      write->item = std::make_shared<const model::Item>(std::move(entry->item));
      write->size_bytes = entry->size_bytes;
      writes.push_back(std::move(write));
    }
  }
  for (const std::string& key : group.published) {
    if (key != current) writes.push_back(new_write(name, key, version, now));
  }
  return writes;
}

}  // namespace stator::cluster
