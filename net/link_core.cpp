// The link's thread: its loop, its mailbox, its sweep, its end.
#include "net/link_core.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <chrono>

#include "model/assert.h"
#include "net/acceptor.h"

namespace stator::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

// A sweep that comes later than this was held up by something that held up the whole process: a debugger, a
// stopped machine.
constexpr auto kStoppedMin = std::chrono::milliseconds(200);

}  // namespace

LinkCore::LinkCore(const LinkOptions& options, LinkIdentity identity, LinkHandler& handler)
    : limits_(options.limits),
      handler_(handler),
      io_(1),
      work_(io_.get_executor()),
      acceptor_(io_),
      accept_pause_(io_),
      sweep_timer_(io_),
      mailbox_(std::make_shared<LinkMailbox>(options.limits.calls_max,
                                             [this] { asio::post(io_, [this] { drain_mailbox(); }); })),
      identity_(std::move(identity)),
      random_(std::random_device{}()) {}

model::Result<void, ListenError> LinkCore::listen(const LinkOptions& options) {
  if (auto open = open_acceptor(acceptor_, options.host, options.port); !open) return open;
  port_ = acceptor_.local_endpoint().port();
  return {};
}

void LinkCore::run() {
  if (acceptor_.is_open()) accept();
  last_sweep_ = steady_clock::now();
  schedule_sweep(last_sweep_);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "link");
    io_.run();
  });
}

// --- The end

void LinkCore::stop() {
  STATOR_ASSERT(std::this_thread::get_id() != thread_.get_id(), "a thread does not join itself");
  mailbox_->close();
  if (!thread_.joinable()) return;
  asio::post(io_, [this] { shut_down(); });
  thread_.join();
}

void LinkCore::shut_down() {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  accept_pause_.cancel();
  sweep_timer_.cancel();
  const std::string why = "the link has stopped";
  for (const Connection& connection : all_connections())
    connection->close(LinkConnection::Ending::kClosed, why);
  for (auto& [node, peer] : peers_) {
    if (peer.session != nullptr) fail_calls(*peer.session, why);
  }
  take_tasks(false);
  for (auto& [connection, call] : std::exchange(address_calls_, {})) {
    const auto kind = call.message == nullptr ? CallError::Kind::kLost : CallError::Kind::kNotConnected;
    call.done(model::Failure(CallError{kind, why}));
  }
  // Connections and peers hold each other.
  peers_.clear();
  unknown_.clear();
  serving_.clear();
  work_.reset();  // the aborted operations' handlers run, then the loop ends
}

std::vector<LinkCore::Connection> LinkCore::all_connections() const {
  std::vector<Connection> all = unknown_;
  all.insert(all.end(), serving_.begin(), serving_.end());
  for (const auto& [connection, call] : address_calls_) all.push_back(connection);
  for (const auto& [node, peer] : peers_) {
    for (const Connections& side : {peer.out, peer.in}) {
      for (const Connection& connection : side) {
        if (connection != nullptr) all.push_back(connection);
      }
    }
  }
  return all;
}

// --- The mailbox

void LinkCore::drain_mailbox() {
  if (stopping_) return;
  take_tasks(true);
}

void LinkCore::take_tasks(bool alive) {
  std::vector<QueuedTask>& taken = tasks_;
  mailbox_->take(taken);
  for (QueuedTask& task : taken) task(alive);
  taken.clear();
}

void LinkCore::on_drained(LinkConnection& connection) {
  const auto found = peers_.find(connection.expected());
  if (stopping_ || connection.end() != LinkConnection::End::kDialled || found == peers_.end()) return;
  const Peer& peer = found->second;
  const auto link_class = static_cast<size_t>(connection.frame_class());
  if (link_class >= kLinkClasses || peer.session == nullptr || peer.out[link_class].get() != &connection)
    return;
  handler_.drained(peer.node, static_cast<LinkClass>(link_class));
}

// --- The sweep

void LinkCore::schedule_sweep(LinkTime now) {
  sweep_timer_.expires_at(now + limits_.sweep_interval);
  sweep_timer_.async_wait([this](const error_code& error) {
    if (!error && !stopping_) sweep();
  });
}

void LinkCore::sweep() {
  const LinkTime now = steady_clock::now();
  const auto late = now - last_sweep_ - limits_.sweep_interval;
  last_sweep_ = now;
  if (late > kStoppedMin) {
    for (const Connection& connection : all_connections()) connection->forgive(late, now);
    for (auto& [node, peer] : peers_) peer.in_since += late;
  }
  sweep_accepted(now);
  sweep_peers(now);
  sweep_calls(now);
  schedule_sweep(now);
}

}  // namespace stator::net
