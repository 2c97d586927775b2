// LinkMailbox: what other threads do with the link. Messages go out on the thread that sends them: into the queue of their
// connection, and from there to the socket, at once or with the thread's burst (link_burst.h). Only what is the link's
// thread's business waits for it here: the first task since it looked last wakes it. Internal to the link.
//
// It also knows which peers are up, so that a sender is told at once where nothing can be sent.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/link.h"
#include "net/link_queue.h"
#include "net/link_session.h"

namespace stator::net {

// Gets whether the link still works.
using QueuedTask = UniqueFunction<void(bool)>;

class LinkMailbox : public std::enable_shared_from_this<LinkMailbox> {
 public:
  // `wake` makes the link's thread call take(); it is called under the lock and not after close().
  LinkMailbox(uint32_t calls_max, UniqueFunction<void()> wake)
      : calls_max_(calls_max), wake_(std::move(wake)) {}

  // --- Any thread

  // While one lives the link does not end: what it shows of connections may be used. Not for long.
  class Visit {
   public:
    explicit Visit(LinkMailbox& mailbox) : mailbox_(mailbox), open_(mailbox.enter()) {}
    ~Visit() {
      if (open_) mailbox_.leave();
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    explicit operator bool() const { return open_; }

   private:
    LinkMailbox& mailbox_;
    const bool open_;
  };

  bool send(model::NodeId to, LinkClass link_class, uint16_t kind, std::string body);
  void call(model::NodeId to, uint16_t kind, std::string body, std::chrono::milliseconds timeout,
            CallDone done);
  // False once closed; the task is left as it was.
  bool run(QueuedTask& task);
  void reply(std::shared_ptr<ReplyRoute> route, OutMessagePtr message);
  // Of a message that is sent, over all connections.
  uint64_t next_correlation() { return next_correlation_.fetch_add(1, std::memory_order_relaxed); }
  // Null: it is not up.
  std::shared_ptr<LinkSession> session(model::NodeId node) const;

  // --- The link's thread
  void set_session(std::shared_ptr<LinkSession> session);
  void end_session(model::NodeId node);
  // The tasks since the last time, in order. `out` is empty.
  void take(std::vector<QueuedTask>& out);
  // From now on nothing is taken. Waits for the visits to end; on any thread that is in none.
  void close();

  // The reply to request `correlation` over that route.
  static Reply make_reply(std::shared_ptr<ReplyRoute> route, uint64_t correlation, uint16_t kind);

 private:
  // Requires the lock. Takes what the call needs, or says why not.
  std::optional<CallError> begin_call(model::NodeId to, const OutMessage& message,
                                      std::shared_ptr<LinkSession>& session);
  // Requires the lock. False once closed.
  bool submit(QueuedTask&& task);
  // Requires a visit.
  void push(const std::shared_ptr<LinkConnection>& connection, OutMessagePtr message);
  bool enter();
  void leave();

  const uint32_t calls_max_;
  std::atomic<uint64_t> next_correlation_{1};
  std::atomic<uint32_t> visits_{0};
  std::atomic<bool> ending_{false};  // no visit begins any more
  mutable std::mutex mutex_;
  // Protected by mutex_:
  UniqueFunction<void()> wake_;
  bool closed_ = false;
  std::vector<QueuedTask> tasks_;
  std::unordered_map<model::NodeId, std::shared_ptr<LinkSession>> sessions_;
};

}  // namespace stator::net
