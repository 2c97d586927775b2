// The process_* metrics that every Prometheus user expects, read from /proc when asked. Any thread.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <vector>

namespace stator::monitoring {

class ProcessMetrics : public prometheus::Collectable {
 public:
  ProcessMetrics();
  // What /proc does not tell is left out.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  double start_time_seconds_ = 0;  // since 1970; constant after construction
};

}  // namespace stator::monitoring
