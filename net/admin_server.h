// The admin port: /metrics for Prometheus, /livez and /readyz for whoever starts and stops processes. A port
// of its own, so that it is not open to clients and answers while they keep the other one busy.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "monitoring/metrics.h"
#include "net/http_server.h"

namespace stator::net {

class AdminServer final : public HttpHandler {
 public:
  // `ready`: whether clients should be sent here (not while starting or draining); called on the server's
  // thread, must not block. `metrics` and what `ready` captures must outlive the server.
  static model::Result<std::unique_ptr<AdminServer>, ListenError> start(std::string host, uint16_t port,
                                                                        monitoring::Metrics& metrics,
                                                                        std::function<bool()> ready);
  ~AdminServer() override;

  uint16_t port() const { return server_->port(); }
  void stop();

  void handle(Exchange exchange) override;
  HttpResponse refusal(Refusal reason) override;
  void tick(size_t, std::chrono::steady_clock::time_point) override {}

 private:
  AdminServer(monitoring::Metrics& metrics, std::function<bool()> ready);

  monitoring::Metrics& metrics_;
  const std::function<bool()> ready_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace stator::net
