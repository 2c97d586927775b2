// What a sender is told at once, and the way of a reply.
#include "net/link_mailbox.h"

#include "model/assert.h"
#include "net/link_burst.h"
#include "net/link_connection.h"

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
  const Visit visit(*this);
  if (!visit) return false;
  std::shared_ptr<LinkConnection> connection;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(to);
    if (closed_ || found == sessions_.end() || !found->second->same_cluster) return false;
    if (!found->second->queues[static_cast<size_t>(link_class)]->try_take(message->cost)) return false;
    connection = found->second->connections[static_cast<size_t>(link_class)];
  }
  message->correlation = next_correlation();
  push(connection, std::move(message));
  return true;
}

void LinkMailbox::push(const std::shared_ptr<LinkConnection>& connection, OutMessagePtr message) {
  connection->push(std::move(message));
  if (LinkBurst* burst = LinkBurst::current()) return burst->add(shared_from_this(), connection);
  connection->flush();
}

// Counted first, looked at after: either the visit is seen by close(), or it sees that it comes too late.
bool LinkMailbox::enter() {
  visits_.fetch_add(1);
  if (!ending_.load()) return true;
  leave();
  return false;
}

void LinkMailbox::leave() {
  if (visits_.fetch_sub(1) == 1 && ending_.load()) visits_.notify_all();
}

void LinkMailbox::call(model::NodeId to, uint16_t kind, std::string body, std::chrono::milliseconds timeout,
                       CallDone done) {
  STATOR_ASSERT(kind < kFirstLinkKind, "kinds of the link's own are not sent by others");
  std::optional<CallError> error;
  if (body.size() > kMessageBytesMax)
    error = CallError{CallError::Kind::kTooLarge, "the request is larger than a message may be"};
  auto message = make_message(kind, 0, std::move(body));
  message->deadline = std::chrono::steady_clock::now() + timeout;
  const Visit visit(*this);
  std::shared_ptr<LinkSession> session;
  std::shared_ptr<LinkConnection> connection;
  {
    const std::lock_guard lock(mutex_);
    if (!error) error = begin_call(to, *message, session);
    if (!error) connection = session->connections[static_cast<size_t>(LinkClass::kData)];
  }
  if (!error && visit) {
    const uint64_t correlation = message->correlation = next_correlation();
    const LinkTime deadline = message->deadline;
    if (session->begin(correlation, done, deadline)) return push(connection, std::move(message));
    error = CallError{CallError::Kind::kNotConnected, "the connection broke before it was sent"};
  }
  if (!error) error = CallError{CallError::Kind::kNotConnected, "the link has stopped"};
  // Told on the link's thread, as everything is.
  QueuedTask told([done = std::move(done), error = std::move(*error)](bool) mutable {
    done(model::Failure(std::move(error)));
  });
  if (!run(told)) told(false);
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
  const Visit visit(*this);
  if (!visit) return;
  route->close(message->correlation);
  if (const auto connection = route->connection.lock()) push(connection, std::move(message));
}

bool LinkMailbox::submit(QueuedTask&& task) {
  if (closed_) return false;
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1) wake_();
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

void LinkMailbox::take(std::vector<QueuedTask>& out) {
  STATOR_ASSERT(out.empty(), "what was taken before is dealt with");
  const std::lock_guard lock(mutex_);
  out.swap(tasks_);
}

void LinkMailbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    sessions_.clear();
  }
  ending_.store(true);
  for (uint32_t visits = visits_.load(); visits != 0; visits = visits_.load()) visits_.wait(visits);
}

Reply LinkMailbox::make_reply(std::shared_ptr<ReplyRoute> route, uint64_t correlation, uint16_t kind) {
  return ReplyTicket(std::move(route), correlation, kind);
}

}  // namespace stator::net
