// Index entries: what an item is in a secondary index, and where it lies. Pure; any thread.
//
// An item has an entry in an index where it has all of the index's key attributes, of the types that they are defined with.
//
//   local    hash16 | part(partition key) | number u16 | part(index sort key) | [part(sort key)]       rows of kind kLocalIndex
//   global   hash16 | part(index partition key)... | part(index sort key)... | part(partition key) | [part(sort key)]
//            rows of kind kItem of the table that holds the index (Table::index_of)
//
// hash16 of a local entry is the item's own, so that it lies in the item's partition. That of a global entry is
// partition_hash() of its index partition key: the attribute's bytes where there is one, else its parts one after the
// other. docs/storage_format.md has examples.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/attribute_value.h"
#include "model/key.h"
#include "model/table.h"

namespace stator::model {

struct IndexEntry {
  std::string key;
  Item item;                // the attributes that the index projects
  uint32_t size_bytes = 0;  // of `item`, as the service counts (model/size.h)
  bool operator==(const IndexEntry&) const = default;
};

// The entry of `item`, a whole item of `table`; nullopt where it has none. Where an index key attribute is there but is no
// legal index key (another type, empty, too long), there is none either: writes refuse that first (check_index_keys), items
// from before the index may have it.
std::optional<IndexEntry> index_entry(const Table& table, const LocalIndex& index, const Item& item);
std::optional<IndexEntry> index_entry(const Table& table, const GlobalIndex& index, const Item& item);
// The key alone.
std::optional<std::string> index_key(const Table& table, const LocalIndex& index, const Item& item);
std::optional<std::string> index_key(const Table& table, const GlobalIndex& index, const Item& item);

// The number of the index that a local entry's key belongs to; nullopt for bytes that are no such key.
std::optional<uint16_t> local_index_number(std::string_view key);

// What the keys of all entries under one partition key begin with. Requires scalar values, of a global index one for each
// attribute of its partition key.
std::string local_index_prefix(const AttributeValue& partition_key, uint16_t number);
std::string global_index_prefix(std::span<const AttributeValue> partition_key);

// The first index key attribute that is there and cannot be one: kWrongType, kEmpty or kTooLong. An attribute that is as it
// is in `before` (null: nothing is) is not looked at. Global indexes first, each kind from the last one made to the first
// (measured: dynalite's tests for PutItem); indexes that are being deleted accept everything. The attributes of a key
// together must not exceed the limit of one.
struct IndexKeyFailure {
  std::string index;  // its name
  KeyFailure key;
  uint64_t size = 0;  // kTooLong: bytes up to and with the attribute, and what is allowed
  uint64_t size_max = 0;
};
std::optional<IndexKeyFailure> check_index_keys(const Table& table, const Item& item, const Item* before = nullptr);

// Whether the index's entries have the attribute.
bool projects(const Table& table, const LocalIndex& index, std::string_view attribute);
bool projects(const Table& table, const GlobalIndex& index, std::string_view attribute);

// The name of the table that holds a global index: none that a client could give, since it has a slash.
std::string index_table_name(std::string_view table, std::string_view index);

}  // namespace stator::model
