// Goal: cluster.json says what was written, and what is no such file is refused; Prometheus finds the nodes.
#include "cli/cluster_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cluster_folder.h"
#include "cli/cluster_launch.h"
#include "cli/prometheus_configuration.h"

namespace stator::cli {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::Not;

ClusterState example() {
  ClusterState state = new_cluster(3, 2);
  state.version = "9.9.9";
  state.boot_id = "5a6b";
  state.partitions_per_table = 4;
  state.throttling = true;
  state.stopped = true;
  for (ClusterNode& node : state.nodes) {
    node.process = {static_cast<int32_t>(100 + node.id), 123'456'789'012u + node.id};
    node.port = static_cast<uint16_t>(7000 + node.id * 1000);
    node.admin_port = static_cast<uint16_t>(node.port + 100);
    node.link_port = static_cast<uint16_t>(node.port + 200);
  }
  return state;
}

TEST(ClusterState, ZonesInTurn) {
  std::string zones;
  for (const ClusterNode& node : new_cluster(5, 3).nodes) zones += node.zone;
  EXPECT_EQ(zones, "abcab");
  EXPECT_EQ(new_cluster(3, 3).majority(), 2u);
  EXPECT_EQ(new_cluster(5, 3).majority(), 3u);
  EXPECT_EQ(new_cluster(1, 1).majority(), 1u);
}

TEST(ClusterState, ComesBackAsItWasWritten) {
  const auto back = decode_cluster_state(encode(example()));
  ASSERT_TRUE(back.ok()) << back.error();
  EXPECT_EQ(*back, example());
  EXPECT_EQ(back->nodes[1].endpoint(), "http://127.0.0.1:9000");
  EXPECT_EQ(back->nodes[1].admin(), "http://127.0.0.1:9100");
  EXPECT_EQ(back->nodes[1].link_address(), "127.0.0.1:9200");
}

TEST(ClusterState, WhatIsNoSuchFileIsRefused) {
  EXPECT_FALSE(decode_cluster_state("").ok());
  EXPECT_FALSE(decode_cluster_state("[]").ok());
  EXPECT_FALSE(decode_cluster_state("{}").ok());
  EXPECT_FALSE(decode_cluster_state(R"({"format":1,"zones":1,"partitions_per_table":0,"nodes":[]})").ok());
  std::string later = encode(example());
  later.replace(later.find("\"format\":1"), 10, "\"format\":2");
  EXPECT_THAT(decode_cluster_state(later).error(), HasSubstr("format 2"));
  std::string gap = encode(example());
  gap.replace(gap.find("\"id\":2"), 6, "\"id\":4");
  EXPECT_THAT(decode_cluster_state(gap).error(), HasSubstr("the node after node 4"));  // out of order
}

TEST(ClusterState, ANumberIsNotGivenTwice) {
  ClusterState state = example();
  EXPECT_EQ(state.next_node, 4u);
  state.nodes.erase(state.nodes.begin() + 2);  // decommissioned
  const auto back = decode_cluster_state(encode(state));
  ASSERT_TRUE(back.ok()) << back.error();
  EXPECT_EQ(back->next_node, 4u);
  EXPECT_EQ(back->find(3), nullptr);
  EXPECT_EQ(back->find(2)->id, 2u);
  std::string again = encode(state);
  again.replace(again.find("\"next_node\":4"), 13, "\"next_node\":2");
  EXPECT_THAT(decode_cluster_state(again).error(), HasSubstr("next_node"));
}

TEST(ClusterState, TargetsForPrometheus) {
  const std::string targets = scrape_targets(example());
  EXPECT_THAT(targets, HasSubstr(R"({"targets":["127.0.0.1:8100"],"labels":{"node":"1","zone":"a"}})"));
  EXPECT_THAT(targets, HasSubstr(R"({"targets":["127.0.0.1:10100"],"labels":{"node":"3","zone":"a"}})"));
}

TEST(ClusterPrometheus, StaticTargetsGiveWayToTheFile) {
  EXPECT_EQ(
      cluster_prometheus(
          "# head\n# of it\nglobal:\n  scrape_interval: 5s\n\nscrape_configs:\n  - job_name: x\n"
          "    static_configs:\n      - targets: [\"a:1\"]\n        labels: {b: c}\n"
          "    # kept\n    metrics_path: /m\n"),
      "# Scrapes the nodes of this cluster, which targets.json lists; made by `stator cluster` from the\n"
      "# monitoring/prometheus.yml that it was built with. Overwritten at every start.\n"
      "global:\n  scrape_interval: 5s\n\nscrape_configs:\n  - job_name: x\n"
      "    file_sd_configs:\n      - files: [\"targets.json\"]\n        refresh_interval: 5s\n"
      "    # kept\n    metrics_path: /m\n");
}

TEST(ClusterPrometheus, TheFileOfTheRepositoryIsOneOfThese) {
  const std::string made = cluster_prometheus(kPrometheusConfiguration);
  EXPECT_THAT(made, HasSubstr("file_sd_configs:"));
  EXPECT_THAT(made, HasSubstr("metrics_path: /metrics"));
  EXPECT_THAT(made, Not(HasSubstr("static_configs")));
  EXPECT_THAT(made, Not(HasSubstr("127.0.0.1")));
}

TEST(NodeArguments, ANodeKnowsItselfAndTheOthers) {
  EXPECT_THAT(node_arguments(example(), example().nodes[1], "/d/node-2"),
              ElementsAreArray({"serve", "--host", "127.0.0.1", "--port", "9000", "--admin-port", "9100",
                                "--data-dir", "/d/node-2", "--partitions-per-table", "4",
                                "--throttling", "on", "--node-id", "2",
                                "--cluster-addr", "127.0.0.1:9200", "--join",
                                "127.0.0.1:8200,127.0.0.1:10200", "--zone", "b"}));
}

TEST(NodeArguments, AClusterOfOneIsAPlainServe) {
  ClusterState one = new_cluster(1, 1);
  one.nodes[0].port = 8000;
  one.nodes[0].admin_port = 8100;
  EXPECT_THAT(node_arguments(one, one.nodes[0], "/d/node-1"),
              ElementsAre("serve", "--host", "127.0.0.1", "--port", "8000", "--admin-port", "8100",
                          "--data-dir", "/d/node-1", "--partitions-per-table", "0",
                          "--throttling", "off"));
}

}  // namespace
}  // namespace stator::cli
