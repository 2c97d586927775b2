// `stator cluster add`, `decommission`, `rolling-restart` and `finalize-version`: a cluster that changes while it serves.
#include <algorithm>
#include <cstdio>
#include <map>

#include "cli/cluster_administer.h"
#include "cli/cluster_commands.h"
#include "cli/cluster_launch.h"
#include "cli/cluster_status.h"
#include "cli/cluster_stop.h"

namespace stator::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kHealthPatience = std::chrono::minutes(10);
constexpr auto kHealthPoll = std::chrono::milliseconds(100);

std::string name_of(unsigned node) { return "node " + std::to_string(node); }

std::string seconds_since(Clock::time_point begin) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", std::chrono::duration<double>(Clock::now() - begin).count());
  return text;
}

// A cluster of several in the command's folder; the error is one line.
model::Result<ClusterState, std::string> load_cluster(const ClusterFolder& folder) {
  auto state = folder.load();
  if (!state) return state;
  if (state->nodes.size() == 1) {
    return model::Failure(folder.path() + " holds a cluster of one, which is a single process and takes no other in: "
                                          "start one with --nodes 3 in another folder");
  }
  return state;
}

// The zone that has the fewest nodes.
std::string emptiest_zone(const ClusterState& state) {
  std::map<std::string, size_t> nodes;
  for (const ClusterNode& node : state.nodes) ++nodes[node.zone];
  return std::min_element(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

// The links of nodes that run, `last` at the end.
std::vector<net::LinkAddress> links(const ClusterState& state, unsigned last) {
  std::vector<net::LinkAddress> peers;
  for (const bool others : {true, false}) {
    for (const ClusterNode& node : state.nodes) {
      if ((node.id != last) == others && process_state(node.process) == ProcessState::kUp)
        peers.push_back({kClusterHost, node.link_port});
    }
  }
  return peers;
}

// Where to send what concerns the whole cluster: what the command names, else the folder's nodes.
model::Result<std::vector<net::LinkAddress>, std::string> whom_to_ask(const ClusterCommand& command, unsigned last) {
  if (!command.peers.empty()) return command.peers;
  const ClusterFolder folder(command.data_dir);
  auto state = load_cluster(folder);
  if (!state) return model::Failure(state.error());
  if (last != 0) {
    if (auto node = find_node(*state, last, folder); !node) return model::Failure(node.error());
  }
  std::vector<net::LinkAddress> peers = links(*state, last);
  if (peers.empty()) return model::Failure("no node of " + folder.path() + " runs: start them first");
  return peers;
}

// Waits until all is well; tells what it waits for. False: it did not get so, or was interrupted.
bool await_health(const ClusterFolder& folder, const ClusterState& state, bool& interrupted) {
  const auto deadline = Clock::now() + kHealthPatience;
  std::string told;
  while (true) {
    const std::string missing = what_is_missing(gather(folder, state));
    if (missing.empty()) return true;
    if (missing != told) say("waiting: " + missing);
    told = missing;
    if (Clock::now() > deadline) return false;
    if (stop_signal_came(kHealthPoll)) {
      interrupted = true;
      return false;
    }
  }
}

// The process is stopped, and the folder's list goes on without it.
int forget_node(const ClusterCommand& command, unsigned id) {
  ClusterFolder folder(command.data_dir);
  const auto lock = folder.lock(kLockPatience);
  if (!lock) return fail(lock.error());
  auto state = folder.load();
  if (!state) return fail(state.error());
  if (state->find(id) == nullptr) return 0;
  if (!stop_nodes(*state, {id}, Hurry::kNo).left.empty()) return fail(name_of(id) + " is out, and did not end");
  std::erase_if(state->nodes, [&](const ClusterNode& node) { return node.id == id; });
  if (auto done = folder.save(*state); !done) return fail(done.error());
  say(name_of(id) + " is stopped; its files in " + folder.node_path(id) + " are not needed any more");
  return 0;
}

}  // namespace

int add_node(const ClusterCommand& command, const Launcher& launcher) {
  block_stop_signals();
  ClusterFolder folder(command.data_dir);
  if (!folder.holds_a_cluster()) return fail(folder.load().error());
  auto lock = folder.lock(kLockPatience);
  if (!lock) return fail(lock.error());
  auto state = load_cluster(folder);
  if (!state) return fail(state.error());
  if (state->nodes.size() >= kClusterNodesMax)
    return fail("there are " + std::to_string(kClusterNodesMax) + " nodes already, as many as this command starts");
  if (state->next_node > kClusterNodeIdMax) return fail("the numbers of nodes are used up in " + folder.path());
  if (links(*state, 0).size() < state->majority()) return fail("a majority has to run: start the nodes first");
  ClusterNode node;
  node.id = state->next_node++;
  node.zone = command.zone.empty() ? emptiest_zone(*state) : command.zone;
  state->nodes.push_back(node);
  const uint16_t first_port = state->nodes.front().port != 0 ? state->nodes.front().port : kDefaultPort;
  if (auto done = launch(folder, *state, {node.id}, first_port); !done) return fail(done.error());
  const Readiness readiness = await_ready(launcher, folder, *state, {node.id}, false, kReadyPatience);
  if (readiness.interrupted) return kInterrupted;
  if (!readiness.ready.contains(node.id)) {
    return fail(name_of(node.id) + " did not get ready; its last lines:\n" + log_excerpt(folder, node.id) +
                "\n  take it back with: " +
                command_line(launcher, "decommission " + std::to_string(node.id), folder.path()));
  }
  const ClusterNode& added = *state->find(node.id);
  std::printf("node %u in zone %s serves at %s; replicas move to it, as `%s` shows\n", added.id, added.zone.c_str(),
              added.endpoint().c_str(), command_line(launcher, "status", folder.path()).c_str());
  return 0;
}

int decommission_node(const ClusterCommand& command, const Launcher& launcher) {
  block_stop_signals();
  const unsigned id = command.nodes.front();
  const auto peers = whom_to_ask(command, id);
  if (!peers) return fail(peers.error());
  const int code = administer(launcher, *peers, {cluster::AdministerVerb::kDecommission, model::NodeId(id)});
  if (code != 0) return code;
  return command.peers.empty() ? forget_node(command, id) : 0;
}

int finalize_version(const ClusterCommand& command, const Launcher& launcher) {
  block_stop_signals();
  const auto peers = whom_to_ask(command, 0);
  if (!peers) return fail(peers.error());
  return administer(launcher, *peers, {cluster::AdministerVerb::kFinalizeVersion, {}});
}

int rolling_restart(const ClusterCommand& command, const Launcher& launcher) {
  block_stop_signals();
  ClusterFolder folder(command.data_dir);
  if (!folder.holds_a_cluster()) return fail(folder.load().error());
  const auto lock = folder.lock(kLockPatience);
  if (!lock) return fail(lock.error());
  auto state = load_cluster(folder);
  if (!state) return fail(state.error());
  for (const ClusterNode& node : state->nodes) {
    if (process_state(node.process) != ProcessState::kUp)
      return fail(name_of(node.id) + " does not run: the loss of another would be one too many; start it first");
  }
  state->version = launcher.version;
  const auto begin = Clock::now();
  bool interrupted = false;
  for (size_t i = 0; i < state->nodes.size(); ++i) {
    if (!await_health(folder, *state, interrupted)) break;
    const unsigned id = state->nodes[i].id;
    const auto began = Clock::now();
    say(name_of(id) + " hands over and is restarted (" + std::to_string(i + 1) + " of " +
        std::to_string(state->nodes.size()) + ")");
    if (!stop_nodes(*state, {id}, Hurry::kNo).left.empty()) return fail(name_of(id) + " did not end: stopped here");
    if (auto done = launch(folder, *state, {id}, state->nodes.front().port); !done) return fail(done.error());
    const Readiness readiness = await_ready(launcher, folder, *state, {id}, false, kReadyPatience);
    if (!readiness.ready.contains(id)) {
      interrupted |= readiness.interrupted;
      if (interrupted) break;
      return fail(name_of(id) + " did not get ready, and the others are left as they are; its last lines:\n" +
                  log_excerpt(folder, id));
    }
    say(name_of(id) + " serves again after " + seconds_since(began));
  }
  if (!interrupted && await_health(folder, *state, interrupted)) {
    std::printf("%zu nodes restarted in %s\n", state->nodes.size(), seconds_since(begin).c_str());
    return 0;
  }
  if (!interrupted) return fail("the cluster did not get healthy; the nodes that follow were not restarted");
  say("interrupted: the nodes that follow were not restarted");
  return kInterrupted;
}

}  // namespace stator::cli
