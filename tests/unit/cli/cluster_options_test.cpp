// Goal: each cluster command reads its options, and what makes no sense is refused in one line that says why.
#include "cli/cluster_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stator::cli {
namespace {

using Strings = std::vector<std::string>;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

ClusterCommand read(const Strings& arguments) {
  const auto command = read_cluster_command(arguments, "stator");
  EXPECT_TRUE(command.ok()) << command.error().text;
  return command.ok() ? command.value() : ClusterCommand{};
}

std::string error(const Strings& arguments) {
  const auto command = read_cluster_command(arguments, "stator");
  if (command.ok()) return "(accepted)";
  EXPECT_NE(command.error().exit_code, 0);
  EXPECT_EQ(command.error().text.find('\n'), std::string::npos) << "one line: " << command.error().text;
  return command.error().text;
}

TEST(ClusterOptions, StartByItself) {
  const ClusterCommand command = read({"start"});
  EXPECT_EQ(command.verb, ClusterVerb::kStart);
  EXPECT_EQ(command.data_dir, "./stator-data");
  EXPECT_FALSE(command.node_count || command.zone_count || command.port || command.partitions_per_table);
  EXPECT_FALSE(command.foreground || command.json || command.throttling);
}

TEST(ClusterOptions, StartWithEverything) {
  const ClusterCommand command =
      read({"start", "--nodes", "5", "--zones=2", "--data-dir", "d", "--foreground", "--port", "9000",
            "--output", "json", "--partitions-per-table", "0", "--throttling", "on"});
  EXPECT_EQ(command.node_count, 5u);
  EXPECT_EQ(command.zone_count, 2u);
  EXPECT_EQ(command.data_dir, "d");
  EXPECT_TRUE(command.foreground);
  EXPECT_EQ(command.port, 9000);
  EXPECT_TRUE(command.json);
  EXPECT_EQ(command.partitions_per_table, 0u);
  EXPECT_EQ(command.throttling, true);
}

TEST(ClusterOptions, TwoNodesAreRefusedWithTheReason) {
  EXPECT_THAT(error({"start", "--nodes", "2"}), AllOf(HasSubstr("majority"), HasSubstr("1, or 3")));
  EXPECT_THAT(error({"init", "--peers", "a:1,b:1"}), AllOf(HasSubstr("majority"), HasSubstr("1, or 3")));
}

TEST(ClusterOptions, ADrill) {
  const ClusterCommand command = read({"drill", "leader-kill", "--rounds", "7", "--rate=50", "--data-dir", "d"});
  EXPECT_EQ(command.verb, ClusterVerb::kDrill);
  EXPECT_EQ(command.rounds, 7u);
  EXPECT_EQ(command.rate, 50u);
  EXPECT_EQ(command.data_dir, "d");
  EXPECT_EQ(read({"drill", "leader-kill"}).rounds, 5u);
  EXPECT_THAT(error({"drill"}), HasSubstr("leader-kill"));
  EXPECT_THAT(error({"drill", "fire"}), AllOf(HasSubstr("fire"), HasSubstr("leader-kill")));
  EXPECT_THAT(error({"drill", "leader-kill", "--rounds", "0"}), HasSubstr("rounds"));
  EXPECT_THAT(error({"drill", "leader-kill", "--rate", "5000"}), HasSubstr("rate"));
}

TEST(ClusterOptions, NumbersOutOfRange) {
  EXPECT_THAT(error({"start", "--nodes", "0"}), HasSubstr("nodes"));
  EXPECT_THAT(error({"start", "--nodes", "10"}), HasSubstr("nodes"));
  EXPECT_THAT(error({"start", "--nodes", "three"}), HasSubstr("three"));
  EXPECT_THAT(error({"start", "--nodes", "3", "--zones", "4"}), HasSubstr("zones"));
  EXPECT_THAT(error({"start", "--port", "65000"}), HasSubstr("port"));
  EXPECT_THAT(error({"start", "--throttling", "maybe"}), HasSubstr("neither on nor off"));
  EXPECT_THAT(error({"start", "--output", "xml"}), HasSubstr("xml"));
  EXPECT_EQ(read({"start", "--nodes", "1"}).node_count, 1u);
}

TEST(ClusterOptions, CommandsToNodes) {
  const std::pair<const char*, ClusterVerb> verbs[] = {{"kill", ClusterVerb::kKill},
                                                       {"pause", ClusterVerb::kPause},
                                                       {"resume", ClusterVerb::kResume},
                                                       {"restart", ClusterVerb::kRestart}};
  for (const auto& [name, verb] : verbs) {
    const ClusterCommand command = read({name, "3", "1", "3", "--data-dir", "d"});
    EXPECT_EQ(command.verb, verb);
    EXPECT_THAT(command.nodes, ElementsAre(3u, 1u));
    EXPECT_EQ(command.data_dir, "d");
    EXPECT_THAT(error({name}), HasSubstr("number of a node"));
    EXPECT_THAT(error({name, "first"}), HasSubstr("first"));
  }
}

TEST(ClusterOptions, Logs) {
  const ClusterCommand command = read({"logs", "2", "-f", "-n", "7"});
  EXPECT_EQ(command.verb, ClusterVerb::kLogs);
  EXPECT_THAT(command.nodes, ElementsAre(2u));
  EXPECT_TRUE(command.follow);
  EXPECT_EQ(command.lines, 7u);
  EXPECT_EQ(read({"logs", "2"}).lines, kLogLinesDefault);
  EXPECT_THAT(error({"logs", "1", "2"}), HasSubstr("one node"));
}

TEST(ClusterOptions, Init) {
  const ClusterCommand command = read({"init", "--peers", "a:1, b:2,[::1]:3"});
  EXPECT_EQ(command.verb, ClusterVerb::kInit);
  EXPECT_THAT(command.peers,
              ElementsAre(net::LinkAddress{"a", 1}, net::LinkAddress{"b", 2}, net::LinkAddress{"::1", 3}));
  EXPECT_EQ(read({"init", "--peers", "a:1"}).peers.size(), 1u);
  EXPECT_THAT(error({"init"}), HasSubstr("--peers"));
  EXPECT_THAT(error({"init", "--peers", "a:1,b:1,a:1"}), HasSubstr("twice"));
  EXPECT_THAT(error({"init", "--peers", "a"}), HasSubstr("a"));
}

TEST(ClusterOptions, TheShortOnes) {
  EXPECT_EQ(read({"stop"}).verb, ClusterVerb::kStop);
  EXPECT_EQ(read({"purge", "--data-dir", "d"}).verb, ClusterVerb::kPurge);
  EXPECT_TRUE(read({"status", "--output", "json"}).json);
}

TEST(ClusterOptions, WhatThereIsNot) {
  EXPECT_THAT(error({"begin"}), HasSubstr("begin"));
  EXPECT_THAT(error({"stop", "--nodes", "3"}), HasSubstr("--nodes"));
  EXPECT_THAT(error({"start", "1"}), HasSubstr("1"));
}

TEST(ClusterOptions, Help) {
  for (const Strings& arguments : {Strings{"--help"}, {"start", "--help"}}) {
    const auto told = read_cluster_command(arguments, "build/stator");
    ASSERT_FALSE(told.ok());
    EXPECT_EQ(told.error().exit_code, 0);
    EXPECT_THAT(told.error().text, HasSubstr("build/stator cluster"));
  }
  const auto nothing = read_cluster_command({}, "stator");
  ASSERT_FALSE(nothing.ok());
  EXPECT_NE(nothing.error().exit_code, 0);
  EXPECT_THAT(nothing.error().text, HasSubstr("start"));
}

}  // namespace
}  // namespace stator::cli
