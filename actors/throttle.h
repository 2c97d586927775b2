// Throttle: the throughput limits of the tables that are throttled (cluster/throughput_limiter.h), kept by the nodes that
// lead their partitions: reads are asked for and charged here, writes by the replica that evaluates them. Which tables those
// are is said by the server's --throttling, or by a table's own tag (cluster::throttling_tag). Any thread; takes one lock,
// and that for tables that are throttled only.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "actors/partition_call.h"
#include "actors/partition_port.h"
#include "api/throttling.h"
#include "cluster/throughput_limiter.h"
#include "cluster/write_limits.h"
#include "monitoring/metrics.h"

namespace stator::actors {

// A node's share of a table's throughput is looked at again after this.
inline constexpr uint64_t kShareMicros = 250'000;

class Throttle {
 public:
  // `on`: for tables that do not say it themselves. `routes`: those of now; null before there are any. `metrics` outlives this.
  Throttle(bool on, std::function<RoutesPtr()> routes, monitoring::Metrics& metrics);

  // Of a table of clients: an index goes with its table.
  bool on(const model::Table& table) const;

  // What a read takes of. A plain value.
  struct Read {
    std::shared_ptr<const model::Table> table;
    uint16_t index = cluster::ThroughputLimiter::kTableItself;
    model::PartitionId partition;
    std::string region;
  };
  // Nothing where the call's table is not throttled.
  std::optional<Read> limited_read(const PartitionCall& call) const;
  // Why it is not done; nothing: admitted.
  std::optional<api::Error> refuse(const Read& read);
  // What it cost, once that is known.
  void take(const Read& read, double capacity_units);

  // For the replica of a partition. Not to be used after this is gone.
  std::shared_ptr<cluster::WriteLimits> writes_of(model::PartitionId partition);

 private:
  class Writes;
  struct Limited {
    cluster::ThroughputLimiter limiter;
    uint64_t share_seen_at = 0;
  };

  cluster::ThroughputLimiter& limiter(const model::Table& table, uint64_t now_micros);  // by mutex_
  cluster::LeadershipShare share_of(const model::Table& table) const;
  std::optional<api::Error> error_of(const cluster::ThroughputLimiter::Refusal& refused, std::string_view region);

  const bool on_;
  const std::function<RoutesPtr()> routes_;
  std::array<prometheus::Counter*, api::kThrottlingReasons.size()> events_{};
  std::mutex mutex_;
  // By mutex_: of the tables that were throttled of late. An idle one is forgotten when there are many (docs/bounds.md).
  std::unordered_map<model::TableId, Limited> tables_;
  size_t tables_pruned_at_;  // by mutex_
};

}  // namespace stator::actors
