// LinkMailbox: how other threads reach the link's thread. Who sends takes a short lock and appends; only the
// first since the last time that the thread looked wakes it, so that many messages become one write. Internal
// to the link.
//
// It also knows which peers are up, so that a sender is told at once where nothing can be sent.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "net/link.h"
#include "net/link_queue.h"
#include "net/link_session.h"

namespace stator::net {

struct QueuedSend {
  std::shared_ptr<LinkSession> session;
  LinkClass link_class;
  OutMessagePtr message;
};
struct QueuedCall {
  std::shared_ptr<LinkSession> session;
  OutMessagePtr message;
  CallDone done;
};
struct QueuedReply {
  std::shared_ptr<ReplyRoute> route;
  OutMessagePtr message;
};
// Gets whether the link still works.
using QueuedTask = UniqueFunction<void(bool)>;
using Submission = std::variant<QueuedSend, QueuedCall, QueuedReply, QueuedTask>;

class LinkMailbox : public std::enable_shared_from_this<LinkMailbox> {
 public:
  // `wake` makes the link's thread call take(); it is called under the lock and not after close().
  LinkMailbox(uint32_t calls_max, UniqueFunction<void()> wake)
      : calls_max_(calls_max), wake_(std::move(wake)) {}

  // --- Any thread
  bool send(model::NodeId to, LinkClass link_class, uint16_t kind, std::string body);
  void call(model::NodeId to, uint16_t kind, std::string body, std::chrono::milliseconds timeout,
            CallDone done);
  // False once closed; the task is left as it was.
  bool run(QueuedTask& task);
  void reply(std::shared_ptr<ReplyRoute> route, OutMessagePtr message);
  // Null: it is not up.
  std::shared_ptr<LinkSession> session(model::NodeId node) const;

  // --- The link's thread
  void set_session(std::shared_ptr<LinkSession> session);
  void end_session(model::NodeId node);
  // What came since the last time, in order. `out` is empty.
  void take(std::vector<Submission>& out);
  // From now on nothing is taken.
  void close();

  // The reply to request `correlation` over that route.
  static Reply make_reply(std::shared_ptr<ReplyRoute> route, uint64_t correlation, uint16_t kind);

 private:
  // Requires the lock. Takes what the call needs, or says why not.
  std::optional<CallError> begin_call(model::NodeId to, const OutMessage& message,
                                      std::shared_ptr<LinkSession>& session);
  // Requires the lock. False once closed.
  bool submit(Submission&& submission);

  const uint32_t calls_max_;
  mutable std::mutex mutex_;
  // Protected by mutex_:
  UniqueFunction<void()> wake_;
  bool closed_ = false;
  std::vector<Submission> submissions_;
  std::unordered_map<model::NodeId, std::shared_ptr<LinkSession>> sessions_;
};

}  // namespace stator::net
