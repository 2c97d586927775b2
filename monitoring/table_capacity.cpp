// Consumed capacity by table: the counting, and who gets a series.
#include "monitoring/table_capacity.h"

#include <algorithm>

#include "model/assert.h"

namespace stator::monitoring {
namespace {

// How much busier a table must be than one that has a series to take it over: keeps series from changing
// hands each scrape.
constexpr double kHysteresis = 1.5;
// Below this recent use a table without a series is forgotten.
constexpr double kForgotten = 0.01;
// The rest. A table of this name is counted among them: two series of one name would spoil the whole scrape.
const std::string kOther = "other";

prometheus::ClientMetric series(const std::string& table, double value) {
  prometheus::ClientMetric metric;
  metric.label.push_back({"table", table});
  metric.counter.value = value;
  return metric;
}

}  // namespace

void TableCapacity::add(std::string_view table, double read_units, double write_units) {
  STATOR_ASSERT(read_units >= 0 && write_units >= 0, "capacity is never given back");
  const std::lock_guard lock(mutex_);
  auto at = tables_.find(table);
  if (at == tables_.end() && tables_.size() < kTablesTrackedMax && table != kOther) {
    at = tables_.emplace(std::string(table), Usage{}).first;
    if (named_ < kTableSeriesMax) {
      at->second.named = true;
      ++named_;
    }
  }
  if (at != tables_.end()) at->second.recent += read_units + write_units;
  if (at == tables_.end() || !at->second.named) {
    other_read_units_ += read_units;
    other_write_units_ += write_units;
    return;
  }
  at->second.read_units += read_units;
  at->second.write_units += write_units;
}

void TableCapacity::hand_out_series() const {
  std::vector<std::pair<double, Usage*>> order;
  order.reserve(tables_.size());
  for (auto& [name, usage] : tables_) {
    order.emplace_back(usage.named ? usage.recent * kHysteresis : usage.recent, &usage);
  }
  const size_t shown = std::min(order.size(), kTableSeriesMax);
  // A tie keeps who has the series.
  std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                   [](const auto& a, const auto& b) {
                     return a.first != b.first ? a.first > b.first : a.second->named && !b.second->named;
                   });
  for (size_t i = 0; i < order.size(); ++i) {
    Usage& usage = *order[i].second;
    const bool named = i < shown;
    if (usage.named && !named) {
      other_read_units_ += usage.read_units;
      other_write_units_ += usage.write_units;
      usage.read_units = usage.write_units = 0;
    }
    usage.named = named;
    usage.recent /= 2;
  }
  named_ = shown;
  std::erase_if(tables_,
                [](const auto& entry) { return !entry.second.named && entry.second.recent < kForgotten; });
}

std::vector<prometheus::MetricFamily> TableCapacity::Collect() const {
  prometheus::MetricFamily reads;
  reads.name = "stator_consumed_read_capacity_units_total";
  reads.help = "Read capacity units consumed, by table: the busiest ones, and the rest as other.";
  reads.type = prometheus::MetricType::Counter;
  prometheus::MetricFamily writes;
  writes.name = "stator_consumed_write_capacity_units_total";
  writes.help = "Write capacity units consumed, by table: the busiest ones, and the rest as other.";
  writes.type = prometheus::MetricType::Counter;

  const std::lock_guard lock(mutex_);
  hand_out_series();
  for (const auto& [name, usage] : tables_) {
    if (!usage.named) continue;
    reads.metric.push_back(series(name, usage.read_units));
    writes.metric.push_back(series(name, usage.write_units));
  }
  reads.metric.push_back(series(kOther, other_read_units_));
  writes.metric.push_back(series(kOther, other_write_units_));
  return {std::move(reads), std::move(writes)};
}

}  // namespace stator::monitoring
