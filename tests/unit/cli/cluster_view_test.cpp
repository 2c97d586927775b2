// Goal: what nodes say is put together rightly: leaders and replicas counted, dead leaders left out, gaps
// filled from others' answers; and the JSON of `status` has the members that tools rely on.
#include "cli/cluster_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stator::cli {
namespace {

using testing::HasSubstr;

// The answer of one node: partition 7 led by `leader7`, 8 led by `leader8` ("null": unknown).
std::string answer(int node, const std::string& leader7, const std::string& leader8, int lag = 0) {
  return R"({"node":)" + std::to_string(node) +
         R"(,"cluster_id":"c0","metadata":{"leader":1,"term":4},"nodes":[{"id":1,"zone":"a"},{"id":2,"zone":"b"}],)"
         R"("tables":[{"name":"t","status":"ACTIVE","partitions":[)"
         R"({"id":"7","leader":)" +
         leader7 + R"(,"replicas":[1,2,3],"lag_entries":)" + std::to_string(lag) +
         R"(},{"id":"8","leader":)" + leader8 + R"(,"replicas":[1,2],"lag_entries":0}]}]})";
}

NodeView view_of(unsigned id, ProcessState state, bool ready, const std::string& json = "") {
  NodeView view;
  view.node = new_cluster(3, 3).nodes[id - 1];
  view.node.process = {static_cast<int32_t>(100 + id), 1};
  view.node.port = static_cast<uint16_t>(7000 + id * 1000);
  view.node.admin_port = static_cast<uint16_t>(view.node.port + 100);
  view.node.link_port = static_cast<uint16_t>(view.node.port + 200);
  view.state = state;
  view.ready = ready;
  if (!json.empty()) view.answer = parse_node_answer(json).value();
  return view;
}

constexpr auto kUp = ProcessState::kUp;

TEST(ClusterView, CountsLeadersAndReplicas) {
  const ClusterView view = combine("/d", {view_of(1, kUp, true, answer(1, "1", "2")),
                                          view_of(2, kUp, true, answer(2, "1", "2")), view_of(3, kUp, true)});
  EXPECT_EQ(view.metadata_leader, 1u);
  EXPECT_EQ(view.metadata_term, 4u);
  EXPECT_EQ(view.nodes[0].leaders, 1u);
  EXPECT_EQ(view.nodes[1].leaders, 1u);
  EXPECT_EQ(view.nodes[2].leaders, 0u);
  EXPECT_EQ(view.nodes[0].replicas, 2u);
  EXPECT_EQ(view.nodes[2].replicas, 1u);
}

TEST(ClusterView, AReadyNodeIsBelievedBeforeOneThatIsNot) {
  const ClusterView view = combine(
      "/d", {view_of(1, kUp, false, answer(1, "1", "1")), view_of(2, kUp, true, answer(2, "2", "3"))});
  EXPECT_EQ(view.tables.at(0).partitions.at(0).leader, 2u);
  EXPECT_EQ(view.tables.at(0).partitions.at(1).leader, 3u);
}

TEST(ClusterView, ALeaderWhoseProcessIsDownIsNone) {
  const ClusterView view =
      combine("/d", {view_of(1, ProcessState::kDown, false), view_of(2, kUp, true, answer(2, "1", "2")),
                     view_of(3, kUp, true, answer(3, "3", "null", 17))});
  EXPECT_EQ(view.metadata_leader, std::nullopt);
  EXPECT_EQ(view.tables.at(0).partitions.at(0).leader, 3u) << "node 3 knows the new one";
  EXPECT_EQ(view.tables.at(0).partitions.at(1).leader, 2u);
  EXPECT_EQ(view.tables.at(0).partitions.at(0).lag_entries, 17u) << "the leader knows it best, and says most";
}

TEST(ClusterView, NobodyAnswers) {
  const ClusterView view = combine("/d", {view_of(1, ProcessState::kDown, false), view_of(2, kUp, false)});
  EXPECT_EQ(view.metadata_leader, std::nullopt);
  EXPECT_TRUE(view.tables.empty());
  EXPECT_THAT(to_text(view), HasSubstr("no leader"));
}

TEST(ClusterView, Json) {
  const ClusterView view = combine(
      "/d", {view_of(1, ProcessState::kPaused, false), view_of(2, kUp, true, answer(2, "2", "null", 5)),
             view_of(3, ProcessState::kDown, false)});
  EXPECT_EQ(
      to_json(view),
      R"({"nodes":[{"id":1,"pid":101,"state":"paused","ready":false,"zone":"a",)"
      R"("endpoint":"http://127.0.0.1:8000","admin":"http://127.0.0.1:8100","link":"127.0.0.1:8200",)"
      R"("leaders":0,"replicas":2},)"
      R"({"id":2,"pid":102,"state":"up","ready":true,"zone":"b",)"
      R"("endpoint":"http://127.0.0.1:9000","admin":"http://127.0.0.1:9100","link":"127.0.0.1:9200",)"
      R"("leaders":1,"replicas":2},)"
      R"({"id":3,"pid":null,"state":"down","ready":false,"zone":"c",)"
      R"("endpoint":"http://127.0.0.1:10000","admin":"http://127.0.0.1:10100","link":"127.0.0.1:10200",)"
      R"("leaders":0,"replicas":1}],"metadata":{"leader":1,"term":4},)"
      R"("tables":[{"name":"t","status":"ACTIVE","partitions":[)"
      R"({"id":"7","leader":2,"replicas":[1,2,3],"lag_entries":5},)"
      R"({"id":"8","leader":null,"replicas":[1,2],"lag_entries":0}]}],"cluster_id":"c0","data_dir":"/d"})"
      "\n");
}

TEST(ClusterView, Text) {
  const std::string text =
      to_text(combine("/d", {view_of(1, kUp, true, answer(1, "1", "null", 5)), view_of(2, kUp, true)}));
  EXPECT_THAT(text, HasSubstr("1     a     up     yes    1        2         http://127.0.0.1:8000"));
  EXPECT_THAT(text, HasSubstr("metadata  leader 1, term 4\n"));
  EXPECT_THAT(text,
              HasSubstr("tables    1 with 2 partitions, 1 without a leader; replication lag 5 entries\n"));
  EXPECT_THAT(text, HasSubstr("t      ACTIVE  2           1 -      5\n"));
}

TEST(ClusterView, AnswersThatAreNone) {
  EXPECT_FALSE(parse_node_answer("").ok());
  EXPECT_FALSE(parse_node_answer("[]").ok());
  EXPECT_FALSE(parse_node_answer("{}").ok());
  EXPECT_TRUE(parse_node_answer(R"({"node":1})").ok());
  EXPECT_TRUE(
      parse_node_answer(R"({"node":1,"tables":[1,{"partitions":[[],{"replicas":["x"]}]}],"nodes":{}})").ok());
}

}  // namespace
}  // namespace stator::cli
