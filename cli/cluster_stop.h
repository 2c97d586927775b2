// Ends nodes of a local cluster: asks them, waits, and ends them at once where they do not.
#pragma once

#include <chrono>
#include <set>

#include "cli/cluster_folder.h"

namespace stator::cli {

inline constexpr std::chrono::milliseconds kStopPatience{15'000};
inline constexpr std::chrono::milliseconds kKillPatience{
    5'000};  // a process that writes to a disk that hangs, say

enum class Hurry : uint8_t {
  kNo,
  kOnSignal,  // a SIGINT, SIGTERM or SIGHUP meanwhile ends them at once; requires block_stop_signals() before
};

struct Stopped {
  size_t ran = 0;           // of those that were to be stopped
  std::set<unsigned> left;  // did not even end by SIGKILL: told on stderr
};
// SIGTERM to all of `nodes` that run, paused ones too, in parallel; SIGKILL, said on stderr, to those that
// have not ended after kStopPatience.
Stopped stop_nodes(const ClusterState& state, const std::set<unsigned>& nodes, Hurry hurry);

std::set<unsigned> all_nodes(const ClusterState& state);

}  // namespace stator::cli
