// Time that builds may take.
#include "cluster/build_budget.h"

#include <algorithm>

namespace stator::cluster {

size_t BuildBudget::items(uint64_t now_micros, uint64_t client_calls) {
  const auto passed = static_cast<int64_t>(now_micros - std::min(now_micros, looked_micros_));
  looked_micros_ = std::max(looked_micros_, now_micros);
  // No more than can be used: passed may be hours.
  left_micros_ = std::min(kBuildSavedMicrosMax, left_micros_ + std::min<int64_t>(passed, 4'000'000) / kBuildShareOf);
  if (client_calls != looked_calls_) away_from_ = now_micros + kClientsAwayMicros;
  looked_calls_ = client_calls;
  if (now_micros >= away_from_) return kBuildItems;
  return left_micros_ > 0 ? kBuildItemsBusy : 0;
}

void BuildBudget::spent(uint64_t micros) {
  left_micros_ = std::max(-kBuildOwedMicrosMax, left_micros_ - static_cast<int64_t>(std::min<uint64_t>(micros, 10'000'000)));
}

}  // namespace stator::cluster
