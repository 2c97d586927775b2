// `stator cluster start --foreground`, once the nodes serve: tells what happens to them, stops them at
// Ctrl-C.
#include <sys/stat.h>

#include <map>

#include "cli/cluster_commands.h"
#include "cli/cluster_stop.h"

namespace stator::cli {
namespace {

constexpr auto kLook = std::chrono::milliseconds(100);
constexpr auto kPatienceToStop = std::chrono::milliseconds(2'000);

// Follows cluster.json, which other commands rewrite, and the processes in it.
class Watch {
 public:
  Watch(ClusterFolder& folder, const Launcher& launcher) : folder_(folder), launcher_(launcher) {}

  // Tells what has changed since the last look. False where cluster.json is gone.
  bool look() {
    if (!reload()) return false;
    for (const ClusterNode& node : state_.nodes) {
      const ProcessState now = process_state(node.process);
      const auto [at, is_new] = seen_.try_emplace(node.id, Seen{node.process, now});
      Seen& before = at->second;
      if (!is_new && !(before.process == node.process && before.state == now)) tell(node, before, now);
      before = {node.process, now};
    }
    return true;
  }
  bool none_runs() const {
    for (const auto& [id, seen] : seen_) {
      if (seen.state != ProcessState::kDown) return false;
    }
    return true;
  }
  ClusterState& state() { return state_; }

 private:
  struct Seen {
    ProcessId process;
    ProcessState state;
  };

  bool reload() {
    struct stat file{};
    if (stat(folder_.state_path().c_str(), &file) != 0) return false;
    if (file.st_ino == inode_ && !state_.nodes.empty()) return true;  // every rewrite is another file
    auto state = folder_.load();
    if (!state) return folder_.holds_a_cluster();
    state_ = std::move(*state);
    inode_ = file.st_ino;
    return true;
  }

  void tell(const ClusterNode& node, const Seen& before, ProcessState now) {
    const std::string name =
        "node " + std::to_string(node.id) + " (pid " + std::to_string(node.process.pid) + ")";
    if (!(before.process == node.process)) {
      how_it_ended(before.process);  // or it would stay a zombie
      if (now != ProcessState::kDown) return say(name + " was started again");
    }
    switch (now) {
      case ProcessState::kUp:
        return say(name + " goes on");
      case ProcessState::kPaused:
        return say(name + " is paused");
      case ProcessState::kDown:
        break;
    }
    const auto how = how_it_ended(node.process);
    if (state_.stopped) return;
    const std::string restart = command_line(launcher_, "restart " + std::to_string(node.id), folder_.path());
    say(name + " ended" + (how ? ": " + *how : std::string()) + "; its last lines:\n" +
        log_excerpt(folder_, node.id) + "\n  start it again with: " + restart);
  }

  ClusterFolder& folder_;
  const Launcher& launcher_;
  ClusterState state_;
  ino_t inode_ = 0;
  std::map<unsigned, Seen> seen_;
};

int stop_all(ClusterFolder& folder, ClusterState& state) {
  say("stopping; Ctrl-C again ends the nodes at once");
  // Where another command is at work for long, it is not waited for.
  const auto lock = folder.lock(kPatienceToStop);
  if (auto now = folder.load()) state = std::move(*now);
  state.stopped = true;
  if (lock) {
    if (auto done = folder.save(state); !done) say(done.error());
  }
  if (!stop_nodes(state, all_nodes(state), Hurry::kOnSignal).left.empty())
    return fail("not all nodes are stopped");
  say("stopped");
  return 0;
}

}  // namespace

int watch_nodes(ClusterFolder& folder, const Launcher& launcher) {
  Watch watch(folder, launcher);
  while (true) {
    if (!watch.look()) {
      say("the cluster in " + folder.path() + " was deleted");
      return 0;
    }
    if (watch.none_runs()) {
      // `restart` holds the lock while nothing runs; whoever else ended them is done.
      const auto lock = folder.lock(std::chrono::milliseconds(0));
      if (lock && watch.look() && watch.none_runs()) {
        if (!watch.state().stopped) return fail("no node runs any more");
        say("stopped by another command");
        return 0;
      }
    }
    if (stop_signal_came(kLook)) return stop_all(folder, watch.state());
  }
}

}  // namespace stator::cli
