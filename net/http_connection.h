// HttpConnection: one client. Reads requests, hands them to the handler, writes the answers in the requests'
// order. Internal to net/; lives on its worker's io thread.
//
//            bytes                    last byte of a request            answered, in order
//   idle ───────────▶ reading head ─▶ reading body ─▶ in flight (n) ─────────────────────▶ idle
//     │ idle deadline      │ deadline, refusal                │ Connection: close, EOF, draining
//     ▼                    ▼                                  ▼
//   closed ◀───────── lingering: the answer is out; what the client still sends is read and thrown away, so
//                     that the kernel does not reset the connection under the answer
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "net/http_parser.h"
#include "net/http_worker.h"

namespace stator::net {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  HttpConnection(HttpWorker& worker, boost::asio::ip::tcp::socket socket);

  void start();
  // The answer to request `sequence`. Written by the next flush(), when those before it are there.
  void answer(uint64_t sequence, HttpResponse response, MemoryCharge charge);
  // Writes what is ready; reads on where that made room.
  void flush();
  // Lets what is in flight be answered, then closes.
  void drain();
  // Whether a deadline of its own has passed; then on_deadline() answers 408 or closes.
  bool overdue(TimePoint now) const;
  void on_deadline();
  // At once. Answers that come later are dropped.
  void close();

 private:
  struct Slot {
    bool ready = false;
    bool head_only = false;  // a HEAD request: no body in the answer
    bool keep_alive = false;
    HttpResponse response;
    MemoryCharge charge;
  };

  void read();
  void on_read(const boost::system::error_code& error, size_t bytes);
  void process();
  bool step();
  void begin_request();
  bool on_head();
  void on_body_bytes();
  void on_request();
  void refuse_body();
  void refuse(Refusal why);
  bool may_parse() const;
  void mark_dirty();

  void serialise_ready();
  void append(Slot& slot);
  void write();
  void written();
  void charge_unsent();
  void linger();
  void make_room();

  HttpWorker& worker_;
  boost::asio::ip::tcp::socket socket_;
  RequestParser parser_;

  std::vector<char> in_;  // [in_begin_, in_end_) is unread
  size_t in_begin_ = 0;
  size_t in_end_ = 0;
  bool reading_ = false;  // a read is under way: in_ must stay where it is

  std::unique_ptr<ExchangeState> incoming_;  // the request being read
  bool in_body_ = false;
  bool body_refused_ = false;  // the budget had no room: the body is thrown away, the answer is 503
  bool last_request_ = false;  // no request is read after the present ones
  bool read_closed_ = false;   // the client sends no more
  bool lingering_ = false;
  bool must_linger_ = false;  // bytes of the client are still under way when the last answer goes out
  bool closed_ = false;
  bool dirty_ = false;

  std::deque<Slot> slots_;  // in the requests' order
  uint64_t first_sequence_ = 0;

  std::vector<std::string> out_;  // to be written, in order
  size_t out_at_ = 0;             // the first segment not written yet
  size_t out_offset_ = 0;         // and where in it
  size_t out_bytes_ = 0;          // in all, not written yet
  MemoryCharge out_charge_;       // for out_bytes_, while the client does not take them
  bool writing_ = false;          // the socket is full: waiting to write
  bool close_after_write_ = false;

  TimePoint read_deadline_;   // of idle, head, body or lingering, whichever the connection is in
  TimePoint write_deadline_;  // meaningful while writing_
};

}  // namespace stator::net
