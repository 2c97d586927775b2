// ThroughputLimiter: the token buckets of one table, its global indexes, and the partitions of both that one node leads:
//
//   table, index   ReadCapacityUnits and WriteCapacityUnits where the table is provisioned; on demand, MaxRead- and
//                  MaxWriteRequestUnits where they are set, else none. The node has the share of the partitions that it leads.
//   partition      3,000 read and 1,000 write units a second (Developer Guide, "Burst and adaptive capacity"), whole.
//
// A write takes of its partition, of the table and of the indexes that it changes, whose own partitions limit reads alone. An
// index without throughput refuses the table's writes that would change it. Requests are admitted while no bucket is in debt
// (token_bucket.h). `now_micros`: of one clock that does not go back. Pure; one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "api/throttling.h"
#include "api/write_cost.h"
#include "cluster/token_bucket.h"
#include "model/ids.h"
#include "model/table.h"

namespace stator::cluster {

inline constexpr uint64_t kPartitionReadUnits = 3'000;
inline constexpr uint64_t kPartitionWriteUnits = 1'000;

// The tag of a table that switches its throttling on or off, whatever the server was told.
inline constexpr std::string_view kThrottlingTag = "stator:throttling";
// What the tag says; nothing where it is not there, or neither "on" nor "off".
std::optional<bool> throttling_tag(const model::Table& table);

// Of a table's partitions. Requires led <= all.
struct LeadershipShare {
  uint32_t led = 1;
  uint32_t all = 1;
  bool operator==(const LeadershipShare&) const = default;
};

class ThroughputLimiter {
 public:
  // What was exceeded; nothing: admitted.
  using Refusal = std::optional<api::ThrottlingCause>;
  static constexpr uint16_t kTableItself = 0;  // where the number of an index is wanted: theirs begin with 1

  // All buckets are full. `table`: no index's own (model::Table::index_of).
  ThroughputLimiter(const model::Table& table, LeadershipShare share, uint64_t now_micros);

  // The table as it is now; one that is older than what is known changes nothing. Buckets keep what they hold.
  void configure(const model::Table& table, uint64_t now_micros);
  void set_share(LeadershipShare share, uint64_t now_micros);

  // `index`: the number of the global index that is read, whose partition it is then; kTableItself.
  Refusal refuse_read(uint16_t index, model::PartitionId partition, uint64_t now_micros);
  void take_read(uint16_t index, model::PartitionId partition, uint64_t half_units, uint64_t now_micros);
  // Before the write is evaluated.
  Refusal refuse_write(model::PartitionId partition, uint64_t now_micros);
  // Once it is known which indexes it changes. Takes nothing where one of them refuses.
  Refusal take_write(model::PartitionId partition, const api::WriteCost& cost, uint64_t now_micros);

  // All buckets are full: a new limiter would do the same.
  bool idle(uint64_t now_micros) const;

 private:
  struct Buckets {
    std::optional<TokenBucket> read;  // none: no limit
    std::optional<TokenBucket> write;
    bool full(uint64_t now_micros) const {
      return (!read || read->full(now_micros)) && (!write || write->full(now_micros));
    }
  };
  struct Resource {
    std::string index;  // its name; empty: the table
    Buckets buckets;
  };
  struct Units {
    uint64_t read = 0;  // 0: no limit
    uint64_t write = 0;
  };

  static void set(std::optional<TokenBucket>& bucket, uint64_t units, LeadershipShare share, uint64_t now_micros);
  Units units_of(const model::Throughput& throughput, const model::OnDemandLimits& limits) const;
  void set_resource(uint16_t number, const std::string& name, Units units, uint64_t now_micros);
  void set_rates(uint64_t now_micros);
  Buckets& partition(model::PartitionId id, uint64_t now_micros);
  Refusal refuse(uint16_t index, api::ThrottledAccess access, uint64_t now_micros);
  Refusal refuse_partition(uint16_t index, model::PartitionId id, api::ThrottledAccess access, uint64_t now_micros);
  api::ThrottlingCause cause(uint16_t index, api::ThrottledAccess access, api::ThrottledLimit limit) const;

  model::Table table_;
  LeadershipShare share_;
  std::map<uint16_t, Resource> resources_;  // by number of the index; kTableItself
  // Those of late. A full one is forgotten when there are many (docs/bounds.md).
  std::unordered_map<model::PartitionId, Buckets> partitions_;
  size_t partitions_pruned_at_;
};

}  // namespace stator::cluster
