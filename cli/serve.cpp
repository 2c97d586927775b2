// Wires the parts by hand and takes them down in the reverse order. The admin port comes first and goes last,
// so that it can tell whoever asks that this node is not ready yet, or not any more.
#include "cli/serve.h"

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>

#include "actors/node.h"
#include "api/registry.h"
#include "monitoring/metrics.h"
#include "net/admin_server.h"
#include "net/gateway.h"
#include "net/http_server.h"

namespace stator::cli {
namespace {

constexpr auto kDrainTime = std::chrono::seconds(10);  // above a request's own deadline
constexpr uint16_t kPortsTried = 20;       // from the default one upwards, where nobody chose a port
constexpr int kStoreFailed = 3;  // exit code
constexpr uint16_t kPortOfAdminUi = 8001;  // dynamodb-admin's: not to be taken
// Larger blocks are given back to the system when they are freed: bodies and pages come and go. Fixed, since
// glibc raises it to the largest block that it saw freed.
constexpr int kMmapThresholdBytes = 128 * 1024;

void start_logging(const std::string& level) {
  auto logger = spdlog::stderr_logger_mt("stator");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->set_level(spdlog::level::from_str(level == "warn" ? "warning" : level));
  spdlog::set_default_logger(std::move(logger));
}

// As many descriptors as the system lets us have without asking: connections and table files.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

// As a crash would: what this node acknowledged, others have too, and nothing that it might still write can be trusted.
[[noreturn]] void end_at_once() {
  spdlog::critical("this node ends, so that others take over what it leads: start it again when the cause is gone");
  spdlog::default_logger()->flush();
  std::_Exit(kStoreFailed);
}

int failed(const std::string& why) {
  std::fprintf(stderr, "stator: %s\n", why.c_str());
  return 1;
}

std::string listen_failure(const net::ListenError& error, const std::string& host, uint16_t port,
                           const char* flag) {
  const std::string where = host + ":" + std::to_string(port);
  switch (error.kind) {
    case net::ListenError::Kind::kAddressInUse:
      return where + " is taken by another process: choose another port with " + flag +
             " (0 picks a free one)";
    case net::ListenError::Kind::kPermission:
      return where + " may not be listened on by this user: choose a port from 1024 on with " + flag;
    case net::ListenError::Kind::kBadAddress:
      return "'" + host + "' is no address of this machine: choose one with --host";
    case net::ListenError::Kind::kOther:
      break;
  }
  return "cannot listen on " + where + ": " + error.text;
}

// Listens by `start(port)`; where the port is a default that is taken, on the next free one.
template <class Server>
model::Result<std::unique_ptr<Server>, std::string> listen(
    const std::string& host, uint16_t port, bool port_given, const char* flag,
    const std::function<model::Result<std::unique_ptr<Server>, net::ListenError>(uint16_t)>& start) {
  for (uint16_t tried = port;; ++tried) {
    if (!port_given && tried == kPortOfAdminUi) continue;
    auto server = start(tried);
    if (server) {
      if (tried != port)
        spdlog::warn("port taken, another picked taken={} picked={} choose_with={}", port, tried, flag);
      return std::move(server).value();
    }
    const bool next = !port_given && server.error().kind == net::ListenError::Kind::kAddressInUse &&
                      tried + 1 < port + kPortsTried;
    if (!next) return model::Failure(listen_failure(server.error(), host, tried, flag));
  }
}

// What a client on this machine writes for `host`.
std::string url(const std::string& host, uint16_t port) {
  std::string name = host;
  if (host == "0.0.0.0" || host == "::") {
    name = "127.0.0.1";
  } else if (host.find(':') != std::string::npos) {
    name = "[" + host + "]";
  }
  return "http://" + name + ":" + std::to_string(port);
}

void print_banner(const ServeConfig& config, std::string_view version, uint16_t port, uint16_t admin_port) {
  const std::string endpoint = url(config.host, port);
  std::printf(
      "Stator %.*s serves the DynamoDB API\n\n"
      "  endpoint  %s\n"
      "  metrics   %s/metrics\n"
      "  data      %s\n\n"
      "  export AWS_ENDPOINT_URL_DYNAMODB=%s\n"
      "  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1\n\n"
      "Ctrl-C stops it.\n",
      static_cast<int>(version.size()), version.data(), endpoint.c_str(),
      url(config.host, admin_port).c_str(),
      config.in_memory ? "in memory, gone with this process" : config.data_dir.c_str(), endpoint.c_str());
  std::fflush(stdout);
}

uint64_t random_epoch() {
  std::random_device device;  // getrandom
  return (uint64_t{device()} << 32) | device();
}

// Requires config.cluster.
actors::ClusterOptions cluster_options(const ServeConfig& config, std::string_view version, uint16_t admin_port) {
  actors::ClusterOptions options;
  options.node = model::NodeId(config.cluster->node_id);
  options.zone = config.cluster->zone;
  options.listen = {config.cluster->listen_host, config.cluster->listen_port};
  for (const std::string& address : config.cluster->join) {
    auto parsed = net::parse_link_address(address);
    if (parsed.ok()) options.join.push_back(*parsed);  // read_config() refuses the others
  }
  options.client_address = url(config.host, config.port);
  options.admin_address = url(config.host, admin_port);
  options.version = version;
  options.replace_dead_after_s = config.cluster->replace_dead_after_s;
  return options;
}

// The gateway and its port. Others are told the port of a node of a cluster before it listens, so it is not replaced.
model::Result<std::unique_ptr<net::HttpServer>, std::string> start_server(const ServeConfig& config,
                                                                          net::Gateway& gateway) {
  const auto start = [&](uint16_t port) {
    net::HttpServerOptions options;
    options.host = config.host;
    options.port = port;
    options.threads = config.http_threads;
    return net::HttpServer::start(options, gateway);
  };
  const bool fixed = config.port_given || config.cluster;
  return listen<net::HttpServer>(config.host, config.port, fixed, "--port", start);
}

net::GatewayOptions gateway_options(const ServeConfig& config) {
  net::GatewayOptions options;
  options.operations = api::operations();
  options.workers = config.http_threads;
  options.cors_origins = config.cors_origins;
  options.boot_epoch = random_epoch();
  return options;
}

}  // namespace

int serve(const ServeConfig& config, std::string_view version) {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  mallopt(M_MMAP_THRESHOLD, kMmapThresholdBytes);
  raise_descriptor_limit();
  start_logging(config.log_level);

  monitoring::Metrics metrics(version);
  std::atomic<const actors::Node*> serving{nullptr};  // while clients may come
  std::atomic<const actors::Node*> running{nullptr};
  const auto ready = [&] {
    const actors::Node* node = serving.load();
    return node != nullptr && node->ready();
  };
  const auto cluster_status = [&]() -> std::optional<std::string> {
    const actors::Node* node = running.load();
    return node ? std::optional(node->status_json()) : std::nullopt;
  };
  const auto start_admin = [&](uint16_t port) {
    return net::AdminServer::start(config.host, port, metrics, ready, cluster_status);
  };
  auto admin = listen<net::AdminServer>(config.host, config.admin_port, config.admin_port_given,
                                        "--admin-port", start_admin);
  if (!admin) return failed(admin.error());

  actors::NodeOptions node_options;
  node_options.data_dir = config.data_dir;
  node_options.in_memory = config.in_memory;
  node_options.partitions_per_table = config.partitions_per_table;
  node_options.disk_reserve_bytes = uint64_t{config.disk_reserve_mib} * 1024 * 1024;
  node_options.throttling = config.throttling;
  node_options.collection_bytes_max = config.collection_bytes_max;
  if (config.test_format_max != 0) node_options.formats_max = config.test_format_max;
  if (config.cluster) {
    node_options.cluster = cluster_options(config, version, (*admin)->port());
    node_options.store_failed = end_at_once;
  }
  auto node = actors::Node::start(node_options, metrics);
  if (!node) return failed(node.error());

  net::Gateway gateway(gateway_options(config), **node, metrics);
  auto server = start_server(config, gateway);
  if (!server) {
    (*node)->stop();
    return failed(server.error());
  }
  metrics.on_scrape([&metrics, http = server->get()] {
    metrics.open_connections.Set(static_cast<double>(http->open_connections()));
    metrics.request_memory_bytes.Set(static_cast<double>(http->memory_bytes()));
  });
  serving = node->get();
  running = node->get();
  print_banner(config, version, (*server)->port(), (*admin)->port());

  int signal_number = 0;
  sigwait(&signals, &signal_number);
  spdlog::info("stopping signal={}", signal_number == SIGINT ? "SIGINT" : "SIGTERM");
  serving = nullptr;  // nobody is sent here any more
  (*node)->hand_over();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // the next one ends the process at once
  (*server)->stop(kDrainTime);
  running = nullptr;
  (*node)->stop();
  (*admin)->stop();
  metrics.remove_hooks();
  spdlog::info("stopped");
  return 0;
}

}  // namespace stator::cli
