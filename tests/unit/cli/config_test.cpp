// Goal: who says what wins (flag, environment, file, default), the other server's flags work, and whatever is
// wrong is refused in one line that names it.
#include "cli/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>

#include "cli/arguments.h"

namespace stator::cli {
namespace {

using Strings = std::vector<std::string>;
using testing::ElementsAre;
using testing::HasSubstr;

class ConfigTest : public testing::Test {
 protected:
  ~ConfigTest() override {
    if (!file_.empty()) std::remove(file_.c_str());
  }
  model::Result<ServeConfig, Message> read(const Strings& arguments) {
    const auto lookup = [this](const char* name) -> std::optional<std::string> {
      const auto at = environment_.find(name);
      return at == environment_.end() ? std::nullopt : std::optional(at->second);
    };
    return read_config(arguments, lookup, "9.9.9");
  }
  std::string error(const Strings& arguments) {
    const auto result = read(arguments);
    if (result.ok()) return "(accepted)";
    EXPECT_NE(result.error().exit_code, 0);
    EXPECT_EQ(result.error().text.find('\n'), std::string::npos) << "one line";
    return result.error().text;
  }
  std::string file(const std::string& text) {
    // A name a test: ctest runs each in a process of its own, several at once.
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    file_ = testing::TempDir() + "/stator_config_test_" + test->name() + ".toml";
    std::ofstream(file_) << text;
    return file_;
  }

  std::map<std::string, std::string> environment_;
  std::string file_;
};

TEST_F(ConfigTest, Defaults) {
  const auto config = read({"serve"});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->host, "127.0.0.1");
  EXPECT_EQ(config->port, 8000);
  EXPECT_FALSE(config->port_given);
  EXPECT_EQ(config->admin_port, 8100);
  EXPECT_FALSE(config->admin_port_given);
  EXPECT_EQ(config->data_dir, "./stator-data");
  EXPECT_FALSE(config->in_memory);
}

TEST_F(ConfigTest, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const auto path = file("port = 1\nhost = \"file\"\nadmin-port = 11\n");
  environment_ = {{"STATOR_PORT", "2"}, {"STATOR_HOST", "variable"}};
  const auto config = read({"serve", "--port", "3", "--config", path});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->port, 3);
  EXPECT_TRUE(config->port_given);
  EXPECT_EQ(config->host, "variable");
  EXPECT_EQ(config->admin_port, 11);
  EXPECT_EQ(config->log_level, "info");
  EXPECT_EQ(read({"serve", "--config", path})->port, 2);
  environment_ = {{"STATOR_CONFIG", path}};
  EXPECT_EQ(read({"serve"})->port, 1);
}

TEST_F(ConfigTest, EverySettingHasAllThreeForms) {
  const auto path = file(
      "host = \"h\"\nport = 1\nadmin-port = 2\ndata-dir = \"d\"\nhttp-threads = 3\n"
      "cors = [\"https://a\", \"https://b\"]\nlog-level = \"warn\"\n");
  const auto from_file = read({"serve", "--config", path});
  environment_ = {{"STATOR_HOST", "h"},         {"STATOR_PORT", "1"},
                  {"STATOR_ADMIN_PORT", "2"},   {"STATOR_DATA_DIR", "d"},
                  {"STATOR_HTTP_THREADS", "3"}, {"STATOR_CORS", "https://a, https://b"},
                  {"STATOR_LOG_LEVEL", "warn"}};
  const auto from_environment = read({"serve"});
  environment_.clear();
  const auto from_flags = read({"serve", "--host=h", "--port=1", "--admin-port=2", "--data-dir=d",
                                "--http-threads=3", "--cors=https://a,https://b", "--log-level=warn"});
  for (const auto* config : {&from_file, &from_environment, &from_flags}) {
    ASSERT_TRUE(config->ok());
    const ServeConfig& c = config->value();
    EXPECT_EQ(c.host, "h");
    EXPECT_EQ(c.port, 1);
    EXPECT_EQ(c.admin_port, 2);
    EXPECT_EQ(c.data_dir, "d");
    EXPECT_EQ(c.http_threads, 3u);
    EXPECT_THAT(c.cors_origins, ElementsAre("https://a", "https://b"));
    EXPECT_EQ(c.log_level, "warn");
  }
}

TEST_F(ConfigTest, MemoryOrFolderTheCloserOneWins) {
  EXPECT_TRUE(read({"serve", "--in-memory"})->in_memory);
  environment_ = {{"STATOR_DATA_DIR", "d"}};
  EXPECT_TRUE(read({"serve", "--in-memory"})->in_memory);
  environment_ = {{"STATOR_IN_MEMORY", "true"}};
  EXPECT_TRUE(read({"serve"})->in_memory);
  EXPECT_FALSE(read({"serve", "--data-dir", "d"})->in_memory);
  environment_.clear();
  EXPECT_TRUE(read({"serve", "--config", file("in-memory = true\n")})->in_memory);
  EXPECT_THAT(error({"serve", "--in-memory", "--data-dir", "d"}), HasSubstr("both"));
}

