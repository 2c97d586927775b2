// `stator cluster ...`: the command line of the launcher to one plain struct. Pure; errors are one line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/config.h"
#include "net/link_identity.h"

namespace stator::cli {

inline constexpr unsigned kClusterNodesMax = 9;  // at a time
inline constexpr unsigned kClusterNodeIdMax = kNodeIdMax;
inline constexpr unsigned kClusterNodesDefault = 3;
inline constexpr unsigned kClusterZonesDefault = 3;
inline constexpr unsigned kLogLinesDefault = 100;
inline constexpr unsigned kLogLinesMax = 100'000;
inline constexpr unsigned kDrillRoundsDefault = 5;
inline constexpr unsigned kDrillRoundsMax = 1'000;
inline constexpr unsigned kDrillRateDefault = 200;
inline constexpr unsigned kDrillRateMax = 2'000;
inline constexpr char kClusterFolderDefault[] = "./stator-data";

enum class ClusterVerb : uint8_t {
  kStart,
  kStatus,
  kKill,
  kPause,
  kResume,
  kRestart,
  kLogs,
  kStop,
  kPurge,
  kInit,
  kDrill,
  kAdd,
  kDecommission,
  kRollingRestart,
  kFinalizeVersion,
};

struct ClusterCommand {
  ClusterVerb verb = ClusterVerb::kStatus;
  std::string data_dir = kClusterFolderDefault;
  bool json = false;  // start, status: one object on stdout, all else on stderr
  // start: what is not given is as the folder has it, else the default.
  std::optional<unsigned> node_count;  // 1 or 3 to kClusterNodesMax
  std::optional<unsigned> zone_count;  // 1 to the number of nodes
  std::optional<unsigned> partitions_per_table;
  std::optional<bool> throttling;
  std::optional<uint16_t> port;  // of the first node's clients
  bool foreground = false;
  std::string zone;  // add; empty: the one with the fewest nodes
  // kill, pause, resume, restart: at least one; logs, decommission: exactly one.
  std::vector<unsigned> nodes;
  bool follow = false;  // logs
  unsigned lines = kLogLinesDefault;
  unsigned rounds = kDrillRoundsDefault;  // drill: 1 to kDrillRoundsMax
  unsigned rate = kDrillRateDefault;      // drill: writes a second, 1 to kDrillRateMax
  // init: 1 or at least 3, each once; decommission, finalize-version: of a cluster that was started by hand, whom to ask.
  std::vector<net::LinkAddress> peers;
};

// `arguments` after the word `cluster`. `program`: what a user writes to run this binary, for help.
model::Result<ClusterCommand, Message> read_cluster_command(const std::vector<std::string>& arguments,
                                                            std::string_view program);

}  // namespace stator::cli
