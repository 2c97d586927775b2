// `stator cluster kill`, `pause`, `resume`, `restart`, `stop` and `purge`: commands to nodes that are there.
#include <signal.h>

#include <thread>

#include "cli/cluster_commands.h"
#include "cli/cluster_launch.h"
#include "cli/cluster_stop.h"

namespace stator::cli {
namespace {

// For nodes that wait for a majority which is not there: long enough to see one end that cannot start.
constexpr auto kPatienceWithoutMajority = std::chrono::milliseconds(1'000);
constexpr auto kStateChangePoll = std::chrono::milliseconds(1);

struct Opened {
  ClusterFolder folder;
  std::unique_ptr<ClusterLock> lock;
  ClusterState state;
};

// The cluster of the command, locked; the error is one line.
model::Result<std::unique_ptr<Opened>, std::string> open(const ClusterCommand& command) {
  auto opened = std::make_unique<Opened>(Opened{ClusterFolder(command.data_dir), nullptr, {}});
  if (!opened->folder.holds_a_cluster())
    return model::Failure(opened->folder.load().error());  // leave no lock file
  auto lock = opened->folder.lock(kLockPatience);
  if (!lock) return model::Failure(lock.error());
  opened->lock = std::move(*lock);
  auto state = opened->folder.load();
  if (!state) return model::Failure(state.error());
  opened->state = std::move(*state);
  for (const unsigned id : command.nodes) {
    if (const auto node = find_node(opened->state, id, opened->folder); !node)
      return model::Failure(node.error());
  }
  return opened;
}

// False where it ended instead. A signal that was sent takes effect.
bool wait_for(ProcessId process, ProcessState goal) {
  while (true) {
    const ProcessState state = process_state(process);
    if (state == goal) return true;
    if (state == ProcessState::kDown) return false;
    std::this_thread::sleep_for(kStateChangePoll);
  }
}

// Sends each of the command's nodes the signal and waits until it shows in the process' state.
int signal_nodes(const ClusterCommand& command, int number, ProcessState goal, const char* said) {
  const auto opened = open(command);
  if (!opened) return fail(opened.error());
  std::set<unsigned> reached;  // first to all of them, so that several are killed at one moment
  for (const unsigned id : command.nodes) {
    if (send_signal((*opened)->state.find(id)->process, number)) reached.insert(id);
  }
  int code = 0;
  for (const unsigned id : command.nodes) {
    const ProcessId process = (*opened)->state.find(id)->process;
    if (reached.contains(id) && wait_for(process, goal)) {
      say("node " + std::to_string(id) + " (pid " + std::to_string(process.pid) + ") " + said);
    } else {
      code = fail("node " + std::to_string(id) + " does not run: start it with `stator cluster restart " +
                  std::to_string(id) + " --data-dir " + command.data_dir + "`");
    }
  }
  return code;
}

size_t count_up(const ClusterState& state) {
  size_t up = 0;
  for (const ClusterNode& node : state.nodes) up += process_state(node.process) == ProcessState::kUp;
  return up;
}

}  // namespace

int kill_nodes(const ClusterCommand& command) {
  return signal_nodes(command, SIGKILL, ProcessState::kDown, "is killed");
}
int pause_nodes(const ClusterCommand& command) {
  return signal_nodes(command, SIGSTOP, ProcessState::kPaused, "is paused");
}
int resume_nodes(const ClusterCommand& command) {
  return signal_nodes(command, SIGCONT, ProcessState::kUp, "goes on");
}

int restart_nodes(const ClusterCommand& command, const Launcher& launcher) {
  block_stop_signals();
  auto opened = open(command);
  if (!opened) return fail(opened.error());
  ClusterFolder& folder = (*opened)->folder;
  ClusterState& state = (*opened)->state;
  const std::set<unsigned> nodes(command.nodes.begin(), command.nodes.end());
  if (!stop_nodes(state, nodes, Hurry::kOnSignal).left.empty()) return fail("nothing was started again");
  const uint16_t first_port = state.nodes.front().port != 0 ? state.nodes.front().port : kDefaultPort;
  if (auto done = launch(folder, state, nodes, first_port); !done) return fail(done.error());
  (*opened)->lock.reset();
  const bool majority = count_up(state) >= state.majority();
  const Readiness readiness = await_ready(launcher, folder, state, nodes, false,
                                          majority ? kReadyPatience : kPatienceWithoutMajority);
  if (!readiness.died.empty()) return fail("not each node could be started (see above)");
  if (readiness.ready.size() == nodes.size()) return 0;
  if (readiness.interrupted) return kInterrupted;
  if (!majority) {
    say("started; " + std::to_string(count_up(state)) + " of " + std::to_string(state.nodes.size()) +
        " nodes run, and they serve once " + std::to_string(state.majority()) + " do");
    return 0;
  }
  for (const unsigned id : nodes) {
    if (!readiness.ready.contains(id))
      say("node " + std::to_string(id) + " is not ready yet; its last lines:\n" + log_excerpt(folder, id));
  }
  return fail("not ready after " + std::to_string(kReadyPatience.count() / 1000) + " s (see above)");
}

int stop_cluster(const ClusterCommand& command) {
  auto opened = open(command);
  if (!opened) return fail(opened.error());
  // First, so that a launcher in the foreground sees that it was meant.
  (*opened)->state.stopped = true;
  if (auto done = (*opened)->folder.save((*opened)->state); !done) return fail(done.error());
  const Stopped stopped = stop_nodes((*opened)->state, all_nodes((*opened)->state), Hurry::kNo);
  if (!stopped.left.empty()) return fail("not all nodes are stopped");
  say(stopped.ran == 0 ? "no node ran"
                       : "stopped " + std::to_string(stopped.ran) + (stopped.ran == 1 ? " node" : " nodes"));
  return 0;
}

int purge_cluster(const ClusterCommand& command) {
  auto opened = open(command);
  if (!opened) return fail(opened.error());
  (*opened)->state.stopped = true;
  if (auto done = (*opened)->folder.save((*opened)->state); !done) return fail(done.error());
  if (!stop_nodes((*opened)->state, all_nodes((*opened)->state), Hurry::kNo).left.empty())
    return fail("nothing was deleted");
  if (auto done = (*opened)->folder.remove((*opened)->state); !done) return fail(done.error());
  say("the cluster in " + command.data_dir + " is deleted");
  return 0;
}

}  // namespace stator::cli
