// One connection's reading, its requests in flight, and its writing. One recv and one send a request in the
// usual case: what is read is parsed at once, answers are gathered and sent in one go when the batch that
// brought them is through.
#include "net/http_connection.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "model/assert.h"

namespace stator::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr size_t kReadBytesFirst = 4 * 1024;    // a usual request, whole
constexpr size_t kReadBytesKept = 16 * 1024;    // a larger buffer is given back after its request
constexpr size_t kReadBytesMax = 64 * 1024;     // unless heads may be larger
constexpr size_t kSegmentBytes = 64 * 1024;     // small answers share a segment up to this
constexpr size_t kOwnSegmentBytes = 16 * 1024;  // a body from this size on is not copied
constexpr size_t kSegmentKeptBytes = 16 * 1024;
constexpr size_t kSegmentsAWrite = 16;
constexpr size_t kOutBytesHigh = 1024 * 1024;  // above it no more requests are taken from this client
constexpr uint64_t kExchangeBytes = 4 * 1024;  // what a request costs before its body
constexpr size_t kBodyStep = 64 * 1024;        // the budget is asked in such steps while a body arrives
constexpr size_t kSentSegmentsMax = 64;        // written segments kept in the list before it is cut
constexpr auto kLingerTime = std::chrono::seconds(10);

}  // namespace

HttpConnection::HttpConnection(HttpWorker& worker, asio::ip::tcp::socket socket)
    : worker_(worker),
      socket_(std::move(socket)),
      parser_(worker.limits()),
      out_charge_(worker.shared().budget) {}

void HttpConnection::start() {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  read_deadline_ = steady_clock::now() + worker_.limits().idle_deadline;
  read();
}

// --- Reading

void HttpConnection::make_room() {
  if (in_begin_ == in_end_) {
    in_begin_ = in_end_ = 0;
    if (in_.size() > kReadBytesKept && incoming_ == nullptr) {
      in_.clear();
      in_.shrink_to_fit();
    }
  } else if (in_begin_ > 0) {
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(in_begin_),
              in_.begin() + static_cast<std::ptrdiff_t>(in_end_), in_.begin());
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  const size_t most = std::max<size_t>(kReadBytesMax, worker_.limits().head_bytes_max + kReadBytesFirst);
  if (in_.empty()) {
    in_.resize(kReadBytesFirst);
  } else if ((in_end_ == in_.size() || in_body_) && in_.size() < most) {
    in_.resize(std::min(most, in_.size() * 4));
  }
}

void HttpConnection::read() {
  if (reading_ || closed_ || read_closed_) return;
  if (lingering_) in_begin_ = in_end_ = 0;
  make_room();
  if (in_end_ == in_.size()) return refuse(Refusal::kMalformed);  // a chunk header that never ends
  reading_ = true;
  socket_.async_read_some(
      asio::buffer(in_.data() + in_end_, in_.size() - in_end_),
      [self = shared_from_this()](const error_code& error, size_t bytes) { self->on_read(error, bytes); });
}

void HttpConnection::on_read(const error_code& error, size_t bytes) {
  reading_ = false;
  if (closed_) return;
  if (error && error != asio::error::eof) return close();
  if (error) {
    read_closed_ = true;
    last_request_ = true;
    // Cut off in the middle: nothing to answer.
    if (incoming_ != nullptr) worker_.recycle(std::move(incoming_));
    if (lingering_ || (slots_.empty() && out_bytes_ == 0)) return close();
    return;  // half closed: the answers in flight are still wanted
  }
  if (lingering_) return read();
  in_end_ += bytes;
  process();
  worker_.flush_dirty();
}

bool HttpConnection::may_parse() const {
  return !closed_ && !last_request_ && slots_.size() < worker_.limits().pipeline_max &&
         out_bytes_ < kOutBytesHigh;
}

void HttpConnection::process() {
  while (in_begin_ < in_end_ && may_parse()) {
    if (!step()) break;
  }
  // A client at its bound is not read: TCP tells it to wait. flush() reads on.
  if (may_parse()) read();
}

// Takes one step on the bytes that are there; false where it needs more.
bool HttpConnection::step() {
  if (incoming_ == nullptr) {
    // RFC 9112 2.2: empty lines before a request are to be ignored.
    while (in_begin_ < in_end_ && (in_[in_begin_] == '\r' || in_[in_begin_] == '\n')) ++in_begin_;
    if (in_begin_ == in_end_) return false;
    begin_request();
  }
  std::string_view bytes(in_.data() + in_begin_, in_end_ - in_begin_);
  const auto status = parser_.feed(bytes);
  in_begin_ = in_end_ - bytes.size();
  switch (status) {
    case RequestParser::Status::kRefused:
      refuse(parser_.refusal());
      return false;
    case RequestParser::Status::kHead: {
      if (!on_head()) return false;
      // A request without a body is complete now; no further byte will say so.
      std::string_view none;
      if (parser_.feed(none) == RequestParser::Status::kDone) on_request();
      return true;
    }
    case RequestParser::Status::kNeedMore:
      on_body_bytes();
      return false;
    case RequestParser::Status::kDone:
      on_body_bytes();
      on_request();
      return true;
  }
  return false;
}

