// Goal: log entries are the same bytes for ever, damage of any byte is found, and a body that is no body is
// an error, never a crash.
#include "cluster/log_entry.h"

#include <xxhash.h>

#include <cstring>

#include "raft/membership.h"
#include "tests/unit/cluster/cluster_testing.h"

namespace stator::cluster {
namespace {

LogHeader header_of(LogKind kind) {
  LogHeader header;
  header.kind = kind;
  header.partition = model::PartitionId(0x0102030405060708);
  header.range_epoch = 0x11121314;
  header.schema_version = 0x21222324;
  header.table = model::TableId(0x3132333435363738);
  header.term = 0x4142434445464748;
  header.index = 0x5152535455565758;
  header.stamp = model::Stamp{kNow};
  header.previous_checksum = 0x6162636465666768;
  return header;
}

WriteOperation put_operation() {
  model::Item item{{"k", model::AttributeValue::s("a")}, {"v", model::AttributeValue::s("1")}};
  model::ItemRecordHeader record;
  record.version_index = 9;
  record.stamp = model::Stamp{kNow};
  record.schema_version = 1;
  record.item_bytes = 4;
  WriteOperation operation;
  operation.key = key_of("a");
  operation.record = model::encode_item_record(operation.key, record, item);
  operation.count_delta = 1;
  operation.bytes_delta = 4;
  return operation;
}

WriteOperation delete_operation() {
  WriteOperation operation;
  operation.key = key_of("b");
  operation.count_delta = -1;
  operation.bytes_delta = -17;
  operation.request_id = request_id(0xab);
  api::ItemAnswer outcome;
  outcome.item = std::make_shared<model::Item>(model::Item{{"k", model::AttributeValue::s("b")}});
  outcome.capacity.write_units = 1.5;
  operation.outcome = outcome;
  return operation;
}

Partition test_partition() {
  Partition partition;
  partition.id = model::PartitionId(5);
  partition.table = model::TableId(7);
  partition.range = model::segment_range(1, 3);
  partition.range_epoch = 2;
  partition.replicas = {{model::ReplicaId(1000), model::NodeId(1), 0, false},
                        {model::ReplicaId(1001), model::NodeId(2), 3, true}};
  partition.first_leader = model::ReplicaId(1000);
  return partition;
}

// The same after its second node was wiped.
Partition late_partition() {
  Partition partition = test_partition();
  partition.replicas[1] = {model::ReplicaId(1002), model::NodeId(2), 3, false, true};
  return partition;
}

NodeRecord test_node() {
  NodeRecord node;
  node.id = model::NodeId(2);
  node.incarnation.fill(0xab);
  node.metadata_replica = model::ReplicaId(101);
  node.metadata_late = true;
  node.zone = "b";
  node.link_address = "10.0.0.2:8200";
  node.client_address = "10.0.0.2:8000";
  node.admin_address = "10.0.0.2:8100";
  node.version = "0.2";
  node.formats_min = 1;
  node.formats_max = 3;
  node.retired.resize(1);
  node.retired[0].fill(0xaa);
  return node;
}

ClusterRecord test_cluster() {
  ClusterRecord cluster;
  cluster.id.fill(0xcc);
  cluster.active_version = 2;
  return cluster;
}

MetadataBody metadata_body() {
  MetadataBody body;
  for (auto kind : {MetadataChange::Kind::kPutTable, MetadataChange::Kind::kDeleteTable,
                    MetadataChange::Kind::kPutPartition, MetadataChange::Kind::kDeletePartition,
                    MetadataChange::Kind::kAllocated, MetadataChange::Kind::kPutNode,
                    MetadataChange::Kind::kDeleteNode, MetadataChange::Kind::kPutCluster}) {
    MetadataChange change;
    change.kind = kind;
    if (kind == MetadataChange::Kind::kPutTable) change.table = test_table();
    if (kind == MetadataChange::Kind::kDeleteTable) change.table.id = model::TableId(6);
    if (kind == MetadataChange::Kind::kPutPartition) change.partition = test_partition();
    if (kind == MetadataChange::Kind::kDeletePartition) change.partition.id = model::PartitionId(4);
    if (kind == MetadataChange::Kind::kAllocated) change.allocated = {8, 6, 1002, 103};
    if (kind == MetadataChange::Kind::kPutNode) change.node = test_node();
    if (kind == MetadataChange::Kind::kDeleteNode) change.node.id = model::NodeId(9);
    if (kind == MetadataChange::Kind::kPutCluster) change.cluster = test_cluster();
    body.changes.push_back(change);
  }
  body.request_id = request_id(0xcd);
  body.outcome = api::TableAnswer{test_table(2), {3, 99}};
  return body;
}

// --- golden bytes
// -----------------------------------------------------------------------------------------------------

std::string sealed(LogKind kind, std::string_view body) {
  LogHeader header = header_of(kind);
  return *seal_log_entry(header, body);
}

TEST(LogEntryBytes, Noop) { expect_golden("log_noop", sealed(LogKind::kNoop, "")); }
TEST(LogEntryBytes, Write) {
  expect_golden("log_write",
                sealed(LogKind::kWrite, encode_write_body({put_operation(), delete_operation()})));
}
TEST(LogEntryBytes, Membership) {
  raft::Membership membership{{model::ReplicaId(1), model::ReplicaId(2)}, {model::ReplicaId(3)}};
  expect_golden("log_membership", sealed(LogKind::kMembership, raft::encode_membership(membership)));
}
TEST(LogEntryBytes, Schema) {
  expect_golden("log_schema", sealed(LogKind::kSchema, encode_schema_body(test_table())));
}
TEST(LogEntryBytes, Metadata) {
  expect_golden("log_metadata", sealed(LogKind::kMetadata, encode_metadata_body(metadata_body())));
}
TEST(LogEntryBytes, RowsOfGroupZero) {
  expect_golden("partition", encode_partition(test_partition()));
  expect_golden("partition_late", encode_partition(late_partition()));
  expect_golden("allocated", encode_allocated({8, 6, 1002, 103}));
  expect_golden("node", encode_node(test_node()));
  expect_golden("cluster", encode_cluster(test_cluster()));
}

// Data folders from before group 0 knew nodes keep opening.
TEST(LogEntryBytes, OfBeforeThereWereNodesStillRead) {
  const Allocated before{8, 6, 1002, kFirstLateMetadataReplica};
  auto allocated = decode_allocated(read_golden("allocated_before_nodes"));
  ASSERT_TRUE(allocated.ok());
  EXPECT_EQ(*allocated, before);
  std::string entry = read_golden("log_metadata_before_nodes");
  ASSERT_TRUE(decode_log_header(entry).ok());
  auto body = decode_metadata_body(log_body(entry));
  ASSERT_TRUE(body.ok());
  ASSERT_EQ(body->changes.size(), 5u);
  EXPECT_EQ(body->changes[2].partition, test_partition());
  EXPECT_EQ(body->changes[4].allocated, before);
}

// And those from before nodes could be added.
TEST(LogEntryBytes, OfBeforeNodesWereAddedStillRead) {
  auto allocated = decode_allocated(read_golden("allocated_before_added_nodes"));
  ASSERT_TRUE(allocated.ok());
  EXPECT_EQ(*allocated, (Allocated{8, 6, 1002, 103, 1}));
  std::string entry = read_golden("log_metadata_before_added_nodes");
  ASSERT_TRUE(decode_log_header(entry).ok());
  auto body = decode_metadata_body(log_body(entry));
  ASSERT_TRUE(body.ok());
  for (const MetadataChange& change : body->changes) EXPECT_EQ(change.node.phase, NodePhase::kMember);
}

// --- the header
// -------------------------------------------------------------------------------------------------------

TEST(LogHeader, ComesBack) {
  LogHeader header = header_of(LogKind::kWrite);
  auto entry = seal_log_entry(header, "0123456789abcdef");
  auto decoded = decode_log_header(*entry);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->kind, LogKind::kWrite);
  EXPECT_EQ(decoded->active_version, kLogFormatVersion);
  EXPECT_EQ(decoded->partition, header.partition);
  EXPECT_EQ(decoded->range_epoch, header.range_epoch);
  EXPECT_EQ(decoded->schema_version, header.schema_version);
  EXPECT_EQ(decoded->table, header.table);
  EXPECT_EQ(decoded->term, header.term);
  EXPECT_EQ(decoded->index, header.index);
  EXPECT_EQ(decoded->stamp, header.stamp);
  EXPECT_EQ(decoded->key_id, 0u);
  EXPECT_EQ(decoded->previous_checksum, header.previous_checksum);
  EXPECT_EQ(decoded->checksum, header.checksum);
  EXPECT_EQ(log_body(*entry), "0123456789abcdef");
}

TEST(LogHeader, DamageOfAnyByteIsFound) {
  for (const std::string& whole :
       {sealed(LogKind::kNoop, ""), sealed(LogKind::kWrite, encode_write_body({put_operation()}))}) {
    for (size_t at = 0; at < whole.size(); ++at) {
      for (uint8_t bits : {0x01, 0x80, 0xff}) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ bits);
        EXPECT_FALSE(decode_log_header(damaged).ok()) << "byte " << at;
      }
    }
    for (size_t length = 0; length < whole.size(); ++length) {
      EXPECT_FALSE(decode_log_header(whole.substr(0, length)).ok()) << length << " bytes";
    }
    EXPECT_EQ(decode_log_header(whole + '\0').error(), LogEntryError::kTruncated);
  }
}

