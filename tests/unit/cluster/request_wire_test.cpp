// Goal: what nodes answer each other about tables comes back as it was, and damaged bytes are a value.
#include "cluster/request_wire.h"

#include "cluster/node_record.h"
#include "tests/unit/cluster/cluster_testing.h"

namespace stator::cluster {
namespace {

api::TableAnswer table_answer() {
  api::TableAnswer answer;
  answer.table.id = model::TableId(7);
  answer.table.name = "music";
  answer.table.key.partition_key = {"artist", model::AttributeType::kS};
  answer.table.attribute_definitions = {answer.table.key.partition_key};
  answer.table.created = model::Stamp{5'000'000};
  answer.counts = {3, 99};
  return answer;
}

const api::TableAnswer& as_table(const ForwardAnswer& answer) {
  return std::get<api::TableAnswer>(*answer.result);
}

bool same(const model::TableCounts& a, const model::TableCounts& b) { return a.items == b.items && a.bytes == b.bytes; }

TEST(RequestWire, TableAnswersComeBack) {
  const api::TableAnswer sent = table_answer();
  const ForwardAnswer got = decode_answer(encode_answer(api::Answer(sent), 42));
  ASSERT_TRUE(got.result.ok()) << got.result.error().message;
  EXPECT_EQ(got.applied, 42u);
  EXPECT_EQ(as_table(got).table, sent.table);
  EXPECT_TRUE(same(as_table(got).counts, sent.counts));
  EXPECT_TRUE(as_table(got).index_counts.empty());
}

TEST(RequestWire, CountsOfIndexesComeBackInTheirOrder) {
  api::TableAnswer sent = table_answer();
  sent.index_counts = {{1, 10}, {}, {~uint64_t{0}, 5}};
  const ForwardAnswer got = decode_answer(encode_answer(api::Answer(sent), 0));
  ASSERT_TRUE(got.result.ok());
  const auto& counts = as_table(got).index_counts;
  ASSERT_EQ(counts.size(), sent.index_counts.size());
  for (size_t i = 0; i < counts.size(); ++i) EXPECT_TRUE(same(counts[i], sent.index_counts[i])) << i;
}

TEST(RequestWire, ReportsBringTheCountsOfLocalIndexes) {
  Report sent;
  sent.partitions.push_back({model::PartitionId(3), 5, true, {{10, 200}, {{1, {4, 44}}, {2, {6, 66}}}}, {}, false});
  sent.partitions.push_back({model::PartitionId(4), 6, false, {{1, 2}}, {}, false});
  const auto got = decode_report(encode_report(sent));
  ASSERT_TRUE(got.ok());
  ASSERT_EQ(got->partitions.size(), 2u);
  EXPECT_TRUE(same(got->partitions[0].totals.items, {10, 200}));
  EXPECT_EQ(got->partitions[0].totals.local_indexes, sent.partitions[0].totals.local_indexes);
  EXPECT_TRUE(got->partitions[1].totals.local_indexes.empty());
}

TEST(RequestWire, ReportsComeBack) {
  Report sent;
  sent.complete = true;
  sent.clock_astray = true;
  sent.reaches = {model::NodeId(2), model::NodeId(5)};
  sent.partitions.push_back({model::PartitionId(7), 3, true, {{4, 500}},
                             {{model::ReplicaId(1001), model::ReplicaId(1002)}, {model::ReplicaId(1003)}}, true});
  auto got = decode_report(encode_report(sent));
  ASSERT_TRUE(got.ok());
  EXPECT_TRUE(got->complete && got->clock_astray);
  EXPECT_EQ(got->reaches, sent.reaches);
  ASSERT_EQ(got->partitions.size(), 1u);
  EXPECT_EQ(got->partitions[0].partition, sent.partitions[0].partition);
  EXPECT_EQ(got->partitions[0].members, sent.partitions[0].members);
  EXPECT_TRUE(got->partitions[0].whole && got->partitions[0].serving);
  EXPECT_TRUE(same(got->partitions[0].totals.items, sent.partitions[0].totals.items));
  sent.reaches.assign(kNodesMax + 1, model::NodeId(1));
  EXPECT_FALSE(decode_report(encode_report(sent)).ok());
}

TEST(RequestWire, BytesThatAreNoAnswerAreAnError) {
  const std::string bytes = encode_answer(api::Answer(table_answer()), 1);
  for (size_t size = 0; size < bytes.size(); size += 8) {
    const ForwardAnswer got = decode_answer(std::string_view(bytes).substr(0, size));
    if (!got.result.ok()) {
      EXPECT_EQ(got.result.error().code, api::ErrorCode::kInternalServerError);
    }
  }
  EXPECT_FALSE(decode_answer("").result.ok());
}

}  // namespace
}  // namespace stator::cluster
