// Where a page of a local index goes on, and where it ends, among the entries of others.
#include "api/operations/passed_entries.h"

#include "model/assert.h"
#include "model/byte_order.h"
#include "model/index.h"
#include "model/number.h"

namespace stator::api {
namespace {

// What the keys of all entries of the collection begin with. `key` has the number of an index behind it.
std::string collection_of(std::string_view key) {
  std::string_view rest = key.substr(model::kHashSize);
  std::string partition_key;
  const bool whole = model::take_key_part(rest, partition_key);
  STATOR_ASSERT(whole, "a key that has an index's number");
  return std::string(key.substr(0, key.size() - rest.size()));
}

model::AttributeValue least_value(model::AttributeType type) {
  switch (type) {
    case model::AttributeType::kN:
      return model::AttributeValue::n(model::Number());
    case model::AttributeType::kB:
      return model::AttributeValue::b(std::string(1, '\0'));
    default:
      return model::AttributeValue::s(" ");
  }
}

}  // namespace

// The collection that was seen before is over, and with it what the index may have there.
void PassedEntries::enter(const std::string& collection) {
  if (!before_ || before_->collection == collection) return;
  // Where the page begins, entries of the index may lie before it: a place without an entry could be among them.
  if (!begin_.starts_with(before_->collection)) place_ = std::move(before_);
  before_.reset();
}

void PassedEntries::own(std::string_view key, const StoredItemPtr& entry) {
  in_a_row_ = 0;
  before_.reset();
  place_ = Seen{collection_of(key), entry};
}

std::optional<std::string> PassedEntries::pass(std::string_view key, const StoredItemPtr& entry) {
  ++passed_;
  ++in_a_row_;
  passed_bytes_ += entry->size_bytes;
  const auto number = model::local_index_number(key);
  if (!number) return std::nullopt;  // no entry at all
  std::string collection = collection_of(key);
  enter(collection);
  const bool later = *number > index_.number;  // than the index's own of this collection
  if (!place_ || place_->collection != collection) {
    before_ = Seen{collection, entry};
    if (later && !begin_.starts_with(collection)) place_ = std::move(before_), before_.reset();
  }
  if (in_a_row_ < kPassedInARowMax) return std::nullopt;
  in_a_row_ = 0;
  if (later) return model::prefix_end(collection);
  model::append_big_endian(collection, index_.number);
  return collection;
}

model::Item PassedEntries::place() const {
  STATOR_ASSERT(place_.has_value(), "a page ends at a place");
  const model::Item& item = place_->entry->item;
  model::Item key;
  const auto take = [&](const model::KeyAttribute& attribute) {
    const model::AttributeValue* value = item.find(attribute.name);
    STATOR_ASSERT(value != nullptr, "entries have the table's keys");
    key.set(attribute.name, *value);
  };
  take(table_.key.partition_key);
  if (table_.key.sort_key) take(*table_.key.sort_key);
  if (const model::AttributeValue* value = item.find(index_.sort_key.name)) key.set(index_.sort_key.name, *value);
  if (!model::index_key(table_, index_, key)) key.set(index_.sort_key.name, least_value(index_.sort_key.type));
  return key;
}

}  // namespace stator::api
