// Rounds of barriers.
#include "actors/metadata_barrier.h"

#include <optional>
#include <utility>

namespace stator::actors {

void MetadataBarrier::wait(Clock::time_point deadline, Then then) {
  bool start = false, stopped = false;
  {
    std::lock_guard lock(mutex_);
    stopped = stopped_;
    if (!stopped) {
      next_.push_back({deadline, std::move(then)});
      start = !std::exchange(under_way_, true);
      if (start) asking_ = std::exchange(next_, {});
    }
  }
  if (stopped) return then(false);
  if (start) start_round();
}

void MetadataBarrier::start_round() {
  ask_([this](std::optional<raft::Index> index) { answered(index); });
}

void MetadataBarrier::answered(std::optional<raft::Index> index) {
  std::vector<Then> fresh;
  bool again = false;
  {
    std::lock_guard lock(mutex_);
    for (Waiter& waiter : std::exchange(asking_, {})) {
      if (!index) {
        next_.push_back(std::move(waiter));  // tick() asks again
      } else if (*index <= applied_) {
        fresh.push_back(std::move(waiter.then));
      } else {
        confirmed_.emplace(*index, std::move(waiter));
      }
    }
    again = index && !next_.empty() && !stopped_;
    under_way_ = again;
    if (again) asking_ = std::exchange(next_, {});
  }
  call(std::move(fresh), true);
  if (again) start_round();
}

void MetadataBarrier::applied(raft::Index index) {
  std::vector<Then> fresh;
  {
    std::lock_guard lock(mutex_);
    applied_ = std::max(applied_, index);
    auto end = confirmed_.upper_bound(applied_);
    for (auto it = confirmed_.begin(); it != end; it = confirmed_.erase(it))
      fresh.push_back(std::move(it->second.then));
  }
  call(std::move(fresh), true);
}

void MetadataBarrier::tick(Clock::time_point now) {
  std::vector<Then> late;
  bool start = false;
  {
    std::lock_guard lock(mutex_);
    std::vector<Waiter> kept;
    for (Waiter& waiter : next_) {
      if (waiter.deadline <= now) {
        late.push_back(std::move(waiter.then));
      } else {
        kept.push_back(std::move(waiter));
      }
    }
    next_ = std::move(kept);
    for (auto it = confirmed_.begin(); it != confirmed_.end();) {
      if (it->second.deadline > now) {
        ++it;
        continue;
      }
      late.push_back(std::move(it->second.then));
      it = confirmed_.erase(it);
    }
    start = !next_.empty() && !under_way_ && !stopped_;
    if (start) {
      under_way_ = true;
      asking_ = std::exchange(next_, {});
    }
  }
  call(std::move(late), false);
  if (start) start_round();
}

void MetadataBarrier::stop() {
  std::vector<Then> late;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    for (Waiter& waiter : next_) late.push_back(std::move(waiter.then));
    for (Waiter& waiter : asking_) late.push_back(std::move(waiter.then));
    for (auto& [index, waiter] : confirmed_) late.push_back(std::move(waiter.then));
    next_.clear();
    asking_.clear();
    confirmed_.clear();
  }
  call(std::move(late), false);
}

void MetadataBarrier::call(std::vector<Then> thens, bool fresh) {
  for (Then& then : thens) then(fresh);
}

}  // namespace stator::actors
