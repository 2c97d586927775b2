// Ends nodes of a local cluster: asks them, waits, and ends them at once where they do not.
#pragma once

#include <chrono>
#include <set>

#include "cli/cluster_folder.h"

namespace stator::cli {

inline constexpr std::chrono::milliseconds kStopPatience{15'000};

enum class Hurry : uint8_t {
  kNo,
  kOnSignal,  // a SIGINT, SIGTERM or SIGHUP meanwhile ends them at once; requires block_stop_signals() before
};

// SIGTERM to all of `nodes` that run, paused ones too, in parallel; SIGKILL, said on stderr, to those that
// have not ended after kStopPatience. Returns how many ran.
size_t stop_nodes(const ClusterState& state, const std::set<unsigned>& nodes, Hurry hurry);

std::set<unsigned> all_nodes(const ClusterState& state);

}  // namespace stator::cli
