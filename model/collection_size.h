// The row that holds the size of an item collection (RowKind::kCollectionSize): all items of one partition key with their
// entries in local indexes, as the service counts. There is one for each collection of a table with local indexes, written
// with the items. Pure; any thread.
//
//   key     hash16 | part(partition key): model::partition_prefix
//   value   format u8 = 1 | bytes u64, little-endian | checksum u64, little-endian: XXH3 over the key and all before it
//
// A collection without a row has nothing in it, or was written before there were such rows: whoever needs its size counts it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stator::model {

std::string encode_collection_size(std::string_view key, uint64_t bytes);
// nullopt where the value is damaged, of another key, or of a format that no version of ours explains.
std::optional<uint64_t> decode_collection_size(std::string_view key, std::string_view value);

}  // namespace stator::model
