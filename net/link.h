// Link: messages, requests and liveness between the processes of a cluster, over TCP. Knows nothing of what
// the messages mean. docs/link.md is the protocol.
//
// A node dials three connections to each of its peers (control, data, bulk) and uses them for what it
// initiates; answers come back on the same connection. What the peer initiates comes over the connections
// that the peer dialled.
//
// One thread does everything; all methods may be called on any thread and never block, stop() apart.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/ids.h"
#include "model/result.h"
#include "net/frame.h"
#include "net/link_identity.h"
#include "net/link_stats.h"
#include "net/listen_error.h"
#include "net/unique_function.h"

namespace stator::net {

// The order of urgency. Each is a connection of its own, so that none waits behind another.
enum class LinkClass : uint8_t {
  kControl = 0,  // heartbeats and votes
  kData = 1,     // appends, acknowledgements, requests
  kBulk = 2,     // snapshots
};
inline constexpr size_t kLinkClasses = 3;

struct LinkLimits {
  // What waits to be sent, by LinkClass, a peer; answers to one connection of a peer count against the same
  // bound. A message that is alone may be larger.
  std::array<size_t, kLinkClasses> queue_bytes_max{1024 * 1024, 64 * 1024 * 1024, 8 * 1024 * 1024};
  uint32_t calls_max = 65'536;        // of ours that wait for their answer, a peer; one more fails with kFull
  uint32_t address_calls_max = 64;    // call_address() at a time; one more fails with kFull
  uint32_t requests_max = 65'536;     // of a connection, handed out and unanswered; one more is refused
  uint32_t incoming_max = 512;        // connections; one more is closed
  uint32_t serving_max = 256;         // of these, for requests alone; one more is refused
  uint32_t unauthenticated_max = 64;  // of these, before the end of their handshake
  std::chrono::milliseconds connect_timeout{1'000};
  std::chrono::milliseconds handshake_deadline{2'000};
  std::chrono::milliseconds heartbeat_interval{100};
  std::chrono::milliseconds silence_max{1'500};  // a peer that is not heard for so long is lost
  std::chrono::milliseconds idle_max{10'000};    // a connection for requests alone, with nothing to do
  std::chrono::milliseconds backoff_min{20};     // before a peer is dialled again, rising to
  std::chrono::milliseconds backoff_max{500};
  std::chrono::milliseconds sweep_interval{20};  // how often deadlines are looked at
};

struct LinkOptions {
  std::string host = "127.0.0.1";  // an address, or a name that resolves to one
  uint16_t port = 0;               // 0: one that is free
  bool listen = true;              // false: a tool, which only calls
  LinkLimits limits;
};

struct CallError {
  enum class Kind : uint8_t {
    kNotConnected,  // nothing was sent
    kLost,          // may have been carried out
    kTimeout,       // may have been carried out
    kTooLarge,      // nothing was sent
    kFull,          // nothing was sent
    kRefused,       // by the handshake or the handler; the text says why
  };
  Kind kind;
  std::string text;
};

// A message's body, whole. data() is aligned to 8 bytes, as Cap'n Proto wants it.
using LinkBody = std::shared_ptr<const std::string>;
// Answers a request, with an error that is told to the caller (kRefused). On any thread, at most once, also
// after the link's end. Dropped without an answer, it tells the caller that there will be none (kLost).
using Reply = UniqueFunction<void(model::Result<std::string, std::string>)>;
// On the link's thread, exactly once; after stop() on the caller's.
using CallDone = UniqueFunction<void(model::Result<LinkBody, CallError>)>;

// All on the link's thread; must not block. May call any of Link's methods but stop().
class LinkHandler {
 public:
  virtual ~LinkHandler() = default;
  // The reason why this process may not talk to us (sent to it, and logged); nothing: welcome. Cluster,
  // formats and the node that was expected are checked already. Asked at each handshake, of those whom we
  // dial too.
  virtual std::optional<std::string> refuse(const LinkIdentity& peer) = 0;
  // Our connections to it are all up.
  virtual void peer_up(const LinkIdentity& peer) = 0;
  // After peer_up(), once: a connection to it or from it broke, or it was silent, or set_peers() or
  // set_identity() took it away. Its queues are dropped, its calls fail with kLost, it is dialled again.
  virtual void peer_lost(model::NodeId peer) = 0;
  // What its wall clock showed a moment ago: with each heartbeat, so a few times a second. Microseconds since 1970.
  virtual void peer_clock(model::NodeId /*peer*/, uint64_t /*wall_clock_micros*/) {}
  // One-way. Messages of one class and sender come in the order in which they were sent.
  virtual void message(const LinkIdentity& from, uint16_t kind, LinkBody body) = 0;
  // `from` may be of no cluster, and an operator's tool (node 0). Requests may overtake each other. Nobody
  // waits for an answer after `deadline`.
  virtual void request(const LinkIdentity& from, uint16_t kind, LinkBody body,
                       std::chrono::steady_clock::time_point deadline, Reply reply) = 0;
  // The queue was over half of its bound, or refused a message, and is now empty.
  virtual void drained(model::NodeId peer, LinkClass link_class) = 0;
};

class Link {
 public:
  // Listens, and serves from now on. `handler` must outlive the link.
  static model::Result<std::unique_ptr<Link>, ListenError> start(LinkOptions options, LinkIdentity identity,
                                                                 LinkHandler& handler);
  ~Link();  // stops
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Where it listens; 0 where it does not.
  uint16_t port() const;

  // For later handshakes. Where cluster or node changed, existing connections are closed and made anew.
  void set_identity(LinkIdentity identity);
  // Whom to dial, and to dial again, for ever; those that are not in the list any more are dropped. Replaces
  // the list before.
  void set_peers(std::vector<LinkPeer> peers);

  // Sends without an answer; kind < kFirstLinkKind. False, and nothing is queued: not connected, the queue is
  // full, one of the two belongs to no cluster, or the body is over kMessageBytesMax. True promises nothing
  // of the arrival.
  bool send(model::NodeId to, LinkClass link_class, uint16_t kind, std::string body);
  size_t queued_bytes(model::NodeId to, LinkClass link_class) const;
  // Sends a request on the data connection, in fragments that let other messages pass.
  void call(model::NodeId to, uint16_t kind, std::string body, std::chrono::milliseconds timeout,
            CallDone done);
  // The same to whoever listens there, on a connection of its own: for joining and for tools.
  void call_address(const LinkAddress& to, uint16_t kind, std::string body, std::chrono::milliseconds timeout,
                    CallDone done);
  // Runs f on the link's thread; drops it after stop().
  void post(UniqueFunction<void()> f);
  // Between peer_up() and peer_lost().
  bool connected(model::NodeId to) const;
  const LinkStats& stats() const;

  // Closes everything, fails what waits for an answer, joins the thread; no peer_lost(). Afterwards the
  // handler is not called again. Not on the link's thread.
  void stop();

 private:
  class Impl;
  explicit Link(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace stator::net
