// The admin port: /metrics for Prometheus, /livez and /readyz for whoever starts and stops processes, /cluster for the
// launcher. A port
// of its own, so that it is not open to clients and answers while they keep the other one busy.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "monitoring/metrics.h"
#include "net/http_server.h"

namespace stator::net {

class AdminServer final : public HttpHandler {
 public:
  // `ready`: whether clients should be sent here (not while starting or draining). `cluster`: the state of the cluster as
  // JSON; nothing while there is none. Both are called on the server's thread and must not block. `metrics` and what
  // they capture must outlive the server.
  using ClusterStatus = std::function<std::optional<std::string>()>;
  static model::Result<std::unique_ptr<AdminServer>, ListenError> start(std::string host, uint16_t port,
                                                                        monitoring::Metrics& metrics,
                                                                        std::function<bool()> ready,
                                                                        ClusterStatus cluster = {});
  ~AdminServer() override;

  uint16_t port() const { return server_->port(); }
  void stop();

  void handle(Exchange exchange) override;
  HttpResponse refusal(Refusal reason) override;
  void tick(size_t, std::chrono::steady_clock::time_point) override {}

 private:
  AdminServer(monitoring::Metrics& metrics, std::function<bool()> ready, ClusterStatus cluster);

  monitoring::Metrics& metrics_;
  const std::function<bool()> ready_;
  const ClusterStatus cluster_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace stator::net
