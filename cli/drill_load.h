// DrillLoad: a steady stream of PutItem requests to the nodes of a local cluster in turn, by threads of its own: no retries, a
// short timeout, and a clock that does not wait for answers. What it measures is what a client without an SDK would see.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "model/result.h"

namespace stator::cli {

inline constexpr unsigned kDrillThreads = 8;
inline constexpr std::chrono::milliseconds kDrillTimeout{200};  // of one write

// Items of one partition key, which are told apart by their sort key, a number from 0 on.
struct DrillTable {
  std::string name;
  std::string partition_key;
};

class DrillLoad {
 public:
  using Clock = std::chrono::steady_clock;

  DrillLoad(DrillTable table, std::vector<uint16_t> ports, unsigned writes_per_second);
  ~DrillLoad() { stop(); }
  void start();
  void stop();

  // Any thread.
  uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  size_t acknowledged_count() const;
  std::set<uint64_t> acknowledged() const;  // sort keys
  // The longest time without an acknowledgement between two moments; each of them counts as one.
  Clock::duration longest_gap(Clock::time_point since, Clock::time_point until) const;

 private:
  void write();

  const DrillTable table_;
  const std::vector<uint16_t> ports_;
  const Clock::duration interval_;
  Clock::time_point begun_;
  std::atomic<uint64_t> sent_{0};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;

  mutable std::mutex mutex_;
  std::multimap<Clock::time_point, uint64_t> acknowledged_;  // by mutex_: when, and which
};

// The sort keys that a node's strong read finds. The error says why it cannot be read.
model::Result<std::set<uint64_t>, std::string> read_back(const DrillTable& table, uint16_t port);

}  // namespace stator::cli