TEST(LogHeader, AKindOfTheFutureIsNamedAsSuch) {
  // Kind 4 (a split, to come) with a right checksum: what a later version writes.
  std::string entry = sealed(LogKind::kNoop, "");
  entry[1] = 4;
  uint64_t checksum = XXH3_64bits(entry.data(), 72);
  std::memcpy(entry.data() + 72, &checksum, sizeof checksum);
  EXPECT_EQ(decode_log_header(entry).error(), LogEntryError::kUnknownFormat);
  entry[0] = 2;
  EXPECT_EQ(decode_log_header(entry).error(), LogEntryError::kUnknownFormat);
  EXPECT_EQ(decode_log_header("").error(), LogEntryError::kTruncated);
}

TEST(LogHeader, AgreesWithItsPlaceInTheLog) {
  LogHeader header = header_of(LogKind::kWrite);
  auto data = seal_log_entry(header, "");
  raft::Entry entry{header.index, header.term, raft::EntryKind::kNormal, data};
  EXPECT_TRUE(matches(header, header.partition, entry));
  EXPECT_FALSE(matches(header, model::PartitionId(9), entry));
  EXPECT_FALSE(matches(header, header.partition, {header.index + 1, header.term, entry.kind, data}));
  EXPECT_FALSE(matches(header, header.partition, {header.index, header.term + 1, entry.kind, data}));
  EXPECT_FALSE(matches(header, header.partition, {header.index, header.term, raft::EntryKind::kNoop, data}));
  EXPECT_FALSE(
      matches(header, header.partition, {header.index, header.term, raft::EntryKind::kMembership, data}));
}

