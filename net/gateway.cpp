// A call's way: target, body unpacked, parsed, dispatched, and its answer to JSON. What an answer looks like
// as HTTP is in gateway_answer.cpp.
#include "net/gateway.h"

#include <optional>

#include "model/assert.h"
#include "net/answer_cost.h"
#include "net/body_cost.h"
#include "net/gateway_call.h"
#include "net/gzip.h"

namespace stator::net {
namespace {

using std::chrono::steady_clock;

// Both services answer on one port. No operation of the streams service is registered yet: all of its names
// are unknown.
constexpr std::string_view kTargetPrefix = "DynamoDB_20120810.";
constexpr std::string_view kDefaultRegion = "us-east-1";
constexpr std::string_view kDefaultHost = "localhost";
constexpr size_t kParserKeptBytes = 1024 * 1024;  // a parser that read more is replaced
constexpr size_t kCostedBytes = 64 * 1024;        // smaller bodies are not worth the look at what they cost

}  // namespace

Gateway::Gateway(GatewayOptions options, Dispatcher& dispatcher, monitoring::Metrics& metrics)
    : options_(std::move(options)), dispatcher_(dispatcher), metrics_(metrics) {
  STATOR_ASSERT(options_.workers >= 1, "as many as the server has threads");
  for (const api::Operation* operation : options_.operations) {
    served_.emplace(operation->name(), Served{operation, metrics_.operation(operation->name())});
  }
  for (size_t i = 0; i < options_.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(options_.boot_epoch, i));
    workers_.back()->batch = dispatcher_.new_batch();
  }
}

Gateway::~Gateway() = default;

void Gateway::handle(Exchange exchange) {
  try {
    route(std::move(exchange));
  } catch (const std::exception&) {
    // No memory, mostly. Unwinding dropped the exchange, which answered 500.
    count_error(nullptr, api::Error{});
  }
}

void Gateway::route(Exchange exchange) {
  STATOR_ASSERT(exchange.worker() < workers_.size(),
                "GatewayOptions::workers is the server's number of threads");
  const HttpRequest& request = exchange.request();
  if (request.method == Method::kOptions) return respond_preflight(std::move(exchange));
  const std::string_view path = request.target().substr(0, request.target().find('?'));
  if (path == "/" && request.method == Method::kPost && request.header("x-amz-target")) {
    return handle_call(std::move(exchange));
  }
  if (path == "/" && (request.method == Method::kGet || request.method == Method::kHead)) {
    std::string body = "healthy: ";
    body += request.header("host").value_or(kDefaultHost);
    return respond_plain(std::move(exchange), 200, std::move(body));
  }
  respond_plain(std::move(exchange), 404, "<UnknownOperationException/>\n");
}

void Gateway::handle_call(Exchange exchange) {
  const auto start = steady_clock::now();
  const std::string_view target = *exchange.request().header("x-amz-target");
  const auto served =
      target.starts_with(kTargetPrefix) ? served_.find(target.substr(kTargetPrefix.size())) : served_.end();
  if (served == served_.end()) {
    return respond_error(std::move(exchange), nullptr, api::unknown_operation().error);
  }
  if (auto unpacked = unpack_body(exchange); !unpacked) {
    return respond_error(std::move(exchange), &served->second, unpacked.error());
  }
  auto request = parse(exchange, served->second);
  if (!request) return respond_error(std::move(exchange), &served->second, request.error());
  execute(std::move(exchange), served->second, std::move(request).value(), start);
}

// Replaces a gzip body by what it holds. What is no gzip is a 500 at the service, and so is an encoding that it does not know
// (ScyllaDB's test_compressed_request.py, which runs against the service too).
api::Result<void> Gateway::unpack_body(Exchange& exchange) {
  HttpRequest& request = exchange.request();
  const auto encoding = request.header("content-encoding");
  if (!encoding || encoding->empty() || equals_ignoring_case(*encoding, "identity")) return {};
  if (!equals_ignoring_case(*encoding, "gzip") && !equals_ignoring_case(*encoding, "x-gzip")) {
    return api::internal_error("Unsupported Content-Encoding");
  }
  std::string unpacked;
  switch (gunzip(request.body, model::kRequestBodyMax, unpacked)) {
    case GunzipError::kNone:
      break;
    case GunzipError::kCorrupt:
      return api::internal_error("The body is not valid gzip");
    case GunzipError::kTooLarge:
      return api::Failure(
          api::Error{api::ErrorCode::kRequestTooLarge, "Request size exceeded 16777216 bytes", {}, 0});
  }
  if (!exchange.charge(unpacked.size())) {
    return api::service_unavailable("Too many requests are in memory", kRetryAfterMs);
  }
  request.body = std::move(unpacked);
  return {};
}

// Takes what parsing a large body will need from the memory budget. `parsing_bytes`: what is needed no longer
// than that.
api::Result<void> Gateway::charge_body(Exchange& exchange, uint64_t& parsing_bytes) {
  const std::string& body = exchange.request().body;
  if (body.size() <= kCostedBytes) return {};
  const BodyCost cost = body_cost(body);
  if (!exchange.charge(cost.parsing_bytes + cost.request_bytes)) {
    return api::service_unavailable("Too many requests are in memory", kRetryAfterMs);
  }
  parsing_bytes = cost.parsing_bytes;
  return {};
}

api::Result<api::RequestPtr> Gateway::parse(Exchange& exchange, const Served& served) {
  uint64_t parsing_bytes = 0;
  const auto charged = charge_body(exchange, parsing_bytes);
  if (!charged) return api::Failure(charged.error());
  auto request = parse_charged(exchange, served);
  exchange.give_back(parsing_bytes);
  return request;
}

