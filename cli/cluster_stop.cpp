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
  for (const unsigned node : nodes) text += (text.empty() ? "node " : ", node ") + std::to_string(node);
  return text;
}

}  // namespace

std::set<unsigned> all_nodes(const ClusterState& state) {
  std::set<unsigned> all;
  for (const ClusterNode& node : state.nodes) all.insert(node.id);
  return all;
}

Stopped stop_nodes(const ClusterState& state, const std::set<unsigned>& nodes, Hurry hurry) {
  Stopped result;
  std::set<unsigned>& up = result.left;
  up = running(state, nodes);
  result.ran = up.size();
  const auto send = [&](int number) {
    for (const unsigned id : up) send_signal(state.find(id)->process, number);
  };
  send(SIGTERM);
  send(SIGCONT);  // a paused process hears SIGTERM only when it goes on
  auto deadline = Clock::now() + kStopPatience;
  bool killed = false;
  while (!up.empty()) {
    const bool late = Clock::now() >= deadline;
    if (killed && late) {
      say(list(up) + " did not end by SIGKILL: the system holds it, look at its disk");
      break;
    }
    const bool in_a_hurry = hurry == Hurry::kOnSignal && stop_signal_came(std::chrono::milliseconds(0));
    if (!killed && (late || in_a_hurry)) {
      say(list(up) + (in_a_hurry ? " ended at once"
                                 : " did not end within " + std::to_string(kStopPatience.count() / 1000) +
                                       " s of SIGTERM, and is ended by SIGKILL"));
      send(SIGKILL);
      killed = true;
      deadline = Clock::now() + kKillPatience;
    }
    std::this_thread::sleep_for(kPoll);
    up = running(state, up);
  }
  return result;
}

}  // namespace stator::cli
