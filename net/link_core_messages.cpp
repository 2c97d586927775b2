// Messages in and out. One-way messages and requests that came go to the handler, answers to the calls that
// wait for them.
#include <chrono>

#include "model/assert.h"
#include "net/link_core.h"

namespace stator::net {
namespace {

using Ending = LinkConnection::Ending;
using Kind = CallError::Kind;

constexpr size_t kData = static_cast<size_t>(LinkClass::kData);

LinkBody body_of(LinkMessage& message) {
  LinkBody body = std::make_shared<const std::string>(std::move(message.body));
  STATOR_ASSERT(reinterpret_cast<uintptr_t>(body->data()) % 8 == 0, "Cap'n Proto reads bodies in place");
  return body;
}

model::Result<LinkBody, CallError> answer_of(LinkMessage& message) {
  if (message.header.kind == kReplyRefused)
    return model::Failure(CallError{Kind::kRefused, std::move(message.body)});
  if (message.header.kind == kReplyLost)
    return model::Failure(CallError{Kind::kLost, std::move(message.body)});
  return body_of(message);
}

}  // namespace

// --- In

void LinkCore::on_message(const Connection& connection, LinkMessage message) {
  if (connection->end() == LinkConnection::End::kDialled) return take_answer(connection, std::move(message));
  if (!message.header.has(kFrameOneWay)) return take_request(connection, std::move(message));
  handler_.message(connection->identity(), message.header.kind, body_of(message));
}

void LinkCore::on_clock(LinkConnection& connection, uint64_t wall_clock_micros) {
  handler_.peer_clock(connection.identity().node, wall_clock_micros);
}

void LinkCore::take_request(const Connection& connection, LinkMessage message) {
  const std::shared_ptr<ReplyRoute>& route = connection->replies();
  if (message.deadline <= std::chrono::steady_clock::now()) {
    stats_.expired_requests.fetch_add(1, std::memory_order_relaxed);
    return;  // nobody waits for an answer any more
  }
  const uint64_t correlation = message.header.correlation;
  if (!route->open(correlation))
    return connection->close(Ending::kGarbage, "a request under the correlation of another");
  Reply reply = LinkMailbox::make_reply(route, correlation, message.header.kind);
  if (route->open_count() > limits_.requests_max)
    return reply(model::Failure(std::string("too many requests of this connection are unanswered")));
  handler_.request(connection->identity(), message.header.kind, body_of(message), message.deadline,
                   std::move(reply));
}

void LinkCore::take_answer(const Connection& connection, LinkMessage message) {
  if (address_calls_.count(connection) != 0) {
    finish_address_call(connection, answer_of(message));
    return;
  }
  const auto peer = peers_.find(connection->expected());
  if (peer == peers_.end() || peer->second.session == nullptr) return;
  if (auto done = peer->second.session->finish(message.header.correlation)) (*done)(answer_of(message));
}

// --- Calls that end without an answer

void LinkCore::fail_calls(LinkSession& session, const std::string& why) {
  session.connections = {};
  for (auto& [correlation, call] : session.end()) call.done(model::Failure(CallError{Kind::kLost, why}));
}

void LinkCore::sweep_calls(LinkTime now) {
  std::vector<CallDone> late;
  for (auto& [node, peer] : peers_) {
    if (peer.session != nullptr) peer.session->take_late(now, late);
  }
  for (CallDone& done : late) done(model::Failure(CallError{Kind::kTimeout, "no answer in time"}));

  std::vector<Connection> overdue;
  for (const auto& [connection, call] : address_calls_) {
    if (now >= call.deadline || (!connection->up() && now >= connection->deadline()))
      overdue.push_back(connection);
  }
  for (const Connection& connection : overdue) {
    const bool sent = address_calls_.at(connection).message == nullptr;
    finish_address_call(connection,
                        model::Failure(sent ? CallError{Kind::kTimeout, "no answer in time"}
                                            : CallError{Kind::kNotConnected, "no connection in time"}));
  }
}

// --- Calls over connections of their own

void LinkCore::call_address(const LinkAddress& to, OutMessagePtr message, CallDone done) {
  if (message->body.size() > kMessageBytesMax)
    return done(model::Failure(CallError{Kind::kTooLarge, "the request is larger than a message may be"}));
  if (address_calls_.size() >= limits_.address_calls_max)
    return done(model::Failure(CallError{Kind::kFull, "too many calls over connections of their own"}));
  const LinkTime now = std::chrono::steady_clock::now();
  const auto connection = std::make_shared<LinkConnection>(*this, io_, stats_, FrameClass::kRequest,
                                                           model::NodeId(), next_session_++);
  const LinkTime deadline = message->deadline;
  address_calls_.emplace(connection, AddressCall{std::move(message), deadline, std::move(done)});
  connection->dial(to, now + limits_.connect_timeout, limits_.handshake_deadline);
}

void LinkCore::address_call_up(const Connection& connection) {
  AddressCall& call = address_calls_.at(connection);
  call.message->correlation = mailbox_->next_correlation();
  connection->push(std::move(call.message));
  connection->flush();
}

bool LinkCore::address_call_closed(const Connection& connection) {
  const auto found = address_calls_.find(connection);
  if (found == address_calls_.end()) return false;
  const bool refused =
      connection->ending() == Ending::kRefusedByUs || connection->ending() == Ending::kRefusedByPeer;
  const Kind kind = refused                            ? Kind::kRefused
                    : found->second.message == nullptr ? Kind::kLost
                                                       : Kind::kNotConnected;
  finish_address_call(connection, model::Failure(CallError{kind, connection->why_closed()}));
  return true;
}

void LinkCore::finish_address_call(const Connection& connection, model::Result<LinkBody, CallError> result) {
  auto node = address_calls_.extract(connection);
  STATOR_ASSERT(!node.empty(), "a call ends once");
  connection->close(Ending::kClosed, "its call is done");
  node.mapped().done(std::move(result));
}

}  // namespace stator::net
