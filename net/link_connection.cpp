// Connecting, the handshake, reading and writing of one connection. Everything that waits is sent with as few
// system calls as it takes: frames are gathered, bodies are not copied.
#include "net/link_connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <span>

#include "model/assert.h"
#include "net/link_burst.h"
#include "net/wall_clock.h"

namespace stator::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr size_t kFramesAWrite = 32;  // two buffers each; Asio hands 64 to the system at a time
constexpr size_t kBytesAWrite = 512 * 1024;

void count(LinkStats::Counter& counter, uint64_t by) { counter.fetch_add(by, std::memory_order_relaxed); }

std::string text_of(const tcp::endpoint& endpoint) {
  return to_string(LinkAddress{endpoint.address().to_string(), endpoint.port()});
}

}  // namespace

LinkConnection::LinkConnection(LinkConnectionOwner& owner, asio::io_context& io, LinkStats& stats,
                               FrameClass frame_class, model::NodeId expected, uint64_t session)
    : owner_(owner),
      stats_(stats),
      socket_(io),
      resolver_(io),
      end_(End::kDialled),
      frame_class_(frame_class),
      expected_(expected),
      session_(session),
      state_(State::kConnecting),
      reader_(end_, frame_class),
      queue_(frame_class) {}

LinkConnection::LinkConnection(LinkConnectionOwner& owner, Socket socket, LinkStats& stats)
    : owner_(owner),
      stats_(stats),
      socket_(std::move(socket)),
      resolver_(socket_.get_executor()),
      end_(End::kAccepted),
      state_(State::kHello),
      reader_(end_, std::nullopt),
      queue_(FrameClass::kRequest) {
  error_code ignored;
  const tcp::endpoint from = socket_.remote_endpoint(ignored);
  where_ = ignored ? "an unknown address" : text_of(from);
}

// --- Connecting

void LinkConnection::dial(const LinkAddress& address, LinkTime connect_deadline,
                          std::chrono::milliseconds handshake_deadline) {
  STATOR_ASSERT(state_ == State::kConnecting, "a connection is dialled once");
  where_ = to_string(address);
  deadline_ = connect_deadline;
  handshake_deadline_ = handshake_deadline;
  count(stats_.dials, 1);
  const auto connected = [self = shared_from_this()](const error_code& error, const tcp::endpoint&) {
    self->on_connected(error);
  };
  error_code no_address;
  const auto ip = asio::ip::make_address(address.host, no_address);
  if (!no_address) {
    const std::array<tcp::endpoint, 1> endpoints{tcp::endpoint(ip, address.port)};
    return asio::async_connect(socket_, endpoints, connected);
  }
  resolver_.async_resolve(address.host, std::to_string(address.port), tcp::resolver::numeric_service,
                          [self = shared_from_this(), connected](const error_code& error,
                                                                 const tcp::resolver::results_type& found) {
                            if (self->state_ == State::kClosed) return;
                            if (error) return self->close(Ending::kBroken, error.message());
                            asio::async_connect(self->socket_, found, connected);
                          });
}

void LinkConnection::on_connected(const error_code& error) {
  if (state_ == State::kClosed) return;
  if (error) return close(Ending::kBroken, error.message());
  error_code failed;
  // Where nobody listens on a port of the range from which the system gives ports to clients, a connection
  // may reach itself, and would keep the port from the peer that is to come back.
  if (socket_.local_endpoint(failed) == socket_.remote_endpoint(failed) || failed)
    return close(Ending::kBroken, "nobody listens there");
  state_ = State::kHello;
  const auto now = steady_clock::now();
  deadline_ = now + handshake_deadline_;
  heard_ = now;
  socket_.non_blocking(true, failed);
  socket_.set_option(tcp::no_delay(true), failed);
  send_hello(0);
  if (state_ != State::kClosed) read();
}

void LinkConnection::start(LinkTime handshake_deadline) {
  deadline_ = handshake_deadline;
  heard_ = steady_clock::now();
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  read();
}

void LinkConnection::send_hello(uint16_t flags) {
  auto message = std::make_unique<OutMessage>();
  message->kind = kHello;
  message->flags = flags;
  message->body = owner_.hello(*this);
  push(std::move(message));
  flush();
}

// --- Reading

void LinkConnection::read() {
  const auto [at, size] = reader_.room();
  socket_.async_read_some(
      asio::buffer(at, size),
      [self = shared_from_this()](const error_code& error, size_t bytes) { self->on_read(error, bytes); });
}

