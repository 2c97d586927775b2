// IndexFeed: from marks (index_marks.h) to what the partitions of global indexes are told, and which marks that settles. The
// item as it is now is told, not the write that left the mark: several marks of one item become one message, and a message
// that is repeated, late or overtaken changes nothing, since entries carry the version of the item that they show
// (docs/architecture.md, protocol 19). Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "api/answer.h"
#include "api/operation.h"
#include "api/view.h"
#include "cluster/index_marks.h"
#include "model/table.h"

namespace stator::cluster {

// All marks of one item and one index that were read together.
struct MarkGroup {
  std::string item_key;
  uint16_t index = 0;                  // its number
  model::ItemVersion newest;           // of the marks
  std::vector<std::string> mark_keys;  // the rows
  std::vector<std::string> published;  // entries that the index may hold, each once
};

// `rows` in order of their keys. Rows that are no marks are left out: they can settle nothing.
struct MarkRow {
  std::string key;
  std::string value;
};
std::vector<MarkGroup> group_marks(const std::vector<MarkRow>& rows);

// What the index is told of the group: api::IndexWriteRequests, none where the table has no such index (any more). `item` is
// the item as applied, at least as new as the marks; null: there is none.
std::vector<api::RequestPtr> index_writes(const model::Table& table, const MarkGroup& group,
                                          const api::StoredItemPtr& item, model::Stamp now);

}  // namespace stator::cluster