api::Result<api::RequestPtr> Gateway::parse_charged(Exchange& exchange, const Served& served) {
  HttpRequest& request = exchange.request();
  Worker& worker = *workers_[exchange.worker()];
  const CredentialScope scope =
      credential_scope(request.header("authorization").value_or(std::string_view()));
  const api::RequestContext context{scope.region.empty() ? kDefaultRegion : scope.region,
                                    request.header("host").value_or(kDefaultHost)};
  auto result = [&]() -> api::Result<api::RequestPtr> {
    auto body = worker.parser->parse(request.body);
    if (!body) return api::Failure(std::move(body).error());
    return served.operation->parse(*body, context);
  }();
  // Its buffers are several times what it read: not kept until somebody sends the next body.
  if (request.body.size() > kParserKeptBytes) worker.parser = std::make_unique<api::json::Parser>();
  return result;
}

RequestContext Gateway::context(Exchange& exchange, steady_clock::time_point start) {
  HttpRequest& request = exchange.request();
  RequestContext out;
  out.deadline = start + options_.request_deadline;
  const auto invocation = request.header("amz-sdk-invocation-id");
  out.client_retry_id = invocation && !invocation->empty();
  if (out.client_retry_id) {
    const CredentialScope scope =
        credential_scope(request.header("authorization").value_or(std::string_view()));
    out.request_id =
        RequestIds::of_client(*invocation, scope.access_key,
                              request.header("x-amz-target").value_or(std::string_view()), request.body);
  } else {
    out.request_id = workers_[exchange.worker()]->ids.next();
  }
  return out;
}

void Gateway::execute(Exchange exchange, const Served& served, api::RequestPtr request,
                      steady_clock::time_point start) {
  if (served.operation->owner() == api::Owner::kStatic) {
    const auto answer = static_cast<const api::StaticOperation&>(*served.operation).answer(*request);
    if (!answer) return respond_error(std::move(exchange), &served, answer.error());
    return respond_answer(std::move(exchange), served, *request, *answer, start);
  }
  RequestContext context = this->context(exchange, start);
  std::string& body = exchange.request().body;
  if (dispatcher_.forwards()) {
    context.body = std::make_shared<const std::string>(std::move(body));
  } else if (body.size() > kCostedBytes) {
    exchange.give_back(body.size());  // charge_body() counted the typed request, which holds all that is needed
  }
  std::string().swap(body);
  auto call = std::make_shared<Call>();
  call->worker = exchange.worker();
  call->served = &served;
  call->request = request;
  call->start = start;
  call->give_up_at = context.deadline + options_.grace;
  call->exchange = std::move(exchange);
  workers_[call->worker]->calls.add(call);
  context.batch = workers_[call->worker]->batch.get();
  dispatcher_.execute(std::move(request), std::move(context), Completion(*this, std::move(call)));
}

void Gateway::finish(const std::shared_ptr<Call>& call, Exchange exchange) {
  workers_[call->worker]->calls.remove(*call);
  const auto& served = *call->served;
  try {
    // What the answer holds goes with the call, in a moment.
    exchange.give_back(call->answer_bytes);
    if (!call->result->ok()) return respond_error(std::move(exchange), &served, call->result->error());
    respond_answer(std::move(exchange), served, *call->request, call->result->value(), call->start);
  } catch (const std::exception&) {
    count_error(nullptr, api::Error{});  // as in handle()
  }
}

void Gateway::end_of_batch(size_t worker) {
  if (workers_[worker]->batch) workers_[worker]->batch->flush();
}

void Gateway::tick(size_t worker, steady_clock::time_point now) {
  // In the order of their deadlines, since all have the same time.
  CallList& calls = workers_[worker]->calls;
  while (Call* call = calls.front()) {
    if (call->give_up_at > now) return;
    const std::shared_ptr<Call> kept = calls.remove(*call);
    // Else the answer is on its way through the mailbox.
    if (!kept->claim()) continue;
    const auto& served = *kept->served;
    respond_error(std::move(kept->exchange), &served,
                  api::internal_error("The request was not answered in time; its outcome is unknown").error);
  }
}

// Counts what waits for the io thread: many small requests may ask for much. A read that finds no room is
// refused after all; what a write did is told whatever it costs.
void Gateway::charge_answer(Call& call) {
  if (!call.result->ok()) return;
  const uint64_t bytes = answer_cost(call.result->value());
  if (bytes <= kAnswerCountedBytes) return;
  if (is_read(*call.request)) {
    if (!call.exchange.charge(bytes)) {
      call.result.emplace(api::service_unavailable("Too many answers are in memory", kRetryAfterMs));
      return;
    }
  } else {
    call.exchange.charge_always(bytes);
  }
  call.answer_bytes = bytes;
}

// --- Completion

Gateway::Completion::~Completion() {
  if (call_) complete(api::internal_error("The request was dropped; its outcome is unknown"));
}

void Gateway::Completion::operator()(api::Result<api::Answer> result) {
  STATOR_ASSERT(call_ != nullptr, "a request is answered once");
  complete(std::move(result));
}

void Gateway::Completion::complete(api::Result<api::Answer> result) {
  const std::shared_ptr<Call> call = std::move(call_);
  if (!call->claim()) return;  // the gateway gave up before
  call->result.emplace(std::move(result));
  charge_answer(*call);
  Exchange exchange = std::move(call->exchange);
  exchange.resume([gateway = gateway_, call](Exchange back) { gateway->finish(call, std::move(back)); });
}

}  // namespace stator::net
