// Timeline: the simulated time, and what is to happen in it. Belongs to one run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace stator::simulation {

// The events of a run, in the order of their time. Ties go by age, so that a run depends on its seed only.
class Timeline {
 public:
  uint64_t now() const { return now_; }
  void after(uint64_t delay, std::function<void()> event) {
    events_.emplace(std::pair(now_ + delay, next_++), std::move(event));
  }
  // Runs the next event, if it is not later than `end`. False: there is none.
  bool step(uint64_t end) {
    if (events_.empty() || events_.begin()->first.first > end) return false;
    auto event = events_.extract(events_.begin());
    now_ = event.key().first;
    event.mapped()();
    return true;
  }

 private:
  uint64_t now_ = 0;
  uint64_t next_ = 0;
  std::map<std::pair<uint64_t, uint64_t>, std::function<void()>> events_;
};

}  // namespace stator::simulation
