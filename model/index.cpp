// Index entries: an item as a secondary index holds it, and the bytes of its place there. Writes make entries from it,
// queries their ranges. Pure; any thread.
#include "model/index.h"

#include <algorithm>
#include <ranges>

#include "model/byte_order.h"
#include "model/limits.h"
#include "model/size.h"

namespace stator::model {
namespace {

// Appends one key attribute of `item` and takes its size off `left`; false where it cannot be one.
bool append_attribute(std::string& out, const KeyAttribute& attribute, const Item& item, uint64_t& left) {
  const AttributeValue* value = item.find(attribute.name);
  if (value == nullptr || !value->is(attribute.type)) return false;
  const std::string bytes = key_attribute_bytes(*value);
  if (bytes.empty() || bytes.size() > left) return false;
  left -= bytes.size();
  append_key_part(out, bytes);
  return true;
}

bool append_attributes(std::string& out, std::span<const KeyAttribute> attributes, uint64_t size_max,
                       const Item& item) {
  uint64_t left = size_max;
  return std::ranges::all_of(
      attributes, [&](const KeyAttribute& attribute) { return append_attribute(out, attribute, item, left); });
}

// The table's sort key, where it has one.
bool append_table_sort_key(std::string& out, const Table& table, const Item& item) {
  uint64_t left = kSortKeySizeMax;
  return !table.key.sort_key || append_attribute(out, *table.key.sort_key, item, left);
}

// The hash of a global index's partition key: of the bytes of one attribute, of several the parts. Takes the parts.
std::string with_hash(std::string parts, size_t attributes) {
  std::string bytes;
  std::string_view in = parts;
  std::string key = attributes == 1 && take_key_part(in, bytes) ? partition_hash(bytes) : partition_hash(parts);
  return key.append(parts);
}

bool is_key(const LocalIndex& index, std::string_view attribute) { return attribute == index.sort_key.name; }
bool is_key(const GlobalIndex& index, std::string_view attribute) { return index.is_key(attribute); }

template <typename Index>
bool projects_attribute(const Table& table, const Index& index, std::string_view attribute) {
  const Projection& projection = index.projection;
  return projection.type == ProjectionType::kAll || table.key.is_key(attribute) || is_key(index, attribute) ||
         (projection.type == ProjectionType::kInclude &&
          std::ranges::find(projection.non_key_attributes, attribute) != projection.non_key_attributes.end());
}

template <typename Index>
std::optional<IndexEntry> entry_of(const Table& table, const Index& index, const Item& item) {
  auto key = index_key(table, index, item);
  if (!key) return std::nullopt;
  IndexEntry entry{std::move(*key), {}, 0};
  if (index.projection.type == ProjectionType::kAll) {
    entry.item = item;
  } else {
    for (const auto& [name, value] : item) {
      if (projects_attribute(table, index, name)) entry.item.insert(name, value);
    }
  }
  entry.size_bytes = static_cast<uint32_t>(size_bytes(entry.item));
  return entry;
}

std::optional<IndexKeyFailure> check_attributes(const std::string& index,
                                                std::span<const KeyAttribute> attributes, bool is_sort_key,
                                                const Item& item, const Item* before) {
  const uint64_t size_max = is_sort_key ? kSortKeySizeMax : kPartitionKeySizeMax;
  uint64_t size = 0;
  for (const KeyAttribute& attribute : attributes) {
    const AttributeValue* value = item.find(attribute.name);
    if (value == nullptr) continue;
    const auto fail = [&](KeyError error) {
      return IndexKeyFailure{
          index, {error, attribute.name, attribute.type, value->type(), is_sort_key}, size, size_max};
    };
    const AttributeValue* old = before == nullptr ? nullptr : before->find(attribute.name);
    const bool changed = old == nullptr || *old != *value;
    if (!value->is(attribute.type)) {
      if (changed) return fail(KeyError::kWrongType);
      continue;
    }
    const std::string bytes = key_attribute_bytes(*value);
    size += bytes.size();
    if (changed && bytes.empty()) return fail(KeyError::kEmpty);
    if (changed && size > size_max) return fail(KeyError::kTooLong);
  }
  return std::nullopt;
}

}  // namespace

std::optional<IndexEntry> index_entry(const Table& table, const LocalIndex& index, const Item& item) {
  return entry_of(table, index, item);
}

std::optional<IndexEntry> index_entry(const Table& table, const GlobalIndex& index, const Item& item) {
  return entry_of(table, index, item);
}

std::optional<std::string> index_key(const Table& table, const LocalIndex& index, const Item& item) {
  const AttributeValue* partition_key = item.find(table.key.partition_key.name);
  if (partition_key == nullptr || !partition_key->is(table.key.partition_key.type)) return std::nullopt;
  if (!item.contains(index.sort_key.name)) return std::nullopt;  // before the hash: most items of a sparse index
  std::string key = local_index_prefix(*partition_key, index.number);
  if (!append_attributes(key, {&index.sort_key, 1}, kSortKeySizeMax, item)) return std::nullopt;
  if (!append_table_sort_key(key, table, item)) return std::nullopt;
  return key;
}

std::optional<std::string> index_key(const Table& table, const GlobalIndex& index, const Item& item) {
  std::string parts;
  if (!append_attributes(parts, index.partition_key, kPartitionKeySizeMax, item)) return std::nullopt;
  std::string rest;
  if (!append_attributes(rest, index.sort_key, kSortKeySizeMax, item)) return std::nullopt;
  if (!append_attributes(rest, {&table.key.partition_key, 1}, kPartitionKeySizeMax, item)) return std::nullopt;
  if (!append_table_sort_key(rest, table, item)) return std::nullopt;
  return with_hash(std::move(parts), index.partition_key.size()).append(rest);
}

std::optional<uint16_t> local_index_number(std::string_view key) {
  if (key.size() < kHashSize) return std::nullopt;
  key.remove_prefix(kHashSize);
  std::string partition_key;
  if (!take_key_part(key, partition_key) || key.size() < sizeof(uint16_t)) return std::nullopt;
  return load_big_endian<uint16_t>(key.data());
}

std::string local_index_prefix(const AttributeValue& partition_key, uint16_t number) {
  std::string prefix = partition_prefix(partition_key);
  append_big_endian(prefix, number);
  return prefix;
}

std::string global_index_prefix(std::span<const AttributeValue> partition_key) {
  std::string parts;
  for (const AttributeValue& value : partition_key) append_key_part(parts, key_attribute_bytes(value));
  return with_hash(std::move(parts), partition_key.size());
}

std::optional<IndexKeyFailure> check_index_keys(const Table& table, const Item& item, const Item* before) {
  for (const GlobalIndex& index : std::views::reverse(table.global_indexes)) {
    if (index.status == TableStatus::kDeleting) continue;
    if (auto failure = check_attributes(index.name, index.partition_key, false, item, before)) return failure;
    if (auto failure = check_attributes(index.name, index.sort_key, true, item, before)) return failure;
  }
  for (const LocalIndex& index : std::views::reverse(table.local_indexes)) {
    if (auto failure = check_attributes(index.name, {&index.sort_key, 1}, true, item, before)) return failure;
  }
  return std::nullopt;
}

bool projects(const Table& table, const LocalIndex& index, std::string_view attribute) {
  return projects_attribute(table, index, attribute);
}

bool projects(const Table& table, const GlobalIndex& index, std::string_view attribute) {
  return projects_attribute(table, index, attribute);
}

std::string index_table_name(std::string_view table, std::string_view index) {
  return std::string(table).append("/").append(index);
}

}  // namespace stator::model
