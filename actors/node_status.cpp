// What operators see of the cluster: GET /cluster on the admin port.
#include <algorithm>
#include <map>

#include "actors/node.h"
#include "api/json.h"

namespace stator::actors {
namespace {

std::string_view status_text(model::TableStatus status) {
  switch (status) {
    case model::TableStatus::kCreating:
      return "CREATING";
    case model::TableStatus::kUpdating:
      return "UPDATING";
    case model::TableStatus::kDeleting:
      return "DELETING";
    case model::TableStatus::kActive:
      break;
  }
  return "ACTIVE";
}

std::string_view phase_text(cluster::NodePhase phase) {
  switch (phase) {
    case cluster::NodePhase::kLeaving:
      return "leaving";
    case cluster::NodePhase::kAway:
      return "away";
    case cluster::NodePhase::kMember:
      break;
  }
  return "member";
}

void write_leader(api::json::Writer& out, model::NodeId leader) {
  out.key("leader");
  if (leader) {
    out.integer(static_cast<int64_t>(leader.value));
  } else {
    out.null();
  }
}

}  // namespace

std::string Node::status_json() const {
  std::string text;
  api::json::Writer out(text);
  const bool whole = fully_replicated();
  const cluster::Member self = cluster_ ? self_member() : cluster::Member{};
  std::lock_guard lock(mutex_);
  out.begin_object();
  out.key("node").integer(static_cast<int64_t>(self_.value));
  out.key("cluster_id").string(cluster_file_ ? cluster::to_hex(cluster_file_->cluster_id) : std::string());
  out.key("metadata").begin_object();
  write_leader(out, cluster_ ? leaders_.find({}) : metadata_serving_ ? self_ : model::NodeId{});
  out.key("term").integer(static_cast<int64_t>(metadata_term_.load()));
  out.end_object();

  auto write_node = [&](const cluster::Member& node, const cluster::NodeRecord* record) {
    out.begin_object();
    out.key("id").integer(static_cast<int64_t>(node.node.value));
    out.key("zone").string(node.zone);
    out.key("incarnation").string(cluster::to_hex(node.incarnation));
    out.key("connected").boolean(node.node == self_ || peers_up_.contains(node.node));
    out.key("endpoint").string(node.client);
    out.key("admin").string(node.admin);
    out.key("link").string(node.link);
    if (record) {
      out.key("phase").string(phase_text(record->phase));
      out.key("version").string(record->version);
      out.key("formats_max").integer(record->formats_max);
    }
    out.end_object();
  };
  out.key("active_version").integer(wish_ ? wish_->active_version : cluster::kLogFormatVersionMin);
  out.key("fully_replicated").boolean(whole);
  out.key("nodes").begin_array();
  if (wish_ && wish_->bootstrapped()) {
    for (const auto& [id, node] : wish_->nodes) {
      write_node({node.id, node.metadata_replica, node.incarnation, node.link_address, node.client_address,
                  node.admin_address, node.zone},
                 &node);
    }
  } else if (cluster_) {
    write_node(self, nullptr);
  }
  out.end_array();

  out.key("tables").begin_array();
  if (wish_) {
    for (const auto& [name, table] : wish_->tables) {
      out.begin_object();
      out.key("name").string(name);
      out.key("status").string(status_text(table.status));
      out.key("partitions").begin_array();
      for (const cluster::Partition* partition : wish_->partitions_of(table.id)) {
        out.begin_object();
        out.key("id").string(std::to_string(partition->id.value));
        auto here = partitions_.find(partition->id);
        const bool serves = here != partitions_.end() && here->second.serving();
        write_leader(out, cluster_ ? leaders_.find(partition->id) : serves ? self_ : model::NodeId{});
        out.key("replicas").begin_array();
        for (const cluster::ReplicaPlace& place : partition->replicas)
          out.integer(static_cast<int64_t>(place.node.value));
        out.end_array();
        if (here != partitions_.end() && here->second.port) {
          const PartitionPort& port = *here->second.port;
          const uint64_t applied = port.applied, committed = std::max<uint64_t>(port.committed, applied);
          out.key("applied").integer(static_cast<int64_t>(applied));
          // The leader knows what the slowest member misses, a follower what it misses itself.
          const uint64_t lag = port.leads ? port.lag.load() : committed - applied;
          out.key("lag_entries").integer(static_cast<int64_t>(lag));
        }
        out.end_object();
      }
      out.end_array();
      out.end_object();
    }
  }
  out.end_array();
  out.end_object();
  return text;
}

// For a scrape: what the link counts by itself, and how far others are behind what is led here.
void Node::count_link() {
  metrics_.clock_astray.Set(clock_astray() ? 1 : 0);
  std::map<model::NodeId, raft::Index> lags;
  if (wish_) {
    for (const auto& [id, node] : wish_->nodes) {
      if (id != self_) lags[id] = 0;
    }
    for (const auto& [id, here] : partitions_) {
      auto wished = wish_->partitions.find(id);
      if (!here.port || !here.port->leads || wished == wish_->partitions.end()) continue;
      for (const auto& [replica, entries] : here.port->member_lags()) {
        for (const cluster::ReplicaPlace& place : wished->second.replicas) {
          if (place.id == replica) lags[place.node] = std::max(lags[place.node], entries);
        }
      }
    }
  }
  for (const auto& [node, entries] : lags)
    metrics_.replication_lag_entries(node.value).Set(static_cast<double>(entries));
  if (!linked_) return;
  const net::LinkStats& stats = link_->stats();
  monitoring::LinkCounts counts;
  for (size_t i = 0; i < monitoring::kLinkClasses; ++i) {
    counts.frames_in[i] = stats.frames_in[i];
    counts.frames_out[i] = stats.frames_out[i];
    counts.bytes_in[i] = stats.bytes_in[i];
    counts.bytes_out[i] = stats.bytes_out[i];
  }
  counts.dials = stats.dials;
  counts.peers_lost = stats.peers_lost;
  counts.handshakes_refused = stats.handshakes_refused;
  counts.garbage_closes = stats.garbage_closes;
  counts.accepts_refused = stats.accepts_refused;
  counts.expired_requests = stats.expired_requests;
  counts.peers = peers_up_.size();
  metrics_.set_link(counts);
}

}  // namespace stator::actors
