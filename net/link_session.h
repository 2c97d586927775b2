// What the link's thread shares with those who send: the bounds of queues, and a peer while it is up.
// Internal to the link.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "model/ids.h"
#include "net/link.h"
#include "net/link_reader.h"

namespace stator::net {

class LinkConnection;
class LinkMailbox;

// The bytes that wait in a queue. Any thread; lock-free.
class QueueGauge {
 public:
  explicit QueueGauge(size_t bytes_max) : bytes_max_(bytes_max) {}

  // False, and nothing is taken, where the bound would be crossed. Whoever is alone gets what it needs.
  bool try_take(size_t cost) {
    size_t before = bytes_.load();
    for (;;) {
      if (before != 0 && before + cost > bytes_max_) {
        // Told first, looked at again after: else the queue could become empty in between, and nobody would
        // be told.
        tell_.store(true);
        before = bytes_.load();
        if (before != 0 && before + cost > bytes_max_) return false;
      }
      if (bytes_.compare_exchange_weak(before, before + cost)) break;
    }
    if (before + cost > bytes_max_ / 2) tell_.store(true);
    return true;
  }
  void give_back(size_t cost) { bytes_.fetch_sub(cost); }
  // Whether it is empty and someone wants to know.
  bool take_drained() { return bytes_.load() == 0 && tell_.exchange(false); }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  const size_t bytes_max_;
  std::atomic<size_t> bytes_{0};
  std::atomic<bool> tell_{false};  // it was over half, or refused
};

struct PendingCall {
  CallDone done;
  LinkTime deadline;
};

// A peer from peer_up() to peer_lost().
struct LinkSession {
  LinkSession(model::NodeId peer, bool one_cluster, const LinkLimits& limits)
      : node(peer), same_cluster(one_cluster) {
    for (size_t i = 0; i < kLinkClasses; ++i)
      queues[i] = std::make_shared<QueueGauge>(limits.queue_bytes_max[i]);
  }

  const model::NodeId node;
  const bool same_cluster;  // else it takes requests only
  std::array<std::shared_ptr<QueueGauge>, kLinkClasses> queues;
  std::atomic<uint32_t> calls_open{0};

  // By the mailbox's lock while it names this session, the link's thread's afterwards.
  std::array<std::shared_ptr<LinkConnection>, kLinkClasses> connections;

  // False, and `done` is left as it was: the session has ended.
  bool begin(uint64_t correlation, CallDone& done, LinkTime deadline) {
    const std::lock_guard lock(calls_mutex_);
    if (ended_) return false;
    calls_.emplace(correlation, PendingCall{std::move(done), deadline});
    return true;
  }
  // Nothing: its caller has given up.
  std::optional<CallDone> finish(uint64_t correlation) {
    const std::lock_guard lock(calls_mutex_);
    auto call = calls_.extract(correlation);
    if (call.empty()) return std::nullopt;
    calls_open.fetch_sub(1, std::memory_order_relaxed);
    return std::move(call.mapped().done);
  }
  // Takes those whose deadline is not after `now`.
  void take_late(LinkTime now, std::vector<CallDone>& late) {
    const std::lock_guard lock(calls_mutex_);
    for (auto call = calls_.begin(); call != calls_.end();) {
      if (now < call->second.deadline) {
        ++call;
        continue;
      }
      late.push_back(std::move(call->second.done));
      call = calls_.erase(call);
      calls_open.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  // No call begins any more; those that are open.
  std::unordered_map<uint64_t, PendingCall> end() {
    const std::lock_guard lock(calls_mutex_);
    ended_ = true;
    calls_open.fetch_sub(static_cast<uint32_t>(calls_.size()), std::memory_order_relaxed);
    return std::exchange(calls_, {});
  }

 private:
  std::mutex calls_mutex_;
  bool ended_ = false;                               // by calls_mutex_
  std::unordered_map<uint64_t, PendingCall> calls_;  // by calls_mutex_; by correlation
};

// Where the answers to the requests of one accepted connection go.
struct ReplyRoute {
  ReplyRoute(std::shared_ptr<LinkMailbox> to, std::weak_ptr<LinkConnection> from, size_t answer_bytes_max)
      : mailbox(std::move(to)),
        connection(std::move(from)),
        answers(std::make_shared<QueueGauge>(answer_bytes_max)) {}

  const std::shared_ptr<LinkMailbox> mailbox;
  const std::weak_ptr<LinkConnection> connection;
  const std::shared_ptr<QueueGauge> answers;

  // Requests that were handed out and are not answered, by correlation. False: it is open already.
  bool open(uint64_t correlation) {
    const std::lock_guard lock(open_mutex_);
    return open_.insert(correlation).second;
  }
  void close(uint64_t correlation) {
    const std::lock_guard lock(open_mutex_);
    open_.erase(correlation);
  }
  size_t open_count() const {
    const std::lock_guard lock(open_mutex_);
    return open_.size();
  }

 private:
  mutable std::mutex open_mutex_;
  std::unordered_set<uint64_t> open_;  // by open_mutex_
};

}  // namespace stator::net
