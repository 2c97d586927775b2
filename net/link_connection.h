// LinkConnection: one TCP connection between two processes, dialled or accepted: handshake, frames in, frames
// out. Internal to the link; on its thread.
//
//   dialled:  connecting ──▶ hello (ours is out) ──their hello──▶ up ──▶ closed
//   accepted:                hello ──their hello, ours goes out──▶ up ──▶ closed
//
// It may be closed in any state, by itself or by its owner, who is told once.
#pragma once

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/link_hello.h"
#include "net/link_identity.h"
#include "net/link_queue.h"
#include "net/link_reader.h"
#include "net/link_session.h"
#include "net/link_stats.h"

namespace stator::net {

class LinkConnection;

class LinkConnectionOwner {
 public:
  virtual ~LinkConnectionOwner() = default;
  // What we say about ourselves.
  virtual std::string hello(const LinkConnection& connection) = 0;
  // The other side has said who it is: why we do not talk to it, or nothing.
  virtual std::optional<std::string> on_hello(LinkConnection& connection, const LinkHello& hello) = 0;
  virtual void on_up(const std::shared_ptr<LinkConnection>& connection) = 0;
  virtual void on_message(const std::shared_ptr<LinkConnection>& connection, LinkMessage message) = 0;
  // Its gauge asked to be told, and nothing waits any more.
  virtual void on_drained(LinkConnection& connection) = 0;
  // There is something to write: flush() is wanted once the present batch of work is through.
  virtual void on_dirty(const std::shared_ptr<LinkConnection>& connection) = 0;
  virtual void on_closed(const std::shared_ptr<LinkConnection>& connection) = 0;
};

class LinkConnection : public std::enable_shared_from_this<LinkConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using End = LinkReader::End;
  enum class State : uint8_t { kConnecting, kHello, kUp, kClosed };
  enum class Ending : uint8_t { kClosed, kBroken, kGarbage, kRefusedByUs, kRefusedByPeer };

  // To be dialled. `expected` 0: whoever is there.
  LinkConnection(LinkConnectionOwner& owner, boost::asio::io_context& io, LinkStats& stats,
                 FrameClass frame_class, model::NodeId expected, uint64_t session);
  // Accepted; its class is what the hello says.
  LinkConnection(LinkConnectionOwner& owner, Socket socket, LinkStats& stats);

  // For a dialled one: never calls back at once.
  void dial(const LinkAddress& address, LinkTime connect_deadline,
            std::chrono::milliseconds handshake_deadline);
  // For an accepted one.
  void start(LinkTime handshake_deadline);

  // From on_up(): what may come now. `one_way`: whether one-way messages, too.
  void establish(bool one_way);
  // Requires kUp.
  void push(OutMessagePtr message);
  void send_heartbeat(uint64_t correlation);
  // Writes what the socket takes.
  void flush();

  // Tells the other side why, as well as it can, and closes.
  void refuse(const std::string& reason);
  void close(Ending ending, std::string why);

  End end() const { return end_; }
  State state() const { return state_; }
  bool up() const { return state_ == State::kUp; }
  FrameClass frame_class() const { return frame_class_.value_or(FrameClass::kRequest); }
  model::NodeId expected() const { return expected_; }
  // The dialler's number of this attempt; its own, or as the hello says.
  uint64_t session() const { return session_; }
  // From kUp on.
  const LinkIdentity& identity() const { return identity_; }
  // Address of the other end.
  const std::string& where() const { return where_; }
  Ending ending() const { return ending_; }
  const std::string& why_closed() const { return why_closed_; }

  // Until it is up.
  LinkTime deadline() const { return deadline_; }
  LinkTime last_heard() const { return heard_; }
  // Since when the other side takes no byte of what waits; nothing: it does.
  std::optional<LinkTime> blocked_since() const;
  // The process stood still for so long, until now: nobody else is to blame.
  void forgive(std::chrono::steady_clock::duration stopped, LinkTime now);
  bool idle() const { return queue_.empty() && batch_.empty(); }

  // The bound that its queue counts against; may be null.
  void set_gauge(std::shared_ptr<QueueGauge> gauge) { gauge_ = std::move(gauge); }
  // Of an accepted one: where answers come in.
  void set_replies(std::shared_ptr<ReplyRoute> replies) { replies_ = std::move(replies); }
  const std::shared_ptr<ReplyRoute>& replies() const { return replies_; }

 private:
  void on_connected(const boost::system::error_code& error);
  void send_hello(uint16_t flags);
  void read();
  void on_read(const boost::system::error_code& error, size_t bytes);
  void take(LinkMessage message);
  void take_hello(const LinkMessage& message);
  void mark_dirty();
  bool fill_batch();
  void write();
  void wait_to_write();
  void consume(size_t bytes);

  LinkConnectionOwner& owner_;
  LinkStats& stats_;
  Socket socket_;
  boost::asio::ip::tcp::resolver resolver_;
  const End end_;
  std::optional<FrameClass> frame_class_;
  const model::NodeId expected_;
  uint64_t session_ = 0;
  std::string where_;
  State state_;
  LinkIdentity identity_;
  Ending ending_ = Ending::kClosed;
  std::string why_closed_;
  std::chrono::milliseconds handshake_deadline_{0};
  LinkTime deadline_{};
  LinkTime heard_{};

  LinkReader reader_;
  LinkQueue queue_;
  std::vector<OutFrame> batch_;  // being written
  size_t batch_at_ = 0;          // the first frame of it that is not written
  size_t batch_offset_ = 0;      // and where in it
  bool writing_ = false;         // the socket is full: waiting to write
  LinkTime blocked_since_{};     // meaningful while writing_
  bool dirty_ = false;

  std::shared_ptr<QueueGauge> gauge_;
  std::shared_ptr<ReplyRoute> replies_;
};

}  // namespace stator::net
