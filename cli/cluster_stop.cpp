// SIGTERM, patience, SIGKILL.
#include "cli/cluster_stop.h"

#include <signal.h>

#include <thread>

#include "cli/launcher.h"

namespace stator::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPoll = std::chrono::milliseconds(10);

std::set<unsigned> running(const ClusterState& state, const std::set<unsigned>& nodes) {
  std::set<unsigned> up;
  for (const ClusterNode& node : state.nodes) {
    if (nodes.contains(node.id) && process_state(node.process) != ProcessState::kDown) up.insert(node.id);
  }
  return up;
}

std::string list(const std::set<unsigned>& nodes) {
  std::string text;
  for (const unsigned node : nodes) text += (text.empty() ? "" : ", ") + std::to_string(node);
  return text;
}

}  // namespace

std::set<unsigned> all_nodes(const ClusterState& state) {
  std::set<unsigned> all;
  for (const ClusterNode& node : state.nodes) all.insert(node.id);
  return all;
}

size_t stop_nodes(const ClusterState& state, const std::set<unsigned>& nodes, Hurry hurry) {
  std::set<unsigned> up = running(state, nodes);
  const size_t ran = up.size();
  const auto send = [&](int number) {
    for (const unsigned id : up) send_signal(state.nodes[id - 1].process, number);
  };
  send(SIGTERM);
  send(SIGCONT);  // a paused process hears SIGTERM only when it goes on
  const auto deadline = Clock::now() + kStopPatience;
  bool killed = false;
  while (!up.empty()) {
    const bool in_a_hurry = hurry == Hurry::kOnSignal && stop_signal_came(std::chrono::milliseconds(0));
    if (!killed && (in_a_hurry || Clock::now() >= deadline)) {
      say((up.size() == 1 ? "node " : "nodes ") + list(up) +
          (in_a_hurry ? ": ended at once"
                      : ": no end within " + std::to_string(kStopPatience.count() / 1000) +
                            " s of SIGTERM, ended by SIGKILL"));
      send(SIGKILL);
      killed = true;
    }
    std::this_thread::sleep_for(kPoll);
    up = running(state, up);
  }
  return ran;
}

}  // namespace stator::cli
