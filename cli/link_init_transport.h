// InitTransport over the link: as an operator's tool, which is no node and only calls.
#pragma once

#include <chrono>
#include <memory>

#include "cli/cluster_init.h"
#include "cluster/administer_messages.h"
#include "net/link.h"

namespace stator::cli {

class LinkInitTransport final : public InitTransport {
 public:
  // Each call waits for up to `timeout`. The error is why there can be no link.
  static model::Result<std::unique_ptr<LinkInitTransport>, std::string> start(
      std::chrono::milliseconds timeout, std::string_view version);
  ~LinkInitTransport() override;

  model::Result<cluster::IdentifyReply, std::string> identify(const net::LinkAddress& peer) override;
  model::Result<cluster::BootstrapReply, std::string> bootstrap(
      const net::LinkAddress& peer, const cluster::BootstrapRequest& bootstrap) override;
  // What an operator asks of a cluster, through one of its nodes.
  model::Result<cluster::AdministerReply, std::string> administer(const net::LinkAddress& peer,
                                                                  const cluster::AdministerRequest& request);

 private:
  class Handler;
  explicit LinkInitTransport(std::chrono::milliseconds timeout);
  model::Result<net::LinkBody, std::string> call(const net::LinkAddress& peer, uint16_t kind,
                                                 std::string body);

  const std::chrono::milliseconds timeout_;
  std::unique_ptr<Handler> handler_;
  std::unique_ptr<net::Link> link_;
};

// Random.
cluster::ClusterId new_cluster_id();

}  // namespace stator::cli
