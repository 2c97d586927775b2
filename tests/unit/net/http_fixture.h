// A server with a handler that echoes or holds what it is asked, for the tests of the server's behaviour and
// limits.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>

#include "net/http_server.h"
#include "raw_client.h"

namespace stator::net {

// Answers "METHOD target body" at once, but holds requests for /hold... until they are let go.
class EchoHandler : public HttpHandler {
 public:
  void handle(Exchange exchange) override {
    handled.fetch_add(1);
    const std::string target(exchange.request().target());
    if (target.starts_with("/drop")) return;  // the exchange goes unanswered
    if (target.starts_with("/hold")) {
      const std::lock_guard lock(mutex_);
      held_.emplace(target, std::move(exchange));
      return;
    }
    echo(std::move(exchange));
  }
  HttpResponse refusal(Refusal reason) override {
    HttpResponse response;
    response.body = "refusal " + std::to_string(static_cast<int>(reason));
    return response;
  }
  void tick(size_t, std::chrono::steady_clock::time_point) override { ticks.fetch_add(1); }

  size_t held() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  // Answers the held request, from the calling thread.
  void let_go(const std::string& target) {
    std::unique_lock lock(mutex_);
    const auto at = held_.find(target);
    ASSERT_NE(at, held_.end()) << target;
    Exchange exchange = std::move(at->second);
    held_.erase(at);
    lock.unlock();
    echo(std::move(exchange));
  }
  void let_all_go() {
    std::map<std::string, Exchange> all;
    {
      const std::lock_guard lock(mutex_);
      all.swap(held_);
    }
    for (auto& [target, exchange] : all) echo(std::move(exchange));
  }

  static void echo(Exchange exchange) {
    HttpRequest& request = exchange.request();
    HttpResponse response;
    response.content_type = "text/plain";
    if (request.target() == "/large") {
      response.body.assign(8 * 1024 * 1024, 'x');
    } else {
      response.body.append(request.target()).append(" ").append(request.body);
    }
    exchange.respond(std::move(response));
  }

  std::atomic<int> handled{0};
  std::atomic<int> ticks{0};

 private:
  std::mutex mutex_;
  std::map<std::string, Exchange> held_;
};

class HttpServerTest : public testing::Test {
 protected:
  void start(HttpLimits limits = {}, unsigned threads = 1) {
    limits.sweep_interval = std::chrono::milliseconds(5);
    HttpServerOptions options;
    options.limits = limits;
    options.threads = threads;
    auto server = HttpServer::start(options, handler_);
    ASSERT_TRUE(server.ok());
    server_ = std::move(server).value();
  }
  RawClient client() { return RawClient(server_->port()); }
  void TearDown() override {
    if (server_) server_->stop(std::chrono::milliseconds(0));
    handler_.let_all_go();
  }

  EchoHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace stator::net
