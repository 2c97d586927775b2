// `stator cluster start`: from a folder, new or not, to a cluster that serves.
#include <cstdio>
#include <filesystem>

#include "cli/cluster_commands.h"
#include "cli/cluster_launch.h"
#include "cli/cluster_status.h"
#include "cli/cluster_stop.h"

namespace stator::cli {
namespace {

using Clock = std::chrono::steady_clock;
template <class T>
using Result = model::Result<T, std::string>;

std::string count_of(size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

Result<ClusterState> resumed(const ClusterFolder& folder, const ClusterCommand& command) {
  auto state = folder.load();
  if (!state) return state;
  const auto differs = [&](const char* flag, unsigned asked, size_t has) {
    return model::Failure(folder.path() + " holds a cluster with --" + flag + " " + std::to_string(has) +
                          ", and " + std::to_string(asked) +
                          " is asked for: leave the flag out, or choose another folder with "
                          "--data-dir");
  };
  if (command.node_count && *command.node_count != state->nodes.size())
    return differs("nodes", *command.node_count, state->nodes.size());
  if (command.zone_count && *command.zone_count != state->zones)
    return differs("zones", *command.zone_count, state->zones);
  if (command.partitions_per_table) state->partitions_per_table = *command.partitions_per_table;
  if (command.throttling) state->throttling = *command.throttling;
  return state;
}

ClusterState fresh(const ClusterCommand& command) {
  const unsigned nodes = command.node_count.value_or(kClusterNodesDefault);
  ClusterState state = new_cluster(nodes, command.zone_count.value_or(std::min(nodes, kClusterZonesDefault)));
  state.partitions_per_table = command.partitions_per_table.value_or(0);
  state.throttling = command.throttling.value_or(false);
  return state;
}

// Says what is special about nodes that run already; returns the others.
std::set<unsigned> nodes_to_start(const ClusterState& state, const Launcher& launcher,
                                  const ClusterFolder& folder) {
  std::set<unsigned> down;
  for (const ClusterNode& node : state.nodes) {
    const std::string name = "node " + std::to_string(node.id);
    switch (process_state(node.process)) {
      case ProcessState::kDown:
        down.insert(node.id);
        break;
      case ProcessState::kPaused:
        say(name + " is paused; `" +
            command_line(launcher, "resume " + std::to_string(node.id), folder.path()) + "` lets it go on");
        break;
      case ProcessState::kUp:
        say(name + " runs already (pid " + std::to_string(node.process.pid) + ")");
        break;
    }
  }
  return down;
}

struct Started {
  ClusterState state;
  std::set<unsigned> nodes;  // those that this command started
};

Result<Started> start_processes(ClusterFolder& folder, const ClusterCommand& command,
                                const Launcher& launcher) {
  if (auto done = folder.create(); !done) return model::Failure(done.error());
  const auto lock = folder.lock(kLockPatience);
  if (!lock) return model::Failure(lock.error());
  Started started;
  if (folder.holds_a_cluster()) {
    auto state = resumed(folder, command);
    if (!state) return model::Failure(state.error());
    started.state = std::move(*state);
  } else {
    started.state = fresh(command);
  }
  ClusterState& state = started.state;
  state.version = launcher.version;
  started.nodes = nodes_to_start(state, launcher, folder);
  if (command.port && state.nodes.front().port != *command.port) {
    if (started.nodes.size() < state.nodes.size()) {
      return model::Failure(folder.path() + " has nodes that run on other ports: stop them first (`" +
                            command_line(launcher, "stop", folder.path()) + "`), or leave --port out");
    }
    for (ClusterNode& node : state.nodes) node.port = node.admin_port = node.link_port = 0;
  }
  if (auto done = launch(folder, state, started.nodes, command.port.value_or(kDefaultPort)); !done) {
    stop_nodes(state, started.nodes, Hurry::kOnSignal);
    return model::Failure(done.error());
  }
  return started;
}

// Waited for: all that run, as those that ran before may only get ready with the others' help.
std::set<unsigned> nodes_up(const ClusterState& state) {
  std::set<unsigned> up;
  for (const ClusterNode& node : state.nodes) {
    if (process_state(node.process) != ProcessState::kPaused) up.insert(node.id);
  }
  return up;
}

std::string banner(const ClusterState& state, const Readiness& readiness, const ClusterFolder& folder,
                   const Launcher& launcher, bool foreground) {
  const std::string endpoint = state.find(*readiness.ready.begin())->endpoint();
  std::string text = "\nStator " + launcher.version + ": " + count_of(readiness.ready.size(), "node") +
                     (readiness.ready.size() == 1 ? " serves" : " serve") + " the DynamoDB API\n\n";
  for (const ClusterNode& node : state.nodes) {
    text += "  node " + std::to_string(node.id) + "  zone " + node.zone + "  endpoint " + node.endpoint() +
            "  metrics " + node.admin() + "/metrics  pid " + std::to_string(node.process.pid) +
            (readiness.ready.contains(node.id) ? "\n" : "  (not ready)\n");
  }
  text += "\n  export AWS_ENDPOINT_URL_DYNAMODB=" + endpoint +
          "\n  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_REGION=us-east-1 "
          "AWS_DEFAULT_REGION=us-east-1\n\n  " +
          command_line(launcher, "status", folder.path()) + "\n  " +
          command_line(launcher, "kill 1", folder.path()) + "\n  " +
          command_line(launcher, "restart 1", folder.path()) +
          "\n  prometheus --config.file=" + shell_quoted(folder.prometheus_path()) +
          " --storage.tsdb.path=" + shell_quoted(folder.prometheus_data_path()) + "\n\n";
  return text + (foreground ? std::string("Ctrl-C stops them.\n")
                            : command_line(launcher, "stop", folder.path()) + " stops them.\n");
}

// Tells why there is no quorum, node by node, and takes back what this command started.
int give_up(const ClusterFolder& folder, const Started& started, const Readiness& readiness) {
  if (readiness.interrupted) {
    say("interrupted: what was started is stopped");
    stop_nodes(started.state, started.nodes, Hurry::kOnSignal);
    return kInterrupted;
  }
  for (const ClusterNode& node : started.state.nodes) {
    if (readiness.ready.contains(node.id) || readiness.died.contains(node.id)) continue;
    say("node " + std::to_string(node.id) + " (pid " + std::to_string(node.process.pid) +
        ") runs and is not ready; its last lines:\n" + log_excerpt(folder, node.id));
  }
  std::string why = "no quorum formed: " + std::to_string(readiness.ready.size()) + " of " +
                    count_of(started.state.nodes.size(), "node") + " got ready, and " +
                    std::to_string(started.state.majority()) + " are needed";
  if (started.state.nodes.size() == 1) why = "the node did not get ready";
  if (!readiness.init_waits_for.empty()) why += "; " + readiness.init_waits_for;
  if (!readiness.init_refusal.empty()) why = readiness.init_refusal;
  stop_nodes(started.state, started.nodes, Hurry::kOnSignal);
  return fail(why + "; what was started is stopped again, the logs are in " + folder.path() +
              "/node-*/stator.log");
}

}  // namespace

int start_cluster(const ClusterCommand& command, const Launcher& launcher) {
  block_stop_signals();
  const auto begin = Clock::now();
  ClusterFolder folder(command.data_dir);
  auto started = start_processes(folder, command, launcher);
  if (!started) return fail(started.error());
  const ClusterState& state = started->state;
  const Readiness readiness =
      await_ready(launcher, folder, state, nodes_up(state), state.nodes.size() > 1, kReadyPatience);
  if (readiness.interrupted || readiness.ready.size() < state.majority())
    return give_up(folder, *started, readiness);
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f", std::chrono::duration<double>(Clock::now() - begin).count());
  say("serving " + std::string(seconds) + " s after the start");
  const std::string text = banner(state, readiness, folder, launcher, command.foreground);
  if (command.json) {
    std::fputs(text.c_str(), stderr);
    std::fputs(to_json(gather(folder, state)).c_str(), stdout);
  } else {
    std::fputs(text.c_str(), stdout);
  }
  std::fflush(stdout);
  if (command.foreground) return watch_nodes(folder, launcher);
  return readiness.died.empty() ? 0
                                : fail("the others serve, but not each node could be started (see above)");
}

}  // namespace stator::cli
