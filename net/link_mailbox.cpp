// What a sender is told at once, and the way of a reply.
#include "net/link_mailbox.h"

#include "model/assert.h"

namespace stator::net {
namespace {

OutMessagePtr make_message(uint16_t kind, uint16_t flags, std::string body) {
  auto message = std::make_unique<OutMessage>();
  message->kind = kind;
  message->flags = flags;
  message->cost = queue_cost(body);
  message->body = std::move(body);
  return message;
}

// A request's reply: sends once, also when it is thrown away.
class ReplyTicket {
 public:
  ReplyTicket(std::shared_ptr<ReplyRoute> route, uint64_t correlation, uint16_t kind)
      : route_(std::move(route)), correlation_(correlation), kind_(kind) {}
  ReplyTicket(ReplyTicket&&) noexcept = default;
  ReplyTicket& operator=(ReplyTicket&&) = delete;
  ~ReplyTicket() {
    if (route_ != nullptr) answer(kReplyLost, "the request was dropped without an answer");
  }

  void operator()(model::Result<std::string, std::string> result) {
    STATOR_ASSERT(route_ != nullptr, "a request is answered once");
    if (!result) return answer(kReplyRefused, std::move(result).error().substr(0, kFragmentBytes));
    if (result->size() > kMessageBytesMax)
      return answer(kReplyLost, "the answer is larger than a message may be");
    answer(kind_, std::move(result).value());
  }

 private:
  void answer(uint16_t kind, std::string body) {
    auto message = make_message(kind, kFrameResponse, std::move(body));
    message->correlation = correlation_;
    if (!route_->answers->try_take(message->cost)) {
      // Its few bytes go beyond the bound, once a request: requests are bounded in number.
      message = make_message(kReplyLost, kFrameResponse, "too many bytes of answers wait to be sent");
      message->correlation = correlation_;
      message->cost = 0;
    }
    const std::shared_ptr<LinkMailbox> mailbox = route_->mailbox;
    mailbox->reply(std::move(route_), std::move(message));
  }

  std::shared_ptr<ReplyRoute> route_;  // null once answered
  uint64_t correlation_;
  uint16_t kind_;
};

}  // namespace

bool LinkMailbox::send(model::NodeId to, LinkClass link_class, uint16_t kind, std::string body) {
  STATOR_ASSERT(kind < kFirstLinkKind, "kinds of the link's own are not sent by others");
  if (body.size() > kMessageBytesMax) return false;
  auto message = make_message(kind, kFrameOneWay, std::move(body));
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(to);
  if (closed_ || found == sessions_.end() || !found->second->same_cluster) return false;
  if (!found->second->queues[static_cast<size_t>(link_class)]->try_take(message->cost)) return false;
  return submit(QueuedSend{found->second, link_class, std::move(message)});
}

void LinkMailbox::call(model::NodeId to, uint16_t kind, std::string body, std::chrono::milliseconds timeout,
                       CallDone done) {
  STATOR_ASSERT(kind < kFirstLinkKind, "kinds of the link's own are not sent by others");
  std::optional<CallError> error;
  if (body.size() > kMessageBytesMax)
    error = CallError{CallError::Kind::kTooLarge, "the request is larger than a message may be"};
  auto message = make_message(kind, 0, std::move(body));
  message->deadline = std::chrono::steady_clock::now() + timeout;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<LinkSession> session;
    if (!error) error = begin_call(to, *message, session);
    if (!error) {
      submit(QueuedCall{std::move(session), std::move(message), std::move(done)});
      return;
    }
    // Told on the link's thread, as everything is.
    if (!closed_) {
      submit(QueuedTask([done = std::move(done), error = std::move(*error)](bool) mutable {
        done(model::Failure(std::move(error)));
      }));
      return;
    }
  }
  done(model::Failure(std::move(*error)));
}

std::optional<CallError> LinkMailbox::begin_call(model::NodeId to, const OutMessage& message,
                                                 std::shared_ptr<LinkSession>& session) {
  using Kind = CallError::Kind;
  const auto found = sessions_.find(to);
  if (closed_ || found == sessions_.end())
    return CallError{Kind::kNotConnected, "node " + std::to_string(to.value) + " is not connected"};
  session = found->second;
  if (session->calls_open.load(std::memory_order_relaxed) >= calls_max_)
    return CallError{Kind::kFull, "too many calls wait for their answers"};
  if (!session->queues[static_cast<size_t>(LinkClass::kData)]->try_take(message.cost))
    return CallError{Kind::kFull, "too many bytes wait to be sent"};
  session->calls_open.fetch_add(1, std::memory_order_relaxed);
  return std::nullopt;
}

bool LinkMailbox::run(QueuedTask& task) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  return submit(std::move(task));
}

void LinkMailbox::reply(std::shared_ptr<ReplyRoute> route, OutMessagePtr message) {
  const std::lock_guard lock(mutex_);
  submit(QueuedReply{std::move(route), std::move(message)});
}

bool LinkMailbox::submit(Submission&& submission) {
  if (closed_) return false;
  submissions_.push_back(std::move(submission));
  if (submissions_.size() == 1) wake_();
  return true;
}

std::shared_ptr<LinkSession> LinkMailbox::session(model::NodeId node) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(node);
  return found == sessions_.end() ? nullptr : found->second;
}

void LinkMailbox::set_session(std::shared_ptr<LinkSession> session) {
  const std::lock_guard lock(mutex_);
  const model::NodeId node = session->node;
  STATOR_ASSERT(sessions_.emplace(node, std::move(session)).second, "a peer comes up once");
}

void LinkMailbox::end_session(model::NodeId node) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(node);
}

void LinkMailbox::take(std::vector<Submission>& out) {
  STATOR_ASSERT(out.empty(), "what was taken before is dealt with");
  const std::lock_guard lock(mutex_);
  out.swap(submissions_);
}

void LinkMailbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  sessions_.clear();
}

Reply LinkMailbox::make_reply(std::shared_ptr<ReplyRoute> route, uint64_t correlation, uint16_t kind) {
  return ReplyTicket(std::move(route), correlation, kind);
}

}  // namespace stator::net
