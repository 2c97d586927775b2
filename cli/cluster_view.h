// The state of a local cluster as `status` shows it: what the launcher knows of the processes, and what the
// nodes say of tables and leaders. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cluster_state.h"
#include "model/result.h"

namespace stator::cli {

struct PartitionView {
  std::string id;
  std::optional<uint64_t> leader;  // a node
  std::vector<uint64_t> replicas;  // nodes
  uint64_t lag_entries = 0;        // of the slowest replica, as the leader knows it
};

struct TableView {
  std::string name;
  std::string status;
  std::vector<PartitionView> partitions;
};

// What one node says: GET /cluster on its admin port.
struct NodeAnswer {
  uint64_t node = 0;
  std::string cluster_id;
  std::optional<uint64_t> metadata_leader;
  uint64_t metadata_term = 0;
  std::map<uint64_t, std::string> zones;  // by node
  bool fully_replicated = false;          // what it leads has all members, and none lags far behind
  std::vector<TableView> tables;
};
model::Result<NodeAnswer, std::string> parse_node_answer(std::string_view json);

struct NodeView {
  ClusterNode node;
  ProcessState state = ProcessState::kDown;
  bool ready = false;  // /readyz says 200
  std::optional<NodeAnswer> answer;
  uint64_t leaders = 0;  // partitions of tables, group 0 left out; as combine() counts them
  uint64_t replicas = 0;
};

struct ClusterView {
  std::string data_dir;
  std::vector<NodeView> nodes;
  std::string cluster_id;                   // empty: no node says
  std::optional<uint64_t> metadata_leader;  // nothing: nobody known to be up
  uint64_t metadata_term = 0;
  std::vector<TableView> tables;
};

// Tables as the first ready node tells them (else the first that answers). What it does not know (a leader)
// others fill in; the lag is the largest that anybody reports; a leader whose process is down is none.
ClusterView combine(std::string data_dir, std::vector<NodeView> nodes);

// Empty where every node is up and ready, and every group has a leader and all its members, none of them far behind; else the
// first thing that is not so.
std::string what_is_missing(const ClusterView& view);

std::string to_json(const ClusterView& view);  // one object and a newline
std::string to_text(const ClusterView& view);
const char* name_of(ProcessState state);  // up, paused, down

}  // namespace stator::cli
