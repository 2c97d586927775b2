// A call of a partition on its way to whoever leads it. Private to the router.
#pragma once

#include "actors/router.h"

namespace stator::actors {

// Belongs to one thread at a time: the one that asks, the one that answers, the router actor while it is parked.
struct Router::Attempt {
  std::shared_ptr<PartitionCall> call;
  net::Done done;
  uint32_t failures = 0;
  std::chrono::steady_clock::time_point again{};  // parked: not before this, unless the leader changes
};

}  // namespace stator::actors