void HttpConnection::begin_request() {
  incoming_ = worker_.new_exchange();
  in_body_ = body_refused_ = false;
  parser_.begin(incoming_->request);
  read_deadline_ = steady_clock::now() + worker_.limits().head_deadline;
}

bool HttpConnection::on_head() {
  in_body_ = true;
  read_deadline_ += worker_.limits().body_deadline;
  const uint64_t length = parser_.content_length().value_or(0);
  if (!incoming_->charge.try_grow(kExchangeBytes + incoming_->request.head_bytes()) ||
      (length > kBodyStep && !worker_.shared().budget->has_room(length))) {
    if (parser_.expects_continue()) {
      refuse(Refusal::kOverloaded);  // it has not sent the body, and should not
      return false;
    }
    refuse_body();
  } else if (parser_.expects_continue()) {
    // Only right when the answers before it are out; else the client waits for its time-out and sends anyway.
    if (slots_.empty() && out_bytes_ == 0) {
      out_.emplace_back("HTTP/1.1 100 Continue\r\n\r\n");
      out_bytes_ += out_.back().size();
      mark_dirty();
    }
  }
  return true;
}

// The budget has no room: reads the body to nowhere, so that the client gets to read the answer and may keep
// its connection for the retry.
void HttpConnection::refuse_body() {
  body_refused_ = true;
  parser_.discard_body();
  incoming_->request.body.clear();
  incoming_->request.body.shrink_to_fit();
  incoming_->charge.release();
}

// The budget is asked for the body as it arrives, not as it was announced: a client that announces much and
// sends nothing takes nothing from the others.
void HttpConnection::on_body_bytes() {
  if (!in_body_ || body_refused_) return;
  const uint64_t held = incoming_->request.body.size();
  // Small bodies are counted to the byte, large ones in steps.
  const uint64_t counted = held < kBodyStep ? held : (held + kBodyStep - 1) / kBodyStep * kBodyStep;
  const uint64_t wanted = kExchangeBytes + incoming_->request.head_bytes() + counted;
  if (wanted <= incoming_->charge.bytes()) return;
  if (!incoming_->charge.try_grow(wanted - incoming_->charge.bytes())) refuse_body();
}

void HttpConnection::on_request() {
  std::unique_ptr<ExchangeState> state = std::move(incoming_);
  in_body_ = false;
  read_deadline_ = steady_clock::now() + worker_.limits().idle_deadline;
  Slot& slot = slots_.emplace_back();
  slot.head_only = state->request.method == Method::kHead;
  slot.keep_alive = state->request.keep_alive;
  if (!slot.keep_alive) last_request_ = true;
  const uint64_t sequence = first_sequence_ + slots_.size() - 1;
  if (body_refused_) {
    HttpResponse response = worker_.shared().handler->refusal(Refusal::kOverloaded);
    response.status = 503;
    worker_.recycle(std::move(state));
    return answer(sequence, std::move(response), MemoryCharge(worker_.shared().budget));
  }
  state->sequence = sequence;
  state->connection = weak_from_this();
  worker_.shared().handler->handle(Exchange(std::move(state)));
}

void HttpConnection::refuse(Refusal why) {
  static constexpr std::array<uint16_t, 7> kStatus{400, 408, 413, 431, 501, 503, 505};
  last_request_ = must_linger_ = true;
  in_begin_ = in_end_;
  if (incoming_ != nullptr) worker_.recycle(std::move(incoming_));
  Slot& slot = slots_.emplace_back();
  slot.keep_alive = false;
  HttpResponse response = worker_.shared().handler->refusal(why);
  response.status = kStatus[static_cast<size_t>(why)];
  answer(first_sequence_ + slots_.size() - 1, std::move(response), MemoryCharge(worker_.shared().budget));
}

// --- Answers

void HttpConnection::answer(uint64_t sequence, HttpResponse response, MemoryCharge charge) {
  if (closed_) return;
  STATOR_ASSERT(sequence >= first_sequence_ && sequence - first_sequence_ < slots_.size(),
                "an answer to a request");
  Slot& slot = slots_[sequence - first_sequence_];
  STATOR_ASSERT(!slot.ready, "a request is answered once");
  slot.ready = true;
  slot.response = std::move(response);
  slot.charge = std::move(charge);
  mark_dirty();
}

void HttpConnection::mark_dirty() {
  if (dirty_) return;
  dirty_ = true;
  worker_.mark_dirty(shared_from_this());
}

void HttpConnection::serialise_ready() {
  while (!slots_.empty() && slots_.front().ready && !close_after_write_) {
    append(slots_.front());
    slots_.pop_front();
    ++first_sequence_;
  }
}

