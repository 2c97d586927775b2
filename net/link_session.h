// What the link's thread shares with those who send: the bounds of queues, and a peer while it is up.
// Internal to the link.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>

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

  // The link's thread's.
  bool ended = false;
  std::array<std::shared_ptr<LinkConnection>, kLinkClasses> connections;
  std::unordered_map<uint64_t, PendingCall> calls;  // by correlation
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

  // The link's thread's: correlations of requests that were handed out and are not answered.
  std::unordered_set<uint64_t> open;
};

}  // namespace stator::net
