// LinkConnection: one TCP connection between two processes, dialled or accepted: handshake, frames in, frames
// out. Internal to the link; on its thread, but that whoever sends writes: push() and flush() may be called on any thread
// (link_mailbox.h says until when). One thread writes at a time; what others queue meanwhile goes out with it.
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
#include <mutex>
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
  // What the other side's wall clock showed when it sent a heartbeat. Microseconds since 1970.
  virtual void on_clock(LinkConnection& connection, uint64_t wall_clock_micros) = 0;
  // Its gauge asked to be told, and nothing waits any more.
  virtual void on_drained(LinkConnection& connection) = 0;
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
  // Queues a message; flush() sends it. Any thread, once it was up; dropped where it is closed.
  void push(OutMessagePtr message);
  // Writes what the socket takes, or leaves it to the thread that is writing. Any thread.
  void flush();
  void send_heartbeat(uint64_t correlation);

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
  bool idle() const;

  // The bound that its queue counts against; set once, before the first push().
  void set_gauge(std::shared_ptr<QueueGauge> gauge);
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
  // The writer's.
  bool fill_batch();
  void write();
  void wait_to_write();
  void consume(size_t bytes);
  void broken(const boost::system::error_code& error);

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

  mutable std::mutex out_mutex_;
  LinkQueue queue_;                    // by out_mutex_
  bool writer_ = false;                // by out_mutex_: a thread is writing
  bool full_ = false;                  // by out_mutex_: the socket is: the link's thread waits for room
  bool over_ = false;                  // by out_mutex_: closed, or broken: nothing is written any more
  LinkTime blocked_since_{};           // by out_mutex_: meaningful while full_
  std::shared_ptr<QueueGauge> gauge_;  // by out_mutex_; set once
  // The writer's.
  std::vector<OutFrame> batch_;  // being written
  size_t batch_at_ = 0;          // the first frame of it that is not written
  size_t batch_offset_ = 0;      // and where in it

  std::shared_ptr<ReplyRoute> replies_;
};

}  // namespace stator::net
