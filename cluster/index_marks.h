// Index marks: rows of kind kDirty, one for each write that changed an entry of a global index, until the index has seen it
// (index_feed.h). They lie beside the items, in the write's own batch, keyed so that all marks of one item and index come
// one after the other, the oldest first. Pure; any thread.
//
//   key     item key | index number u16 | version index u64 | ordinal u16, big-endian
//   value   the key of the entry before the write, which the index may hold; empty: there was none
//
// A mark without version (zeros) asks for the item as it is: what reads the items of before an index leaves.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/item_record.h"

namespace stator::cluster {

struct IndexMark {
  std::string item_key;
  uint16_t index = 0;  // its number
  model::ItemVersion version;
};

std::string encode_mark_key(const IndexMark& mark);
// nullopt for bytes that are no such key.
std::optional<IndexMark> decode_mark_key(std::string_view key);

}  // namespace stator::cluster
