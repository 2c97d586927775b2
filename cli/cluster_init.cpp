// Identify all, decide, bootstrap.
#include "cli/cluster_init.h"

#include <algorithm>

#include "model/assert.h"

namespace stator::cli {
namespace {

using Kind = InitOutcome::Kind;
using Peers = std::vector<net::LinkAddress>;
using Identities = std::vector<cluster::IdentifyReply>;  // in the order of the peers

std::string named(const cluster::IdentifyReply& reply, const net::LinkAddress& peer) {
  return "node " + std::to_string(reply.self.node.value) + " (" + net::to_string(peer) + ")";
}

InitOutcome refused(std::string text) { return {Kind::kRefused, std::move(text), {}}; }

std::optional<InitOutcome> check_numbers(const Identities& found, const Peers& peers) {
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i].self.node) {
      return refused(net::to_string(peers[i]) + " has no number and waits for a cluster that gives it one: give each of a "
                     "new cluster's nodes its own with --node-id, or leave it out of --peers");
    }
    for (size_t j = 0; j < i; ++j) {
      if (found[i].self.node != found[j].self.node) continue;
      return refused(net::to_string(peers[j]) + " and " + net::to_string(peers[i]) + " are both node " +
                     std::to_string(found[i].self.node.value) + ": start each with a --node-id of its own");
    }
  }
  return std::nullopt;
}

// The first peer that is in a cluster; a refusal where two are in different ones.
model::Result<const cluster::IdentifyReply*, InitOutcome> find_cluster(const Identities& found,
                                                                       const Peers& peers) {
  const cluster::IdentifyReply* first = nullptr;
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i].initialised()) continue;
    if (first == nullptr) {
      first = &found[i];
    } else if (found[i].cluster_id != first->cluster_id) {
      const size_t other = static_cast<size_t>(first - found.data());
      return model::Failure(
          refused(named(*first, peers[other]) + " is of cluster " + cluster::to_hex(first->cluster_id) +
                  " and " + named(found[i], peers[i]) + " of " + cluster::to_hex(found[i].cluster_id) +
                  ": two clusters cannot be made one; name the nodes of one, or delete the data "
                  "of the nodes that are to join it"));
    }
  }
  return first;
}

cluster::BootstrapRequest make_bootstrap(const Identities& found, const cluster::ClusterId& id) {
  cluster::BootstrapRequest bootstrap;
  bootstrap.cluster_id = id;
  for (const cluster::IdentifyReply& reply : found) {
    bootstrap.members.push_back(reply.self);
    bootstrap.members.back().metadata_replica = model::ReplicaId(reply.self.node.value);
  }
  std::sort(bootstrap.members.begin(), bootstrap.members.end(),
            [](const cluster::Member& a, const cluster::Member& b) { return a.node < b.node; });
  return bootstrap;
}

bool is_member(const cluster::Member& self, const std::vector<cluster::Member>& members) {
  return std::any_of(members.begin(), members.end(), [&](const cluster::Member& member) {
    return member.node == self.node && member.incarnation == self.incarnation;
  });
}

// Nothing where it is done. An answer may be lost although it was: a node that enters a cluster ends its
// connections.
std::optional<InitOutcome> bootstrap_one(InitTransport& transport, const net::LinkAddress& peer,
                                         const cluster::IdentifyReply& before,
                                         const cluster::BootstrapRequest& bootstrap) {
  const auto reply = transport.bootstrap(peer, bootstrap);
  if (reply && reply->done) return std::nullopt;
  if (reply) return refused(named(before, peer) + " refuses: " + reply->reason);
  const auto after = transport.identify(peer);
  if (after && after->cluster_id == bootstrap.cluster_id) return std::nullopt;
  return InitOutcome{Kind::kAgain, named(before, peer) + " did not take it (" + reply.error() + ")", {}};
}

}  // namespace

InitOutcome attempt_init(InitTransport& transport, const Peers& peers, const cluster::ClusterId& fresh_id) {
  STATOR_ASSERT(!peers.empty(), "somebody has to be asked");
  Identities found;
  for (const net::LinkAddress& peer : peers) {
    auto reply = transport.identify(peer);
    if (!reply) {
      return {Kind::kAgain,
              net::to_string(peer) + " does not answer (" + reply.error() +
                  "): start it, or leave it out of --peers",
              {}};
    }
    found.push_back(std::move(*reply));
  }
  if (auto wrong = check_numbers(found, peers)) return std::move(*wrong);
  const auto existing = find_cluster(found, peers);
  if (!existing) return existing.error();
  const cluster::BootstrapRequest bootstrap =
      *existing != nullptr ? cluster::BootstrapRequest{(*existing)->cluster_id, (*existing)->members}
                           : make_bootstrap(found, fresh_id);

  size_t bootstrapped = 0;
  std::string newcomers;
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i].initialised()) continue;
    if (!is_member(found[i].self, bootstrap.members)) {
      newcomers += "; " + named(found[i], peers[i]) + " is not of its members and joins by itself";
      continue;
    }
    if (auto wrong = bootstrap_one(transport, peers[i], found[i], bootstrap)) return std::move(*wrong);
    ++bootstrapped;
  }
  const std::string cluster = "cluster " + cluster::to_hex(bootstrap.cluster_id);
  if (bootstrapped == 0)
    return {Kind::kAlready, cluster + " is already initialised" + newcomers, bootstrap.cluster_id};
  const std::string count = std::to_string(bootstrapped) + (bootstrapped == 1 ? " node" : " nodes");
  return {Kind::kInitialised, cluster + " is initialised: " + count + newcomers, bootstrap.cluster_id};
}

}  // namespace stator::cli
