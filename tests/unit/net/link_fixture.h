// What the tests of the link share: a node with a handler that writes down what happens to it, and a peer
// that says exactly what it is told, byte by byte.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/link.h"
#include "net/link_hello.h"

namespace stator::net {

// What a call ended with, waited for.
class CallResult {
 public:
  CallDone done();
  // Fails the test after 20 seconds.
  model::Result<LinkBody, CallError> wait();
  bool is_done() const;
  // "ok: body" or "error kind: text".
  std::string text();

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<model::Result<LinkBody, CallError>> result;
    int times = 0;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// A node under test. Requests of kind kEcho are answered with their body, kHold are kept until release(),
// others as on_request says.
class TestNode final : public LinkHandler {
 public:
  static constexpr uint16_t kEcho = 1;
  static constexpr uint16_t kHold = 2;
  static constexpr uint16_t kDrop = 3;
  static constexpr uint16_t kFail = 4;

  explicit TestNode(uint64_t node, LinkLimits limits = {}, uint16_t port = 0);
  explicit TestNode(LinkIdentity identity, LinkOptions options);
  ~TestNode() override { stop(); }

  Link& link() { return *link_; }
  uint16_t port() const { return link_->port(); }
  model::NodeId id() const { return identity_.node; }
  const LinkIdentity& identity() const { return identity_; }
  LinkPeer as_peer() const { return {identity_.node, {"127.0.0.1", link_->port()}}; }
  void stop() { link_->stop(); }

  // Waits until it holds; it is asked under the handler's lock. False after 20 seconds.
  bool wait(const std::function<bool()>& condition);
  bool wait_up(model::NodeId peer, int times = 1);
  bool wait_lost(model::NodeId peer, int times = 1);
  // Waits until so many one-way messages came.
  bool wait_messages(size_t count);
  int times_up(model::NodeId peer);
  int times_lost(model::NodeId peer);
  void release();
  void set_refuse(std::function<std::optional<std::string>(const LinkIdentity&)> refuse);
  // Called without the lock, on the link's thread.
  void set_on_message(std::function<void()> on_message);
  // Of what wait() asks for:
  std::vector<std::string>
      events;  // "2:17 body" for one-way messages and "2?17 body" for requests; long bodies cut
  std::vector<std::string> messages;  // bodies of one-way messages
  std::map<model::NodeId, int> ups;
  std::map<model::NodeId, int> losts;
  std::map<model::NodeId, std::vector<uint64_t>> clocks;  // what peers' wall clocks showed
  std::map<model::NodeId, LinkIdentity> up_identities;
  std::vector<std::pair<model::NodeId, LinkClass>> drains;
  std::vector<std::pair<std::string, Reply>> held;
  int requests = 0;

  std::optional<std::string> refuse(const LinkIdentity& peer) override;
  void peer_up(const LinkIdentity& peer) override;
  void peer_lost(model::NodeId peer) override;
  void peer_clock(model::NodeId peer, uint64_t wall_clock_micros) override;
  void message(const LinkIdentity& from, uint16_t kind, LinkBody body) override;
  void request(const LinkIdentity& from, uint16_t kind, LinkBody body,
               std::chrono::steady_clock::time_point deadline, Reply reply) override;
  void drained(model::NodeId peer, LinkClass link_class) override;

 private:
  const LinkIdentity identity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<std::optional<std::string>(const LinkIdentity&)> refuse_;
  std::function<void()> on_message_;
  std::unique_ptr<Link> link_;
};

// Node `node` of the tests' cluster, started just now.
LinkIdentity identity_of(uint64_t node);
// Makes both dial each other, and waits until both are up.
void connect(TestNode& a, TestNode& b);
// A body whose bytes differ from place to place.
std::string body_of_size(size_t bytes, uint64_t seed = 1);
bool eventually_true(const std::function<bool()>& condition);

struct RawFrame {
  FrameHeader header;
  std::string body;
};

// One connection that is spoken to frame by frame, or byte by byte. Every wait ends after 20 seconds, as a
// failure.
class RawLink {
 public:
  explicit RawLink(uint16_t port);
  explicit RawLink(int socket) : socket_(socket) {}
  ~RawLink();
  RawLink(RawLink&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), read_(std::move(other.read_)) {}
  RawLink(const RawLink&) = delete;

  // False where the other end has closed.
  bool send(std::string_view bytes);
  bool send(FrameHeader header, std::string_view body);
  bool send_hello(const LinkIdentity& identity, FrameClass frame_class, uint64_t session = 1, uint64_t to = 0,
                  uint16_t flags = 0);
  // nullopt where the connection ends first.
  std::optional<RawFrame> read_frame();
  // Reads until the end; true where there was one.
  bool closed();

 private:
  bool fill();

  int socket_ = -1;
  std::string read_;
};

// Says hello as `identity` and waits for the answer's kind; 0: none came.
uint16_t shake_hands(RawLink& link, const LinkIdentity& identity, FrameClass frame_class,
                     uint64_t session = 1);

// A peer that is dialled.
class RawListener {
 public:
  RawListener();
  ~RawListener();
  uint16_t port() const { return port_; }
  RawLink accept();
  // From now on connections to it are neither made nor refused, as if the network lost them.
  void become_a_black_hole();

 private:
  int socket_ = -1;
  uint16_t port_ = 0;
  std::vector<RawLink> crowd_;  // fills its backlog
};

}  // namespace stator::net
