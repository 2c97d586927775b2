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

template <class Value>
void write_units(const Value& value, schemas::Units::Builder out) {
  out.setRead(value.read_units);
  out.setWrite(value.write_units);
}

void write_attributes(const std::vector<KeyAttribute>& attributes,
                      capnp::List<schemas::KeyAttribute>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) write_attribute(attributes[i], out[i]);
}

void write_projection(const Projection& projection, schemas::Projection::Builder out) {
  out.setType(static_cast<uint8_t>(projection.type));
  if (projection.non_key_attributes.empty()) return;
  auto names = out.initNonKeyAttributes(static_cast<unsigned>(projection.non_key_attributes.size()));
  for (unsigned i = 0; i < names.size(); ++i) names.set(i, data_reader(projection.non_key_attributes[i]));
}

void write_index(const LocalIndex& index, schemas::LocalIndex::Builder out) {
  out.setNumber(index.number);
  out.setName(data_reader(index.name));
  write_attribute(index.sort_key, out.initSortKey());
  write_projection(index.projection, out.initProjection());
}

void write_index(const GlobalIndex& index, schemas::GlobalIndex::Builder out) {
  out.setNumber(index.number);
  out.setId(index.id.value);
  out.setName(data_reader(index.name));
  write_attributes(index.partition_key,
                   out.initPartitionKey(static_cast<unsigned>(index.partition_key.size())));
  write_attributes(index.sort_key, out.initSortKey(static_cast<unsigned>(index.sort_key.size())));
  write_projection(index.projection, out.initProjection());
  out.setStatus(static_cast<uint8_t>(index.status));
  out.setBackfilling(index.backfilling);
  write_throughput(index.throughput, out.initThroughput());
  write_units(index.on_demand, out.initOnDemand());
  write_units(index.warm, out.initWarm());
  if (index.built.empty()) return;
  auto built = out.initBuilt(static_cast<unsigned>(index.built.size()));
  for (unsigned i = 0; i < built.size(); ++i) built.set(i, index.built[i].value);
}

void write_extras(const Table& table, schemas::Extras::Builder out) {
  write_units(table.on_demand, out.initOnDemand());
  write_units(table.warm, out.initWarm());
  auto time_to_live = out.initTimeToLive();
  time_to_live.setAttribute(data_reader(table.time_to_live.attribute));
  time_to_live.setEnabled(table.time_to_live.enabled);
  time_to_live.setChanged(table.time_to_live.changed.micros);
  auto local = out.initLocalIndexes(static_cast<unsigned>(table.local_indexes.size()));
  for (unsigned i = 0; i < local.size(); ++i) write_index(table.local_indexes[i], local[i]);
  auto global = out.initGlobalIndexes(static_cast<unsigned>(table.global_indexes.size()));
  for (unsigned i = 0; i < global.size(); ++i) write_index(table.global_indexes[i], global[i]);
  out.setNextIndexNumber(table.next_index_number);
  if (!table.index_of) return;
  auto index_of = out.initIndexOf();
  index_of.setTable(table.index_of->table.value);
  index_of.setNumber(table.index_of->number);
}

// Whether the record needs the part that only some tables have.
bool has_extras(const Table& table) {
  return table.on_demand != OnDemandLimits{} || table.warm != WarmThroughput{} ||
         table.time_to_live != TimeToLive{} || !table.local_indexes.empty() || !table.global_indexes.empty() ||
         table.next_index_number != 1 || table.index_of;
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
  if (has_extras(table)) write_extras(table, out.initExtras());
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

template <class Value>
Value read_units(schemas::Units::Reader in) {
  return {in.getRead(), in.getWrite()};
}

bool read_projection(schemas::Projection::Reader in, size_t payload_words, Projection& out) {
  const auto names = in.getNonKeyAttributes();
  if (names.size() > payload_words) return false;
  for (const auto name : names) out.non_key_attributes.push_back(text(name));
  return read_enum(in.getType(), ProjectionType::kAll, ProjectionType::kInclude, out.type);
}

bool read_index(schemas::LocalIndex::Reader in, size_t payload_words, LocalIndex& out) {
  out.number = in.getNumber();
  out.name = text(in.getName());
  return read_attribute(in.getSortKey(), out.sort_key) &&
         read_projection(in.getProjection(), payload_words, out.projection);
}

bool read_index(schemas::GlobalIndex::Reader in, size_t payload_words, GlobalIndex& out) {
  out.number = in.getNumber();
  out.id = TableId(in.getId());
  out.name = text(in.getName());
  out.backfilling = in.getBackfilling();
  read_throughput(in.getThroughput(), out.throughput);
  out.on_demand = read_units<OnDemandLimits>(in.getOnDemand());
  out.warm = read_units<WarmThroughput>(in.getWarm());
  for (const uint64_t partition : in.getBuilt()) out.built.push_back(PartitionId(partition));
  return read_attributes(in.getPartitionKey(), payload_words, out.partition_key) &&
         !out.partition_key.empty() && read_attributes(in.getSortKey(), payload_words, out.sort_key) &&
         read_projection(in.getProjection(), payload_words, out.projection) &&
         read_enum(in.getStatus(), TableStatus::kCreating, TableStatus::kDeleting, out.status);
}

template <class List, class Index>
bool read_indexes(List in, size_t payload_words, std::vector<Index>& out) {
  if (in.size() > payload_words) return false;
  out.resize(in.size());
  for (unsigned i = 0; i < in.size(); ++i) {
    if (!read_index(in[i], payload_words, out[i])) return false;
  }
  return true;
}

bool read_extras(schemas::Extras::Reader in, size_t payload_words, Table& out) {
  out.on_demand = read_units<OnDemandLimits>(in.getOnDemand());
  out.warm = read_units<WarmThroughput>(in.getWarm());
  out.time_to_live.attribute = text(in.getTimeToLive().getAttribute());
  out.time_to_live.enabled = in.getTimeToLive().getEnabled();
  out.time_to_live.changed = Stamp{in.getTimeToLive().getChanged()};
  out.next_index_number = in.getNextIndexNumber();
  if (in.hasIndexOf()) out.index_of = IndexOf{TableId(in.getIndexOf().getTable()), in.getIndexOf().getNumber()};
  return read_indexes(in.getLocalIndexes(), payload_words, out.local_indexes) &&
         read_indexes(in.getGlobalIndexes(), payload_words, out.global_indexes);
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
  return read_extras(in.getExtras(), payload_words, out);
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
