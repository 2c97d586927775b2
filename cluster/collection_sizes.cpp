// Sizes of item collections between items/ and the log.
#include "cluster/collection_sizes.h"

#include <algorithm>
#include <utility>

#include "model/assert.h"
#include "model/collection_size.h"

namespace stator::cluster {
namespace {

constexpr size_t kRowBytes = 64;  // of a size's row in a log entry, beside its key; roughly

}  // namespace

void CollectionSizes::hold(std::string_view collection) {
  auto it = collections_.find(collection);
  if (it == collections_.end()) it = collections_.emplace(collection, Collection{}).first;
  ++it->second.holders;
}

void CollectionSizes::release(std::string_view collection) {
  auto it = collections_.find(collection);
  if (it == collections_.end() || it->second.holders == 0) return;  // cleared since
  if (--it->second.holders == 0 && it->second.index == 0) collections_.erase(it);
}

void CollectionSizes::loaded(std::string_view collection, uint64_t bytes) {
  auto it = collections_.find(collection);
  STATOR_ASSERT(it != collections_.end(), "a load is asked for by those that hold the collection");
  if (!it->second.bytes) it->second.bytes = bytes;
}

const CollectionSizes::Collection& CollectionSizes::known(std::string_view collection) const {
  auto it = collections_.find(collection);
  STATOR_ASSERT(it != collections_.end() && it->second.bytes, "the size is known wherever a row is");
  return it->second;
}

uint64_t CollectionSizes::bytes(std::string_view collection) const { return *known(collection).bytes; }

raft::Index CollectionSizes::index(std::string_view collection) const {
  auto it = collections_.find(collection);
  return it == collections_.end() ? 0 : it->second.index;
}

size_t CollectionSizes::grow(std::string_view collection, int64_t growth, raft::Index index) {
  auto it = collections_.find(collection);
  STATOR_ASSERT(it != collections_.end() && it->second.bytes, "the size is known wherever a row is");
  Collection& changed = it->second;
  STATOR_ASSERT(index >= changed.index, "proposals are made in order");
  if (changed.index != index) {
    changed.index = index;
    written_.emplace_back(index, it->first);
  }
  if (growth == 0) return 0;
  // A row that was lost to damage must not turn into a size without end.
  changed.bytes = static_cast<uint64_t>(std::max<int64_t>(0, static_cast<int64_t>(*changed.bytes) + growth));
  if (std::exchange(changed.taken, true)) return 0;
  taken_.push_back(it->first);
  return it->first.size() + kRowBytes;
}

void CollectionSizes::take_rows(std::vector<model::RowWrite>& rows) {
  for (std::string& collection : taken_) {
    Collection& changed = collections_.find(std::string_view(collection))->second;
    changed.taken = false;
    std::optional<std::string> value;
    if (*changed.bytes != 0) value = model::encode_collection_size(collection, *changed.bytes);
    rows.push_back({model::RowKind::kCollectionSize, std::move(collection), std::move(value)});
  }
  taken_.clear();
}

void CollectionSizes::applied(raft::Index index) {
  while (!written_.empty() && written_.front().first <= index) {
    auto it = collections_.find(std::string_view(written_.front().second));
    // A later proposal may have written to it again: then that one's turn comes.
    if (it != collections_.end() && it->second.index <= index) {
      it->second.index = 0;  // what is here is what items/ holds
      if (it->second.holders == 0) collections_.erase(it);
    }
    written_.pop_front();
  }
}

void CollectionSizes::clear() {
  collections_.clear();
  written_.clear();
  taken_.clear();
}

}  // namespace stator::cluster
