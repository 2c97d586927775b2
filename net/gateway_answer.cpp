// What an answer looks like: error bodies, headers that clients check, compression, CORS; and what is counted
// of it.
#include <zlib.h>

#include <algorithm>
#include <charconv>

#include "api/json.h"
#include "net/gateway.h"
#include "net/gateway_call.h"

namespace stator::net {
namespace {

constexpr std::string_view kJson = "application/x-amz-json-1.0";
constexpr size_t kPackedFromBytes = 4096;  // smaller answers go unpacked, as the service's do
constexpr std::string_view kPreflightSeconds = "172800";

std::string crc32_text(std::string_view body) {
  const auto checksum = crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return std::to_string(checksum);
}

bool is_throttle(api::ErrorCode code) {
  return code == api::ErrorCode::kProvisionedThroughputExceeded || code == api::ErrorCode::kThrottling;
}

}  // namespace

void Gateway::respond_answer(Exchange exchange, const Served& served, const api::Request& request,
                             const api::Answer& answer, std::chrono::steady_clock::time_point start) {
  std::string body;
  api::json::Writer writer(body);
  served.operation->write_answer(request, answer, writer);
  // From here to the last byte written: the connection goes on counting what its client does not take.
  if (body.size() > kAnswerCountedBytes && !exchange.charge(body.size())) {
    if (is_read(request)) {
      return respond_error(std::move(exchange), &served,
                           api::service_unavailable("Too many answers are in memory", kRetryAfterMs).error);
    }
    exchange.charge_always(body.size());
  }
  count_answer(served, request, answer);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  served.metrics.request_duration_seconds.Observe(taken.count());
  HttpResponse response;
  response.content_type = kJson;
  response.body = std::move(body);
  send(std::move(exchange), std::move(response));
}

void Gateway::respond_error(Exchange exchange, const Served* served, const api::Error& error) {
  count_error(served, error);
  HttpResponse response;
  response.status = api::error_shape(error.code).http_status;
  response.content_type = kJson;
  response.body = api::error_body(error);
  if (error.retry_after_ms != 0)
    response.add_header("x-amz-retry-after", std::to_string(error.retry_after_ms));
  send(std::move(exchange), std::move(response));
}

void Gateway::respond_plain(Exchange exchange, uint16_t status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.content_type = status == 200 ? "text/plain" : "application/xml";
  response.body = std::move(body);
  send(std::move(exchange), std::move(response));
}

void Gateway::respond_preflight(Exchange exchange) {
  const HttpRequest& request = exchange.request();
  HttpResponse response;
  if (request.header("origin")) {
    response.add_header("Access-Control-Max-Age", kPreflightSeconds);
    if (const auto headers = request.header("access-control-request-headers")) {
      response.add_header("Access-Control-Allow-Headers", *headers);
    }
    response.add_header("Access-Control-Allow-Methods",
                        request.header("access-control-request-method").value_or("GET, HEAD, OPTIONS, POST"));
  }
  send(std::move(exchange), std::move(response));
}

// The last step of every answer: compression, then the checksum over what goes out.
void Gateway::send(Exchange exchange, HttpResponse response) {
  const HttpRequest& request = exchange.request();
  Worker& worker = *workers_[exchange.worker()];
  const auto accepted = request.header("accept-encoding");
  if (accepted && response.body.size() > kPackedFromBytes && accepts_token(*accepted, "gzip") &&
      worker.gzipper.pack(response.body)) {
    response.headers += "Content-Encoding: gzip\r\n";
  }
  response.headers.append("x-amzn-RequestId: ").append(worker.ids.next_text());
  response.headers.append("\r\nx-amz-crc32: ").append(crc32_text(response.body)).append("\r\n");
  add_cors(exchange, response);
  exchange.respond(std::move(response));
}

void Gateway::add_cors(Exchange& exchange, HttpResponse& response) const {
  const auto origin = exchange.request().header("origin");
  if (!origin) return;
  if (options_.cors_origins.empty()) {
    response.add_header("Access-Control-Allow-Origin", "*");
  } else {
    response.add_header("Vary", "Origin");
    const auto& allowed = options_.cors_origins;
    if (std::find(allowed.begin(), allowed.end(), *origin) == allowed.end()) return;
    response.add_header("Access-Control-Allow-Origin", *origin);
  }
  response.add_header("Access-Control-Expose-Headers",
                      "x-amzn-RequestId, x-amz-crc32, x-amz-retry-after, x-amzn-ErrorType, Date");
}

HttpResponse Gateway::refusal(Refusal reason) {
  metrics_.refused_requests_total.Increment();
  HttpResponse response;
  response.content_type = kJson;
  switch (reason) {
    case Refusal::kBodyTooLarge:
      response.body =
          api::error_body({api::ErrorCode::kRequestTooLarge, "Request size exceeded 16777216 bytes", {}, 0});
      break;
    case Refusal::kOverloaded:
      response.body =
          api::error_body(api::service_unavailable("Too many requests are in memory", kRetryAfterMs).error);
      response.add_header("x-amz-retry-after", std::to_string(kRetryAfterMs));
      break;
    default:  // no HTTP that the service would have seen: an answer for whoever debugs a client
      response.content_type = "text/plain";
      response.body = "The request cannot be read.\n";
  }
  return response;
}

void Gateway::count_error(const Served* served, const api::Error& error) {
  if (error.code == api::ErrorCode::kConditionalCheckFailed)
    return metrics_.conditional_check_failed_total.Increment();
  if (is_throttle(error.code) && served != nullptr)
    return served->metrics.throttled_requests_total.Increment();
  const auto at = static_cast<size_t>(error.code);
  STATOR_ASSERT(at < kErrorCodesMax, "error codes are few");
  prometheus::Counter* counter = error_counters_[at].load(std::memory_order_acquire);
  if (counter == nullptr) {
    // The first of its kind. Two threads that come here at once are given the same counter.
    const api::ErrorShape& shape = api::error_shape(error.code);
    counter = &metrics_.errors(
        shape.http_status >= 500 ? monitoring::ErrorClass::kSystem : monitoring::ErrorClass::kUser,
        shape.name);
    error_counters_[at].store(counter, std::memory_order_release);
  }
  counter->Increment();
}

void Gateway::count_answer(const Served& served, const api::Request& request, const api::Answer& answer) {
  monitoring::TableCapacity& capacity = metrics_.consumed_capacity();
  if (const auto* item = std::get_if<api::ItemAnswer>(&answer)) {
    capacity.add(request.table_name, item->capacity.read_units, item->capacity.write_units);
  } else if (const auto* page = std::get_if<api::PageAnswer>(&answer)) {
    capacity.add(request.table_name, page->capacity.read_units, page->capacity.write_units);
    served.metrics.returned_items_total.Increment(static_cast<double>(page->items.size()));
  } else if (const auto* batch = std::get_if<api::BatchAnswer>(&answer)) {
    STATOR_ASSERT(served.operation->owner() == api::Owner::kBatch, "only batches answer with parts");
    const auto& parts = static_cast<const api::BatchOperation&>(*served.operation).parts(request);
    for (size_t i = 0; i < batch->parts.size() && i < parts.size(); ++i) {
      const auto* part = std::get_if<api::ItemAnswer>(&batch->parts[i]);
      if (part == nullptr) continue;
      capacity.add(parts[i]->table_name, part->capacity.read_units, part->capacity.write_units);
    }
  }
}

}  // namespace stator::net