void HttpConnection::append(Slot& slot) {
  HttpResponse& response = slot.response;
  if (worker_.draining() || response.close) {
    slot.keep_alive = false;
    last_request_ = true;
  }
  // No answer comes after this one. The requests behind it were sent in hope; nobody reads their answers.
  if (!slot.keep_alive) close_after_write_ = true;
  if (out_at_ == out_.size() || out_.back().size() >= kSegmentBytes) out_.emplace_back();
  const size_t before = out_.back().size();
  append_head(out_.back(), response, worker_.date(), slot.keep_alive);
  out_bytes_ += out_.back().size() - before;
  if (slot.head_only || response.body.empty()) return;
  out_bytes_ += response.body.size();
  if (response.body.size() < kOwnSegmentBytes) {
    out_.back().append(response.body);
    return;
  }
  out_.push_back(std::move(response.body));
  out_.emplace_back();
}

// --- Writing

void HttpConnection::flush() {
  dirty_ = false;
  if (closed_ || lingering_) return;
  serialise_ready();
  if (!writing_) write();
  charge_unsent();
  if (closed_ || lingering_ || reading_) return;
  // A client at its bound may be read again.
  process();
}

void HttpConnection::write() {
  while (out_bytes_ > 0) {
    std::array<asio::const_buffer, kSegmentsAWrite> buffers;
    size_t count = 0;
    for (size_t i = out_at_; i < out_.size() && count < buffers.size(); ++i) {
      const size_t skip = i == out_at_ ? out_offset_ : 0;
      if (out_[i].size() <= skip) continue;
      buffers[count++] = asio::buffer(out_[i].data() + skip, out_[i].size() - skip);
    }
    error_code error;
    size_t sent = count == 1 ? socket_.write_some(buffers[0], error) : socket_.write_some(buffers, error);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      if (!writing_) write_deadline_ = steady_clock::now() + worker_.limits().write_deadline;
      writing_ = true;
      socket_.async_wait(asio::ip::tcp::socket::wait_write,
                         [self = shared_from_this()](const error_code& failed) {
                           if (failed || self->closed_) return;
                           self->writing_ = false;
                           self->mark_dirty();
                           self->worker_.flush_dirty();
                         });
      return;
    }
    if (error) return close();
    out_bytes_ -= sent;
    while (sent > 0) {
      const size_t left = out_[out_at_].size() - out_offset_;
      if (sent < left) {
        out_offset_ += sent;
        break;
      }
      sent -= left;
      out_offset_ = 0;
      if (out_[out_at_].capacity() > kSegmentKeptBytes) std::string().swap(out_[out_at_]);
      ++out_at_;
    }
    if (out_at_ > kSentSegmentsMax) {
      out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(out_at_));
      out_at_ = 0;
    }
  }
  written();
}

void HttpConnection::written() {
  // One small segment stays for the next answer.
  if (!out_.empty()) {
    out_.resize(1);
    out_.front().clear();
    out_at_ = out_offset_ = 0;
  }
  if (close_after_write_ || (last_request_ && slots_.empty() && incoming_ == nullptr)) {
    if (must_linger_ || in_begin_ < in_end_) return linger();
    return close();
  }
}

// What a socket takes at once costs nothing here.
void HttpConnection::charge_unsent() {
  if (out_bytes_ > out_charge_.bytes()) {
    out_charge_.grow(out_bytes_ - out_charge_.bytes());
  } else if (out_bytes_ < out_charge_.bytes()) {
    out_charge_.shrink(out_charge_.bytes() - out_bytes_);
  }
}

void HttpConnection::linger() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  if (read_closed_ || worker_.draining()) return close();
  lingering_ = true;
  read_deadline_ = steady_clock::now() + kLingerTime;
  read();
}

// --- Ends

void HttpConnection::drain() {
  if (lingering_ || (slots_.empty() && out_bytes_ == 0 && incoming_ == nullptr)) close();
}

bool HttpConnection::overdue(TimePoint now) const {
  if (closed_) return false;
  if (writing_ && now > write_deadline_) return true;
  // Where memory is short, those who keep it and take nothing go first.
  const HttpLimits& limits = worker_.limits();
  const auto blocked = limits.write_deadline - limits.write_deadline_pressed;
  if (writing_ && now > write_deadline_ - blocked && worker_.shared().budget->is_short()) return true;
  if (now <= read_deadline_) return false;
  // Requests in flight have deadlines of their own, kept by the handler.
  return lingering_ || incoming_ != nullptr || (slots_.empty() && out_bytes_ == 0);
}

void HttpConnection::on_deadline() {
  if (closed_) return;
  if (incoming_ != nullptr && !lingering_ && !writing_) return refuse(Refusal::kTimeout);
  close();
}

void HttpConnection::close() {
  if (closed_) return;
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  slots_.clear();
  out_.clear();
  out_bytes_ = 0;
  out_charge_.release();
  if (incoming_ != nullptr) worker_.recycle(std::move(incoming_));
  worker_.forget(shared_from_this());
}

}  // namespace stator::net