// --- bodies
// -----------------------------------------------------------------------------------------------------------

// A body where it is in an entry: aligned.
std::string_view in_entry(std::string& entry, std::string_view body) {
  entry = std::string(kLogHeaderSize, '\0') + std::string(body);
  return log_body(entry);
}

TEST(WriteBody, ComesBack) {
  std::string entry;
  auto operations =
      decode_write_body(in_entry(entry, encode_write_body({put_operation(), delete_operation()})));
  ASSERT_TRUE(operations.ok());
  ASSERT_EQ(operations->operations.size(), 2u);
  const WriteOperationView& first = operations->operations[0];
  EXPECT_EQ(first.key, put_operation().key);
  EXPECT_EQ(first.record, put_operation().record);
  EXPECT_EQ(first.count_delta, 1);
  EXPECT_EQ(first.bytes_delta, 4);
  EXPECT_FALSE(first.request_id.has_value());
  EXPECT_FALSE(first.outcome.has_value());
  const WriteOperationView& second = operations->operations[1];
  EXPECT_TRUE(second.record.empty());
  EXPECT_EQ(second.count_delta, -1);
  EXPECT_EQ(second.bytes_delta, -17);
  EXPECT_EQ(second.request_id, request_id(0xab));
  ASSERT_TRUE(second.outcome && second.outcome->item);
  EXPECT_EQ(*second.outcome->item, *delete_operation().outcome->item);
  EXPECT_EQ(second.outcome->capacity.write_units, 1.5);
}