void LinkConnection::on_read(const error_code& error, size_t bytes) {
  if (state_ == State::kClosed) return;
  if (error)
    return close(Ending::kBroken, error == asio::error::eof ? "the other side closed it" : error.message());
  heard_ = steady_clock::now();
  reader_.commit(bytes);
  LinkBurst burst;  // answers that are given at once
  LinkBurst::Use use(burst);
  while (state_ != State::kClosed) {
    auto next = reader_.next(heard_);
    if (!next) {
      close(Ending::kGarbage, std::move(next).error());
      break;
    }
    if (!next->has_value()) break;
    take(std::move(**next));
  }
  count(stats_.bytes_in[static_cast<size_t>(frame_class())], bytes);
  count(stats_.frames_in[static_cast<size_t>(frame_class())], reader_.take_frame_count());
  if (state_ != State::kClosed) read();
}

void LinkConnection::take(LinkMessage message) {
  switch (message.header.kind) {
    case kRefusal:
      return close(Ending::kRefusedByPeer, printable(message.body));
    case kHello:
      return take_hello(message);
    case kHeartbeat:
      if (message.header.stamp != 0) owner_.on_clock(*this, message.header.stamp);
      if (end_ == End::kAccepted) {
        auto answer = std::make_unique<OutMessage>();
        answer->kind = kHeartbeat;
        answer->stamp = system_clock_micros();
        answer->flags = kFrameResponse;
        answer->correlation = message.header.correlation;
        {
          const std::lock_guard lock(out_mutex_);
          queue_.set_heartbeat(std::move(answer));
        }
        flush();
      }
      return;
    default:
      owner_.on_message(shared_from_this(), std::move(message));
  }
}

void LinkConnection::take_hello(const LinkMessage& message) {
  STATOR_ASSERT(state_ == State::kHello, "the reader takes one hello");
  auto hello = decode_hello(message.body);
  if (!hello) return close(Ending::kGarbage, std::move(hello).error());
  if (end_ == End::kAccepted) {
    frame_class_ = message.header.frame_class;
    {
      const std::lock_guard lock(out_mutex_);
      queue_.set_frame_class(*frame_class_);
    }
    session_ = hello->session;
  }
  identity_ = hello->identity;
  if (const auto reason = owner_.on_hello(*this, *hello)) return refuse(*reason);
  if (end_ == End::kAccepted) {
    send_hello(kFrameResponse);
    if (state_ == State::kClosed) return;
  }
  state_ = State::kUp;
  owner_.on_up(shared_from_this());
}

void LinkConnection::establish(bool one_way) { reader_.establish(*frame_class_, one_way); }

// --- Writing

void LinkConnection::push(OutMessagePtr message) {
  const std::lock_guard lock(out_mutex_);
  if (!over_) queue_.push(std::move(message));
}

void LinkConnection::send_heartbeat(uint64_t correlation) {
  STATOR_ASSERT(state_ == State::kUp && end_ == End::kDialled,
                "heartbeats are the dialler's, after the handshake");
  auto message = std::make_unique<OutMessage>();
  message->kind = kHeartbeat;
  message->stamp = system_clock_micros();
  message->correlation = correlation;
  {
    const std::lock_guard lock(out_mutex_);
    queue_.set_heartbeat(std::move(message));
  }
  flush();
}

void LinkConnection::set_gauge(std::shared_ptr<QueueGauge> gauge) {
  const std::lock_guard lock(out_mutex_);
  gauge_ = std::move(gauge);
}

void LinkConnection::flush() {
  {
    const std::lock_guard lock(out_mutex_);
    if (writer_ || full_ || over_) return;
    writer_ = true;
  }
  write();
}

// False: there is nothing to write, and this thread is the writer no more.
bool LinkConnection::fill_batch() {
  const std::lock_guard lock(out_mutex_);
  if (over_) {
    writer_ = false;
    if (socket_.is_open()) {  // close() left it to us
      asio::post(socket_.get_executor(), [self = shared_from_this()] {
        error_code ignored;
        self->socket_.close(ignored);
      });
    }
    return false;
  }
  if (batch_at_ < batch_.size()) return true;
  batch_.clear();
  batch_at_ = batch_offset_ = 0;
  const auto now = steady_clock::now();
  OutFrame frame;
  for (size_t bytes = 0; batch_.size() < kFramesAWrite && bytes < kBytesAWrite && queue_.next(now, frame);) {
    bytes += kFrameHeaderBytes + frame.body.size();
    batch_.push_back(std::move(frame));
  }
  const size_t dropped = queue_.take_dropped_cost();
  if (gauge_ != nullptr && dropped > 0) gauge_->give_back(dropped);
  if (!batch_.empty()) return true;
  writer_ = false;
  if (gauge_ != nullptr && gauge_->take_drained()) {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      if (self->state_ != State::kClosed) self->owner_.on_drained(*self);
    });
  }
  return false;
}

