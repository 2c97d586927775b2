// Index keys, entries and their cost, for the writes. Pure.
#include "api/operations/index_changes.h"

#include <algorithm>
#include <utility>

#include "model/assert.h"
#include "model/key.h"

namespace stator::api {
namespace {

Failure put_refused(const model::IndexKeyFailure& failure) {
  const model::KeyFailure& key = failure.key;
  switch (key.error) {
    case model::KeyError::kEmpty:
      return validation_error(
          "One or more parameter values are not valid. A value specified for a secondary index key is not "
          "supported. The AttributeValue for a key attribute cannot contain an empty " +
          std::string(key.actual == model::AttributeType::kB ? "binary" : "string") +
          " value. IndexName: " + failure.index + ", IndexKey: " + key.attribute);
    case model::KeyError::kTooLong:  // reported of the service: architect/dynalite, issue 35
      return invalid_parameters("Size limit exceeded for Index Key " + key.attribute +
                                " Actual Size: " + std::to_string(failure.size) + " bytes Max Size: " +
                                std::to_string(failure.size_max) + " bytes IndexName: " + failure.index);
    default:
      return invalid_parameters("Type mismatch for Index Key " + key.attribute + " Expected: " +
                                std::string(model::type_name(key.expected)) + " Actual: " +
                                std::string(model::type_name(key.actual)) + " IndexName: " + failure.index);
  }
}

Failure update_refused(const model::IndexKeyFailure& failure) {
  const model::KeyFailure& key = failure.key;
  switch (key.error) {
    case model::KeyError::kEmpty:
      return validation_error(
          "One or more parameter values are not valid. The update expression attempted to update a secondary "
          "index key to a value that is not supported. The AttributeValue for a key attribute cannot contain "
          "an empty " +
          std::string(key.actual == model::AttributeType::kB ? "binary" : "string") + " value.");
    case model::KeyError::kTooLong:
      return validation_error(
          "The update expression attempted to update the secondary index key beyond allowed size limits");
    default:
      return validation_error(
          "The update expression attempted to update the secondary index key to unsupported type");
  }
}

// Appends what happens in one index, where anything does; returns the bytes of the entry afterwards.
template <typename Index>
uint64_t add_change(const model::Table& table, const Index& index, bool local, ItemChange& change) {
  IndexChange entry{local, index.number, std::nullopt, std::nullopt};
  if (change.old_item) entry.before = model::index_entry(table, index, change.old_item->item);
  if (change.item) entry.after = model::index_entry(table, index, *change.item);
  const uint64_t size = entry.after ? entry.after->size_bytes : 0;
  if (entry.before != entry.after) change.indexes.push_back(std::move(entry));
  return size;
}

const std::string& name_of(const model::Table& table, const IndexChange& change) {
  if (change.local) return std::ranges::find(table.local_indexes, change.number, &model::LocalIndex::number)->name;
  return table.find_global(change.number)->name;
}

}  // namespace

Result<void> check_put_index_keys(const model::Table& table, const model::Item& item) {
  if (const auto failure = model::check_index_keys(table, item)) return put_refused(*failure);
  return {};
}

Result<void> check_update_literals(const model::Table& table, const expressions::Update& update) {
  if (table.local_indexes.empty() && table.global_indexes.empty()) return {};
  model::Item literals;
  for (const std::string& attribute : update.attributes()) {
    if (const model::AttributeValue* value = update.literal(attribute)) literals.set(attribute, *value);
  }
  const auto failure = model::check_index_keys(table, literals);
  if (failure && (update.legacy() || failure->key.error == model::KeyError::kWrongType))
    return put_refused(*failure);
  return {};
}

Result<void> check_updated_index_keys(const model::Table& table, const model::Item* before,
                                      const model::Item& item) {
  if (const auto failure = model::check_index_keys(table, item, before)) return update_refused(*failure);
  return {};
}

uint64_t add_index_changes(const model::Table& table, ItemChange& change) {
  uint64_t local_bytes = 0;
  for (const model::LocalIndex& index : table.local_indexes)
    local_bytes += add_change(table, index, true, change);
  for (const model::GlobalIndex& index : table.global_indexes) {
    if (index.status != model::TableStatus::kDeleting) add_change(table, index, false, change);
  }
  return local_bytes;
}

double index_write_units(const IndexChange& change) {
  const auto units = [](const std::optional<model::IndexEntry>& entry) {
    return entry ? write_units(entry->size_bytes) : 0.0;
  };
  const double before = units(change.before);
  const double after = units(change.after);
  const bool moves = change.before && change.after && change.before->key != change.after->key;
  return moves ? before + after : std::max(before, after);
}

void add_index_units(const model::Table& table, const ItemChange& change, ReturnConsumedCapacity detail,
                     Capacity& capacity) {
  for (const IndexChange& index : change.indexes) {
    const double units = index_write_units(index);
    capacity.write_units += units;
    if (detail == ReturnConsumedCapacity::kIndexes)
      capacity.indexes.push_back({name_of(table, index), index.local, units});
  }
}

int64_t collection_growth(const ItemChange& change) {
  const auto size = [](const std::optional<model::IndexEntry>& entry) {
    return entry ? static_cast<int64_t>(entry->size_bytes) : 0;
  };
  int64_t growth =
      static_cast<int64_t>(change.size_bytes) - (change.old_item ? static_cast<int64_t>(change.old_item->size_bytes) : 0);
  for (const IndexChange& index : change.indexes) {
    if (index.local) growth += size(index.after) - size(index.before);
  }
  return growth;
}

std::string collection_prefix(std::string_view key) {
  STATOR_ASSERT(key.size() > model::kHashSize, "an item key");
  std::string_view rest = key.substr(model::kHashSize);
  std::string partition_key;
  const bool whole = model::take_key_part(rest, partition_key);
  STATOR_ASSERT(whole, "an item key");
  return std::string(key.substr(0, key.size() - rest.size()));
}

}  // namespace stator::api
