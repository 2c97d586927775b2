// `stator cluster drill leader-kill`: what an application would see if the node that leads its data were lost. Writes at a
// steady rate into a table of its own, kills the leader again and again, and reads back what was acknowledged.
#include <algorithm>
#include <cstdio>
#include <random>

#include "cli/api_client.h"
#include "cli/cluster_commands.h"
#include "cli/cluster_status.h"
#include "cli/drill_load.h"
#include "model/key.h"

namespace stator::cli {
namespace {

using Clock = DrillLoad::Clock;
using std::chrono::milliseconds;

constexpr milliseconds kCallTimeout{10'000};
constexpr milliseconds kLook{50};
constexpr milliseconds kSettled{1'000};  // the same leader for so long: leaders move back to a node that came back
constexpr milliseconds kAfterKill{2'000};
constexpr milliseconds kPatience{60'000};
constexpr size_t kFirstAnswers = 20;

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

class LeaderKill {
 public:
  LeaderKill(const ClusterCommand& command, const Launcher& launcher)
      : command_(command), launcher_(launcher), folder_(command.data_dir) {}

  int run() {
    const auto state = folder_.load();
    if (!state) return fail(state.error());
    state_ = *state;
    if (state_.nodes.size() < 3) return fail("a cluster of one has nobody who could take over: start one of three nodes");
    if (const auto why = create_table()) return fail(*why);
    std::vector<uint16_t> ports;
    for (const ClusterNode& node : state_.nodes) ports.push_back(node.port);
    DrillLoad load(table_, ports, command_.rate);
    load.start();
    std::optional<std::string> wrong = rounds(load);
    load.stop();
    if (!wrong) wrong = report(load);
    if (const auto left = drop_table()) say(*left);
    if (wrong && *wrong == kStopped) return kInterrupted;
    return wrong ? fail(*wrong) : 0;
  }

 private:
  inline static const std::string kStopped = "interrupted";

  // Each of these: nothing, or what went wrong.
  std::optional<std::string> call(std::string_view operation, const std::string& body) {
    const auto answer = ApiClient(state_.nodes.front().port).call(operation, body, kCallTimeout);
    if (!answer) return answer.error() + " (is the cluster whole? `stator cluster status` tells)";
    if (answer->status != 200) return std::string(operation) + " is refused: " + answer->body;
    return std::nullopt;
  }

  std::optional<std::string> create_table() {
    std::random_device random;
    table_.name = "stator-drill-" + std::to_string(random());
    // Of the first partition, however many there are: its hash begins with a zero.
    for (unsigned i = 0; table_.partition_key.empty(); ++i) {
      const std::string key = "drill-" + std::to_string(i);
      if (model::partition_hash(key).front() == '\0') table_.partition_key = key;
    }
    return call("CreateTable", R"({"TableName":")" + table_.name +
                                   R"(","BillingMode":"PAY_PER_REQUEST",)"
                                   R"("KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},)"
                                   R"({"AttributeName":"sk","KeyType":"RANGE"}],)"
                                   R"("AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},)"
                                   R"({"AttributeName":"sk","AttributeType":"N"}]})");
  }

  std::optional<std::string> drop_table() { return call("DeleteTable", R"({"TableName":")" + table_.name + "\"}"); }

  // Looks until `found` says what it wants, for as long as `patience`.
  template <class Found>
  std::optional<std::string> wait(const char* what, Found found) {
    const auto deadline = Clock::now() + kPatience;
    while (!found()) {
      if (stop_signal_came(kLook)) return kStopped;
      if (Clock::now() > deadline) return std::string("not within a minute: ") + what;
    }
    return std::nullopt;
  }

  // The table's first partition, where all nodes are up.
  std::optional<PartitionView> look() {
    const auto state = folder_.load();  // pids change with each restart
    if (!state) return std::nullopt;
    const ClusterView view = gather(folder_, *state);
    for (const NodeView& node : view.nodes) {
      if (node.state != ProcessState::kUp || !node.ready) return std::nullopt;
    }
    for (const TableView& table : view.tables) {
      if (table.name == table_.name && !table.partitions.empty()) return table.partitions.front();
    }
    return std::nullopt;
  }

  std::optional<std::string> settle(unsigned& leader) {
    std::optional<uint64_t> last;
    Clock::time_point since;
    return wait("the cluster is whole, and its leader stays", [&] {
      const auto partition = look();
      const bool whole = partition && partition->leader && partition->lag_entries < kFirstAnswers;
      if (!whole || partition->leader != last) since = Clock::now();
      last = whole ? partition->leader : std::nullopt;
      if (!last || Clock::now() - since < kSettled) return false;
      leader = static_cast<unsigned>(*last);
      return true;
    });
  }

  std::optional<std::string> rounds(DrillLoad& load) {
    if (auto wrong = wait("writes are acknowledged", [&] { return load.acknowledged_count() >= kFirstAnswers; }))
      return wrong;
    for (unsigned round = 1; round <= command_.rounds; ++round) {
      ClusterCommand victim = command_;
      victim.nodes = {0};
      if (auto wrong = settle(victim.nodes.front())) return wrong;
      const auto begun = Clock::now();
      if (kill_nodes(victim) != 0) return "the leader could not be killed (see above)";
      const bool interrupted = stop_signal_came(kAfterKill);
      outages_.push_back(load.longest_gap(begun, Clock::now()));
      std::printf("round %u of %u: node %u, the leader, is killed: %.3f s without an acknowledgement\n", round,
                  command_.rounds, victim.nodes.front(), seconds(outages_.back()));
      std::fflush(stdout);
      if (restart_nodes(victim, launcher_) != 0) return "the killed node could not be started again (see above)";
      if (interrupted) return kStopped;
    }
    unsigned leader = 0;
    return settle(leader);
  }

  std::optional<std::string> report(const DrillLoad& load) {
    const std::set<uint64_t> acknowledged = load.acknowledged();
    std::set<uint64_t> lost;
    for (const ClusterNode& node : state_.nodes) {
      const auto found = read_back(table_, node.port);
      if (!found) return "node " + std::to_string(node.id) + " cannot be read: " + found.error();
      std::set_difference(acknowledged.begin(), acknowledged.end(), found->begin(), found->end(),
                          std::inserter(lost, lost.end()));
    }
    std::sort(outages_.begin(), outages_.end());
    std::printf("outage: median %.3f s, longest %.3f s\n", seconds(outages_[outages_.size() / 2]),
                seconds(outages_.back()));
    std::printf("acknowledged: %zu of %llu writes; lost: %zu\n", acknowledged.size(),
                static_cast<unsigned long long>(load.sent()), lost.size());
    if (!lost.empty()) return "writes that were acknowledged are lost";
    return std::nullopt;
  }

  const ClusterCommand& command_;
  const Launcher& launcher_;
  ClusterFolder folder_;
  ClusterState state_;
  DrillTable table_;
  std::vector<Clock::duration> outages_;
};

}  // namespace

int drill(const ClusterCommand& command, const Launcher& launcher) {
  block_stop_signals();
  return LeaderKill(command, launcher).run();
}

}  // namespace stator::cli
