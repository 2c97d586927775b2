// LinkCore: what happens on the link's thread: accepting and dialling, which connections make a peer,
// liveness, and the way of messages between connections and handler. Internal to the link.
//
//   link_core.cpp           the thread, the mailbox, the sweep over deadlines
//   link_core_accept.cpp    connections that come in, handshakes, connections for requests alone
//   link_core_peers.cpp     peers: dialling, up, heartbeats, lost
//   link_core_messages.cpp  messages, requests and their replies, calls and their answers
#pragma once

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "net/link.h"
#include "net/link_connection.h"
#include "net/link_log.h"
#include "net/link_mailbox.h"
#include "net/link_session.h"

namespace stator::net {

class LinkCore final : public LinkConnectionOwner {
 public:
  LinkCore(const LinkOptions& options, LinkIdentity identity, LinkHandler& handler);
  ~LinkCore() override { stop(); }

  // --- Any thread
  model::Result<void, ListenError> listen(const LinkOptions& options);  // before run()
  void run();
  void stop();
  uint16_t port() const { return port_; }
  LinkMailbox& mailbox() { return *mailbox_; }
  const LinkStats& stats() const { return stats_; }

  // --- The link's thread
  void set_identity(LinkIdentity identity);
  void set_peers(const std::vector<LinkPeer>& peers);
  // Like call(), over a connection of its own. `message` is the request, with its deadline.
  void call_address(const LinkAddress& to, OutMessagePtr message, CallDone done);

 private:
  using Connection = std::shared_ptr<LinkConnection>;
  using Connections = std::array<Connection, kLinkClasses>;

  struct Peer {
    model::NodeId node;
    std::optional<LinkAddress> address;  // to be dialled
    // Dialled by us: all three or none.
    Connections out;
    LinkTime dial_at{};
    std::chrono::milliseconds backoff{0};
    LinkTime heartbeat_at{};
    std::shared_ptr<LinkSession> session;  // while it is up
    uint64_t up_boot_epoch = 0;            // of the process that out leads to
    LogLimiter failures;
    // Dialled by it.
    Connections in;
    uint64_t in_boot_epoch = 0;
    uint64_t in_session = 0;
    bool in_complete = false;
    LinkTime in_since{};
  };
  struct AddressCall {
    OutMessagePtr message;  // until it is sent
    LinkTime deadline;
    CallDone done;
  };

  // LinkConnectionOwner
  std::string hello(const LinkConnection& connection) override;
  std::optional<std::string> on_hello(LinkConnection& connection, const LinkHello& hello) override;
  void on_up(const Connection& connection) override;
  void on_message(const Connection& connection, LinkMessage message) override;
  void on_clock(LinkConnection& connection, uint64_t wall_clock_micros) override;
  void on_drained(LinkConnection& connection) override;
  void on_closed(const Connection& connection) override;

  // link_core.cpp
  void sweep();
  void schedule_sweep(LinkTime now);
  void drain_mailbox();
  void take_tasks(bool alive);
  void shut_down();
  std::vector<Connection> all_connections() const;

  // link_core_accept.cpp
  void accept();
  void on_accepted(boost::asio::ip::tcp::socket socket);
  std::optional<std::string> refusal_of_session(const LinkConnection& connection,
                                                const LinkHello& hello) const;
  void accepted_up(const Connection& connection);
  void accepted_closed(const Connection& connection);
  void sweep_accepted(LinkTime now);
  void log_closed(const LinkConnection& connection);

  // link_core_peers.cpp
  Peer& peer_of(model::NodeId node);
  void dial(Peer& peer, LinkTime now);
  void dialled_up(const Connection& connection);
  void dialled_closed(const Connection& connection);
  void dial_later(Peer& peer, bool refused);
  void come_up(Peer& peer);
  void attach_incoming(const Connection& connection);
  void incoming_closed(const Connection& connection);
  // Closes all connections of the peer, and tells the handler where it was up.
  void lose(Peer& peer, const std::string& why);
  void close_outgoing(Peer& peer, const std::string& why);
  void close_incoming(Peer& peer, const std::string& why);
  void sweep_peers(LinkTime now);
  std::optional<std::string> silence_of(const Peer& peer, LinkTime now) const;

  // link_core_messages.cpp
  void take_request(const Connection& connection, LinkMessage message);
  void take_answer(const Connection& connection, LinkMessage message);
  void fail_calls(LinkSession& session, const std::string& why);
  void sweep_calls(LinkTime now);
  void address_call_up(const Connection& connection);
  bool address_call_closed(const Connection& connection);
  void finish_address_call(const Connection& connection, model::Result<LinkBody, CallError> result);

  const LinkLimits limits_;
  LinkHandler& handler_;
  LinkStats stats_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer accept_pause_;
  boost::asio::steady_timer sweep_timer_;
  const std::shared_ptr<LinkMailbox> mailbox_;
  uint16_t port_ = 0;
  std::thread thread_;

  // The link's thread's.
  LinkIdentity identity_;
  bool stopping_ = false;
  LinkTime last_sweep_{};
  std::minstd_rand random_;  // for the jitter of dialling
  std::map<model::NodeId, Peer> peers_;
  std::vector<Connection> unknown_;  // accepted, in their handshake; the oldest first
  std::set<Connection> serving_;     // accepted, for requests alone
  std::map<Connection, AddressCall> address_calls_;
  std::vector<QueuedTask> tasks_;
  uint64_t next_session_ = 1;
  LogLimiter garbage_log_;
  LogLimiter refusal_log_;
};

}  // namespace stator::net