TEST_F(ConfigTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(error({"serve", "--port", "70000"}), HasSubstr("port"));
  EXPECT_THAT(error({"serve", "--port", "70000"}), HasSubstr("70000"));
  EXPECT_THAT(error({"serve", "--port", "8000x"}), HasSubstr("8000x"));
  EXPECT_THAT(error({"serve", "--port", "-1"}), HasSubstr("port"));
  EXPECT_THAT(error({"serve", "--http-threads", "0"}), HasSubstr("http-threads"));
  EXPECT_THAT(error({"serve", "--log-level", "loud"}), HasSubstr("loud"));
  EXPECT_THAT(error({"serve", "--prot", "1"}), HasSubstr("--prot"));
  EXPECT_THAT(error({"server"}), HasSubstr("server"));
  environment_ = {{"STATOR_PORT", "many"}};
  EXPECT_THAT(error({"serve"}), HasSubstr("environment"));
}

TEST_F(ConfigTest, WithoutAnAddressItIsAClusterOfOne) {
  const auto config = read({"serve"});
  EXPECT_FALSE(config->cluster.has_value());
  EXPECT_EQ(config->partitions_per_table, 0u);
  EXPECT_EQ(read({"serve", "--partitions-per-table", "4"})->partitions_per_table, 4u);
  EXPECT_FALSE(read({"serve", "--partitions-per-table", "4"})->cluster.has_value());
  EXPECT_EQ(config->disk_reserve_mib, 256u);
  EXPECT_EQ(read({"serve", "--disk-reserve", "0"})->disk_reserve_mib, 0u);
  EXPECT_FALSE(config->throttling);
  EXPECT_TRUE(read({"serve", "--throttling", "on"})->throttling);
  EXPECT_FALSE(read({"serve", "--throttling", "off"})->throttling);
  EXPECT_THAT(error({"serve", "--throttling", "1"}), HasSubstr("neither on nor off"));
}

TEST_F(ConfigTest, ANodeOfAClusterInAllThreeForms) {
  const auto path = file(
      "node-id = 2\ncluster-addr = \"10.0.0.2:8200\"\njoin = [\"10.0.0.1:8200\", \"[::1]:8300\"]\n"
      "zone = \"eu-1\"\npartitions-per-table = 3\n");
  const auto from_file = read({"serve", "--config", path});
  environment_ = {{"STATOR_NODE_ID", "2"},
                  {"STATOR_CLUSTER_ADDR", "10.0.0.2:8200"},
                  {"STATOR_JOIN", "10.0.0.1:8200, [::1]:8300"},
                  {"STATOR_ZONE", "eu-1"},
                  {"STATOR_PARTITIONS_PER_TABLE", "3"}};
  const auto from_environment = read({"serve"});
  const auto mixed = read({"serve", "--zone", "eu-2"});
  environment_.clear();
  const auto from_flags =
      read({"serve", "--node-id=2", "--cluster-addr=10.0.0.2:8200", "--join=10.0.0.1:8200,[::1]:8300",
            "--zone=eu-1", "--partitions-per-table=3"});
  for (const auto* config : {&from_file, &from_environment, &from_flags}) {
    ASSERT_TRUE(config->ok()) << config->error().text;
    EXPECT_EQ(config->value().partitions_per_table, 3u);
    ASSERT_TRUE(config->value().cluster.has_value());
    const ClusterConfig& cluster = *config->value().cluster;
    EXPECT_EQ(cluster.node_id, 2u);
    EXPECT_EQ(cluster.listen_host, "10.0.0.2");
    EXPECT_EQ(cluster.listen_port, 8200);
    EXPECT_THAT(cluster.join, ElementsAre("10.0.0.1:8200", "[::1]:8300"));
    EXPECT_EQ(cluster.zone, "eu-1");
  }
  EXPECT_EQ(mixed->cluster->zone, "eu-2");
}

// One list of addresses does for all nodes.
TEST_F(ConfigTest, TheOwnAddressAndRepetitionsAreLeftOutOfJoin) {
  const auto config =
      read({"serve", "--node-id", "1", "--cluster-addr", "a:1", "--join", "a:1,b:1,,b:1,a:2"});
  ASSERT_TRUE(config.ok());
  EXPECT_THAT(config->cluster->join, ElementsAre("b:1", "a:2"));
  EXPECT_EQ(config->cluster->zone, "default");
  EXPECT_THAT(read({"serve", "--node-id", "1", "--cluster-addr", "a:1"})->cluster->join, ElementsAre());
}

