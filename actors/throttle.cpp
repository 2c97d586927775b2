// The limiters of a node's tables, under one lock.
#include "actors/throttle.h"

#include <algorithm>

#include "actors/clock.h"

namespace stator::actors {
namespace {

constexpr size_t kTablesPrunedFrom = 64;

}  // namespace

// Of one partition: on its replica's actor.
class Throttle::Writes final : public cluster::WriteLimits {
 public:
  Writes(Throttle& throttle, model::PartitionId partition) : throttle_(throttle), partition_(partition) {}

  bool on(const model::Table& table) const override { return throttle_.on(table); }

  std::optional<api::Error> refuse(const model::Table& table, const api::Request& request) override {
    const uint64_t now = steady_micros();
    std::lock_guard lock(throttle_.mutex_);
    return throttle_.error_of(throttle_.limiter(table, now).refuse_write(partition_, now), request.region);
  }

  std::optional<api::Error> take(const model::Table& table, const api::Request& request,
                                 const api::WriteCost& cost) override {
    const uint64_t now = steady_micros();
    std::lock_guard lock(throttle_.mutex_);
    return throttle_.error_of(throttle_.limiter(table, now).take_write(partition_, cost, now), request.region);
  }

 private:
  Throttle& throttle_;
  const model::PartitionId partition_;
};

Throttle::Throttle(bool on, std::function<RoutesPtr()> routes, monitoring::Metrics& metrics)
    : on_(on), routes_(std::move(routes)), tables_pruned_at_(kTablesPrunedFrom) {
  for (size_t i = 0; i < events_.size(); ++i) events_[i] = &metrics.throttle_events(api::kThrottlingReasons[i]);
}

bool Throttle::on(const model::Table& table) const {
  if (table.tags.empty()) return on_;
  return cluster::throttling_tag(table).value_or(on_);
}

std::optional<Throttle::Read> Throttle::limited_read(const PartitionCall& call) const {
  if (!call.table->index_of) {
    if (!on(*call.table)) return std::nullopt;
    return Read{call.table, cluster::ThroughputLimiter::kTableItself, call.partition, call.request->region};
  }
  // The tags, and what the index may take by now, are the base table's.
  const RoutesPtr routes = routes_();
  const cluster::TableRoute* base = routes ? routes->map.find(call.request->table_name) : nullptr;
  if (!base || base->table->id != call.table->index_of->table || !on(*base->table)) return std::nullopt;
  return Read{base->table, call.table->index_of->number, call.partition, call.request->region};
}

std::optional<api::Error> Throttle::refuse(const Read& read) {
  const uint64_t now = steady_micros();
  std::lock_guard lock(mutex_);
  return error_of(limiter(*read.table, now).refuse_read(read.index, read.partition, now), read.region);
}

void Throttle::take(const Read& read, double capacity_units) {
  const uint64_t now = steady_micros();
  std::lock_guard lock(mutex_);
  limiter(*read.table, now).take_read(read.index, read.partition, api::half_units(capacity_units), now);
}

std::shared_ptr<cluster::WriteLimits> Throttle::writes_of(model::PartitionId partition) {
  return std::make_shared<Writes>(*this, partition);
}

cluster::ThroughputLimiter& Throttle::limiter(const model::Table& table, uint64_t now_micros) {
  if (auto it = tables_.find(table.id); it != tables_.end()) {
    Limited& known = it->second;
    known.limiter.configure(table, now_micros);
    if (now_micros >= known.share_seen_at + kShareMicros) {
      known.limiter.set_share(share_of(table), now_micros);
      known.share_seen_at = now_micros;
    }
    return known.limiter;
  }
  if (tables_.size() >= tables_pruned_at_) {
    std::erase_if(tables_, [&](const auto& one) { return one.second.limiter.idle(now_micros); });
    tables_pruned_at_ = std::max(kTablesPrunedFrom, 2 * tables_.size());
  }
  auto limiter = cluster::ThroughputLimiter(table, share_of(table), now_micros);
  return tables_.emplace(table.id, Limited{std::move(limiter), now_micros}).first->second.limiter;
}

// Where it is not known yet, all of it. Whoever asks here leads one at least, or did a moment ago.
cluster::LeadershipShare Throttle::share_of(const model::Table& table) const {
  const RoutesPtr routes = routes_();
  const cluster::TableRoute* route = routes ? routes->map.find(table.name) : nullptr;
  if (!route || route->table->id != table.id) return {};
  cluster::LeadershipShare share{0, static_cast<uint32_t>(route->partitions.size())};
  for (const auto& partition : route->partitions) {
    const PartitionPort* port = routes->port(partition->id);
    if (port && port->serving.load(std::memory_order_relaxed)) ++share.led;
  }
  share.led = std::max(share.led, 1u);
  return share;
}

std::optional<api::Error> Throttle::error_of(const cluster::ThroughputLimiter::Refusal& refused,
                                             std::string_view region) {
  if (!refused) return std::nullopt;
  events_[api::throttling_reason(*refused)]->Increment();
  return api::throttled(*refused, region).error;
}

}  // namespace stator::actors
