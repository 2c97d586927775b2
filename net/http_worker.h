// HttpWorker: one io thread of a server, its connections, and the mailbox by which other threads answer.
// Internal to net/: users see HttpServer and Exchange.
//
// The mailbox is what makes answers cheap: whoever answers takes a short lock and appends; only the first
// answer since the last drain wakes the io thread, which then takes all that is there and writes once a
// connection.
#pragma once

#include <utility>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "net/exchange.h"
#include "net/http_server.h"
#include "net/memory_budget.h"

namespace stator::net {

class HttpConnection;
class HttpWorker;

// What answers and the io thread share. Outlives the worker where an answer comes late. Any thread.
class Mailbox {
 public:
  explicit Mailbox(HttpWorker& worker) : worker_(&worker) {}
  // An answer or a step for the io thread; dropped once closed.
  void post(std::unique_ptr<ExchangeState> state);
  // All that was posted, in order. The io thread.
  void take(std::vector<std::unique_ptr<ExchangeState>>& out);
  // No post reaches the worker afterwards.
  void close();

 private:
  std::mutex mutex_;
  HttpWorker* worker_;                                  // protected by mutex_; null once closed
  std::vector<std::unique_ptr<ExchangeState>> posted_;  // protected by mutex_
};

struct ExchangeState {
  HttpRequest request;
  HttpResponse response;
  UniqueFunction<void(Exchange)> step;  // set: to be run; not set: `response` is the answer
  MemoryCharge charge;
  std::weak_ptr<HttpConnection> connection;
  uint64_t sequence = 0;  // of the request on its connection
  std::shared_ptr<Mailbox> mailbox;
  HttpWorker* worker = nullptr;  // to be touched on its own thread only
  size_t worker_index = 0;
};

// What the io threads of one server share.
struct HttpShared {
  HttpLimits limits;
  std::string thread_name;
  HttpHandler* handler = nullptr;
  std::shared_ptr<MemoryBudget> budget;
  std::atomic<uint64_t> open_connections{0};
};

class HttpWorker {
 public:
  HttpWorker(std::shared_ptr<HttpShared> shared, size_t index);
  // Requires join() first.
  ~HttpWorker();

  void start();
  // Any thread. Idle connections close, others after their answers; keep-alive is refused from now on.
  void drain();
  // Waits until no connection is left; false at the deadline.
  bool wait_until_empty(std::chrono::steady_clock::time_point deadline);
  // Closes what is left, ends the thread.
  void join();

  // The rest: on the io thread.
  void adopt(boost::asio::ip::tcp::socket socket);
  // An empty exchange for a request that begins; recycled ones first.
  std::unique_ptr<ExchangeState> new_exchange();
  void recycle(std::unique_ptr<ExchangeState> state);
  // Brings an answer (or runs a step) that was given on this thread.
  void deliver(std::unique_ptr<ExchangeState> state);
  void drain_mailbox();
  // The connection has bytes to write, or may read on: looked after once the present batch is through.
  void mark_dirty(std::shared_ptr<HttpConnection> connection) { dirty_.push_back(std::move(connection)); }
  void flush_dirty();
  void forget(const std::shared_ptr<HttpConnection>& connection);

  boost::asio::io_context& io() { return io_; }
  HttpShared& shared() { return *shared_; }
  const HttpLimits& limits() const { return shared_->limits; }
  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  size_t index() const { return index_; }
  bool draining() const { return draining_; }
  // The Date header's value now.
  const std::string& date();

 private:
  static constexpr int kBatchMax =
      128;  // steps of the io thread: what waits behind them is not held up for long
  void run();
  void sweep();

  const std::shared_ptr<HttpShared> shared_;
  const size_t index_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer sweep_timer_;
  const std::shared_ptr<Mailbox> mailbox_;
  std::thread thread_;

  // The io thread's.
  std::unordered_set<std::shared_ptr<HttpConnection>> connections_;
  std::vector<std::shared_ptr<HttpConnection>> dirty_;
  std::vector<std::unique_ptr<ExchangeState>> inbox_;
  std::vector<std::unique_ptr<ExchangeState>> free_;
  int64_t date_seconds_ = 0;
  std::string date_;
  bool draining_ = false;
  bool stopping_ = false;

  std::mutex empty_mutex_;
  std::condition_variable empty_;
  bool is_empty_ = false;  // protected by empty_mutex_; known once it drains
};

}  // namespace stator::net