void LinkConnection::write() {
  while (fill_batch()) {
    std::array<asio::const_buffer, 2 * kFramesAWrite> buffers;
    size_t used = 0;
    size_t skip = batch_offset_;
    for (size_t i = batch_at_; i < batch_.size(); ++i) {
      const OutFrame& frame = batch_[i];
      if (skip < kFrameHeaderBytes) buffers[used++] = asio::buffer(frame.header) + skip;
      const size_t body_skip = skip > kFrameHeaderBytes ? skip - kFrameHeaderBytes : 0;
      if (body_skip < frame.body.size()) buffers[used++] = asio::buffer(frame.body) + body_skip;
      skip = 0;
    }
    error_code error;
    const size_t sent =
        socket_.write_some(std::span<const asio::const_buffer>(buffers.data(), used), error);
    if (error == asio::error::would_block || error == asio::error::try_again) return wait_to_write();
    if (error) return broken(error);
    consume(sent);
    count(stats_.bytes_out[static_cast<size_t>(frame_class())], sent);
  }
}

void LinkConnection::wait_to_write() {
  {
    const std::lock_guard lock(out_mutex_);
    writer_ = false;
    full_ = true;
    blocked_since_ = steady_clock::now();
  }
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->state_ == State::kClosed) {
      error_code ignored;
      self->socket_.close(ignored);
      return;
    }
    self->socket_.async_wait(tcp::socket::wait_write, [self](const error_code& failed) {
      if (failed || self->state_ == State::kClosed) return;
      {
        const std::lock_guard lock(self->out_mutex_);
        self->full_ = false;
      }
      self->flush();
    });
  });
}

// Told on the link's thread, as everything is.
void LinkConnection::broken(const error_code& error) {
  {
    const std::lock_guard lock(out_mutex_);
    writer_ = false;
    over_ = true;
  }
  asio::post(socket_.get_executor(), [self = shared_from_this(), why = error.message()] {
    error_code ignored;
    self->close(Ending::kBroken, why);
    self->socket_.close(ignored);
  });
}

void LinkConnection::consume(size_t bytes) {
  uint64_t frames = 0;
  size_t cost = 0;
  batch_offset_ += bytes;
  while (batch_at_ < batch_.size()) {
    OutFrame& frame = batch_[batch_at_];
    const size_t size = kFrameHeaderBytes + frame.body.size();
    if (batch_offset_ < size) break;
    batch_offset_ -= size;
    if (frame.finished != nullptr) {
      cost += frame.finished->cost;
      frame.finished.reset();
    }
    ++batch_at_;
    ++frames;
  }
  if (batch_at_ == batch_.size()) batch_.clear(), batch_at_ = 0;
  count(stats_.frames_out[static_cast<size_t>(frame_class())], frames);
  if (cost == 0) return;
  const std::lock_guard lock(out_mutex_);
  if (gauge_ != nullptr) gauge_->give_back(cost);
}

std::optional<LinkTime> LinkConnection::blocked_since() const {
  const std::lock_guard lock(out_mutex_);
  if (!full_ || over_) return std::nullopt;
  return blocked_since_;
}

void LinkConnection::forgive(steady_clock::duration stopped, LinkTime now) {
  deadline_ += stopped;
  heard_ = std::min(heard_ + stopped, now);
  const std::lock_guard lock(out_mutex_);
  blocked_since_ = std::min(blocked_since_ + stopped, now);
}

bool LinkConnection::idle() const {
  const std::lock_guard lock(out_mutex_);
  return queue_.empty() && !writer_ && !full_;
}

// --- Ends

void LinkConnection::refuse(const std::string& reason) {
  if (state_ == State::kClosed) return;
  // Nothing else is under way yet, so the socket has room for it.
  auto message = std::make_unique<OutMessage>();
  message->kind = kRefusal;
  message->flags = kFrameOneWay;
  message->body = reason.substr(0, kRefusalBytesMax);
  push(std::move(message));
  flush();
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  close(Ending::kRefusedByUs, reason);
}

void LinkConnection::close(Ending ending, std::string why) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  ending_ = ending;
  why_closed_ = std::move(why);
  error_code ignored;
  resolver_.cancel();
  bool writing = false;
  {
    const std::lock_guard lock(out_mutex_);
    over_ = true;
    writing = writer_;
  }
  // Under a thread that is writing the descriptor must not become another file's: that thread leaves the rest to us.
  if (writing) {
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
  } else {
    socket_.close(ignored);
  }
  owner_.on_closed(shared_from_this());
}

}  // namespace stator::net
