// Which ports the nodes of a local cluster listen on: client P, admin P + 100, link P + 200, with P 8000,
// 9000, ... for nodes 1, 2, ... (10 as 1, and so on); where one of a node's three is taken, the next P. Pure but for
// port_is_free().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "cli/cluster_state.h"

namespace stator::cli {

inline constexpr unsigned kPortsBetweenNodes = 1'000;
inline constexpr unsigned kAdminPortOffset = 100;
inline constexpr unsigned kLinkPortOffset = 200;

using PortIsFree = std::function<bool(uint16_t)>;

// Whether a process could listen there now. Another may take it before we do: the node then says so and ends.
bool port_is_free(uint16_t port);

// Gives each of `nodes` that does not run three free ports: those that it had, where they are still free,
// else new ones from `first_port` on. `runs[i]`: node i + 1 keeps what it has. Never gives a port twice. The
// error names the ports that were tried.
model::Result<void, std::string> choose_ports(ClusterState& state, const std::vector<bool>& runs,
                                              uint16_t first_port, const PortIsFree& is_free);

}  // namespace stator::cli
