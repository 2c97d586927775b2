// Goal: the usual ports where they are free, others where they are not, the same again after a stop, never
// one twice.
#include "cli/cluster_ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace stator::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<uint16_t> client_ports(const ClusterState& state) {
  std::vector<uint16_t> ports;
  for (const ClusterNode& node : state.nodes) {
    EXPECT_EQ(node.admin_port, node.port + 100);
    EXPECT_EQ(node.link_port, node.port + 200);
    ports.push_back(node.port);
  }
  return ports;
}

ClusterState chosen(ClusterState state, const std::set<uint16_t>& taken, std::vector<bool> runs = {},
                    uint16_t first = 8000) {
  runs.resize(state.nodes.size());
  const auto done = choose_ports(state, runs, first, [&](uint16_t port) { return !taken.contains(port); });
  EXPECT_TRUE(done.ok());
  return state;
}

TEST(ClusterPorts, TheUsualOnes) {
  EXPECT_THAT(client_ports(chosen(new_cluster(3, 3), {})), ElementsAre(8000, 9000, 10000));
  EXPECT_THAT(client_ports(chosen(new_cluster(3, 3), {}, {}, 12000)), ElementsAre(12000, 13000, 14000));
}

TEST(ClusterPorts, AnyOfTheThreeTakenMeansOthers) {
  EXPECT_THAT(client_ports(chosen(new_cluster(3, 3), {9000})), ElementsAre(8000, 9001, 10000));
  EXPECT_THAT(client_ports(chosen(new_cluster(3, 3), {9100})), ElementsAre(8000, 9001, 10000));
  EXPECT_THAT(client_ports(chosen(new_cluster(3, 3), {9200, 9201, 9102})), ElementsAre(8000, 9003, 10000));
}

TEST(ClusterPorts, TheAdminUisPortIsLeftAlone) {
  EXPECT_THAT(client_ports(chosen(new_cluster(3, 3), {8000})), ElementsAre(8002, 9000, 10000));
}

TEST(ClusterPorts, AResumedClusterKeepsItsOwn) {
  const ClusterState before = chosen(new_cluster(3, 3), {8000, 9000});
  EXPECT_THAT(client_ports(before), ElementsAre(8002, 9001, 10000));
  EXPECT_EQ(chosen(before, {}), before) << "8000 is free again, and nobody expects node 1 there";
  EXPECT_THAT(client_ports(chosen(before, {9101})), ElementsAre(8002, 9000, 10000));
}

// The ports of a node that runs are not free, and it keeps them.
TEST(ClusterPorts, NodesThatRunStayWhereTheyAre) {
  const ClusterState before = chosen(new_cluster(3, 3), {});
  EXPECT_EQ(chosen(before, {9000, 9100, 9200}, {false, true, false}), before);
}

TEST(ClusterPorts, NoPortTwice) {
  ClusterState state = new_cluster(3, 3);
  state.nodes[0].port = 9000;  // from an earlier choice: where node 2 would begin
  state.nodes[0].admin_port = 9100;
  state.nodes[0].link_port = 9200;
  EXPECT_THAT(client_ports(chosen(state, {})), ElementsAre(9000, 9001, 10000));
}

TEST(ClusterPorts, NoneFree) {
  ClusterState state = new_cluster(1, 1);
  const auto done = choose_ports(state, {false}, 8000, [](uint16_t) { return false; });
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error(), HasSubstr("8000 to 8099"));
  EXPECT_THAT(done.error(), HasSubstr("--port"));
}

}  // namespace
}  // namespace stator::cli
