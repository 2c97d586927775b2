// Goal: nodes become one cluster once, whatever happened on the way; what would make two of one, or one of
// two, is refused in words.
#include "cli/cluster_init.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace stator::cli {
namespace {

using cluster::BootstrapRequest;
using cluster::ClusterId;
using cluster::IdentifyReply;
using testing::AllOf;
using testing::HasSubstr;
using Kind = InitOutcome::Kind;

ClusterId id_of(uint8_t byte) {
  ClusterId id;
  id.fill(byte);
  return id;
}

// Nodes that keep the first bootstrap they get, and may be away or fail.
class Nodes : public InitTransport {
 public:
  struct One {
    IdentifyReply reply;
    bool away = false;
    bool loses_bootstrap = false;  // takes no answer, and nothing is done
    bool loses_answer = false;     // it is done, and nobody hears of it
    std::string refuses;
    size_t bootstraps = 0;
  };

  void add(uint16_t port, uint64_t node, uint8_t incarnation) {
    One one;
    one.reply.self.node = model::NodeId(node);
    one.reply.self.incarnation.fill(incarnation);
    one.reply.self.link = "h:" + std::to_string(port);
    nodes[port] = one;
  }
  model::Result<IdentifyReply, std::string> identify(const net::LinkAddress& peer) override {
    if (nodes[peer.port].away) return model::Failure(std::string("no connection"));
    return nodes[peer.port].reply;
  }
  model::Result<cluster::BootstrapReply, std::string> bootstrap(const net::LinkAddress& peer,
                                                                const BootstrapRequest& bootstrap) override {
    One& one = nodes[peer.port];
    if (one.loses_bootstrap) return model::Failure(std::string("no answer in time"));
    if (!one.refuses.empty()) return cluster::BootstrapReply{false, one.refuses};
    ++one.bootstraps;
    one.reply.cluster_id = bootstrap.cluster_id;
    one.reply.members = bootstrap.members;
    if (one.loses_answer) return model::Failure(std::string("the connection ended"));
    return cluster::BootstrapReply{true, ""};
  }

  std::map<uint16_t, One> nodes;
};

class ClusterInit : public testing::Test {
 protected:
  ClusterInit() {
    for (const uint16_t node : {3, 1, 2}) {
      nodes_.add(node, node, static_cast<uint8_t>(node * 16));
      peers_.push_back({"h", node});
    }
  }
  InitOutcome attempt(uint8_t id) { return attempt_init(nodes_, peers_, id_of(id)); }
  Nodes::One& node(uint16_t port) { return nodes_.nodes[port]; }

