// TableCapacity: consumed capacity units by table, with a bounded number of label values: the busiest tables
// have their own series, all others share the one named "other". Any thread; a call takes one lock.
//
// Which tables are busiest is decided at each scrape from what they used of late. A table that loses its
// series hands its totals to "other" and starts from zero if it comes back, so that every series only ever
// rises while it is shown.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stator::monitoring {

inline constexpr size_t kTableSeriesMax = 100;  // tables with a series of their own
inline constexpr size_t kTablesTrackedMax =
    10000;  // tables of which the recent use is known; beyond: "other" at once

class TableCapacity : public prometheus::Collectable {
 public:
  // Requires units >= 0.
  void add(std::string_view table, double read_units, double write_units);
  // Also ages the recent use and hands out the series anew.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Usage {
    double read_units = 0;  // shown under its own name, where `named`
    double write_units = 0;
    double recent = 0;  // halved at each scrape
    bool named = false;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  void hand_out_series() const;

  mutable std::mutex mutex_;
  // All below: protected by mutex_. Mutable since a scrape ages them.
  mutable std::unordered_map<std::string, Usage, Hash, std::equal_to<>> tables_;
  mutable size_t named_ = 0;
  mutable double other_read_units_ = 0;
  mutable double other_write_units_ = 0;
};

}  // namespace stator::monitoring
