// Table records: header, checksum and body of a stored table. Written when a table is created or changed,
// read at start and when a schema entry is applied. Pure; any thread.
//
//   0 format u8 | codec u8 | flags u16 | payload length u32
//   8 checksum u64 (XXH3 over the 8 bytes before it, and the payload)
//  16 payload: schemas/metadata.capnp Table, one segment without a segment table
#include "model/table_record.h"

#include "model/byte_order.h"
#include "model/checksum.h"
#include "model/flat_message.h"
#include "schemas/metadata.capnp.h"

namespace stator::model {
namespace {

constexpr uint8_t kFormat = 1;
constexpr uint8_t kCodec = 1;
constexpr size_t kChecksumAt = 8;
constexpr size_t kHeaderSize = 16;

uint64_t record_checksum(std::string_view record) {
  return checksum_of({record.substr(0, kChecksumAt), record.substr(kHeaderSize)});
}

std::string text(capnp::Data::Reader bytes) { return std::string(data_view(bytes)); }

void write_attribute(const KeyAttribute& attribute, schemas::KeyAttribute::Builder out) {
  out.setName(data_reader(attribute.name));
  out.setType(static_cast<uint8_t>(attribute.type));
}

void write_throughput(const Throughput& throughput, schemas::Throughput::Builder out) {
  out.setReadUnits(throughput.read_units);
  out.setWriteUnits(throughput.write_units);
  out.setLastIncrease(throughput.last_increase.micros);
  out.setLastDecrease(throughput.last_decrease.micros);
  out.setDecreasesToday(throughput.decreases_today);
}

void write_table(const Table& table, schemas::Table::Builder out) {
  out.setId(table.id.value);
  out.setName(data_reader(table.name));
  out.setUuid(data_reader(table.uuid));
  out.setSchemaVersion(table.schema_version);
  out.setStatus(static_cast<uint8_t>(table.status));
  out.setCreated(table.created.micros);
  write_attribute(table.key.partition_key, out.initPartitionKey());
  if (table.key.sort_key) write_attribute(*table.key.sort_key, out.initSortKey());
  auto definitions = out.initAttributeDefinitions(static_cast<unsigned>(table.attribute_definitions.size()));
  for (unsigned i = 0; i < definitions.size(); ++i)
    write_attribute(table.attribute_definitions[i], definitions[i]);
  out.setBillingMode(static_cast<uint8_t>(table.billing_mode));
  out.setLastUpdateToOnDemand(table.last_update_to_on_demand.micros);
  write_throughput(table.throughput, out.initThroughput());
  out.setTableClass(static_cast<uint8_t>(table.table_class));
  out.setDeletionProtection(table.deletion_protection);
  auto tags = out.initTags(static_cast<unsigned>(table.tags.size()));
  for (unsigned i = 0; i < tags.size(); ++i) {
    tags[i].setKey(data_reader(table.tags[i].first));
    tags[i].setValue(data_reader(table.tags[i].second));
  }
}

// A stored enum's value; false where it lies outside [lowest, highest].
template <class Enum>
bool read_enum(uint8_t stored, Enum lowest, Enum highest, Enum& out) {
  if (stored < static_cast<uint8_t>(lowest) || stored > static_cast<uint8_t>(highest)) return false;
  out = static_cast<Enum>(stored);
  return true;
}

bool read_attribute(schemas::KeyAttribute::Reader in, KeyAttribute& out) {
  out.name = text(in.getName());
  return !out.name.empty() && read_enum(in.getType(), AttributeType::kS, AttributeType::kB, out.type);
}

bool read_attributes(capnp::List<schemas::KeyAttribute>::Reader in, size_t payload_words,
                     std::vector<KeyAttribute>& out) {
  if (in.size() > payload_words) return false;  // a length that the bytes cannot hold
  out.resize(in.size());
  for (unsigned i = 0; i < in.size(); ++i) {
    if (!read_attribute(in[i], out[i])) return false;
  }
  return true;
}

void read_throughput(schemas::Throughput::Reader in, Throughput& out) {
  out.read_units = in.getReadUnits();
  out.write_units = in.getWriteUnits();
  out.last_increase = Stamp{in.getLastIncrease()};
  out.last_decrease = Stamp{in.getLastDecrease()};
  out.decreases_today = in.getDecreasesToday();
}

bool read_table(schemas::Table::Reader in, size_t payload_words, Table& out) {
  out.id = TableId(in.getId());
  out.name = text(in.getName());
  out.uuid = text(in.getUuid());
  out.schema_version = in.getSchemaVersion();
  out.created = Stamp{in.getCreated()};
  out.last_update_to_on_demand = Stamp{in.getLastUpdateToOnDemand()};
  out.deletion_protection = in.getDeletionProtection();
  read_throughput(in.getThroughput(), out.throughput);
  if (!read_enum(in.getStatus(), TableStatus::kCreating, TableStatus::kDeleting, out.status) ||
      !read_enum(in.getBillingMode(), BillingMode::kProvisioned, BillingMode::kPayPerRequest,
                 out.billing_mode) ||
      !read_enum(in.getTableClass(), TableClass::kUnset, TableClass::kStandardInfrequentAccess,
                 out.table_class) ||
      !read_attribute(in.getPartitionKey(), out.key.partition_key) ||
      !read_attributes(in.getAttributeDefinitions(), payload_words, out.attribute_definitions)) {
    return false;
  }
  if (in.hasSortKey() && !read_attribute(in.getSortKey(), out.key.sort_key.emplace())) return false;
  const auto tags = in.getTags();
  if (tags.size() > payload_words) return false;
  out.tags.reserve(tags.size());
  for (const auto tag : tags) out.tags.emplace_back(text(tag.getKey()), text(tag.getValue()));
  return true;
}

}  // namespace

std::string encode_table_record(const Table& table) {
  capnp::MallocMessageBuilder builder;
  write_table(table, builder.initRoot<schemas::Table>());
  const auto root = builder.getRoot<schemas::Table>().asReader();

  std::string out(kHeaderSize, '\0');
  // A copy gathers the segments into one; the root pointer is a word that totalSize leaves out.
  append_flat_message(out, root.totalSize().wordCount + 1,
                      [&](capnp::MessageBuilder& message) { message.setRoot(root); });

  char* at = out.data();
  store_little_endian(at, kFormat);
  store_little_endian(at + 1, kCodec);
  store_little_endian(at + 4, static_cast<uint32_t>(out.size() - kHeaderSize));
  store_little_endian(at + kChecksumAt, record_checksum(out));
  return out;
}

Result<Table, RecordError> decode_table_record(std::string_view bytes) {
  if (bytes.empty()) return Failure(RecordError::kTruncated);
  const char* at = bytes.data();
  if (load_little_endian<uint8_t>(at) != kFormat) return Failure(RecordError::kUnknownFormat);
  if (bytes.size() < kHeaderSize) return Failure(RecordError::kTruncated);
  const uint64_t expected_size = kHeaderSize + uint64_t{load_little_endian<uint32_t>(at + 4)};
  if (bytes.size() < expected_size) return Failure(RecordError::kTruncated);
  if (bytes.size() > expected_size) return Failure(RecordError::kMalformed);
  if (load_little_endian<uint64_t>(at + kChecksumAt) != record_checksum(bytes))
    return Failure(RecordError::kChecksum);
  if (load_little_endian<uint8_t>(at + 1) != kCodec || load_little_endian<uint16_t>(at + 2) != 0) {
    return Failure(RecordError::kUnknownFormat);
  }
  const std::string_view payload = bytes.substr(kHeaderSize);
  Table table;
  const bool whole = read_flat_message<schemas::Table>(payload, [&](schemas::Table::Reader root) {
    return read_table(root, payload.size() / kWordBytes, table);
  });
  if (!whole) return Failure(RecordError::kMalformed);
  return table;
}

}  // namespace stator::model
