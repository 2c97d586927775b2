// Goal: the exposition is what Prometheus wants (promtool has the last word, where it is installed), and
// metrics are what was counted.
#include "monitoring/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace stator::monitoring {
namespace {

using testing::HasSubstr;

TEST(Metrics, PromtoolFindsNothing) {
  if (std::system("promtool --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not installed";
  Metrics metrics("0.0.0");
  metrics.operation("PutItem").request_duration_seconds.Observe(0.001);
  metrics.errors(ErrorClass::kUser, "ValidationException").Increment();
  metrics.mailbox_depth("replica").Set(3);
  metrics.set_levels(Database::kItems, {});
  metrics.consumed_capacity().add("t", 1, 1);
  const std::string path = testing::TempDir() + "/stator_metrics_test.out";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
      popen(("promtool check metrics >" + path + " 2>&1").c_str(), "w"), [](FILE*) { return 0; });
  ASSERT_NE(pipe, nullptr);
  const std::string text = metrics.exposition();
  std::fwrite(text.data(), 1, text.size(), pipe.get());
  const int status = pclose(pipe.get());
  std::string said;
  if (FILE* file = std::fopen(path.c_str(), "r")) {
    char buffer[4096];
    said.assign(buffer, std::fread(buffer, 1, sizeof buffer, file));
    std::fclose(file);
    std::remove(path.c_str());
  }
  EXPECT_EQ(status, 0) << said;
  EXPECT_EQ(said, "");
}

TEST(Metrics, GivesTheSameMetricForTheSameName) {
  Metrics metrics("0.0.0");
  metrics.operation("GetItem").throttled_requests_total.Increment();
  metrics.operation("GetItem").throttled_requests_total.Increment();
  EXPECT_THAT(metrics.exposition(), HasSubstr("stator_throttled_requests_total{operation=\"GetItem\"} 2\n"));
}

TEST(Metrics, CountsThrottlesByReason) {
  Metrics metrics("0.0.0");
  metrics.throttle_events("TableReadProvisionedThroughputExceeded").Increment(3);
  EXPECT_THAT(metrics.exposition(),
              HasSubstr("stator_throttle_events_total{reason=\"TableReadProvisionedThroughputExceeded\"} 3\n"));
}

TEST(Metrics, RunsItsHooksBeforeEachScrape) {
  Metrics metrics("0.0.0");
  int scrapes = 0;
  metrics.on_scrape([&] { metrics.leaders.Set(++scrapes); });
  metrics.exposition();
  EXPECT_THAT(metrics.exposition(), HasSubstr("stator_leaders 2\n"));
  metrics.remove_hooks();
  EXPECT_THAT(metrics.exposition(), HasSubstr("stator_leaders 2\n"));
}

TEST(Metrics, TellsOfTheProcess) {
  Metrics metrics("0.0.0");
  const std::string text = metrics.exposition();
  for (const char* name :
       {"process_resident_memory_bytes ", "process_cpu_seconds_total ", "process_open_fds ",
        "process_max_fds ", "process_start_time_seconds ", "process_threads ",
        "process_virtual_memory_bytes ", "process_resident_anonymous_memory_bytes "}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name));
  }
}

TEST(Metrics, TellsOfTheLevels) {
  Metrics metrics("0.0.0");
  LevelStats stats;
  stats.files[2] = 5;
  stats.bytes[2] = 1000;
  metrics.set_levels(Database::kItems, stats);
  const std::string text = metrics.exposition();
  EXPECT_THAT(text, HasSubstr("stator_leveldb_files{database=\"items\",level=\"2\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("stator_leveldb_bytes{database=\"items\",level=\"2\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr("stator_leveldb_files{database=\"log\",level=\"2\"} 0\n"));
}

TEST(Metrics, TellsOfTheLink) {
  Metrics metrics("0.0.0");
  LinkCounts counts;
  counts.frames_out[1] = 7;
  counts.bytes_in[2] = 100;
  counts.peers = 2;
  counts.peers_lost = 1;
  metrics.set_link(counts);
  counts.frames_out[1] = 9;
  metrics.set_link(counts);
  metrics.replication_lag_entries(3).Set(5);
  const std::string text = metrics.exposition();
  EXPECT_THAT(text, HasSubstr("stator_link_frames_total{class=\"data\",direction=\"out\"} 9\n"));
  EXPECT_THAT(text, HasSubstr("stator_link_bytes_total{class=\"bulk\",direction=\"in\"} 100\n"));
  EXPECT_THAT(text, HasSubstr("stator_link_peers 2\n"));
  EXPECT_THAT(text, HasSubstr("stator_link_peers_lost_total 1\n"));
  EXPECT_THAT(text, HasSubstr("stator_replication_lag_entries{node=\"3\"} 5\n"));
}

}  // namespace
}  // namespace stator::monitoring
