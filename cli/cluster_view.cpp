// Answers of nodes, put together and printed.
#include "cli/cluster_view.h"

#include <algorithm>

#include "api/json.h"
#include "cli/json_fields.h"

namespace stator::cli {
namespace {

TableView read_table(const api::json::Value& in) {
  TableView table;
  table.name = text_field(in, "name").value_or("");
  table.status = text_field(in, "status").value_or("");
  for (const auto& from : objects_field(in, "partitions")) {
    PartitionView partition;
    partition.id = text_field(from, "id").value_or("");
    partition.leader = number_field(from, "leader");
    partition.replicas = numbers_field(from, "replicas");
    partition.lag_entries = number_field(from, "lag_entries").value_or(0);
    table.partitions.push_back(std::move(partition));
  }
  return table;
}

// The nodes' answers by what they say of a partition.
using Partitions = std::map<std::string, std::vector<const PartitionView*>>;

Partitions partitions_of(const std::vector<NodeView>& nodes) {
  Partitions said;
  for (const NodeView& node : nodes) {
    if (!node.answer) continue;
    for (const TableView& table : node.answer->tables) {
      for (const PartitionView& partition : table.partitions) said[partition.id].push_back(&partition);
    }
  }
  return said;
}

const NodeAnswer* best_answer(const std::vector<NodeView>& nodes) {
  const NodeAnswer* best = nullptr;
  for (const NodeView& node : nodes) {
    if (!node.answer) continue;
    if (node.ready) return &*node.answer;
    if (best == nullptr) best = &*node.answer;
  }
  return best;
}

NodeView* find(std::vector<NodeView>& nodes, uint64_t id) {
  const auto at =
      std::find_if(nodes.begin(), nodes.end(), [&](const NodeView& n) { return n.node.id == id; });
  return at == nodes.end() ? nullptr : &*at;
}

// `leader` where its process is there, else nothing.
std::optional<uint64_t> there(std::vector<NodeView>& nodes, std::optional<uint64_t> leader) {
  if (!leader) return leader;
  const NodeView* node = find(nodes, *leader);
  return node != nullptr && node->state == ProcessState::kDown ? std::nullopt : leader;
}

void write_partition(api::json::Writer& out, const PartitionView& partition) {
  out.begin_object();
  out.key("id").string(partition.id);
  out.key("leader");
  if (partition.leader) {
    out.integer(static_cast<int64_t>(*partition.leader));
  } else {
    out.null();
  }
  out.key("replicas").begin_array();
  for (const uint64_t replica : partition.replicas) out.integer(static_cast<int64_t>(replica));
  out.end_array();
  out.key("lag_entries").integer(static_cast<int64_t>(partition.lag_entries));
  out.end_object();
}

void write_node(api::json::Writer& out, const NodeView& view) {
  out.begin_object();
  out.key("id").integer(view.node.id);
  out.key("pid");
  if (view.state == ProcessState::kDown) {
    out.null();
  } else {
    out.integer(view.node.process.pid);
  }
  out.key("state").string(name_of(view.state));
  out.key("ready").boolean(view.ready);
  out.key("zone").string(view.node.zone);
  out.key("endpoint").string(view.node.endpoint());
  out.key("admin").string(view.node.admin());
  out.key("link").string(view.node.link_address());
  out.key("leaders").integer(static_cast<int64_t>(view.leaders));
  out.key("replicas").integer(static_cast<int64_t>(view.replicas));
  out.end_object();
}

// Columns as wide as their widest cell.
std::string columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    text += line + "\n";
  }
  return text;
}

std::string leaders_of(const TableView& table) {
  std::string text;
  for (const PartitionView& partition : table.partitions) {
    if (!text.empty()) text += ' ';
    text += partition.leader ? std::to_string(*partition.leader) : "-";
  }
  return text;
}

uint64_t lag_of(const TableView& table) {
  uint64_t lag = 0;
  for (const PartitionView& partition : table.partitions) lag = std::max(lag, partition.lag_entries);
  return lag;
}

std::string nodes_text(const ClusterView& view) {
  std::vector<std::vector<std::string>> rows{
      {"node", "zone", "state", "ready", "leaders", "replicas", "endpoint", "admin", "pid"}};
  for (const NodeView& one : view.nodes) {
    const bool down = one.state == ProcessState::kDown;
    rows.push_back({std::to_string(one.node.id), one.node.zone, name_of(one.state), one.ready ? "yes" : "no",
                    std::to_string(one.leaders), std::to_string(one.replicas), one.node.endpoint(),
                    one.node.admin(), down ? "-" : std::to_string(one.node.process.pid)});
  }
  return columns(rows);
}

}  // namespace

const char* name_of(ProcessState state) {
  switch (state) {
    case ProcessState::kUp:
      return "up";
    case ProcessState::kPaused:
      return "paused";
    case ProcessState::kDown:
      break;
  }
  return "down";
}

