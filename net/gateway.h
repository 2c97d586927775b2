// Gateway: DynamoDB's wire. HTTP to a typed request, the dispatcher's answer back to HTTP; and, once for all
// operations, request ids, deadlines, error bodies, checksums, compression, CORS and metrics. Knows the API,
// nothing of placement.
//
// A call runs on the io thread that read it; the dispatcher answers from wherever it likes; the answer's JSON
// is written on the io thread again, so that whoever leads a partition does not spend its time on text.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/operation.h"
#include "monitoring/metrics.h"
#include "net/dispatcher.h"
#include "net/http_server.h"

namespace stator::net {

struct GatewayOptions {
  // Which operations are served: api::operations(), but for tests.
  std::span<const api::Operation* const> operations;
  size_t workers = 1;  // the server's threads
  // How long the dispatcher has. The SDKs wait for 60 s and retry after that.
  std::chrono::milliseconds request_deadline{5'000};
  // How long after the deadline the gateway answers by itself.
  std::chrono::milliseconds grace{1'000};
  std::vector<std::string> cors_origins;  // that browsers may call from; empty: all
  uint64_t boot_epoch = 0;                // random, new with every start
};

class Gateway final : public HttpHandler {
 public:
  // All must outlive the gateway, and the server that calls it must be stopped before it goes.
  Gateway(GatewayOptions options, Dispatcher& dispatcher, monitoring::Metrics& metrics);
  ~Gateway() override;

  void handle(Exchange exchange) override;
  HttpResponse refusal(Refusal reason) override;
  void end_of_batch(size_t worker) override;
  void tick(size_t worker, std::chrono::steady_clock::time_point now) override;

 private:
  struct Call;
  class CallList;
  class Completion;
  struct Worker;
  struct Served {
    const api::Operation* operation;
    monitoring::OperationMetrics metrics;
  };
  static constexpr size_t kErrorCodesMax = 256;

  void handle_call(Exchange exchange);
  api::Result<void> unpack_body(Exchange& exchange);
  api::Result<void> charge_body(Exchange& exchange, uint64_t& parsing_bytes);
  api::Result<api::RequestPtr> parse(Exchange& exchange, const Served& served);
  api::Result<api::RequestPtr> parse_charged(Exchange& exchange, const Served& served);
  RequestContext context(Exchange& exchange, std::chrono::steady_clock::time_point start);
  void execute(Exchange exchange, const Served& served, api::RequestPtr request,
               std::chrono::steady_clock::time_point start);
  void respond_answer(Exchange exchange, const Served& served, const api::Request& request,
                      const api::Answer& answer, std::chrono::steady_clock::time_point start);
  static void charge_answer(Call& call);
  void finish(const std::shared_ptr<Call>& call, Exchange exchange);
  void route(Exchange exchange);
  void respond_error(Exchange exchange, const Served* served, const api::Error& error);
  void respond_preflight(Exchange exchange);
  void respond_plain(Exchange exchange, uint16_t status, std::string body);
  void send(Exchange exchange, HttpResponse response);
  void add_cors(Exchange& exchange, HttpResponse& response) const;
  void count_error(const Served* served, const api::Error& error);
  void count_answer(const Served& served, const api::Request& request, const api::Answer& answer);

  const GatewayOptions options_;
  Dispatcher& dispatcher_;
  monitoring::Metrics& metrics_;
  std::unordered_map<std::string_view, Served> served_;  // by the operation's name
  // By ErrorCode; null: none counted yet.
  std::array<std::atomic<prometheus::Counter*>, kErrorCodesMax> error_counters_{};
  std::vector<std::unique_ptr<Worker>> workers_;  // each its io thread's
};

}  // namespace stator::net
