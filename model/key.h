// Keys: an item's place in its table as bytes that sort as the service sorts, and the partition hash.
//
// An item key is   hash16 | part(partition key) | [part(sort key)]
// where hash16 is MD5("Outliers" + partition key bytes), part() escapes 00 as 00 FF and ends with 00 00, and the bytes of
// a key attribute are: S its UTF-8, B raw, N Number::key_bytes(). So items sort by hash, partition key, sort key: Scan
// returns them in the service's own order, and a partition is a range of such byte strings. Pure; any thread.
// The key in items/ is space and kind before it (docs/storage_format.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/attribute_value.h"
#include "model/result.h"
#include "model/table.h"

namespace stator::model {

// Why an attribute value cannot be a key. The API turns it into the service's text.
enum class KeyError : uint8_t {
  kMissing = 1,     // the attribute is not there
  kWrongType,       // not the type that the table's definition names
  kEmpty,           // an empty S or B
  kTooLong,         // over kPartitionKeySizeMax or kSortKeySizeMax
  kTooManyMembers,  // a key map with other attributes than the key's (only check_key_map)
};

inline constexpr size_t kHashSize = 16;

// Raw bytes of a scalar: S, N or B. Requires one of the three.
std::string key_attribute_bytes(const AttributeValue& value);
// 16 bytes: MD5("Outliers" + partition_key_bytes).
std::string partition_hash(std::string_view partition_key_bytes);

// 00 becomes 00 FF; the end is 00 00.
void append_key_part(std::string& out, std::string_view bytes);
// Takes one part off the front of `in`; false where it is no whole part (in is then unspecified).
bool take_key_part(std::string_view& in, std::string& bytes);

// The key of `item` (a whole item, or a key map: other attributes are not looked at).
struct KeyFailure {
  KeyError error;
  std::string attribute;      // its name; kTooManyMembers: of an attribute that is no part of the key
  AttributeType expected;     // by the table
  AttributeType actual;       // where there is one; else = expected
  bool is_sort_key;
};
Result<std::string, KeyFailure> item_key(const KeySchema& schema, const Item& item);
// The same for a key map, which must hold the key attributes and nothing else.
Result<std::string, KeyFailure> key_of_key_map(const KeySchema& schema, const Item& key);
// All keys of one partition key value begin with these bytes: hash16 | part(partition key).
std::string partition_prefix(const AttributeValue& partition_key);
// The inverse of item_key: the key attributes. nullopt for bytes that are no such key (a damaged row).
std::optional<Item> decode_item_key(const KeySchema& schema, std::string_view key);

// [from, to) of item keys; an empty `to` means no end.
struct KeyRange {
  std::string from;
  std::string to;
  bool contains(std::string_view key) const { return key >= from && (to.empty() || key < to); }
  bool operator==(const KeyRange&) const = default;
};
// The smallest string above all that begin with the prefix; empty where there is none (all FF).
std::string prefix_end(std::string_view prefix);
// Segment `segment` of `total` equal ranges of the hash space. Requires segment < total.
KeyRange segment_range(uint32_t segment, uint32_t total);
// The common part of two ranges; nullopt where there is none.
std::optional<KeyRange> intersect(const KeyRange& a, const KeyRange& b);

}  // namespace stator::model
