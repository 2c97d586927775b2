// GlobalSecondaryIndexUpdates of UpdateTable: global indexes that are made, changed or deleted while the table is in use.
// Group 0 makes and fills what is CREATING and removes what is DELETING; here only the table's wish changes. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/error.h"
#include "api/json.h"
#include "api/operations/throughput.h"
#include "model/table.h"

namespace stator::api {

struct IndexUpdate {
  enum class Action : uint8_t { kCreate, kUpdate, kDelete };
  Action action = Action::kUpdate;
  std::string name;
  model::GlobalIndex index;                        // kCreate: name, keys, projection
  std::vector<model::KeyAttribute> definitions;    // kCreate: of its keys, as the request has them
  std::optional<AskedThroughput> throughput;       // kCreate, kUpdate
  AskedUnits on_demand;
  AskedUnits warm;
};

// All that can be refused without the table. Requires a body that fits its shape.
Result<std::vector<IndexUpdate>> read_index_updates(const json::Value& body);
// Whether an index is made or deleted: the service does one of these at a time, alone.
bool makes_or_deletes(const std::vector<IndexUpdate>& updates);

// That the indexes are there, and may be changed now.
Result<void> check_index_updates(const model::Table& table, const std::vector<IndexUpdate>& updates);
// A change of the table's own capacity waits until no index is made or deleted.
Result<void> check_indexes_settled(const model::Table& table);

// Applies `updates` to `table`, whose billing mode is the one that they lead to; `before` is the table as it is. In `shown`,
// the table as the answer has it: what the service would still be busy with, with its figures from before.
Result<void> apply_index_updates(const model::Table& before, const std::vector<IndexUpdate>& updates, model::Stamp stamp,
                                 model::Table& table, model::Table& shown);

}  // namespace stator::api
