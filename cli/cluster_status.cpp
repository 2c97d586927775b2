// `stator cluster status`.
#include "cli/cluster_status.h"

#include <cstdio>
#include <filesystem>

#include "cli/admin_client.h"
#include "cli/cluster_commands.h"
#include "cli/cluster_launch.h"

namespace stator::cli {
namespace {

constexpr auto kAnswerTimeout = std::chrono::milliseconds(1'000);

NodeView look_at(const ClusterNode& node) {
  NodeView view;
  view.node = node;
  view.state = process_state(node.process);
  if (view.state != ProcessState::kUp) return view;
  view.ready = is_ready(node);
  const auto answer = admin_get(node.admin_port, "/cluster", kAnswerTimeout);
  if (!answer || answer->status != 200) return view;  // it has no cluster yet, or stands still
  auto parsed = parse_node_answer(answer->body);
  if (parsed) {
    view.answer = std::move(*parsed);
  } else {
    say("node " + std::to_string(node.id) + ": " + parsed.error());
  }
  return view;
}

}  // namespace

ClusterView gather(const ClusterFolder& folder, const ClusterState& state) {
  std::vector<NodeView> nodes;
  for (const ClusterNode& node : state.nodes) nodes.push_back(look_at(node));
  return combine(std::filesystem::absolute(folder.path()).lexically_normal(), std::move(nodes));
}

int show_status(const ClusterCommand& command) {
  const ClusterFolder folder(command.data_dir);
  const auto state = folder.load();
  if (!state) return fail(state.error());
  const ClusterView view = gather(folder, *state);
  std::fputs((command.json ? to_json(view) : to_text(view)).c_str(), stdout);
  return 0;
}

}  // namespace stator::cli
