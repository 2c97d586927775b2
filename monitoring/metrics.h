// Metrics: every metric that the process exports, named in one place (monitoring/metrics.cpp). Whoever counts
// keeps the reference that it is given here; nothing looks a metric up while it serves a request.
//
// Rules: prefix `stator_`, base units, `_total` on counters, histograms instead of summaries, labels of a
// bounded number of values and never a key. Any thread may count; scrape hooks run on the thread that asks
// for the exposition.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "monitoring/process_metrics.h"
#include "monitoring/table_capacity.h"

namespace stator::monitoring {

// What the gateway counts of one operation. References live as long as the Metrics.
struct OperationMetrics {
  prometheus::Histogram&
      request_duration_seconds;  // successes only, from the whole request read to the answer made
  prometheus::Counter& throttled_requests_total;
  prometheus::Counter& returned_items_total;
};

// Whose fault an error is: the label `class` of errors_total.
enum class ErrorClass : uint8_t { kUser, kSystem };

// The two LevelDBs of a store.
enum class Database : uint8_t { kLog = 0, kItems = 1 };
inline constexpr size_t kDatabases = 2;
inline constexpr size_t kLevelDbLevels = 7;  // leveldb::config::kNumLevels

// State of one LevelDB, as `leveldb.stats` tells it.
struct LevelStats {
  std::array<uint64_t, kLevelDbLevels> files{};
  std::array<uint64_t, kLevelDbLevels> bytes{};
};

// What the link between nodes has done since it started (net/link_stats.h).
inline constexpr size_t kLinkClasses = 4;  // control, data, bulk, request
struct LinkCounts {
  std::array<uint64_t, kLinkClasses> frames_in{};
  std::array<uint64_t, kLinkClasses> frames_out{};
  std::array<uint64_t, kLinkClasses> bytes_in{};
  std::array<uint64_t, kLinkClasses> bytes_out{};
  uint64_t dials = 0;
  uint64_t peers_lost = 0;
  uint64_t handshakes_refused = 0;
  uint64_t garbage_closes = 0;
  uint64_t accepts_refused = 0;
  uint64_t expired_requests = 0;
  uint64_t peers = 0;  // connected now
};

class Metrics {
 public:
  // `version`: what build_info says, as in "0.1.0".
  explicit Metrics(std::string_view version);

  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The exposition in Prometheus' text format, after the scrape hooks have run. Any thread.
  std::string exposition();
  // `hook` runs before each exposition, under a lock: it sets the gauges that nobody keeps up to date
  // otherwise. It must not block, and what it captures must live until remove_hooks() or the end of this
  // object.
  void on_scrape(std::function<void()> hook);
  // Forgets the hooks: before their captures go.
  void remove_hooks();

  // Registers on the first call; a call takes locks: keep what it returns.
  OperationMetrics operation(std::string_view name);
  prometheus::Counter& errors(ErrorClass error_class, std::string_view code);
  // Reads, writes and parts of batches that were refused for throughput. `reason`: one of api::kThrottlingReasons.
  prometheus::Counter& throttle_events(std::string_view reason);
  prometheus::Gauge& mailbox_depth(std::string_view actor);
  void set_levels(Database database, const LevelStats& stats);
  // Counters go up to these; from a scrape hook.
  void set_link(const LinkCounts& counts);
  // Of what is led here, the entries that the replicas on that node miss at most.
  prometheus::Gauge& replication_lag_entries(uint64_t node);

  TableCapacity& consumed_capacity() { return table_capacity_; }

 private:
  prometheus::Registry registry_;
  ProcessMetrics process_;
  TableCapacity table_capacity_;
  std::mutex hooks_mutex_;
  std::vector<std::function<void()>> hooks_;  // protected by hooks_mutex_

  prometheus::Family<prometheus::Histogram>& request_duration_;
  prometheus::Family<prometheus::Counter>& throttled_requests_;
  prometheus::Family<prometheus::Counter>& returned_items_;
  prometheus::Family<prometheus::Counter>& errors_;
  prometheus::Family<prometheus::Counter>& throttle_events_;
  prometheus::Family<prometheus::Gauge>& mailbox_depth_;
  prometheus::Family<prometheus::Gauge>& replication_lag_entries_;
  struct LinkClassCounters {
    prometheus::Counter *frames_in, *frames_out, *bytes_in, *bytes_out;
  };
  std::array<LinkClassCounters, kLinkClasses> link_classes_{};
  std::array<std::array<prometheus::Gauge*, kLevelDbLevels>, kDatabases> level_files_{};
  std::array<std::array<prometheus::Gauge*, kLevelDbLevels>, kDatabases> level_bytes_{};

 public:
  // The gateway.
  prometheus::Counter& conditional_check_failed_total;
  prometheus::Gauge& open_connections;
  prometheus::Gauge& request_memory_bytes;      // bodies and answers held at this moment
  prometheus::Counter& refused_requests_total;  // refused before they were read: memory, size, broken HTTP
  // The log: one observation a synced batch.
  prometheus::Histogram& log_fsync_duration_seconds;
  prometheus::Histogram& log_batch_entries;
  prometheus::Counter& log_written_bytes_total;
  // Replication.
  prometheus::Gauge& leaders;    // replicas of this node that lead
  prometheus::Gauge& followers;  // replicas of this node that follow
  prometheus::Counter& elections_total;
  prometheus::Gauge& replication_lag_seconds;  // of the slowest follower replica of this node
  // The link between nodes.
  prometheus::Gauge& link_peers;
  prometheus::Counter& link_dials_total;
  prometheus::Counter& link_peers_lost_total;
  prometheus::Counter& link_handshakes_refused_total;
  prometheus::Counter& link_garbage_total;
  prometheus::Counter& link_connections_refused_total;
  prometheus::Counter& link_expired_requests_total;
  // The data folder's disk.
  prometheus::Gauge& disk_free_bytes;
  prometheus::Gauge& clock_astray;  // 1: more than a second from the peers' median
  // Changes of items that a global index has not seen yet, of the partitions led here (docs/indexes.md).
  prometheus::Gauge& index_marks_waiting;
  prometheus::Gauge& index_lag_seconds;            // for how long the oldest of them has waited
  prometheus::Gauge& index_build_remaining_items;  // to be read for indexes that are being made
  prometheus::Counter& index_build_items_total;    // read for them
  prometheus::Counter& index_build_skipped_items_total;  // of those, without a place in the index: an attribute cannot be its key
};

}  // namespace stator::monitoring
