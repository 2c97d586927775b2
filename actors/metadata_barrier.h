// MetadataBarrier: makes sure that this node's view of group 0 is as new as anything that was acknowledged before: asks
// group 0's leader for an index and waits until this node has applied it. Those who ask while a round is under way share
// the next one, as in a ReadIndex. Any thread; never blocks.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <mutex>
#include <vector>

#include "net/unique_function.h"
#include "raft/entry.h"

namespace stator::actors {

class MetadataBarrier {
 public:
  using Clock = std::chrono::steady_clock;
  using Then = net::UniqueFunction<void(bool)>;
  // Nothing: there is no leader to ask now, or it did not answer.
  using Asked = std::function<void(std::optional<raft::Index>)>;
  // `ask` starts one round, and calls back exactly once, on any thread.
  explicit MetadataBarrier(std::function<void(Asked)> ask) : ask_(std::move(ask)) {}

  // `then(true)` once the view is fresh, `then(false)` at the deadline; on any thread.
  void wait(Clock::time_point deadline, Then then);
  // Group 0 is applied here, and published, up to `index`.
  void applied(raft::Index index);
  // Asks again where nobody answered, and ends what is over its deadline. Every few milliseconds.
  void tick(Clock::time_point now);
  // Ends all with false.
  void stop();

 private:
  struct Waiter {
    Clock::time_point deadline;
    Then then;
  };
  void start_round();
  void answered(std::optional<raft::Index> index);
  static void call(std::vector<Then> thens, bool fresh);

  const std::function<void(Asked)> ask_;
  std::mutex mutex_;
  std::vector<Waiter> next_;                       // by mutex_: of the next round
  std::vector<Waiter> asking_;                     // by mutex_: of the round under way
  std::multimap<raft::Index, Waiter> confirmed_;   // by mutex_: wait for the index
  raft::Index applied_ = 0;                        // by mutex_
  bool under_way_ = false;                         // by mutex_
  bool stopped_ = false;                           // by mutex_
};

}  // namespace stator::actors