model::Result<NodeAnswer, std::string> parse_node_answer(std::string_view json) {
  api::json::Parser parser;
  const auto root = parser.parse(json);
  if (!root) return model::Failure(std::string("/cluster answers with no JSON object"));
  const auto node = number_field(*root, "node");
  if (!node) return model::Failure(std::string("/cluster does not say which node it is"));
  NodeAnswer answer;
  answer.node = *node;
  answer.cluster_id = text_field(*root, "cluster_id").value_or("");
  if (const auto metadata = api::json::member(*root, "metadata"); metadata && metadata->is_object()) {
    answer.metadata_leader = number_field(*metadata, "leader");
    answer.metadata_term = number_field(*metadata, "term").value_or(0);
  }
  answer.fully_replicated = truth_field(*root, "fully_replicated").value_or(false);
  for (const auto& in : objects_field(*root, "nodes")) {
    const auto id = number_field(in, "id");
    if (id) answer.zones[*id] = text_field(in, "zone").value_or("");
  }
  for (const auto& in : objects_field(*root, "tables")) answer.tables.push_back(read_table(in));
  return answer;
}

ClusterView combine(std::string data_dir, std::vector<NodeView> nodes) {
  ClusterView view;
  view.data_dir = std::move(data_dir);
  if (const NodeAnswer* best = best_answer(nodes)) {
    view.cluster_id = best->cluster_id;
    view.metadata_leader = there(nodes, best->metadata_leader);
    view.metadata_term = best->metadata_term;
    view.tables = best->tables;
  }
  for (const NodeView& node : nodes) {
    if (!view.metadata_leader && node.answer)
      view.metadata_leader = there(nodes, node.answer->metadata_leader);
  }
  const Partitions said = partitions_of(nodes);
  for (TableView& table : view.tables) {
    for (PartitionView& partition : table.partitions) {
      partition.leader = there(nodes, partition.leader);
      for (const PartitionView* other : said.at(partition.id)) {
        if (!partition.leader) partition.leader = there(nodes, other->leader);
        partition.lag_entries = std::max(partition.lag_entries, other->lag_entries);
      }
      if (NodeView* leader = partition.leader ? find(nodes, *partition.leader) : nullptr) ++leader->leaders;
      for (const uint64_t replica : partition.replicas) {
        if (NodeView* node = find(nodes, replica)) ++node->replicas;
      }
    }
  }
  view.nodes = std::move(nodes);
  return view;
}

std::string what_is_missing(const ClusterView& view) {
  for (const NodeView& one : view.nodes) {
    const std::string name = "node " + std::to_string(one.node.id);
    if (one.state != ProcessState::kUp) return name + " is " + name_of(one.state);
    if (!one.ready || !one.answer) return name + " is not ready";
    if (!one.answer->fully_replicated) return name + " leads partitions whose replicas are not all up to date";
  }
  if (!view.metadata_leader) return "the metadata has no leader";
  for (const TableView& table : view.tables) {
    for (const PartitionView& partition : table.partitions) {
      if (!partition.leader) return "partition " + partition.id + " of table " + table.name + " has no leader";
    }
  }
  return {};
}

std::string to_json(const ClusterView& view) {
  std::string text;
  api::json::Writer out(text);
  out.begin_object();
  out.key("nodes").begin_array();
  for (const NodeView& node : view.nodes) write_node(out, node);
  out.end_array();
  out.key("metadata").begin_object().key("leader");
  if (view.metadata_leader) {
    out.integer(static_cast<int64_t>(*view.metadata_leader));
  } else {
    out.null();
  }
  out.key("term").integer(static_cast<int64_t>(view.metadata_term)).end_object();
  out.key("tables").begin_array();
  for (const TableView& table : view.tables) {
    out.begin_object();
    out.key("name").string(table.name);
    out.key("status").string(table.status);
    out.key("partitions").begin_array();
    for (const PartitionView& partition : table.partitions) write_partition(out, partition);
    out.end_array().end_object();
  }
  out.end_array();
  out.key("cluster_id").string(view.cluster_id);
  out.key("data_dir").string(view.data_dir);
  out.end_object();
  return text + "\n";
}

std::string to_text(const ClusterView& view) {
  std::string text = nodes_text(view) + "\n";
  text += "metadata  ";
  text += view.metadata_leader ? "leader " + std::to_string(*view.metadata_leader) + ", term " +
                                     std::to_string(view.metadata_term)
                               : "no leader";
  size_t partitions = 0;
  size_t leaderless = 0;
  uint64_t lag = 0;
  std::vector<std::vector<std::string>> rows{{"table", "status", "partitions", "leaders", "lag"}};
  for (const TableView& table : view.tables) {
    partitions += table.partitions.size();
    lag = std::max(lag, lag_of(table));
    for (const PartitionView& partition : table.partitions) leaderless += !partition.leader;
    rows.push_back({table.name, table.status, std::to_string(table.partitions.size()), leaders_of(table),
                    std::to_string(lag_of(table))});
  }
  text += "\ntables    " + std::to_string(view.tables.size()) + " with " + std::to_string(partitions) +
          " partitions, " + std::to_string(leaderless) + " without a leader; replication lag " +
          std::to_string(lag) + " entries\n";
  if (!view.tables.empty()) text += "\n" + columns(rows);
  return text;
}

}  // namespace stator::cli
