// LocalCluster: several nodes in this process, each over a memory file system of its own, linked over loopback. A node that
// is stopped keeps its files; one that is wiped loses them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "actors/node.h"
#include "storage/env_memory.h"
#include "tests/cluster/node_client.h"

namespace stator::tests {

// Waits for a condition that another thread brings about. False after `limit`: a test that waits so long has failed.
inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::seconds limit = std::chrono::seconds(60)) {
  auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class LocalCluster {
 public:
  explicit LocalCluster(size_t nodes) : nodes_(nodes) {
    for (size_t i = 0; i < nodes; ++i) {
      nodes_[i].files = storage::memory_file_system();
      nodes_[i].port = free_port();
    }
  }

  // Numbered from 0; its node id is one more. Requires that it does not run. `numbered`: it says which node it is;
  // otherwise its folder, or the cluster, does.
  void start(size_t i, bool numbered = true) {
    actors::NodeOptions options;
    options.files = nodes_[i].files.get();
    options.data_dir = "/node";
    actors::ClusterOptions cluster;
    if (numbered) cluster.node = id(i);
    cluster.zone = std::string(1, static_cast<char>('a' + i));
    cluster.listen = {"127.0.0.1", nodes_[i].port};
    for (size_t other = 0; other < nodes_.size(); ++other) {
      if (other != i) cluster.join.push_back({"127.0.0.1", nodes_[other].port});
    }
    cluster.version = "test";
    options.cluster = cluster;
    auto node = actors::Node::start(options, *nodes_[i].metrics);
    ASSERT_TRUE(node.ok()) << node.error();
    nodes_[i].node = std::move(*node);
  }
  void stop(size_t i) { nodes_[i].node.reset(); }
  void wipe(size_t i) {
    ASSERT_FALSE(nodes_[i].node) << "it runs";
    nodes_[i].files = storage::memory_file_system();
  }

  // What `stator cluster init` does, once, with the first `count` nodes.
  void initialise(size_t count = SIZE_MAX) {
    Nobody nobody;
    net::LinkOptions options;
    options.listen = false;
    auto link = net::Link::start(options, net::LinkIdentity{}, nobody);
    ASSERT_TRUE(link.ok());
    cluster::BootstrapRequest request;
    request.cluster_id.fill(0xC1);
    const auto all = std::span<const One>(nodes_).first(std::min(count, nodes_.size()));
    for (const One& node : all) {
      auto reply = cluster::decode_identify_reply(ask(**link, node.port, cluster::kIdentify, {}));
      ASSERT_TRUE(reply.ok());
      request.members.push_back(reply->self);
      request.members.back().metadata_replica = model::ReplicaId(reply->self.node.value);
    }
    for (const One& node : all) {
      auto reply = cluster::decode_bootstrap_reply(ask(**link, node.port, cluster::kBootstrap, cluster::encode(request)));
      ASSERT_TRUE(reply.ok());
      ASSERT_TRUE(reply->done) << reply->reason;
    }
  }
  // What an operator asks, through node i; the answer's text.
  cluster::AdministerReply administer(size_t i, const cluster::AdministerRequest& request) {
    Nobody nobody;
    net::LinkOptions options;
    options.listen = false;
    auto link = net::Link::start(options, net::LinkIdentity{}, nobody);
    if (!link.ok()) return {cluster::AdministerState::kAgain, "no link", 0};
    auto reply = cluster::decode_administer_reply(ask(**link, nodes_[i].port, cluster::kAdminister, encode(request)));
    return reply.ok() ? *reply : cluster::AdministerReply{cluster::AdministerState::kAgain, "no answer", 0};
  }
  // All nodes up and in a cluster.
  void start_all() {
    for (size_t i = 0; i < nodes_.size(); ++i) ASSERT_NO_FATAL_FAILURE(start(i));
    ASSERT_NO_FATAL_FAILURE(initialise());
    ASSERT_TRUE(all_ready());
  }
  bool all_ready() {
    return eventually([this] {
      for (const One& node : nodes_) {
        if (node.node && !node.node->ready()) return false;
      }
      return true;
    });
  }

  actors::Node& operator[](size_t i) { return *nodes_[i].node; }
  size_t size() const { return nodes_.size(); }
  static model::NodeId id(size_t i) { return model::NodeId(i + 1); }

  // Which node leads the first partition of the first table, as node `asked` sees it; none: nobody.
  std::optional<size_t> first_leader(size_t asked) {
    const std::string status = nodes_[asked].node->status_json();
    size_t at = status.find("\"partitions\":[");
    if (at == std::string::npos) return std::nullopt;
    at = status.find("\"leader\":", at);
    if (at == std::string::npos || status[at + 9] == 'n') return std::nullopt;
    return static_cast<size_t>(status[at + 9] - '1');
  }

 private:
  struct One {
    std::unique_ptr<storage::FileSystem> files;
    std::unique_ptr<monitoring::Metrics> metrics = std::make_unique<monitoring::Metrics>("test");
    std::unique_ptr<actors::Node> node;
    uint16_t port = 0;
  };
  // Tools are talked to by nobody.
  class Nobody final : public net::LinkHandler {
    std::optional<std::string> refuse(const net::LinkIdentity&) override { return std::nullopt; }
    void peer_up(const net::LinkIdentity&) override {}
    void peer_lost(model::NodeId) override {}
    void message(const net::LinkIdentity&, uint16_t, net::LinkBody) override {}
    void request(const net::LinkIdentity&, uint16_t, net::LinkBody, std::chrono::steady_clock::time_point,
                 net::Reply) override {}
    void drained(model::NodeId, net::LinkClass) override {}
  };

  static uint16_t free_port() {
    Nobody nobody;
    auto link = net::Link::start({}, net::LinkIdentity{}, nobody);
    return link.ok() ? (*link)->port() : 0;
  }
  static std::string ask(net::Link& link, uint16_t port, uint16_t kind, std::string body) {
    std::promise<std::string> promise;
    auto future = promise.get_future();
    link.call_address({"127.0.0.1", port}, kind, std::move(body), std::chrono::seconds(10),
                      [&](model::Result<net::LinkBody, net::CallError> answer) {
                        promise.set_value(answer.ok() ? **answer : std::string());
                      });
    return future.get();
  }

  std::vector<One> nodes_;
};

}  // namespace stator::tests
