// What DIR/cluster.json says: the processes of a local cluster, their ports, what they were started with.
// Read by every cluster command and by test harnesses. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cluster_process.h"
#include "model/result.h"

namespace stator::cli {

inline constexpr char kClusterHost[] = "127.0.0.1";

struct ClusterNode {
  unsigned id = 0;    // from 1, never given twice: a decommissioned node leaves a gap
  std::string zone;   // "a", "b", ...
  ProcessId process;  // the last one; none before the first start
  uint16_t port = 0;  // of the DynamoDB API; 0: not chosen yet, as the other two
  uint16_t admin_port = 0;
  uint16_t link_port = 0;

  std::string endpoint() const;      // http://HOST:PORT
  std::string admin() const;         // the same of the admin port
  std::string link_address() const;  // HOST:PORT
  bool operator==(const ClusterNode&) const = default;
};

struct ClusterState {
  std::string version;  // of the launcher that wrote it
  std::string boot_id;  // of the machine when the processes were started: pids mean nothing after it
  unsigned zones = 1;
  unsigned partitions_per_table = 0;  // 0: automatic
  bool throttling = false;            // of tables that do not say it themselves
  bool stopped = false;               // by `stator cluster stop` or Ctrl-C, not by itself
  unsigned next_node = 1;             // the id of a node that is added, above all that there were
  std::vector<ClusterNode> nodes;     // by id

  // Null where there is none of that number.
  ClusterNode* find(unsigned id);
  const ClusterNode* find(unsigned id) const;

  size_t majority() const { return nodes.size() / 2 + 1; }
  bool operator==(const ClusterState&) const = default;
};

// Nodes 1 to `nodes`, spread over the zones "a", "b", ... in turn; no ports yet. Requires zones from 1 to 26.
ClusterState new_cluster(unsigned nodes, unsigned zones);

std::string encode(const ClusterState& state);
// The error is what is wrong with the text.
model::Result<ClusterState, std::string> decode_cluster_state(std::string_view text);

// DIR/targets.json: what Prometheus' file_sd reads, a target a node.
std::string scrape_targets(const ClusterState& state);

}  // namespace stator::cli
