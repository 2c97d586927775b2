// Goal: table records come back as they were written, stay byte for byte what they are on disks already, and
// no damage to one is read as a table.
#include "model/table_record.h"

#include "model/byte_order.h"
#include "model/checksum.h"
#include "tests/unit/model/golden.h"

namespace stator::model {
namespace {

// The example of docs/storage_format.md.
Table small_table() {
  Table table;
  table.id = TableId(7);
  table.name = "Music";
  table.uuid = "01234567-89ab-cdef-0123-456789abcdef";
  table.created = Stamp{1'700'000'000'000'000};
  table.key.partition_key = {"Artist", AttributeType::kS};
  table.attribute_definitions = {{"Artist", AttributeType::kS}};
  table.billing_mode = BillingMode::kPayPerRequest;
  return table;
}

Table full_table() {
  Table table = small_table();
  table.schema_version = 12;
  table.status = TableStatus::kUpdating;
  table.key.sort_key = KeyAttribute{"Year", AttributeType::kN};
  table.attribute_definitions = {
      {"Year", AttributeType::kN}, {"Artist", AttributeType::kS}, {"Cover", AttributeType::kB}};
  table.billing_mode = BillingMode::kProvisioned;
  table.last_update_to_on_demand = Stamp{1'600'000'000'000'000};
  table.throughput = {5, 6, Stamp{1'650'000'000'000'000}, Stamp{1'660'000'000'000'000}, 2};
  table.table_class = TableClass::kStandardInfrequentAccess;
  table.deletion_protection = true;
  table.tags = {{"team", "a"}, {"stage", ""}};
  return table;
}

Table table_with_indexes() {
  Table table = full_table();
  table.on_demand = {100, 0};
  table.warm = {12001, 4001};
  table.time_to_live = {"expires", true, Stamp{1'680'000'000'000'000}};
  table.local_indexes = {{1, "by-cover", {"Cover", AttributeType::kB}, {ProjectionType::kInclude, {"Label", "Price"}}}};
  GlobalIndex index;
  index.number = 2;
  index.id = TableId(8);
  index.name = "by-label";
  index.partition_key = {{"Label", AttributeType::kS}, {"Country", AttributeType::kS}};
  index.sort_key = {{"Year", AttributeType::kN}};
  index.projection.type = ProjectionType::kKeysOnly;
  index.status = TableStatus::kCreating;
  index.backfilling = true;
  index.built = {PartitionId(3), PartitionId(5)};
  index.throughput.read_units = 3;
  index.throughput.write_units = 4;
  index.on_demand = {0, 7};
  index.warm = {13000, 5000};
  table.global_indexes = {index};
  table.next_index_number = 3;
  return table;
}

Table table_of_an_index() {
  Table table = small_table();
  table.index_of = IndexOf{TableId(7), 2};
  return table;
}

std::string resealed(std::string record) {
  const std::string_view view = record;
  store_little_endian(record.data() + 8, checksum_of({view.substr(0, 8), view.substr(16)}));
  return record;
}

TEST(TableRecord, GoldenBytes) {
  expect_golden("table_record_small", encode_table_record(small_table()));
  expect_golden("table_record_full", encode_table_record(full_table()));
}

TEST(TableRecord, GoldenBytesWithIndexes) {
  expect_golden("table_record_indexes", encode_table_record(table_with_indexes()));
  auto back = decode_table_record(read_golden("table_record_indexes"));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, table_with_indexes());
}

TEST(TableRecord, ATableThatHoldsAnIndex) {
  auto back = decode_table_record(encode_table_record(table_of_an_index()));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, table_of_an_index());
}

// As it was written before tables had indexes.
TEST(TableRecord, AnOlderRecordIsRead) {
  auto table = decode_table_record(read_golden("table_record_without_extras"));
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(*table, full_table());
}

TEST(TableRecord, GoldenBytesAreRead) {
  auto small = decode_table_record(read_golden("table_record_small"));
  ASSERT_TRUE(small.ok());
  EXPECT_EQ(*small, small_table());
  auto full = decode_table_record(read_golden("table_record_full"));
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(*full, full_table());
}

TEST(TableRecord, ATableLargerThanOneSegment) {
  Table table = full_table();
  for (int i = 0; i < 50; ++i)
    table.tags.emplace_back(std::string(128, 'k') + std::to_string(i), std::string(256, 'v'));
  auto back = decode_table_record(encode_table_record(table));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, table);
}

TEST(TableRecordDamage, EveryFlippedBitIsAnError) {
  const std::string record = encode_table_record(full_table());
  for (size_t at = 0; at < record.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = record;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      ASSERT_FALSE(decode_table_record(damaged).ok()) << "byte " << at << " bit " << bit;
    }
  }
}

TEST(TableRecordDamage, EveryOtherLengthIsAnError) {
  const std::string record = encode_table_record(full_table());
  for (size_t length = 0; length < record.size(); ++length) {
    auto result = decode_table_record(std::string_view(record).substr(0, length));
    ASSERT_FALSE(result.ok());
    ASSERT_EQ(result.error(), RecordError::kTruncated) << length;
  }
  EXPECT_EQ(decode_table_record(record + "x").error(), RecordError::kMalformed);
}

TEST(TableRecordDamage, WhatALaterVersionWroteIsRefused) {
  std::string record = encode_table_record(small_table());
  ASSERT_TRUE(decode_table_record(resealed(record)).ok());
  for (size_t at : {0, 1, 2, 3}) {
    std::string later = record;
    later[at] = static_cast<char>(later[at] + 1);
    EXPECT_EQ(decode_table_record(resealed(later)).error(), RecordError::kUnknownFormat) << at;
  }
}

TEST(TableRecordDamage, FieldsOutsideTheirEnumAreRefused) {
  Table table = small_table();
  table.status = static_cast<TableStatus>(9);
  EXPECT_EQ(decode_table_record(encode_table_record(table)).error(), RecordError::kMalformed);
  table = small_table();
  table.billing_mode = static_cast<BillingMode>(0);
  EXPECT_EQ(decode_table_record(encode_table_record(table)).error(), RecordError::kMalformed);
  table = small_table();
  table.table_class = static_cast<TableClass>(3);
  EXPECT_EQ(decode_table_record(encode_table_record(table)).error(), RecordError::kMalformed);
  table = small_table();
  table.key.partition_key.type = AttributeType::kBool;
  EXPECT_EQ(decode_table_record(encode_table_record(table)).error(), RecordError::kMalformed);
  table = small_table();
  table.key.sort_key = KeyAttribute{"", AttributeType::kS};
  EXPECT_EQ(decode_table_record(encode_table_record(table)).error(), RecordError::kMalformed);
}

TEST(TableRecordDamage, DamagedPayloadsNeverCrash) {
  SeededRandom random;
  const std::string record = encode_table_record(full_table());
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = record;
    const uint64_t changes = 1 + random.below(3);
    for (uint64_t i = 0; i < changes; ++i) {
      damaged[16 + random.below(damaged.size() - 16)] = static_cast<char>(random.below(256));
    }
    auto table = decode_table_record(resealed(damaged));
    if (!table.ok()) {
      ASSERT_EQ(table.error(), RecordError::kMalformed);
    } else {
      ASSERT_EQ(*decode_table_record(encode_table_record(*table)), *table);
    }
  }
}

TEST(Table, Names) {
  EXPECT_EQ(table_status_name(TableStatus::kCreating), "CREATING");
  EXPECT_EQ(table_status_name(TableStatus::kActive), "ACTIVE");
  EXPECT_EQ(table_status_name(TableStatus::kUpdating), "UPDATING");
  EXPECT_EQ(table_status_name(TableStatus::kDeleting), "DELETING");
  EXPECT_EQ(billing_mode_name(BillingMode::kProvisioned), "PROVISIONED");
  EXPECT_EQ(billing_mode_name(BillingMode::kPayPerRequest), "PAY_PER_REQUEST");
  EXPECT_EQ(table_class_name(TableClass::kStandard), "STANDARD");
  EXPECT_EQ(table_class_name(TableClass::kStandardInfrequentAccess), "STANDARD_INFREQUENT_ACCESS");
}

}  // namespace
}  // namespace stator::model