  Nodes nodes_;
  std::vector<net::LinkAddress> peers_;
};

TEST_F(ClusterInit, AllGetTheSameOnce) {
  const InitOutcome outcome = attempt(7);
  EXPECT_EQ(outcome.kind, Kind::kInitialised) << outcome.text;
  EXPECT_EQ(outcome.cluster_id, id_of(7));
  for (const uint16_t port : {1, 2, 3}) {
    EXPECT_EQ(node(port).reply.cluster_id, id_of(7));
    ASSERT_EQ(node(port).reply.members.size(), 3u);
    for (uint64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(node(port).reply.members[i].node, model::NodeId(i + 1));
      EXPECT_EQ(node(port).reply.members[i].metadata_replica, model::ReplicaId(i + 1));
      EXPECT_EQ(node(port).reply.members[i].link, "h:" + std::to_string(i + 1));
    }
  }
  const InitOutcome again = attempt(8);
  EXPECT_EQ(again.kind, Kind::kAlready);
  EXPECT_THAT(again.text, HasSubstr("already initialised"));
  EXPECT_EQ(again.cluster_id, id_of(7));
  EXPECT_EQ(node(1).bootstraps, 1u);
}

TEST_F(ClusterInit, OneNodeIsEnough) {
  peers_ = {{"h", 2}};
  EXPECT_EQ(attempt(7).kind, Kind::kInitialised);
  EXPECT_EQ(node(2).reply.members.size(), 1u);
}

// Whoever is away may hold the data.
TEST_F(ClusterInit, NothingHappensUntilAllAnswer) {
  node(2).away = true;
  const InitOutcome outcome = attempt(7);
  EXPECT_EQ(outcome.kind, Kind::kAgain);
  EXPECT_THAT(outcome.text, AllOf(HasSubstr("h:2"), HasSubstr("no connection")));
  EXPECT_EQ(node(3).bootstraps + node(1).bootstraps, 0u);
}

TEST_F(ClusterInit, ACrashInTheMiddleIsFinishedWithTheSameId) {
  node(1).loses_bootstrap = true;
  EXPECT_EQ(attempt(7).kind, Kind::kAgain);
  EXPECT_TRUE(node(3).reply.initialised());
  EXPECT_FALSE(node(1).reply.initialised());
  node(1).loses_bootstrap = false;
  const InitOutcome outcome = attempt(8);
  EXPECT_EQ(outcome.kind, Kind::kInitialised);
  EXPECT_EQ(outcome.cluster_id, id_of(7));
  for (const uint16_t port : {1, 2, 3}) {
    EXPECT_EQ(node(port).reply.cluster_id, id_of(7));
    EXPECT_EQ(node(port).reply.members, node(3).reply.members);
    EXPECT_EQ(node(port).bootstraps, 1u);
  }
}

TEST_F(ClusterInit, AnAnswerThatIsLostIsAskedFor) {
  node(3).loses_answer = node(2).loses_answer = true;
  const InitOutcome outcome = attempt(7);
  EXPECT_EQ(outcome.kind, Kind::kInitialised) << outcome.text;
  for (const uint16_t port : {1, 2, 3}) EXPECT_EQ(node(port).bootstraps, 1u);
}

// Its folder is another one than that which was bootstrapped: it may not be made a voter again.
TEST_F(ClusterInit, AWipedFolderIsNotBootstrappedAgain) {
  ASSERT_EQ(attempt(7).kind, Kind::kInitialised);
  nodes_.add(2, 2, 99);
  const InitOutcome outcome = attempt(8);
  EXPECT_EQ(outcome.kind, Kind::kAlready);
  EXPECT_THAT(outcome.text, AllOf(HasSubstr("node 2"), HasSubstr("joins by itself")));
  EXPECT_EQ(node(2).bootstraps, 0u);
}

TEST_F(ClusterInit, TwoClustersAreNotMadeOne) {
  node(1).reply.cluster_id = id_of(1);
  node(2).reply.cluster_id = id_of(2);
  const InitOutcome outcome = attempt(7);
  EXPECT_EQ(outcome.kind, Kind::kRefused);
  EXPECT_THAT(outcome.text,
              AllOf(HasSubstr("node 1"), HasSubstr("node 2"), HasSubstr(cluster::to_hex(id_of(1)))));
  EXPECT_EQ(node(3).bootstraps, 0u);
}

TEST_F(ClusterInit, TwoNodesOfOneNumberAreRefused) {
  node(3).reply.self.node = model::NodeId(1);
  const InitOutcome outcome = attempt(7);
  EXPECT_EQ(outcome.kind, Kind::kRefused);
  EXPECT_THAT(outcome.text, AllOf(HasSubstr("h:3"), HasSubstr("h:1"), HasSubstr("--node-id")));
}

TEST_F(ClusterInit, ARefusalIsTold) {
  node(1).refuses = "its folder belongs to another cluster";
  const InitOutcome outcome = attempt(7);
  EXPECT_EQ(outcome.kind, Kind::kRefused);
  EXPECT_THAT(outcome.text, AllOf(HasSubstr("node 1"), HasSubstr("another cluster")));
}

}  // namespace
}  // namespace stator::cli
