// Processes of nodes: from a folder to serving.
#include "cli/cluster_launch.h"

#include <cstdio>
#include <filesystem>

#include "cli/admin_client.h"
#include "cli/cluster_init.h"
#include "cli/cluster_ports.h"
#include "cli/link_init_transport.h"
#include "model/assert.h"

namespace stator::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kReadyPoll = std::chrono::milliseconds(10);
constexpr auto kReadyTimeout = std::chrono::milliseconds(500);
constexpr auto kInitCallTimeout = std::chrono::milliseconds(1'000);

// What the launcher says by flags must not be said otherwise by the user's variables.
const std::vector<std::string>& dropped_variables() {
  static const std::vector<std::string> names{"STATOR_HOST",       "STATOR_PORT",
                                              "STATOR_ADMIN_PORT", "STATOR_DATA_DIR",
                                              "STATOR_IN_MEMORY",  "STATOR_CLUSTER_ADDR",
                                              "STATOR_NODE_ID",    "STATOR_JOIN",
                                              "STATOR_ZONE",       "STATOR_PARTITIONS_PER_TABLE",
                                              "STATOR_THROTTLING"};
  return names;
}

std::string seconds_since(Clock::time_point begin) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s", std::chrono::duration<double>(Clock::now() - begin).count());
  return text;
}

bool majority_lives(const ClusterState& state) {
  size_t live = 0;
  for (const ClusterNode& node : state.nodes) live += process_state(node.process) != ProcessState::kDown;
  return live >= state.majority();
}

// Makes one cluster of the nodes, an attempt at a time, until that is done.
class Initialiser {
 public:
  Initialiser(const Launcher& launcher, const ClusterState& state, Readiness& result) : result_(result) {
    for (const ClusterNode& node : state.nodes) peers_.push_back({kClusterHost, node.link_port});
    auto transport = LinkInitTransport::start(kInitCallTimeout, launcher.version);
    if (transport) {
      transport_ = std::move(*transport);
    } else {
      result_.init_refusal = transport.error();
    }
  }
  // Whether another attempt makes sense.
  bool attempt() {
    if (!transport_) return false;
    InitOutcome outcome = attempt_init(*transport_, peers_, id_);
    result_.init_waits_for.clear();
    switch (outcome.kind) {
      case InitOutcome::Kind::kAgain:
        result_.init_waits_for = std::move(outcome.text);
        return true;
      case InitOutcome::Kind::kRefused:
        result_.init_refusal = std::move(outcome.text);
        return false;
      case InitOutcome::Kind::kInitialised:
        say(outcome.text);
        return false;
      case InitOutcome::Kind::kAlready:
        return false;
    }
    return false;
  }

 private:
  Readiness& result_;
  std::vector<net::LinkAddress> peers_;
  const cluster::ClusterId id_ = new_cluster_id();  // one for all attempts
  std::unique_ptr<LinkInitTransport> transport_;
};

}  // namespace

std::vector<std::string> node_arguments(const ClusterState& state, const ClusterNode& node,
                                        const std::string& data_dir) {
  std::vector<std::string> words{"serve",
                                 "--host",
                                 kClusterHost,
                                 "--port",
                                 std::to_string(node.port),
                                 "--admin-port",
                                 std::to_string(node.admin_port),
                                 "--data-dir",
                                 data_dir,
                                 "--partitions-per-table",
                                 std::to_string(state.partitions_per_table),
                                 "--throttling",
                                 state.throttling ? "on" : "off"};
  if (state.nodes.size() == 1) return words;
  std::string others;
  for (const ClusterNode& other : state.nodes) {
    if (other.id != node.id) others += (others.empty() ? "" : ",") + other.link_address();
  }
  for (std::string word :
       {std::string("--node-id"), std::to_string(node.id), std::string("--cluster-addr"), node.link_address(),
        std::string("--join"), others, std::string("--zone"), node.zone}) {
    words.push_back(std::move(word));
  }
  return words;
}

model::Result<void, std::string> launch(ClusterFolder& folder, ClusterState& state,
                                        const std::set<unsigned>& nodes, uint16_t first_port) {
  std::vector<bool> runs;
  for (const ClusterNode& node : state.nodes) runs.push_back(!nodes.contains(node.id));
  // A node that is not to be started and does not run keeps its ports too: it will come back.
  if (auto done = choose_ports(state, runs, first_port, port_is_free); !done) return done;
  state.stopped = false;
  if (auto done = folder.save(state); !done) return done;
  for (ClusterNode& node : state.nodes) {
    if (!nodes.contains(node.id)) continue;
    STATOR_ASSERT(process_state(node.process) == ProcessState::kDown, "a folder has one process");
    if (auto done = folder.create_node(node.id); !done) return done;
    const std::string data_dir = std::filesystem::absolute(folder.node_path(node.id)).lexically_normal();
    auto process =
        start_process(node_arguments(state, node, data_dir), folder.log_path(node.id), dropped_variables());
    if (!process) return model::Failure("node " + std::to_string(node.id) + ": " + process.error());
    node.process = *process;
    if (auto done = folder.save(state); !done) return done;
  }
  return {};
}

bool is_ready(const ClusterNode& node) {
  const auto answer = admin_get(node.admin_port, "/readyz", kReadyTimeout);
  return answer && answer->status == 200;
}

Readiness await_ready(const Launcher& launcher, const ClusterFolder& folder, const ClusterState& state,
                      const std::set<unsigned>& nodes, bool initialise, std::chrono::milliseconds patience) {
  const auto begin = Clock::now();
  Readiness result;
  std::optional<Initialiser> initialiser;
  if (initialise) initialiser.emplace(launcher, state, result);
  while (result.ready.size() + result.died.size() < nodes.size() && Clock::now() < begin + patience) {
    for (const ClusterNode& node : state.nodes) {
      if (!nodes.contains(node.id) || result.ready.contains(node.id) || result.died.contains(node.id))
        continue;
      if (process_state(node.process) == ProcessState::kDown) {
        result.died.insert(node.id);
        say("node " + std::to_string(node.id) + " (pid " + std::to_string(node.process.pid) +
            ") ended: " + how_it_ended(node.process).value_or("nobody knows how") + "; its last lines:\n" +
            log_excerpt(folder, node.id));
      } else if (is_ready(node)) {
        result.ready.insert(node.id);
        say("node " + std::to_string(node.id) + " is ready after " + seconds_since(begin));
      }
    }
    if (initialiser && !initialiser->attempt()) initialiser.reset();
    if (!result.init_refusal.empty() || (!result.died.empty() && !majority_lives(state))) break;
    if (stop_signal_came(kReadyPoll)) {
      result.interrupted = true;
      break;
    }
  }
  return result;
}

}  // namespace stator::cli
