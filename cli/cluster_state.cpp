// cluster.json and targets.json, as text.
#include "cli/cluster_state.h"

#include <algorithm>
#include <utility>

#include "api/json.h"
#include "cli/json_fields.h"
#include "model/assert.h"

namespace stator::cli {
namespace {

constexpr uint64_t kFormat = 1;

std::string address(uint16_t port) { return std::string(kClusterHost) + ":" + std::to_string(port); }

void write_node(api::json::Writer& out, const ClusterNode& node) {
  out.begin_object();
  out.key("id").integer(node.id);
  out.key("zone").string(node.zone);
  out.key("pid").integer(node.process.pid);
  out.key("start_time").integer(static_cast<int64_t>(node.process.start_time));
  out.key("host").string(kClusterHost);
  out.key("port").integer(node.port);
  out.key("admin_port").integer(node.admin_port);
  out.key("link_port").integer(node.link_port);
  out.key("log").string("node-" + std::to_string(node.id) + "/stator.log");
  out.end_object();
}

bool read_port(const api::json::Value& in, std::string_view name, uint16_t& out) {
  const auto value = number_field(in, name);
  if (!value || *value > 65535) return false;
  out = static_cast<uint16_t>(*value);
  return true;
}

bool read_node(const api::json::Value& in, ClusterNode& out) {
  const auto id = number_field(in, "id");
  const auto zone = text_field(in, "zone");
  const auto pid = number_field(in, "pid");
  const auto start_time = number_field(in, "start_time");
  if (!id || !zone || !pid || !start_time || *pid > INT32_MAX) return false;
  out.id = static_cast<unsigned>(*id);
  out.zone = *zone;
  out.process = {static_cast<int32_t>(*pid), *start_time};
  return read_port(in, "port", out.port) && read_port(in, "admin_port", out.admin_port) &&
         read_port(in, "link_port", out.link_port);
}

}  // namespace

std::string ClusterNode::endpoint() const { return "http://" + address(port); }
std::string ClusterNode::admin() const { return "http://" + address(admin_port); }
std::string ClusterNode::link_address() const { return address(link_port); }

ClusterState new_cluster(unsigned nodes, unsigned zones) {
  STATOR_ASSERT(zones >= 1 && zones <= 26, "a zone has a letter");
  ClusterState state;
  state.zones = zones;
  state.next_node = nodes + 1;
  for (unsigned id = 1; id <= nodes; ++id) {
    ClusterNode node;
    node.id = id;
    node.zone = std::string(1, static_cast<char>('a' + (id - 1) % zones));
    state.nodes.push_back(std::move(node));
  }
  return state;
}

ClusterNode* ClusterState::find(unsigned id) {
  return const_cast<ClusterNode*>(std::as_const(*this).find(id));
}

const ClusterNode* ClusterState::find(unsigned id) const {
  const auto at = std::find_if(nodes.begin(), nodes.end(), [&](const ClusterNode& node) { return node.id == id; });
  return at == nodes.end() ? nullptr : &*at;
}

std::string encode(const ClusterState& state) {
  std::string text;
  api::json::Writer out(text);
  out.begin_object();
  out.key("format").integer(kFormat);
  out.key("version").string(state.version);
  out.key("boot_id").string(state.boot_id);
  out.key("zones").integer(state.zones);
  out.key("partitions_per_table").integer(state.partitions_per_table);
  out.key("throttling").boolean(state.throttling);
  out.key("stopped").boolean(state.stopped);
  out.key("next_node").integer(state.next_node);
  out.key("nodes").begin_array();
  for (const ClusterNode& node : state.nodes) write_node(out, node);
  out.end_array().end_object();
  return text + "\n";
}

model::Result<ClusterState, std::string> decode_cluster_state(std::string_view text) {
  api::json::Parser parser;
  const auto root = parser.parse(text);
  if (!root) return model::Failure(std::string("it is no JSON object"));
  const auto format = number_field(*root, "format");
  if (!format) return model::Failure(std::string("it has no format"));
  if (*format != kFormat) {
    return model::Failure("it has format " + std::to_string(*format) + ", and this binary knows " +
                          std::to_string(kFormat));
  }
  ClusterState state;
  const auto zones = number_field(*root, "zones");
  const auto partitions = number_field(*root, "partitions_per_table");
  if (!zones || !partitions) return model::Failure(std::string("zones or partitions_per_table is missing"));
  state.zones = static_cast<unsigned>(*zones);
  state.partitions_per_table = static_cast<unsigned>(*partitions);
  state.version = text_field(*root, "version").value_or("");
  state.boot_id = text_field(*root, "boot_id").value_or("");
  state.throttling = truth_field(*root, "throttling").value_or(false);
  state.stopped = truth_field(*root, "stopped").value_or(false);
  for (const auto& in : objects_field(*root, "nodes")) {
    ClusterNode node;
    const unsigned last = state.nodes.empty() ? 0 : state.nodes.back().id;
    if (!read_node(in, node) || node.id <= last)
      return model::Failure("the node after node " + std::to_string(last) + " is incomplete, or out of order");
    state.nodes.push_back(std::move(node));
  }
  if (state.nodes.empty()) return model::Failure(std::string("it lists no nodes"));
  const unsigned above = state.nodes.back().id + 1;
  state.next_node = static_cast<unsigned>(number_field(*root, "next_node").value_or(above));
  if (state.next_node < above) return model::Failure(std::string("next_node is the number of a node that there is"));
  return state;
}

std::string scrape_targets(const ClusterState& state) {
  std::string text;
  api::json::Writer out(text);
  out.begin_array();
  for (const ClusterNode& node : state.nodes) {
    out.begin_object();
    out.key("targets").begin_array().string(address(node.admin_port)).end_array();
    out.key("labels").begin_object();
    out.key("node").string(std::to_string(node.id));
    out.key("zone").string(node.zone);
    out.end_object().end_object();
  }
  out.end_array();
  return text + "\n";
}

}  // namespace stator::cli
