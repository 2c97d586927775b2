// Which bucket limits what, and what is said of it.
#include "cluster/throughput_limiter.h"

#include <algorithm>
#include <set>

#include "model/assert.h"

namespace stator::cluster {
namespace {

using api::ThrottledAccess;
using api::ThrottledLimit;

constexpr size_t kPartitionsPrunedFrom = 64;

uint64_t rate_of(uint64_t units, LeadershipShare share) {
  return std::min(units, TokenBucket::kRateMax / TokenBucket::kRateOfUnit) * TokenBucket::kRateOfUnit * share.led /
         share.all;
}

}  // namespace

std::optional<bool> throttling_tag(const model::Table& table) {
  for (const auto& [key, value] : table.tags) {
    if (key != kThrottlingTag) continue;
    if (value == "on") return true;
    if (value == "off") return false;
  }
  return std::nullopt;
}

ThroughputLimiter::ThroughputLimiter(const model::Table& table, LeadershipShare share, uint64_t now_micros)
    : table_(table), share_(share), partitions_pruned_at_(kPartitionsPrunedFrom) {
  STATOR_ASSERT(!table.index_of, "an index is limited with its table");
  STATOR_ASSERT(share.all > 0 && share.led <= share.all, "a share of the partitions");
  set_rates(now_micros);
}

void ThroughputLimiter::configure(const model::Table& table, uint64_t now_micros) {
  STATOR_ASSERT(table.id == table_.id, "a limiter is of one table");
  if (table.schema_version <= table_.schema_version) return;
  table_ = table;
  set_rates(now_micros);
}

void ThroughputLimiter::set_share(LeadershipShare share, uint64_t now_micros) {
  STATOR_ASSERT(share.all > 0 && share.led <= share.all, "a share of the partitions");
  if (share == share_) return;
  share_ = share;
  set_rates(now_micros);
}

// --- rates
// ----------------------------------------------------------------------------------------------------------------

ThroughputLimiter::Units ThroughputLimiter::units_of(const model::Throughput& throughput,
                                                     const model::OnDemandLimits& limits) const {
  if (table_.billing_mode == model::BillingMode::kProvisioned) return {throughput.read_units, throughput.write_units};
  return {limits.read_units, limits.write_units};
}

void ThroughputLimiter::set(std::optional<TokenBucket>& bucket, uint64_t units, LeadershipShare share,
                            uint64_t now_micros) {
  if (units == 0) return bucket.reset();
  if (bucket) return bucket->set_rate(rate_of(units, share), now_micros);
  bucket.emplace(rate_of(units, share), now_micros);
}

void ThroughputLimiter::set_resource(uint16_t number, const std::string& name, Units units, uint64_t now_micros) {
  Resource& resource = resources_[number];
  resource.index = name;
  set(resource.buckets.read, units.read, share_, now_micros);
  set(resource.buckets.write, units.write, share_, now_micros);
}

void ThroughputLimiter::set_rates(uint64_t now_micros) {
  std::set<uint16_t> numbers{kTableItself};
  set_resource(kTableItself, {}, units_of(table_.throughput, table_.on_demand), now_micros);
  for (const model::GlobalIndex& index : table_.global_indexes) {
    set_resource(index.number, index.name, units_of(index.throughput, index.on_demand), now_micros);
    numbers.insert(index.number);
  }
  std::erase_if(resources_, [&](const auto& resource) { return !numbers.contains(resource.first); });
}

ThroughputLimiter::Buckets& ThroughputLimiter::partition(model::PartitionId id, uint64_t now_micros) {
  if (auto it = partitions_.find(id); it != partitions_.end()) return it->second;
  if (partitions_.size() >= partitions_pruned_at_) {
    std::erase_if(partitions_, [&](const auto& one) { return one.second.full(now_micros); });
    partitions_pruned_at_ = std::max(kPartitionsPrunedFrom, 2 * partitions_.size());
  }
  Buckets& buckets = partitions_[id];
  buckets.read.emplace(kPartitionReadUnits * TokenBucket::kRateOfUnit, now_micros);
  buckets.write.emplace(kPartitionWriteUnits * TokenBucket::kRateOfUnit, now_micros);
  return buckets;
}

// --- requests
// -------------------------------------------------------------------------------------------------------------

api::ThrottlingCause ThroughputLimiter::cause(uint16_t index, ThrottledAccess access, ThrottledLimit limit) const {
  const auto resource = resources_.find(index);
  return {table_.name, resource == resources_.end() ? std::string() : resource->second.index, access, limit,
          table_.billing_mode == model::BillingMode::kPayPerRequest};
}

// An index that is not known (any more) limits nothing.
ThroughputLimiter::Refusal ThroughputLimiter::refuse(uint16_t index, ThrottledAccess access, uint64_t now_micros) {
  const auto resource = resources_.find(index);
  if (resource == resources_.end()) return std::nullopt;
  Buckets& buckets = resource->second.buckets;
  auto& bucket = access == ThrottledAccess::kRead ? buckets.read : buckets.write;
  if (!bucket || bucket->admits(now_micros)) return std::nullopt;
  const bool provisioned = table_.billing_mode == model::BillingMode::kProvisioned;
  return cause(index, access, provisioned ? ThrottledLimit::kProvisionedThroughput : ThrottledLimit::kMaxOnDemandThroughput);
}

ThroughputLimiter::Refusal ThroughputLimiter::refuse_partition(uint16_t index, model::PartitionId id,
                                                               ThrottledAccess access, uint64_t now_micros) {
  Buckets& buckets = partition(id, now_micros);
  auto& bucket = access == ThrottledAccess::kRead ? buckets.read : buckets.write;
  if (bucket->admits(now_micros)) return std::nullopt;
  return cause(index, access, ThrottledLimit::kKeyRangeThroughput);
}

ThroughputLimiter::Refusal ThroughputLimiter::refuse_read(uint16_t index, model::PartitionId partition,
                                                          uint64_t now_micros) {
  if (auto refused = refuse(index, ThrottledAccess::kRead, now_micros)) return refused;
  return refuse_partition(index, partition, ThrottledAccess::kRead, now_micros);
}

void ThroughputLimiter::take_read(uint16_t index, model::PartitionId id, uint64_t half_units, uint64_t now_micros) {
  partition(id, now_micros).read->take(half_units, now_micros);
  const auto resource = resources_.find(index);
  if (resource != resources_.end() && resource->second.buckets.read)
    resource->second.buckets.read->take(half_units, now_micros);
}

ThroughputLimiter::Refusal ThroughputLimiter::refuse_write(model::PartitionId partition, uint64_t now_micros) {
  if (auto refused = refuse(kTableItself, ThrottledAccess::kWrite, now_micros)) return refused;
  return refuse_partition(kTableItself, partition, ThrottledAccess::kWrite, now_micros);
}

ThroughputLimiter::Refusal ThroughputLimiter::take_write(model::PartitionId id, const api::WriteCost& cost,
                                                         uint64_t now_micros) {
  for (const auto& [index, units] : cost.indexes) {
    if (auto refused = refuse(index, ThrottledAccess::kWrite, now_micros)) return refused;
  }
  partition(id, now_micros).write->take(cost.table, now_micros);
  const auto take = [&](uint16_t index, uint64_t units) {
    const auto resource = resources_.find(index);
    if (resource != resources_.end() && resource->second.buckets.write)
      resource->second.buckets.write->take(units, now_micros);
  };
  take(kTableItself, cost.table);
  for (const auto& [index, units] : cost.indexes) take(index, units);
  return std::nullopt;
}

bool ThroughputLimiter::idle(uint64_t now_micros) const {
  const auto full = [&](const auto& one) { return one.second.full(now_micros); };
  return std::ranges::all_of(partitions_, full) &&
         std::ranges::all_of(resources_, [&](const auto& one) { return one.second.buckets.full(now_micros); });
}

}  // namespace stator::cluster
