// Connections that come in: bounded in number, more tightly and with a deadline before they have said who
// they are; the handshake of both ends; connections for requests alone.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "net/link_core.h"
#include "net/wall_clock.h"

namespace stator::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

// After the system refused a connection: no descriptors, mostly.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

using Ending = LinkConnection::Ending;

void count(LinkStats::Counter& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

std::string held_back_text(uint64_t held_back) {
  return held_back == 0 ? "" : " (" + std::to_string(held_back) + " such lines were held back)";
}

}  // namespace

// --- Accepting

void LinkCore::accept() {
  acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
    if (stopping_ || error == asio::error::operation_aborted) return;
    if (!error) {
      on_accepted(std::move(socket));
      return accept();
    }
    // Out of descriptors or memory: trying again at once would only spin.
    accept_pause_.expires_after(kAcceptPause);
    accept_pause_.async_wait([this](const error_code& cancelled) {
      if (!cancelled && !stopping_) accept();
    });
  });
}

void LinkCore::on_accepted(tcp::socket socket) {
  size_t known = serving_.size();
  for (const auto& [node, peer] : peers_)
    known += static_cast<size_t>(
        std::count_if(peer.in.begin(), peer.in.end(), [](const auto& c) { return c != nullptr; }));
  if (known + unknown_.size() >= limits_.incoming_max) return count(stats_.accepts_refused);
  // The oldest goes: a handshake among us takes a millisecond, so that whoever is there for long is in no
  // hurry.
  if (unknown_.size() >= limits_.unauthenticated_max) {
    count(stats_.accepts_refused);
    const Connection oldest = unknown_.front();
    oldest->close(Ending::kClosed, "too many connections have not said who they are");
  }
  const auto connection = std::make_shared<LinkConnection>(*this, std::move(socket), stats_);
  unknown_.push_back(connection);
  connection->start(steady_clock::now() + limits_.handshake_deadline);
}

// --- The handshake

std::string LinkCore::hello(const LinkConnection& connection) {
  LinkHello hello;
  hello.identity = identity_;
  hello.identity.wall_clock_micros = system_clock_micros();
  hello.to = connection.expected();
  hello.session = connection.session();
  return encode_hello(hello);
}

std::optional<std::string> LinkCore::on_hello(LinkConnection& connection, const LinkHello& hello) {
  auto reason = refusal_of(identity_, hello, connection.expected(), connection.frame_class());
  if (!reason && connection.end() == LinkConnection::End::kAccepted)
    reason = refusal_of_session(connection, hello);
  if (!reason) reason = handler_.refuse(hello.identity);
  return reason;
}

// One process has one set of connections to us. A later one replaces it; an earlier one is a straggler.
// Connections for requests leave room for those of peers.
std::optional<std::string> LinkCore::refusal_of_session(const LinkConnection& connection,
                                                        const LinkHello& hello) const {
  if (connection.frame_class() == FrameClass::kRequest) {
    if (serving_.size() < limits_.serving_max) return std::nullopt;
    return "too many connections for requests";
  }
  const auto found = peers_.find(hello.identity.node);
  if (found == peers_.end()) return std::nullopt;
  const Peer& peer = found->second;
  if (peer.in_boot_epoch != hello.identity.boot_epoch || hello.session > peer.in_session) return std::nullopt;
  if (hello.session < peer.in_session) return "a later attempt is under way";
  if (peer.in[static_cast<size_t>(connection.frame_class())] != nullptr)
    return "this connection is there already";
  return std::nullopt;
}

void LinkCore::on_up(const Connection& connection) {
  const bool may_send = same_cluster(identity_, connection->identity());
  connection->establish(may_send && connection->frame_class() != FrameClass::kRequest);
  if (connection->end() == LinkConnection::End::kAccepted) return accepted_up(connection);
  if (address_calls_.count(connection) != 0) return address_call_up(connection);
  dialled_up(connection);
}

void LinkCore::accepted_up(const Connection& connection) {
  std::erase(unknown_, connection);
  const auto route = std::make_shared<ReplyRoute>(
      mailbox_, connection, limits_.queue_bytes_max[static_cast<size_t>(LinkClass::kData)]);
  connection->set_replies(route);
  connection->set_gauge(route->answers);
  if (connection->frame_class() == FrameClass::kRequest) {
    serving_.insert(connection);
  } else {
    attach_incoming(connection);
  }
}

// --- Ends

void LinkCore::on_closed(const Connection& connection) {
  if (stopping_) return;
  log_closed(*connection);
  if (connection->end() == LinkConnection::End::kAccepted) {
    accepted_closed(connection);
  } else if (!address_call_closed(connection)) {
    dialled_closed(connection);
  }
}

void LinkCore::accepted_closed(const Connection& connection) {
  std::erase(unknown_, connection);
  if (serving_.erase(connection) == 0) incoming_closed(connection);
}

void LinkCore::log_closed(const LinkConnection& connection) {
  const bool accepted = connection.end() == LinkConnection::End::kAccepted;
  const LinkTime now = steady_clock::now();
  uint64_t held_back = 0;
  if (connection.ending() == Ending::kGarbage) {
    count(stats_.garbage_closes);
    if (garbage_log_.allows(connection.why_closed(), now, held_back))
      spdlog::warn("link: the connection {} {} is closed: {}{}", accepted ? "from" : "to", connection.where(),
                   connection.why_closed(), held_back_text(held_back));
  }
  if (connection.ending() != Ending::kRefusedByUs && connection.ending() != Ending::kRefusedByPeer) return;
  count(stats_.handshakes_refused);
  // What we dial is logged with its peer.
  if (!accepted || !refusal_log_.allows(connection.why_closed(), now, held_back)) return;
  const char* by = connection.ending() == Ending::kRefusedByUs ? "we refuse" : "is refused by";
  spdlog::warn("link: {} node {} at {}: {}{}", by, connection.identity().node.value, connection.where(),
               connection.why_closed(), held_back_text(held_back));
}

// --- Deadlines

void LinkCore::sweep_accepted(LinkTime now) {
  std::vector<Connection> overdue;  // closing changes the lists
  for (const Connection& connection : unknown_) {
    if (now > connection->deadline()) overdue.push_back(connection);
  }
  for (const Connection& connection : serving_) {
    const auto blocked = connection->blocked_since();
    const bool unused = connection->replies()->open_count() == 0 && connection->idle();
    if ((unused && now - connection->last_heard() > limits_.idle_max) ||
        (blocked && now - *blocked > limits_.idle_max))
      overdue.push_back(connection);
  }
  for (const Connection& connection : overdue) connection->close(Ending::kClosed, "its deadline has passed");
}

}  // namespace stator::net