// An answer that returns an item without attributes is not one that returns none.
TEST(WriteBody, AnEmptyReturnedItemIsKept) {
  WriteOperation operation = delete_operation();
  operation.outcome->item = std::make_shared<model::Item>();
  std::string entry;
  auto empty = decode_write_body(in_entry(entry, encode_write_body({operation})));
  ASSERT_TRUE(empty.ok());
  EXPECT_NE(empty->operations.front().outcome->item, nullptr);
  operation.outcome->item = nullptr;
  auto none = decode_write_body(in_entry(entry, encode_write_body({operation})));
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->operations.front().outcome->item, nullptr);
}

TEST(WriteBody, RowsBesideItemsComeBack) {
  const std::vector<model::RowWrite> rows = {{model::RowKind::kLocalIndex, "a", "record"},
                                             {model::RowKind::kDirty, "b", ""},
                                             {model::RowKind::kTtl, "c", std::nullopt}};
  std::string entry;
  auto body = decode_write_body(in_entry(entry, encode_write_body({}, rows)));
  ASSERT_TRUE(body.ok());
  EXPECT_TRUE(body->operations.empty());
  EXPECT_EQ(body->rows, rows);
}

TEST(WriteBody, RowsOfAnotherKindAreRefused) {
  for (const auto kind : {model::RowKind::kItem, model::RowKind::kSchema, model::RowKind::kTable, model::RowKind{99}}) {
    std::string entry;
    EXPECT_FALSE(decode_write_body(in_entry(entry, encode_write_body({}, {{kind, "a", "v"}}))).ok());
  }
}

TEST(MetadataBody, ComesBack) {
  MetadataBody body = metadata_body();
  auto decoded = decode_metadata_body(encode_metadata_body(body));
  ASSERT_TRUE(decoded.ok());
  ASSERT_EQ(decoded->changes.size(), body.changes.size());
  for (size_t i = 0; i < body.changes.size(); ++i) EXPECT_EQ(decoded->changes[i].kind, body.changes[i].kind);
  EXPECT_EQ(decoded->changes[0].table, test_table());
  EXPECT_EQ(decoded->changes[1].table.id, model::TableId(6));
  EXPECT_EQ(decoded->changes[2].partition, test_partition());
  EXPECT_EQ(decoded->changes[3].partition.id, model::PartitionId(4));
  EXPECT_EQ(decoded->changes[4].allocated, (Allocated{8, 6, 1002, 103}));
  EXPECT_EQ(decoded->changes[5].node, test_node());
  EXPECT_EQ(decoded->changes[6].node.id, model::NodeId(9));
  EXPECT_EQ(decoded->changes[7].cluster, test_cluster());
  EXPECT_EQ(decoded->request_id, body.request_id);
  EXPECT_EQ(decoded->outcome->table, test_table(2));
  EXPECT_EQ(decoded->outcome->counts.items, 3u);
  EXPECT_EQ(decoded->outcome->counts.bytes, 99u);
}

