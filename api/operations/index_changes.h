// What a write does to the secondary indexes of its table: key attributes checked in the service's words, entries before
// and after, capacity units. Used by the single-item writes. Pure.
#pragma once

#include "api/answer.h"
#include "api/error.h"
#include "api/expressions/update.h"
#include "api/operations/common.h"
#include "model/attribute_value.h"
#include "model/table.h"

namespace stator::api {

// Index key attributes of an item that is put whole.
Result<void> check_put_index_keys(const model::Table& table, const model::Item& item);
// What an update says itself of index key attributes, before any item is looked at: types; all of it in AttributeUpdates
// (measured: dynalite's validateUpdates).
Result<void> check_update_literals(const model::Table& table, const expressions::Update& update);
// Of an item as an update leaves it: only attributes that the update changed. `before` is null where there was no item.
Result<void> check_updated_index_keys(const model::Table& table, const model::Item* before,
                                      const model::Item& item);

// Fills change.indexes from its items. Returns the bytes of the new item's entries in all local indexes: they count toward
// the size of an item.
uint64_t add_index_changes(const model::Table& table, ItemChange& change);

// Adds what the changes cost: the greater of both entries, or both where an entry moves to another key. Each index's part
// too, where `detail` asks for it.
void add_index_units(const model::Table& table, const ItemChange& change, ReturnConsumedCapacity detail,
                     Capacity& capacity);

// The part of one index in that.
double index_write_units(const IndexChange& change);

// What the change does to the size of its item collection: item and entries in local indexes.
int64_t collection_growth(const ItemChange& change);
// model::partition_prefix of the item key's partition key.
std::string collection_prefix(std::string_view key);

}  // namespace stator::api
