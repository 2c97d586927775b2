// Goal: three nodes are one database: whichever is asked, requests find the leader; one that is lost is missed for a moment
// only; one that comes back, or comes back with an empty folder, catches up; and nothing that was acknowledged is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "tests/cluster/local_cluster.h"

namespace stator::tests {
namespace {

class ClusterTest : public testing::Test {
 protected:
  LocalCluster cluster_{3};

  void create_table() {
    NodeAnswer created = call(cluster_[0], "CreateTable", kCreateTable);
    ASSERT_TRUE(created.ok) << created.text;
  }
  // One write, tried again where its outcome is not known, by any node that runs.
  bool put(std::initializer_list<size_t> nodes, uint64_t pk, uint64_t sk, std::string_view value) {
    for (size_t node : nodes) {
      if (call(cluster_[node], "PutItem", put_json(pk, sk, value)).ok) return true;
    }
    return false;
  }
  std::string get(size_t node, uint64_t pk, uint64_t sk) {
    return call(cluster_[node], "GetItem", get_json(pk, sk)).text;
  }
};

TEST_F(ClusterTest, EveryNodeAnswersForAll) {
  ASSERT_NO_FATAL_FAILURE(cluster_.start_all());
  ASSERT_NO_FATAL_FAILURE(create_table());
  for (size_t node = 0; node < 3; ++node) {
    // Acknowledged by another node a moment ago: known here.
    EXPECT_THAT(call(cluster_[node], "DescribeTable", R"({"TableName":"rows"})").text,
                testing::HasSubstr("\"TableStatus\":\"ACTIVE\""));
    for (uint64_t i = 0; i < 30; ++i)
      ASSERT_TRUE(call(cluster_[node], "PutItem", put_json(i, node, "n" + std::to_string(node))).ok);
  }
  for (size_t node = 0; node < 3; ++node) {
    for (uint64_t i = 0; i < 30; ++i) {
      for (uint64_t writer = 0; writer < 3; ++writer)
        EXPECT_THAT(get(node, i, writer), testing::HasSubstr("\"n" + std::to_string(writer) + "\""));
    }
    EXPECT_THAT(call(cluster_[node], "Scan", R"({"TableName":"rows","ConsistentRead":true,"Select":"COUNT"})").text,
                testing::HasSubstr("\"Count\":90"));
  }
  ASSERT_TRUE(call(cluster_[2], "DeleteTable", R"({"TableName":"rows"})").ok);
  for (size_t node = 0; node < 3; ++node) {
    EXPECT_EQ(call(cluster_[node], "ListTables", "{}").text, R"({"TableNames":[]})");
    EXPECT_EQ(call(cluster_[node], "PutItem", put_json(1, 1, "late")).error, api::ErrorCode::kResourceNotFound);
  }
}

// What the client saw through one node, it sees through the same node by a default read.
TEST_F(ClusterTest, DefaultReadsSeeWhatWasWrittenThroughTheSameNode) {
  ASSERT_NO_FATAL_FAILURE(cluster_.start_all());
  ASSERT_NO_FATAL_FAILURE(create_table());
  for (uint64_t i = 0; i < 300; ++i) {
    size_t node = i % 3;
    ASSERT_TRUE(call(cluster_[node], "PutItem", put_json(i % 10, 1, "v" + std::to_string(i))).ok);
    EXPECT_THAT(call(cluster_[node], "GetItem", R"({"TableName":"rows","Key":{)" + key_json(i % 10, 1) + "}}").text,
                testing::HasSubstr("\"v" + std::to_string(i) + "\""));
  }
}

TEST_F(ClusterTest, WritesGoOnWithoutAnyOneNode) {
  ASSERT_NO_FATAL_FAILURE(cluster_.start_all());
  ASSERT_NO_FATAL_FAILURE(create_table());
  uint64_t written = 0;
  for (size_t lost = 0; lost < 3; ++lost) {
    size_t one = (lost + 1) % 3, other = (lost + 2) % 3;
    cluster_.stop(lost);
    for (uint64_t i = 0; i < 50; ++i, ++written) ASSERT_TRUE(put({one, other}, written, 1, "x")) << written;
    ASSERT_NO_FATAL_FAILURE(cluster_.start(lost));
    ASSERT_TRUE(cluster_.all_ready());
  }
  for (size_t node = 0; node < 3; ++node) {
    for (uint64_t i = 0; i < written; ++i) EXPECT_THAT(get(node, i, 1), testing::HasSubstr("\"x\"")) << i;
  }
}

TEST_F(ClusterTest, AllAreStoppedAndStartedAgain) {
  ASSERT_NO_FATAL_FAILURE(cluster_.start_all());
  ASSERT_NO_FATAL_FAILURE(create_table());
  for (uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(put({i % 3}, i, 1, "x"));
  for (size_t node = 0; node < 3; ++node) cluster_.stop(node);
  for (size_t node = 0; node < 3; ++node) ASSERT_NO_FATAL_FAILURE(cluster_.start(node));
  ASSERT_TRUE(cluster_.all_ready());
  for (uint64_t i = 0; i < 100; ++i) EXPECT_THAT(get(i % 3, i, 1), testing::HasSubstr("\"x\""));
}

TEST_F(ClusterTest, AWipedNodeComesBackAsANewIncarnation) {
  ASSERT_NO_FATAL_FAILURE(cluster_.start_all());
  ASSERT_NO_FATAL_FAILURE(create_table());
  for (uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(put({i % 3}, i, 1, "before"));
  cluster_.stop(2);
  cluster_.wipe(2);
  ASSERT_NO_FATAL_FAILURE(cluster_.start(2));
  ASSERT_TRUE(cluster_.all_ready());
  for (uint64_t i = 100; i < 200; ++i) ASSERT_TRUE(put({i % 3}, i, 1, "after"));
  // It counts again: with another node gone, it is half of every majority.
  ASSERT_TRUE(eventually([&] { return cluster_[0].fully_replicated() && cluster_[1].fully_replicated(); }));
  cluster_.stop(0);
  for (uint64_t i = 200; i < 220; ++i) ASSERT_TRUE(put({1, 2}, i, 1, "without the first"));
  for (uint64_t i = 0; i < 220; ++i) EXPECT_NE(get(2, i, 1), "{}") << i;
}

// A majority is gone: nothing is acknowledged, nothing hangs for ever, and nothing is lost when it is back.
TEST_F(ClusterTest, WithoutAMajorityRequestsEndAtTheirDeadline) {
  ASSERT_NO_FATAL_FAILURE(cluster_.start_all());
  ASSERT_NO_FATAL_FAILURE(create_table());
  ASSERT_TRUE(put({0}, 1, 1, "x"));
  cluster_.stop(1);
  cluster_.stop(2);
  NodeAnswer answer = call(cluster_[0], "PutItem", put_json(2, 1, "y"));
  EXPECT_FALSE(answer.ok);
  EXPECT_EQ(answer.error, api::ErrorCode::kInternalServerError);
  EXPECT_TRUE(eventually([&] { return !cluster_[0].ready(); }));
  ASSERT_NO_FATAL_FAILURE(cluster_.start(1));
  ASSERT_TRUE(cluster_.all_ready());
  EXPECT_THAT(get(0, 1, 1), testing::HasSubstr("\"x\""));
}

// --- nodes that come and go ---

class GrowingClusterTest : public testing::Test {
 protected:
  LocalCluster cluster_{4};

  // The first three are a cluster with a table; the fourth is not there yet.
  void start_three() {
    for (size_t i = 0; i < 3; ++i) ASSERT_NO_FATAL_FAILURE(cluster_.start(i));
    ASSERT_NO_FATAL_FAILURE(cluster_.initialise(3));
    ASSERT_TRUE(cluster_.all_ready());
    ASSERT_TRUE(call(cluster_[0], "CreateTable", kCreateTable).ok);
  }
  // Node `asked` knows a node of that number, counted from 1.
  bool knows(size_t asked, int node) {
    return cluster_[asked].status_json().find("{\"id\":" + std::to_string(node) + ",") != std::string::npos;
  }
  // Which node leads group 0, as node `asked` sees it.
  std::optional<size_t> metadata_leader(size_t asked) {
    const std::string status = cluster_[asked].status_json();
    const size_t at = status.find("\"metadata\":{\"leader\":") + 21;
    if (status[at] == 'n') return std::nullopt;
    return static_cast<size_t>(status[at] - '1');
  }
};

// It names no number, and is given one, which its folder keeps.
TEST_F(GrowingClusterTest, ANodeJoinsAndKeepsItsNumber) {
  ASSERT_NO_FATAL_FAILURE(start_three());
  ASSERT_NO_FATAL_FAILURE(cluster_.start(3, false));
  ASSERT_TRUE(eventually([&] { return cluster_[3].ready() && knows(0, 4) && knows(3, 4); }));
  for (uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(call(cluster_[3], "PutItem", put_json(i, 1, "x")).ok);
  cluster_.stop(3);
  ASSERT_NO_FATAL_FAILURE(cluster_.start(3, false));
  ASSERT_TRUE(eventually([&] { return cluster_[3].ready(); }));
  EXPECT_FALSE(knows(0, 5));
  for (uint64_t i = 0; i < 20; ++i) EXPECT_TRUE(call(cluster_[3], "PutItem", put_json(i, 1, "x")).ok);
}

// A node that was down while another joined does not know who that is, and has to learn it from that very node, once it leads
// group 0: it hears it, answers it and dials it all the same.
TEST_F(GrowingClusterTest, ANodeThatLagsLearnsFromALeaderThatItDoesNotKnow) {
  ASSERT_NO_FATAL_FAILURE(start_three());
  cluster_.stop(1);
  ASSERT_NO_FATAL_FAILURE(cluster_.start(3));
  ASSERT_TRUE(eventually([&] { return cluster_[3].ready() && knows(0, 4) && knows(2, 4); }));
  // Until the new node leads: each time the leader goes away and comes back, the others elect.
  for (int turn = 0; turn < 50 && metadata_leader(3) != 3; ++turn) {
    const size_t other = metadata_leader(3).value_or(0);
    if (other == 3) break;
    cluster_.stop(other);
    ASSERT_NO_FATAL_FAILURE(cluster_.start(other));
    ASSERT_TRUE(eventually([&] { return cluster_[0].ready() && cluster_[2].ready() && cluster_[3].ready(); }));
  }
  ASSERT_EQ(metadata_leader(3), 3u);
  ASSERT_NO_FATAL_FAILURE(cluster_.start(1));
  EXPECT_TRUE(eventually([&] { return cluster_[1].ready() && knows(1, 4); }));
}

TEST_F(GrowingClusterTest, ADecommissionedNodeEndsAndStaysOut) {
  using State = cluster::AdministerState;
  ASSERT_NO_FATAL_FAILURE(start_three());
  for (uint64_t i = 0; i < 50; ++i) ASSERT_TRUE(call(cluster_[i % 3], "PutItem", put_json(i, 1, "x")).ok);
  const cluster::AdministerRequest leave{cluster::AdministerVerb::kDecommission, LocalCluster::id(0)};
  EXPECT_EQ(cluster_.administer(1, leave).state, State::kRefused);  // three replicas need three nodes
  ASSERT_NO_FATAL_FAILURE(cluster_.start(3));
  ASSERT_TRUE(eventually([&] { return cluster_[3].ready() && knows(0, 4) && knows(1, 4); }));
  ASSERT_TRUE(eventually([&] { return cluster_.administer(1, leave).state == State::kUnderWay; }));
  ASSERT_TRUE(eventually([&] { return cluster_.administer(1, leave).state == State::kDone; }));
  EXPECT_TRUE(call(cluster_[0], "PutItem", put_json(60, 1, "z")).ok);  // it still takes requests to the others
  cluster_.stop(0);
  ASSERT_TRUE(eventually([&] { return !knows(1, 1); }));
  for (uint64_t i = 0; i < 50; ++i)
    EXPECT_THAT(call(cluster_[1 + i % 3], "GetItem", get_json(i, 1)).text, testing::HasSubstr("\"x\"")) << i;
  // Its old folder does not come back.
  ASSERT_NO_FATAL_FAILURE(cluster_.start(0));
  EXPECT_FALSE(knows(1, 1));
  for (uint64_t i = 0; i < 50; ++i) ASSERT_TRUE(call(cluster_[1 + i % 3], "PutItem", put_json(i, 2, "y")).ok);
  EXPECT_FALSE(knows(1, 1));
}

}  // namespace
}  // namespace stator::tests
