// Listening, accepting, and the life of the io threads.
#include "net/http_server.h"

#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <vector>

#include "model/assert.h"
#include "net/acceptor.h"
#include "net/http_worker.h"

namespace stator::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// After the system refused a connection: no descriptors, mostly.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpServerOptions& options, HttpHandler& handler);
  ~Impl() { stop(std::chrono::milliseconds(0)); }

  model::Result<void, ListenError> listen(const HttpServerOptions& options);
  void run();
  void stop(std::chrono::milliseconds drain);
  uint16_t port() const { return port_; }
  const HttpShared& shared() const { return *shared_; }

 private:
  void accept();
  void on_accepted(tcp::socket socket);
  void close_acceptor();

  const std::shared_ptr<HttpShared> shared_;
  std::vector<std::unique_ptr<HttpWorker>> workers_;
  // The first io thread's, once it runs.
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  size_t next_worker_ = 0;

  uint16_t port_ = 0;
  bool stopped_ = false;
};

HttpServer::Impl::Impl(const HttpServerOptions& options, HttpHandler& handler)
    : shared_(std::make_shared<HttpShared>()),
      workers_([&] {
        STATOR_ASSERT(options.threads >= 1, "a server needs a thread");
        shared_->limits = options.limits;
        shared_->thread_name = options.thread_name;
        shared_->handler = &handler;
        shared_->budget = std::make_shared<MemoryBudget>(options.limits.memory_bytes_max);
        std::vector<std::unique_ptr<HttpWorker>> workers;
        for (unsigned i = 0; i < options.threads; ++i)
          workers.push_back(std::make_unique<HttpWorker>(shared_, i));
        return workers;
      }()),
      acceptor_(workers_.front()->io()),
      pause_(workers_.front()->io()) {}

model::Result<void, ListenError> HttpServer::Impl::listen(const HttpServerOptions& options) {
  auto open = open_acceptor(acceptor_, options.host, options.port);
  if (!open) return open;
  port_ = acceptor_.local_endpoint().port();
  return {};
}

void HttpServer::Impl::run() {
  accept();
  for (const auto& worker : workers_) worker->start();
}

void HttpServer::Impl::accept() {
  acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (!error) {
      on_accepted(std::move(socket));
      return accept();
    }
    // Out of descriptors or memory: trying again at once would only spin.
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](const error_code& cancelled) {
      if (!cancelled && acceptor_.is_open()) accept();
    });
  });
}

void HttpServer::Impl::on_accepted(tcp::socket socket) {
  if (shared_->open_connections.load(std::memory_order_relaxed) >= shared_->limits.connections_max) {
    HttpResponse response = shared_->handler->refusal(Refusal::kOverloaded);
    response.status = 503;
    std::string bytes;
    append_head(bytes, response, workers_.front()->date(), false);
    bytes += response.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(bytes), ignored);  // a fresh socket has room for it
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    return;
  }
  shared_->open_connections.fetch_add(1, std::memory_order_relaxed);
  HttpWorker& worker = *workers_[next_worker_];
  next_worker_ = (next_worker_ + 1) % workers_.size();
  if (&worker == workers_.front().get()) return worker.adopt(std::move(socket));
  // A socket belongs to one loop: taken from this one, given to the other.
  const auto protocol = socket.local_endpoint().protocol();
  error_code error;
  const int descriptor = socket.release(error);
  if (error) {
    shared_->open_connections.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  tcp::socket moved(worker.io(), protocol, descriptor);
  asio::post(worker.io(), [&worker, moved = std::move(moved)]() mutable { worker.adopt(std::move(moved)); });
}

void HttpServer::Impl::close_acceptor() {
  std::promise<void> closed;
  asio::post(workers_.front()->io(), [&] {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    closed.set_value();
  });
  closed.get_future().wait();
}

void HttpServer::Impl::stop(std::chrono::milliseconds drain) {
  if (std::exchange(stopped_, true) || port_ == 0) return;
  close_acceptor();
  const auto deadline = std::chrono::steady_clock::now() + drain;
  for (const auto& worker : workers_) worker->drain();
  for (const auto& worker : workers_) worker->wait_until_empty(deadline);
  for (const auto& worker : workers_) worker->join();
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

model::Result<std::unique_ptr<HttpServer>, ListenError> HttpServer::start(const HttpServerOptions& options,
                                                                          HttpHandler& handler) {
  auto impl = std::make_unique<Impl>(options, handler);
  if (auto listening = impl->listen(options); !listening) return model::Failure(std::move(listening).error());
  impl->run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

uint16_t HttpServer::port() const { return impl_->port(); }
void HttpServer::stop(std::chrono::milliseconds drain) { impl_->stop(drain); }
uint64_t HttpServer::open_connections() const {
  return impl_->shared().open_connections.load(std::memory_order_relaxed);
}
uint64_t HttpServer::memory_bytes() const { return impl_->shared().budget->used(); }

}  // namespace stator::net
