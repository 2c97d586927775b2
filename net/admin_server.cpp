// The admin port's paths.
#include "net/admin_server.h"

#include <utility>

namespace stator::net {
namespace {

HttpResponse text(uint16_t status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

// Small: a scraper, a health checker, a curious human.
HttpLimits admin_limits() {
  HttpLimits limits;
  limits.head_bytes_max = 16 * 1024;
  limits.body_bytes_max = 0;
  limits.memory_bytes_max = 4 * 1024 * 1024;
  limits.connections_max = 64;
  limits.pipeline_max = 4;
  limits.sweep_interval = std::chrono::milliseconds(1000);
  return limits;
}

}  // namespace

AdminServer::AdminServer(monitoring::Metrics& metrics, std::function<bool()> ready, ClusterStatus cluster)
    : metrics_(metrics), ready_(std::move(ready)), cluster_(std::move(cluster)) {}

AdminServer::~AdminServer() { stop(); }

model::Result<std::unique_ptr<AdminServer>, ListenError> AdminServer::start(std::string host, uint16_t port,
                                                                            monitoring::Metrics& metrics,
                                                                            std::function<bool()> ready,
                                                                            ClusterStatus cluster) {
  std::unique_ptr<AdminServer> admin(new AdminServer(metrics, std::move(ready), std::move(cluster)));
  HttpServerOptions options;
  options.host = std::move(host);
  options.port = port;
  options.thread_name = "admin";
  options.limits = admin_limits();
  auto server = HttpServer::start(options, *admin);
  if (!server) return model::Failure(std::move(server).error());
  admin->server_ = std::move(server).value();
  return admin;
}

void AdminServer::stop() {
  if (server_) server_->stop(std::chrono::milliseconds(0));
}

void AdminServer::handle(Exchange exchange) {
  const Method method = exchange.request().method;
  const std::string_view target = exchange.request().target();
  const std::string_view path = target.substr(0, target.find('?'));
  if (method != Method::kGet && method != Method::kHead) return exchange.respond(text(405, "GET only\n"));
  if (path == "/livez") return exchange.respond(text(200, "ok\n"));
  if (path == "/readyz") {
    return exchange.respond(ready_() ? text(200, "ok\n") : text(503, "not ready\n"));
  }
  if (path == "/metrics") {
    HttpResponse response = text(200, metrics_.exposition());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return exchange.respond(std::move(response));
  }
  if (path == "/cluster") {
    std::optional<std::string> status = cluster_ ? cluster_() : std::nullopt;
    if (!status) return exchange.respond(text(503, "starting, or stopping\n"));
    HttpResponse response = text(200, std::move(*status));
    response.content_type = "application/json";
    return exchange.respond(std::move(response));
  }
  exchange.respond(text(404, "/metrics, /livez, /readyz and /cluster are here\n"));
}

HttpResponse AdminServer::refusal(Refusal) { return text(400, "refused\n"); }

}  // namespace stator::net
