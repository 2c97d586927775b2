// Goal: what a retry of a change of a table is answered with comes back from the log entry as it was, with the counts of the
// indexes, and from entries of before there were any.
#include "cluster/log_entry.h"
#include "tests/unit/cluster/cluster_testing.h"

namespace stator::cluster {
namespace {

bool same(const model::TableCounts& a, const model::TableCounts& b) { return a.items == b.items && a.bytes == b.bytes; }

TEST(TableOutcome, HasTheCountsOfTheIndexes) {
  MetadataBody body;
  body.request_id = RequestId{1, 2, 3};
  body.outcome = api::TableAnswer{test_table(), {3, 99}, {{1, 10}, {}, {7, 70}}};
  const auto decoded = decode_metadata_body(encode_metadata_body(body));
  ASSERT_TRUE(decoded.ok());
  ASSERT_TRUE(decoded->outcome);
  EXPECT_EQ(decoded->outcome->table, body.outcome->table);
  EXPECT_TRUE(same(decoded->outcome->counts, body.outcome->counts));
  ASSERT_EQ(decoded->outcome->index_counts.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(same(decoded->outcome->index_counts[i], body.outcome->index_counts[i])) << i;
}

TEST(TableOutcome, OfBeforeIndexesWereCountedStillReads) {
  const std::string entry = read_golden("log_metadata_before_index_counts");
  ASSERT_TRUE(decode_log_header(entry).ok());
  const auto body = decode_metadata_body(log_body(entry));
  ASSERT_TRUE(body.ok());
  ASSERT_TRUE(body->outcome);
  EXPECT_EQ(body->outcome->table, test_table(2));
  EXPECT_TRUE(same(body->outcome->counts, {3, 99}));
  EXPECT_TRUE(body->outcome->index_counts.empty());
}

}  // namespace
}  // namespace stator::cluster
