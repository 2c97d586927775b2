// Starts nodes of a local cluster as processes, and waits until they serve.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "cli/cluster_folder.h"
#include "cli/launcher.h"

namespace stator::cli {

inline constexpr std::chrono::milliseconds kReadyPatience{30'000};

// The words after the binary's name. `data_dir`: of the node. A cluster of one is a plain `serve`. Pure.
std::vector<std::string> node_arguments(const ClusterState& state, const ClusterNode& node,
                                        const std::string& data_dir);

// Chooses ports for `nodes` (those of them that do not run), starts them one after the other and writes down
// each at once. Requires the lock, and that they do not run.
model::Result<void, std::string> launch(ClusterFolder& folder, ClusterState& state,
                                        const std::set<unsigned>& nodes, uint16_t first_port);

struct Readiness {
  std::set<unsigned> ready;    // /readyz said 200
  std::set<unsigned> died;     // ended while they were waited for; told on stderr, with the end of the log
  std::string init_refusal;    // not empty: they cannot be made one cluster
  std::string init_waits_for;  // the last attempt's text, while it was not done
  bool interrupted = false;    // by Ctrl-C
};

// Waits until each of `nodes` is ready or has died, for up to `patience`, but no longer once so many have
// died that no majority is left; tells on stderr as they get ready. `initialise`: makes one cluster of all
// nodes meanwhile, where they are none yet; requires a cluster of several. Requires block_stop_signals()
// before.
Readiness await_ready(const Launcher& launcher, const ClusterFolder& folder, const ClusterState& state,
                      const std::set<unsigned>& nodes, bool initialise, std::chrono::milliseconds patience);

// Whether /readyz says 200.
bool is_ready(const ClusterNode& node);

}  // namespace stator::cli