// Cap'n Proto grows a message by segments; what is stored is one, so that equal bodies are equal bytes.
TEST(MetadataBody, IsOneSegmentHoweverLarge) {
  MetadataBody body;
  body.changes.resize(200);
  for (size_t i = 0; i < body.changes.size(); ++i) {
    body.changes[i].table = test_table();
    body.changes[i].table.id = model::TableId(i + 1);
  }
  std::string bytes = encode_metadata_body(body);
  EXPECT_GT(bytes.size(), 32u * 1024);
  auto decoded = decode_metadata_body(bytes);
  ASSERT_TRUE(decoded.ok());
  ASSERT_EQ(decoded->changes.size(), 200u);
  for (size_t i = 0; i < 200; ++i) EXPECT_EQ(decoded->changes[i].table, body.changes[i].table);
}

TEST(Bodies, SchemaAndRowsComeBack) {
  EXPECT_EQ(*decode_schema_body(encode_schema_body(test_table(3))), test_table(3));
  EXPECT_EQ(*decode_partition(encode_partition(test_partition())), test_partition());
  EXPECT_EQ(*decode_partition(encode_partition(late_partition())), late_partition());
  EXPECT_EQ(*decode_allocated(encode_allocated({8, 6, 1002, 103})), (Allocated{8, 6, 1002, 103}));
  EXPECT_EQ(*decode_node(encode_node(test_node())), test_node());
  EXPECT_EQ(*decode_node(encode_node(NodeRecord{})), NodeRecord{});
  EXPECT_EQ(*decode_cluster(encode_cluster(test_cluster())), test_cluster());
}

// Behind a right checksum there may still be a faulty writer: whatever the bytes, the decoders return.
TEST(Bodies, DamageIsAnErrorOrAnotherBodyNeverACrash) {
  const std::string write = encode_write_body({put_operation(), delete_operation()});
  const std::string metadata = encode_metadata_body(metadata_body());
  const std::string schema = encode_schema_body(test_table());
  int refused = 0;
  std::string entry;
  for (const std::string& whole : {write, metadata, schema, encode_partition(test_partition()),
                                   encode_node(test_node()), encode_cluster(test_cluster())}) {
    for (size_t at = 0; at < whole.size(); ++at) {
      for (uint8_t bits : {0x01, 0x7f, 0x80, 0xff}) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ bits);
        refused += !decode_write_body(in_entry(entry, damaged)).ok();
        refused += !decode_metadata_body(in_entry(entry, damaged)).ok();
        refused += !decode_schema_body(damaged).ok();
        (void)decode_partition(damaged);
        (void)decode_allocated(damaged);
        (void)decode_node(damaged);
        (void)decode_cluster(damaged);
      }
    }
    for (size_t length = 0; length < whole.size(); ++length) {
      refused += !decode_write_body(in_entry(entry, whole.substr(0, length))).ok();
      refused += !decode_metadata_body(in_entry(entry, whole.substr(0, length))).ok();
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_EQ(decode_write_body("").error(), LogEntryError::kMalformed);
}

TEST(Bodies, WhatIsTooShortToBeAKeyOrAnIdIsRefused) {
  // An incarnation and a cluster's id are 16 bytes: an Allocated, read as a record without any, has none.
  EXPECT_FALSE(decode_node(encode_allocated({})).ok());
  EXPECT_FALSE(decode_cluster(encode_allocated({})).ok());
  std::string entry;
  WriteOperation operation = put_operation();
  operation.key = std::string(15, 'x');
  EXPECT_FALSE(decode_write_body(in_entry(entry, encode_write_body({operation}))).ok());
}

}  // namespace
}  // namespace stator::cluster
