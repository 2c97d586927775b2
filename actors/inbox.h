// Inbox: how other threads hand work to an actor: pushed under a short lock, taken all at once. The first
// push into an empty inbox wakes the actor with one message; what comes until it runs costs none. So a burst
// of requests becomes one turn of the actor, one log entry and one sync (docs/architecture.md, protocol 24).
// Any thread pushes; the actor takes.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

namespace stator::actors {

template <class T>
class Inbox {
 public:
  enum class Push { kQueued, kWake, kClosed };

  // kWake: the actor must be woken. kClosed: `value` was not taken, the actor is gone.
  Push push(T& value) {
    std::lock_guard lock(mutex_);
    if (closed_) return Push::kClosed;
    waiting_.push_back(std::move(value));
    return std::exchange(awake_, true) ? Push::kQueued : Push::kWake;
  }
  // All that waits, in order. `taken` is emptied first; its memory is used again.
  void take(std::vector<T>& taken) {
    taken.clear();
    std::lock_guard lock(mutex_);
    taken.swap(waiting_);
    awake_ = false;
  }
  // Refuses pushes from now on; what waited is returned.
  std::vector<T> close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<T> waiting_;  // by mutex_
  bool awake_ = false;      // by mutex_: a wake-up is under way
  bool closed_ = false;     // by mutex_
};

}  // namespace stator::actors