TEST_F(ConfigTest, HalfAClusterIsRefused) {
  EXPECT_THAT(error({"serve", "--cluster-addr", "a:1"}), HasSubstr("node-id"));
  for (const Strings& alone : {Strings{"--node-id", "1"}, {"--join", "b:1"}, {"--zone", "a"}}) {
    Strings arguments{"serve"};
    arguments.insert(arguments.end(), alone.begin(), alone.end());
    EXPECT_THAT(error(arguments), HasSubstr("cluster-addr")) << alone.front();
  }
  const auto with = [&](const Strings& more) {
    Strings arguments{"serve", "--cluster-addr", "a:1", "--node-id", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return error(arguments);
  };
  EXPECT_THAT(with({"--in-memory"}), HasSubstr("in-memory"));
  EXPECT_THAT(with({"--cluster-addr", "a:0"}), HasSubstr("a:0"));
  EXPECT_THAT(with({"--cluster-addr", "a"}), HasSubstr("cluster-addr"));
  EXPECT_THAT(with({"--cluster-addr", "0.0.0.0:8200"}), HasSubstr("address of this machine"));
  EXPECT_THAT(with({"--cluster-addr", "[::]:8200"}), HasSubstr("address of this machine"));
  EXPECT_THAT(with({"--join", "b:1,c"}), HasSubstr("join"));
  EXPECT_THAT(with({"--node-id", "0"}), HasSubstr("from 1 to 99"));
  EXPECT_THAT(with({"--zone", "a b"}), HasSubstr("zone"));
  EXPECT_THAT(with({"--zone", ""}), HasSubstr("zone"));
  EXPECT_THAT(with({"--partitions-per-table", "65"}), HasSubstr("partitions-per-table"));
}

TEST_F(ConfigTest, UnknownAndWrongKeysOfTheFileAreNamed) {
  EXPECT_THAT(error({"serve", "--config", file("prot = 1\n")}), HasSubstr("'prot'"));
  EXPECT_THAT(error({"serve", "--config", file("\n[port]\nx = 1\n")}), HasSubstr(":2: port"));
  EXPECT_THAT(error({"serve", "--config", file("port = \n")}), HasSubstr(".toml:1: "));
  EXPECT_THAT(error({"serve", "--config", file("port = 1.5\n")}), HasSubstr("port"));
  EXPECT_THAT(error({"serve", "--config", "/nonexistent/x.toml"}), HasSubstr("/nonexistent/x.toml"));
}

TEST_F(ConfigTest, HelpAndVersionAreNoErrors) {
  for (const Strings& arguments : {Strings{"--help"}, {"-help"}, {"serve", "--help"}}) {
    const auto result = read(arguments);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().exit_code, 0);
    EXPECT_THAT(result.error().text, HasSubstr("serve"));
  }
  for (const Strings& arguments : {Strings{"--version"}, {"-version"}}) {
    const auto result = read(arguments);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().exit_code, 0);
    EXPECT_THAT(result.error().text, HasSubstr("9.9.9"));
  }
  const auto nothing = read({});
  ASSERT_FALSE(nothing.ok());
  EXPECT_NE(nothing.error().exit_code, 0);
  EXPECT_THAT(nothing.error().text, HasSubstr("serve"));
}

TEST_F(ConfigTest, TheOtherServersFlagsWork) {
  const auto config = read({"-port", "8123", "-inMemory", "-sharedDb", "-cors", "https://a,https://b",
                            "-delayTransientStatuses", "-disableTelemetry"});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->port, 8123);
  EXPECT_TRUE(config->in_memory);
  EXPECT_THAT(config->cors_origins, ElementsAre("https://a", "https://b"));
  EXPECT_EQ(read({"serve", "-dbPath", "d", "-optimizeDbBeforeStartup"})->data_dir, "d");
  EXPECT_TRUE(read({"-sharedDb"}).ok());
}

TEST(RewriteArguments, TurnsTheirsIntoOurs) {
  EXPECT_THAT(rewrite_arguments({"-port", "8000", "-inMemory"}),
              ElementsAre("serve", "--port", "8000", "--in-memory"));
  EXPECT_THAT(rewrite_arguments({"-port=8000"}), ElementsAre("serve", "--port=8000"));
  EXPECT_THAT(rewrite_arguments({"--port", "8000"}), ElementsAre("serve", "--port", "8000"));
  EXPECT_THAT(rewrite_arguments({"serve", "-dbPath", "x"}), ElementsAre("serve", "--data-dir", "x"));
  EXPECT_THAT(rewrite_arguments({"-sharedDb"}), ElementsAre("serve"));
  EXPECT_THAT(rewrite_arguments({"-version"}), ElementsAre("--version"));
  EXPECT_THAT(rewrite_arguments({}), ElementsAre());
}

}  // namespace
}  // namespace stator::cli
