// HttpServer: HTTP/1.1 on a port, on io threads of its own, with a bound and a deadline on everything that a
// client can make it hold. Knows nothing of DynamoDB: a handler answers.
//
// Requests on one connection may be pipelined; they run at the same time and are answered in their order.
// Connections are spread over the io threads as they come and stay there.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "model/limits.h"
#include "model/result.h"
#include "net/exchange.h"
#include "net/http_message.h"
#include "net/listen_error.h"

namespace stator::net {

struct HttpLimits {
  uint32_t head_bytes_max = 64 * 1024;  // request line and headers; more answers 431
  uint32_t header_count_max = 100;      // more answers 431
  // Counted as it arrives, chunked or not; more answers 413.
  uint64_t body_bytes_max = model::kRequestBodyMax;
  // All requests being read, run and answered; a request beyond it answers 503 and may be retried.
  uint64_t memory_bytes_max = 160 * 1024 * 1024;
  uint32_t connections_max = 10'000;  // one more is answered 503 and closed
  uint32_t pipeline_max = 32;         // requests of one connection in flight; then its socket is not read
  std::chrono::milliseconds head_deadline{10'000};  // from the first byte of a request to the end of its head
  std::chrono::milliseconds body_deadline{60'000};  // from there to the end of its body
  std::chrono::milliseconds idle_deadline{360'000};  // between requests: above the SDKs' pools
  std::chrono::milliseconds write_deadline{60'000};  // for a client that takes no bytes of its answer
  // The same while the memory budget is nearly used up. At most write_deadline.
  std::chrono::milliseconds write_deadline_pressed{3'000};
  std::chrono::milliseconds sweep_interval{250};  // how often deadlines are looked at
};

struct HttpServerOptions {
  std::string host = "127.0.0.1";  // an address, or a name that resolves to one
  uint16_t port = 0;               // 0: one that is free
  unsigned threads = 1;
  std::string thread_name = "http";  // at most 12 characters, as tools show it
  HttpLimits limits;
};

// Why the server refuses a request that the handler has not seen.
enum class Refusal : uint8_t {
  kMalformed,       // 400: no HTTP, or HTTP that two readers could read in two ways
  kTimeout,         // 408: a deadline passed while it was read
  kBodyTooLarge,    // 413
  kHeadTooLarge,    // 431
  kNotImplemented,  // 501: a transfer coding other than chunked
  kOverloaded,      // 503: no memory or connection for it now
  kVersion,         // 505
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // On the request's io thread; must not block. The answer may come later (Exchange).
  virtual void handle(Exchange exchange) = 0;
  // The answer to a request that was refused unread; its status is set by the server. On an io thread.
  virtual HttpResponse refusal(Refusal reason) = 0;
  // After each batch of requests that an io thread found waiting, on that thread.
  virtual void end_of_batch(size_t /*worker*/) {}
  // Every sweep_interval on each io thread.
  virtual void tick(size_t worker, std::chrono::steady_clock::time_point now) = 0;
};

class HttpServer {
 public:
  // Listens and serves. `handler` must outlive the server.
  static model::Result<std::unique_ptr<HttpServer>, ListenError> start(const HttpServerOptions& options,
                                                                       HttpHandler& handler);
  // Stops as stop() with no time to drain.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;
  // Stops listening, closes idle connections, lets requests in flight be answered for up to `drain`, then
  // closes what is left and joins the threads. Afterwards the handler is not called again, and answers that
  // come late are dropped. Not from an io thread; the second call does nothing.
  void stop(std::chrono::milliseconds drain);

  // Any thread.
  uint64_t open_connections() const;
  uint64_t memory_bytes() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace stator::net
