// `stator cluster`: a verb, its command; and the two that are short.
#include "cli/cluster_commands.h"

#include <cstdio>
#include <thread>

#include "cli/cluster_init.h"
#include "cli/link_init_transport.h"
#include "cli/node_log.h"

namespace stator::cli {
namespace {

constexpr auto kInitPatience = std::chrono::milliseconds(15'000);
constexpr auto kInitRetry = std::chrono::milliseconds(100);
constexpr auto kInitCallTimeout = std::chrono::milliseconds(2'000);

}  // namespace

int run(const ClusterCommand& command, const Launcher& launcher) {
  switch (command.verb) {
    case ClusterVerb::kStart:
      return start_cluster(command, launcher);
    case ClusterVerb::kStatus:
      return show_status(command);
    case ClusterVerb::kKill:
      return kill_nodes(command);
    case ClusterVerb::kPause:
      return pause_nodes(command);
    case ClusterVerb::kResume:
      return resume_nodes(command);
    case ClusterVerb::kRestart:
      return restart_nodes(command, launcher);
    case ClusterVerb::kLogs:
      return show_log(command);
    case ClusterVerb::kStop:
      return stop_cluster(command);
    case ClusterVerb::kPurge:
      return purge_cluster(command);
    case ClusterVerb::kInit:
      return initialise(command, launcher);
    case ClusterVerb::kDrill:
      return drill(command, launcher);
    case ClusterVerb::kAdd:
      return add_node(command, launcher);
    case ClusterVerb::kDecommission:
      return decommission_node(command, launcher);
    case ClusterVerb::kRollingRestart:
      return rolling_restart(command, launcher);
    case ClusterVerb::kFinalizeVersion:
      return finalize_version(command, launcher);
  }
  return 1;
}

int show_log(const ClusterCommand& command) {
  const ClusterFolder folder(command.data_dir);
  auto state = folder.load();
  if (!state) return fail(state.error());
  const auto node = find_node(*state, command.nodes.front(), folder);
  if (!node) return fail(node.error());
  const std::string path = folder.log_path((*node)->id);
  const LogEnd end = last_lines(path, command.lines);
  std::fputs(end.text.c_str(), stdout);
  std::fflush(stdout);
  if (command.follow) follow(path, end.until, [] { return false; });
  return 0;
}

int initialise(const ClusterCommand& command, const Launcher& launcher) {
  auto transport = LinkInitTransport::start(kInitCallTimeout, launcher.version);
  if (!transport) return fail(transport.error());
  const cluster::ClusterId id = new_cluster_id();  // one for all attempts
  const auto deadline = std::chrono::steady_clock::now() + kInitPatience;
  while (true) {
    const InitOutcome outcome = attempt_init(**transport, command.peers, id);
    switch (outcome.kind) {
      case InitOutcome::Kind::kInitialised:
      case InitOutcome::Kind::kAlready:
        std::printf("%s\n", outcome.text.c_str());
        return 0;
      case InitOutcome::Kind::kRefused:
        return fail(outcome.text);
      case InitOutcome::Kind::kAgain:
        break;
    }
    if (std::chrono::steady_clock::now() >= deadline) return fail("not initialised: " + outcome.text);
    std::this_thread::sleep_for(kInitRetry);
  }
}

}  // namespace stator::cli
