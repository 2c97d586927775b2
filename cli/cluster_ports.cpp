// Three ports a node.
#include "cli/cluster_ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

#include "cli/cluster_options.h"
#include "model/assert.h"

namespace stator::cli {
namespace {

// Client ports of one node stay below the admin ports of another's tries.
constexpr unsigned kPortsTried = 100;
constexpr uint16_t kPortOfAdminUi = 8001;  // dynamodb-admin's: not to be taken

struct Taken {
  const PortIsFree& is_free;
  std::set<uint16_t> ours;

  bool usable(unsigned port) const {
    return port >= 1 && port <= 65535 && !ours.contains(static_cast<uint16_t>(port)) &&
           is_free(static_cast<uint16_t>(port));
  }
  bool usable(const ClusterNode& node) const {
    return usable(node.port) && usable(node.admin_port) && usable(node.link_port);
  }
  void take(const ClusterNode& node) { ours.insert({node.port, node.admin_port, node.link_port}); }
};

void set_ports(ClusterNode& node, unsigned port) {
  node.port = static_cast<uint16_t>(port);
  node.admin_port = static_cast<uint16_t>(port + kAdminPortOffset);
  node.link_port = static_cast<uint16_t>(port + kLinkPortOffset);
}

}  // namespace

bool port_is_free(uint16_t port) {
  const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) return false;
  const int on = 1;  // as the servers do: connections of an earlier process that linger do not count
  setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, kClusterHost, &address.sin_addr);
  const bool free = bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                    listen(socket_fd, 1) == 0;
  close(socket_fd);
  return free;
}

model::Result<void, std::string> choose_ports(ClusterState& state, const std::vector<bool>& runs,
                                              uint16_t first_port, const PortIsFree& is_free) {
  STATOR_ASSERT(runs.size() == state.nodes.size(), "each node runs or does not");
  Taken taken{is_free, {}};
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i]) taken.take(state.nodes[i]);
  }
  // Those that may keep theirs come before those that look for new ones.
  std::vector<bool> settled = runs;
  for (size_t i = 0; i < runs.size(); ++i) {
    ClusterNode& node = state.nodes[i];
    if (settled[i] || node.port == 0 || !taken.usable(node)) continue;
    taken.take(node);
    settled[i] = true;
  }
  for (size_t i = 0; i < runs.size(); ++i) {
    if (settled[i]) continue;
    ClusterNode& node = state.nodes[i];
    // Nodes that were added later have higher numbers, and share the ranges of others.
    const unsigned first = first_port + (node.id - 1) % kClusterNodesMax * kPortsBetweenNodes;
    unsigned port = first;
    for (; port < first + kPortsTried; ++port) {
      if (port == kPortOfAdminUi || port + kLinkPortOffset > 65535) continue;
      set_ports(node, port);
      if (taken.usable(node)) break;
    }
    if (port == first + kPortsTried) {
      node.port = node.admin_port = node.link_port = 0;
      return model::Failure("node " + std::to_string(node.id) +
                            " finds no three free ports at P, P + 100 and P + 200 with P from " +
                            std::to_string(first) + " to " + std::to_string(port - 1) +
                            ": choose another beginning with --port");
    }
    taken.take(node);
  }
  return {};
}

}  // namespace stator::cli
