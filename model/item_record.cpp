// Item records: the fixed header and its checksum around an item's payload (item_codec.h).
// docs/storage_format.md lists the fields. Written by the leader at evaluation, read by whoever serves or
// applies the row. Pure; any thread.
//
//    0 format u8 | kind u8 | codec u8 | flags u8      28 schema version u32 | item bytes u32
//    4 key id u32                                     36 extension length u16 | reserved u16
//    8 version index u64 | ordinal u16                40 payload length u32
//   18 origin region u16                              44 checksum u64
//   20 stamp u64                                      52 extension, payload
#include "model/item_record.h"

#include "model/byte_order.h"
#include "model/checksum.h"
#include "model/item_codec.h"

namespace stator::model {
namespace {

constexpr uint8_t kFormat = 1;
constexpr size_t kChecksumAt = 44;
constexpr size_t kHeaderSize = 52;

// Stored; never reuse a number.
enum class Codec : uint8_t {
  kNone = 0,  // no payload
  kItem = 1,  // schemas/item.capnp, one segment without a segment table
};

uint64_t record_checksum(std::string_view key, std::string_view record) {
  return checksum_of({key, record.substr(0, kChecksumAt), record.substr(kHeaderSize)});
}

struct Frame {
  ItemRecordHeader header;
  Codec codec = Codec::kNone;
  std::string_view payload;
};

// Lengths, checksum and fixed fields; not the payload's contents.
Result<Frame, RecordError> read_frame(std::string_view key, std::string_view bytes) {
  if (bytes.empty()) return Failure(RecordError::kTruncated);
  const char* at = bytes.data();
  if (load_little_endian<uint8_t>(at) != kFormat) return Failure(RecordError::kUnknownFormat);
  if (bytes.size() < kHeaderSize) return Failure(RecordError::kTruncated);
  const uint64_t extension_size = load_little_endian<uint16_t>(at + 36);
  const uint64_t payload_size = load_little_endian<uint32_t>(at + 40);
  const uint64_t expected_size = kHeaderSize + extension_size + payload_size;
  if (bytes.size() < expected_size) return Failure(RecordError::kTruncated);
  if (bytes.size() > expected_size) return Failure(RecordError::kMalformed);
  if (load_little_endian<uint64_t>(at + kChecksumAt) != record_checksum(key, bytes))
    return Failure(RecordError::kChecksum);

  // From here on the bytes are what somebody wrote: what is not understood is a later version's.
  const auto kind = load_little_endian<uint8_t>(at + 1);
  const auto codec = load_little_endian<uint8_t>(at + 2);
  const auto flags = load_little_endian<uint8_t>(at + 3);
  const auto reserved = load_little_endian<uint16_t>(at + 38);
  if (kind < static_cast<uint8_t>(RecordKind::kItem) ||
      kind > static_cast<uint8_t>(RecordKind::kLockPlaceholder) ||
      codec > static_cast<uint8_t>(Codec::kItem) || flags != 0 || reserved != 0) {
    return Failure(RecordError::kUnknownFormat);
  }
  Frame frame;
  frame.header.kind = static_cast<RecordKind>(kind);
  frame.header.key_id = load_little_endian<uint32_t>(at + 4);
  frame.header.version_index = load_little_endian<uint64_t>(at + 8);
  frame.header.version_ordinal = load_little_endian<uint16_t>(at + 16);
  frame.header.origin_region = load_little_endian<uint16_t>(at + 18);
  frame.header.stamp = Stamp{load_little_endian<uint64_t>(at + 20)};
  frame.header.schema_version = load_little_endian<uint32_t>(at + 28);
  frame.header.item_bytes = load_little_endian<uint32_t>(at + 32);
  frame.codec = static_cast<Codec>(codec);
  // An extension that a reader must understand comes with a flag; without one it may be skipped.
  frame.payload = bytes.substr(kHeaderSize + extension_size);
  const bool is_item = frame.header.kind == RecordKind::kItem;
  if (is_item != (frame.codec == Codec::kItem) || is_item == frame.payload.empty()) {
    return Failure(RecordError::kMalformed);
  }
  return frame;
}

}  // namespace

std::string_view record_error_text(RecordError error) {
  switch (error) {
    case RecordError::kTruncated:
      return "the record is shorter than its header says";
    case RecordError::kUnknownFormat:
      return "the record has a format that this version does not read";
    case RecordError::kChecksum:
      return "the record is damaged: its checksum differs";
    case RecordError::kMalformed:
      return "the record's body is not what its header says";
  }
  STATOR_ASSERT(false, "a RecordError outside the enum");
  return {};
}

std::string encode_item_record(std::string_view key, const ItemRecordHeader& header, const Item& item) {
  STATOR_ASSERT(header.key_id == 0, "records are sealed by the engine, not by this codec");
  const bool is_item = header.kind == RecordKind::kItem;
  STATOR_ASSERT(is_item || item.empty(), "only a record of kind item holds one");
  std::string out(kHeaderSize, '\0');
  if (is_item) append_item_payload(out, item);

  char* at = out.data();
  store_little_endian(at, kFormat);
  store_little_endian(at + 1, static_cast<uint8_t>(header.kind));
  store_little_endian(at + 2, static_cast<uint8_t>(is_item ? Codec::kItem : Codec::kNone));
  store_little_endian(at + 4, header.key_id);
  store_little_endian(at + 8, header.version_index);
  store_little_endian(at + 16, header.version_ordinal);
  store_little_endian(at + 18, header.origin_region);
  store_little_endian(at + 20, header.stamp.micros);
  store_little_endian(at + 28, header.schema_version);
  store_little_endian(at + 32, header.item_bytes);
  store_little_endian(at + 40, static_cast<uint32_t>(out.size() - kHeaderSize));
  store_little_endian(at + kChecksumAt, record_checksum(key, out));
  return out;
}

Result<ItemRecord, RecordError> decode_item_record(std::string_view key, std::string_view bytes) {
  auto frame = read_frame(key, bytes);
  if (!frame.ok()) return Failure(frame.error());
  if (frame->header.key_id != 0) return Failure(RecordError::kUnknownFormat);  // sealed: not for this codec
  ItemRecord record;
  record.header = frame->header;
  if (record.header.kind == RecordKind::kItem && !read_item_payload(frame->payload, record.item)) {
    return Failure(RecordError::kMalformed);
  }
  return record;
}

Result<ItemRecordHeader, RecordError> decode_item_record_header(std::string_view key,
                                                                std::string_view bytes) {
  auto frame = read_frame(key, bytes);
  if (!frame.ok()) return Failure(frame.error());
  return frame->header;
}

}  // namespace stator::model
