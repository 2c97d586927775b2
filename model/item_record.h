// ItemRecord: an item as it lies in items/, in log entries and in snapshots: a fixed little-endian header and a Cap'n Proto
// body (schemas/item.capnp). docs/storage_format.md lists every field; golden-byte tests hold it still. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/attribute_value.h"
#include "model/ids.h"
#include "model/result.h"

namespace stator::model {

// Stored; never reuse a number. Every reader treats a kind other than kItem as "not there".
enum class RecordKind : uint8_t { kItem = 1, kTombstone = 2, kLockPlaceholder = 3 };

// When an item was written: the log index, and which operation of that entry. Rises with every write of the item.
struct ItemVersion {
  uint64_t index = 0;
  uint16_t ordinal = 0;
  auto operator<=>(const ItemVersion&) const = default;
};

struct ItemRecordHeader {
  RecordKind kind = RecordKind::kItem;
  uint32_t key_id = 0;          // 0: not encrypted
  uint64_t version_index = 0;   // the log index that wrote it
  uint16_t version_ordinal = 0; // which operation of that entry
  uint16_t origin_region = 0;   // 0: here
  Stamp stamp;
  uint32_t schema_version = 0;
  uint32_t item_bytes = 0;      // as the service counts (model/size.h)
};

struct ItemRecord {
  ItemRecordHeader header;
  Item item;  // empty unless kItem
};

enum class RecordError : uint8_t {
  kTruncated = 1,    // shorter than its header says
  kUnknownFormat,    // a format, codec or flag that no version of ours explains
  kChecksum,         // the bytes are damaged, or belong to another key
  kMalformed,        // a body that is no item
};
std::string_view record_error_text(RecordError error);

// `key` is the row's key without space and kind: it goes into the checksum, so a record under a wrong key is found.
std::string encode_item_record(std::string_view key, const ItemRecordHeader& header, const Item& item);
Result<ItemRecord, RecordError> decode_item_record(std::string_view key, std::string_view bytes);
// The header alone, verified with the checksum as well.
Result<ItemRecordHeader, RecordError> decode_item_record_header(std::string_view key, std::string_view bytes);

}  // namespace stator::model
