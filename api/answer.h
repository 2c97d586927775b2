// What an evaluation yields: answers and effects, as plain values that can be kept, merged and sent to
// another node. How an answer looks in JSON is its operation's business (Operation::write_answer). Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/error.h"
#include "api/view.h"
#include "model/attribute_value.h"
#include "model/index.h"
#include "model/row_kind.h"
#include "model/table.h"

namespace stator::api {

// What one index takes of the capacity that a request consumes.
struct IndexUnits {
  std::string index;  // its name
  bool local = false;
  double units = 0;
  bool operator==(const IndexUnits&) const = default;
};

// Capacity units of one request on one table and its indexes.
struct Capacity {
  double read_units = 0;  // all of them: the table's part and the indexes'
  double write_units = 0;
  std::vector<IndexUnits> indexes = {};  // the parts of those that were touched; filled where ReturnConsumedCapacity is INDEXES
  bool operator==(const Capacity&) const = default;
};

// Of ItemCollectionMetrics: the items of one partition key, in a table with local indexes.
struct ItemCollection {
  model::Item key;     // the partition key
  uint64_t bytes = 0;  // items and entries of local indexes
  bool operator==(const ItemCollection&) const = default;
};

// GetItem: item = what was found, projected. PutItem, UpdateItem, DeleteItem: item = Attributes. Null: not in
// the answer.
struct ItemAnswer {
  std::shared_ptr<const model::Item> item;
  Capacity capacity;
  std::shared_ptr<const ItemCollection> collection = nullptr;  // where ReturnItemCollectionMetrics asks for it; else null
};

// Query, Scan: a page, or the part of a page that one partition gave.
struct PageAnswer {
  std::vector<model::Item> items;  // empty with Select=COUNT
  uint64_t count = 0;              // after the filter
  uint64_t scanned_count = 0;      // before the filter
  uint64_t bytes_evaluated = 0;    // before the filter and the projection
  std::string last_key;            // the last item evaluated; meaningful where `stopped`
  bool stopped = false;  // Limit or 1 MB was reached: LastEvaluatedKey = last_key. Else the range is done.
  std::optional<model::Item> last_evaluated_key;  // last_key decoded, where the answer carries one
  Capacity capacity;
};

// CreateTable, DescribeTable, UpdateTable, DeleteTable, and what else changes a table.
struct TableAnswer {
  model::Table table;
  model::TableCounts counts;
  std::vector<model::TableCounts> index_counts = {};  // local indexes first, each kind in the table's order; short: zeros
};

// ListTables.
struct TableListAnswer {
  std::vector<std::string> names;
  bool more = false;  // LastEvaluatedTableName = the last name
};

// BatchGetItem, BatchWriteItem: what the parts said, in the order of the request's parts. An error of a part
// that may be retried makes it unprocessed; any other error fails the batch (BatchOperation::combine).
struct BatchAnswer {
  std::vector<std::variant<ItemAnswer, Error>> parts;
};

// Answers that hold nothing of the tables: DescribeLimits, DescribeEndpoints, and the features that are off.
struct StaticAnswer {
  std::string json;  // the whole body
};

using Answer = std::variant<ItemAnswer, PageAnswer, TableAnswer, TableListAnswer, BatchAnswer, StaticAnswer>;

// What a change of an item does to one index of its table. Only where the entry changes: its key, or its attributes.
struct IndexChange {
  bool local = false;   // else the index is global, and its own leader is told later
  uint16_t number = 0;  // of the index
  std::optional<model::IndexEntry> before;
  std::optional<model::IndexEntry> after;
};

// One item put or deleted.
struct ItemChange {
  std::string key;                          // model::item_key
  std::shared_ptr<const model::Item> item;  // null: deleted
  uint32_t size_bytes = 0;                  // of the new item; 0 when deleted
  StoredItemPtr old_item;                   // null: there was none
  std::vector<IndexChange> indexes;         // in the order of the table's indexes, local ones first
  // Of an index's entry: the version of the item that it shows. Unset: the log entry's own.
  std::optional<model::ItemVersion> version = std::nullopt;
  bool tombstone = false;  // deleted, and `version` is remembered
};

// One table made, changed or dropped, in group 0.
struct TableChange {
  enum class Kind : uint8_t { kCreate = 1, kUpdate = 2, kDelete = 3 };
  Kind kind = Kind::kCreate;
  model::Table table;  // as it will be; for kCreate id and uuid are 0 and empty: group 0 gives them
};

// What a write will do. `answer` is given once the effects are committed and applied, never before.
struct Effects {
  std::vector<ItemChange> items;
  std::vector<TableChange> tables;
  std::vector<model::RowWrite> rows;  // of other kinds, in the same step: what is kept beside the items
  Answer answer;
};

// An answer that proposes nothing is a strong read (docs/architecture.md, protocol 7).
using Evaluation = std::variant<Answer, Effects, Error>;

}  // namespace stator::api
