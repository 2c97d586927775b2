// Calls that wait for their answer.
#include "cli/link_init_transport.h"

#include <future>
#include <random>

namespace stator::cli {
namespace {

using Answer = model::Result<net::LinkBody, net::CallError>;

const char* describe(net::CallError::Kind kind) {
  switch (kind) {
    case net::CallError::Kind::kNotConnected:
      return "no connection";
    case net::CallError::Kind::kTimeout:
      return "no answer in time";
    case net::CallError::Kind::kLost:
      return "the connection ended";
    case net::CallError::Kind::kRefused:
      return "refused";
    case net::CallError::Kind::kTooLarge:
    case net::CallError::Kind::kFull:
      break;
  }
  return "the request could not be sent";
}

uint64_t random_number() {
  std::random_device device;  // getrandom
  return (uint64_t{device()} << 32) | device();
}

}  // namespace

// Nobody calls a tool that does not listen.
class LinkInitTransport::Handler final : public net::LinkHandler {
 public:
  std::optional<std::string> refuse(const net::LinkIdentity&) override { return std::nullopt; }
  void peer_up(const net::LinkIdentity&) override {}
  void peer_lost(model::NodeId) override {}
  void message(const net::LinkIdentity&, uint16_t, net::LinkBody) override {}
  void request(const net::LinkIdentity&, uint16_t, net::LinkBody, std::chrono::steady_clock::time_point,
               net::Reply reply) override {
    reply(model::Failure(std::string("this is no node")));
  }
  void drained(model::NodeId, net::LinkClass) override {}
};

LinkInitTransport::LinkInitTransport(std::chrono::milliseconds timeout)
    : timeout_(timeout), handler_(std::make_unique<Handler>()) {}
LinkInitTransport::~LinkInitTransport() {
  if (link_) link_->stop();
}

model::Result<std::unique_ptr<LinkInitTransport>, std::string> LinkInitTransport::start(
    std::chrono::milliseconds timeout, std::string_view version) {
  std::unique_ptr<LinkInitTransport> transport(new LinkInitTransport(timeout));
  net::LinkOptions options;
  options.listen = false;
  net::LinkIdentity identity;  // of no cluster, and node 0
  identity.version = version;
  identity.boot_epoch = random_number();
  auto link = net::Link::start(options, identity, *transport->handler_);
  if (!link) return model::Failure("the link cannot be used: " + link.error().text);
  transport->link_ = std::move(*link);
  return transport;
}

model::Result<net::LinkBody, std::string> LinkInitTransport::call(const net::LinkAddress& peer, uint16_t kind,
                                                                  std::string body) {
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> answer = promise->get_future();
  link_->call_address(peer, kind, std::move(body), timeout_,
                      [promise](Answer result) { promise->set_value(std::move(result)); });
  Answer result = answer.get();  // the link ends each call, at the latest by its timeout
  if (result) return std::move(*result);
  const net::CallError& error = result.error();
  return model::Failure(describe(error.kind) + (error.text.empty() ? std::string() : ": " + error.text));
}

model::Result<cluster::IdentifyReply, std::string> LinkInitTransport::identify(const net::LinkAddress& peer) {
  const auto body = call(peer, cluster::kIdentify, {});
  if (!body) return model::Failure(body.error());
  auto reply = cluster::decode_identify_reply(**body);
  if (!reply) return model::Failure(std::string("its answer is malformed"));
  return std::move(*reply);
}

model::Result<cluster::BootstrapReply, std::string> LinkInitTransport::bootstrap(
    const net::LinkAddress& peer, const cluster::BootstrapRequest& bootstrap) {
  const auto body = call(peer, cluster::kBootstrap, encode(bootstrap));
  if (!body) return model::Failure(body.error());
  auto reply = cluster::decode_bootstrap_reply(**body);
  if (!reply) return model::Failure(std::string("its answer is malformed"));
  return std::move(*reply);
}

model::Result<cluster::AdministerReply, std::string> LinkInitTransport::administer(
    const net::LinkAddress& peer, const cluster::AdministerRequest& request) {
  const auto body = call(peer, cluster::kAdminister, encode(request));
  if (!body) return model::Failure(body.error());
  auto reply = cluster::decode_administer_reply(**body);
  if (!reply) return model::Failure(std::string("its answer is malformed"));
  return std::move(*reply);
}

cluster::ClusterId new_cluster_id() {
  cluster::ClusterId id;
  std::random_device device;
  for (uint8_t& byte : id) byte = static_cast<uint8_t>(device());
  return id;
}

}  // namespace stator::cli
