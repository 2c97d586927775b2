// Who leads what: reports between nodes, the routes that follow, and leaderships that go to where group 0 wants them.
#include <spdlog/spdlog.h>
#include <thread>

#include "actors/clock.h"
#include "actors/node.h"

namespace stator::actors {
namespace {

constexpr uint64_t kUpkeepTicks = 10;   // between two looks at what leaders have to do
constexpr uint64_t kJoinTicks = 10;     // between two attempts to join, or to register
constexpr uint64_t kCampaignTicks = 4;  // between two attempts of those that are to lead first
constexpr uint64_t kBalanceTicks = 25;  // between two looks at where leaderships are
constexpr uint64_t kStepTicks = 25;     // between two looks at nodes and replicas that should be elsewhere
constexpr uint64_t kSayTicks = 100;     // between two looks at whether all is led
constexpr uint64_t kReportTicks = 200;  // between two complete reports
constexpr size_t kTransfersMax = 4;     // leaderships given away in one look
// A node that came back gets its leaderships when it has been there for so long.
constexpr int64_t kSettledMillis = 3'000;
constexpr auto kHandOverMax = std::chrono::seconds(2);

}  // namespace

// The ticker's thread.
void Node::tick() {
  ++ticks_;
  if (!in_cluster_) {
    if (ticks_ % kJoinTicks == 0) try_to_join();
    return;
  }
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (metadata_awake_) metadata_mailbox_->push(Tick{});
    for (const auto& [id, partition] : partitions_) {
      if (partition.port && partition.port->awake.load(std::memory_order_relaxed)) partition.mailbox->push(Tick{});
    }
  }
  router_->tick();
  barrier_.tick(MetadataBarrier::Clock::now());
  if (ticks_ % kJoinTicks == 0) {
    try_to_register();
    clean_up_once();
  }
  if (ticks_ % kCampaignTicks == 0) campaign_where_first();
  if (ticks_ % kBalanceTicks == 0) {
    wake_without_leader();
    compare_clocks();
    balance_leaders();
  }
  if (ticks_ % kStepTicks == 0) take_steps();
  if (ticks_ % kUpkeepTicks == 0) look_after_partitions();
  if (ticks_ % kSayTicks == 0) say_why_nobody_leads();
  if (ticks_ % kReportTicks == 0) report_all(std::nullopt);
}

// What a crash left of tables that were dropped goes once group 0 was heard: before, its state here may be an old one.
void Node::clean_up_once() {
  {
    std::lock_guard lock(mutex_);
    if (dropped_unwished_ || !leaders_.find({})) return;
    dropped_unwished_ = true;
  }
  barrier_.wait(MetadataBarrier::Clock::now() + std::chrono::seconds(5), [this](bool fresh) {
    std::shared_ptr<const cluster::ClusterState> wish;
    {
      std::lock_guard lock(mutex_);
      dropped_unwished_ = fresh;
      wish = wish_;
    }
    if (fresh) drop_unwished(*wish);
  });
}

// --- reports
// ----------------------------------------------------------------------------------------------------------

void Node::set_routes(const std::vector<model::PartitionId>& partitions) {
  for (model::PartitionId id : partitions) {
    if (auto it = routes_.find(id); it != routes_.end()) it->second->leader = leaders_.find(id).value;
  }
}

// This node serves a partition from now on, or not any more.
void Node::report_leadership(const cluster::Report::Leadership& leadership) {
  cluster::Report report;
  report.partitions.push_back(leadership);
  leaders_reported(self_, report);
  std::vector<model::NodeId> peers;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [node, identity] : peers_up_) peers.push_back(node);
  }
  std::string body = cluster::encode_report(report);
  for (model::NodeId peer : peers)
    (void)link_->send(peer, net::LinkClass::kControl, static_cast<uint16_t>(cluster::FrameKind::kReport), body);
}

void Node::leaders_reported(model::NodeId from, const cluster::Report& report) {
  std::vector<model::PartitionId> changed;
  {
    std::lock_guard lock(mutex_);
    // What was on its way when the connection broke says nothing any more.
    if (from != self_ && !peers_up_.contains(from)) return;
    if (report.complete && from != self_) others_.reported(from, report.clock_astray, report.reaches);
    changed = leaders_.report(from, report);
    set_routes(changed);
  }
  if (changed.empty()) return;
  router_->leaders_changed(std::move(changed));
  check_serving();
}

// All that is led here, to one peer or to all.
void Node::report_all(std::optional<model::NodeId> to) {
  cluster::Report report;
  report.complete = true;
  std::vector<model::NodeId> peers;
  {
    std::lock_guard lock(mutex_);
    auto add = [&](model::PartitionId id, const PartitionPort* port) {
      const cluster::Leaders::Leader* leader = leaders_.details(id);
      if (!leader || leader->node != self_) return;
      report.partitions.push_back({id, leader->term, true, {}, {}, false});
      if (!port) return;
      report.partitions.back().totals = port->totals();
      report.partitions.back().members = port->members();
      report.partitions.back().whole = port->complete.load(std::memory_order_acquire);
    };
    add({}, nullptr);
    for (const auto& [id, partition] : partitions_) {
      if (partition.port) add(id, partition.port.get());
    }
    report.clock_astray = clock_astray_;
    for (const auto& [node, identity] : peers_up_) {
      report.reaches.push_back(node);
      if (!to || *to == node) peers.push_back(node);
    }
    set_routes(leaders_.report(self_, report));  // the figures of what is led here
  }
  std::string body = cluster::encode_report(report);
  for (model::NodeId peer : peers)
    (void)link_->send(peer, net::LinkClass::kControl, static_cast<uint16_t>(cluster::FrameKind::kReport), body);
}

// --- leaderships
// ------------------------------------------------------------------------------------------------------

// Of a new group, and after a start of all nodes, nobody leads: whoever is to lead first does not wait for a timeout. Again
// and again, since the others may not be there yet; who hears a leader refuses its pre-votes.
void Node::campaign_where_first() {
  std::vector<std::shared_ptr<ReplicaMailbox>> first;
  {
    std::lock_guard lock(mutex_);
    if (!wish_ || clock_astray_) return;
    for (const auto& [id, partition] : wish_->partitions) {
      auto here = partitions_.find(id);
      if (here == partitions_.end() || !here->second.port || leaders_.find(id)) continue;
      if (here->second.port->replica() == partition.first_leader && here->second.port->voter)
        first.push_back(here->second.mailbox);
    }
  }
  for (auto& mailbox : first) mailbox->push(Campaign{});
}

// For the operator, whenever it changes: what has no leader, and who is missing.
void Node::say_why_nobody_leads() {
  std::string why;
  {
    std::lock_guard lock(mutex_);
    if (!wish_ || stopping_) return;
    size_t leaderless = 0;
    for (const auto& [id, partition] : wish_->partitions) leaderless += leaders_.find(id) ? 0 : 1;
    const bool metadata = !leaders_.find({});
    if (metadata || leaderless != 0) {
      size_t reached = 1;
      std::string missing;
      for (const auto& [id, node] : wish_->nodes) {
        if (id == self_) continue;
        auto peer = peers_up_.find(id);
        const bool there = peer != peers_up_.end();
        const bool same = there && peer->second.incarnation == node.incarnation;
        reached += same ? 1 : 0;
        if (same) continue;
        missing += missing.empty() ? " (node " : ", node ";
        missing += std::to_string(id.value) + (there ? " has a new data folder, which holds no votes" : " is not reached");
      }
      if (!missing.empty()) missing += ")";
      why = (metadata ? std::string("the metadata has") : std::to_string(leaderless) + " partitions have") +
            " no leader: " + std::to_string(reached) + " of " + std::to_string(wish_->nodes.size()) +
            " nodes are reached, a majority is " + std::to_string(wish_->nodes.size() / 2 + 1) + missing;
    }
  }
  if (why == said_) return;
  if (why.empty()) {
    spdlog::info("every partition has a leader");
  } else {
    spdlog::warn("{}", why);
  }
  said_ = std::move(why);
}

// A follower that rests hears of a lost connection to its leader's node (peer_lost). Where there never was one from here,
// nobody would tell it.
void Node::wake_without_leader() {
  std::vector<std::pair<std::shared_ptr<ReplicaMailbox>, model::ReplicaId>> lost;
  {
    std::lock_guard lock(mutex_);
    if (!wish_) return;
    for (const auto& [id, node] : wish_->nodes) {
      if (id == self_ || metadata_awake_ || node.metadata_replica.value != metadata_leader_) continue;
      if (!peers_up_.contains(id)) lost.emplace_back(metadata_mailbox_, node.metadata_replica);
    }
    for (const auto& [id, here] : partitions_) {
      if (!here.port || here.port->awake) continue;
      auto partition = wish_->partitions.find(id);
      if (partition == wish_->partitions.end()) continue;
      for (const cluster::ReplicaPlace& place : partition->second.replicas) {
        if (place.node == self_ || place.id.value != here.port->leader) continue;
        if (!peers_up_.contains(place.node)) lost.emplace_back(here.mailbox, place.id);
      }
    }
  }
  for (auto& [mailbox, replica] : lost) mailbox->push(PeerLost{replica});
}

// Leaderships that are here and belong elsewhere go there, a few at a time, where the other node has settled.
void Node::balance_leaders() {
  std::vector<std::pair<std::shared_ptr<ReplicaMailbox>, model::ReplicaId>> moves;
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || handing_over_ || !wish_) return;
    if (clock_astray_) return;  // they go elsewhere: compare_clocks()
    const int64_t now = steady_millis();
    for (const auto& [id, partition] : wish_->partitions) {
      if (moves.size() == kTransfersMax) break;
      auto here = partitions_.find(id);
      if (here == partitions_.end() || !here->second.serving()) continue;
      if (partition.first_leader == here->second.port->replica()) continue;
      const auto lags = here->second.port->member_lags();
      const auto keeps_up = [&](model::ReplicaId member) {
        return std::any_of(lags.begin(), lags.end(), [&](const auto& lag) {
          return lag.first == member && lag.second <= kCompleteLagMax;
        });
      };
      for (const cluster::ReplicaPlace& place : partition.replicas) {
        if (place.id != partition.first_leader || !others_.may_lead(place.node)) continue;
        if (!raft::is_voter(here->second.port->members(), place.id)) continue;  // it is to be one
        if (!keeps_up(place.id)) continue;  // writes would wait until it has caught up
        if (others_.up_for(place.node, now) >= kSettledMillis) moves.emplace_back(here->second.mailbox, place.id);
      }
    }
  }
  for (auto& [mailbox, to] : moves) mailbox->push(Transfer{to});
}

bool Node::fully_replicated() const {
  std::lock_guard lock(mutex_);
  if (!wish_ || (metadata_serving_ && !metadata_complete_)) return false;
  return std::all_of(partitions_.begin(), partitions_.end(), [](const auto& partition) {
    const auto& port = partition.second.port;
    return port && (!port->leads || port->complete);
  });
}

// At each hello, of those who dial us and of those whom we dial, and with each heartbeat.
void Node::heard_clock(model::NodeId peer, uint64_t wall_clock_micros) {
  if (!peer || wall_clock_micros == 0) return;
  std::lock_guard lock(mutex_);
  clocks_.heard(peer, static_cast<int64_t>(wall_clock_micros), static_cast<int64_t>(steady_micros()));
  set_clock();
}

// Requires mutex_. Whether the system's clock is astray; what is right is the process' time from here on.
bool Node::set_clock() {
  const int64_t steady = static_cast<int64_t>(steady_micros()), wall = static_cast<int64_t>(net::system_clock_micros());
  set_wall_clock(clocks_.right_time(wall, steady), steady);
  return clocks_.astray(wall, steady);
}

// What is led here while the clock is astray goes to others, and again where an election brings it back.
void Node::compare_clocks() {
  Moves moves;
  bool astray = false;
  {
    std::lock_guard lock(mutex_);
    astray = set_clock();
    if (astray && !stopping_ && !handing_over_) moves = leaderships_for_others();
  }
  if (clock_astray_.exchange(astray) != astray) {
    std::vector<std::shared_ptr<ReplicaMailbox>> all{metadata_mailbox_};
    {
      std::lock_guard lock(mutex_);
      for (const auto& [id, partition] : partitions_) all.push_back(partition.mailbox);
    }
    for (const auto& mailbox : all) mailbox->push(BeReluctant{astray});
    if (astray) {
      spdlog::error("this node's clock is more than a second from those of the others: it leads nothing until it is right");
    } else {
      spdlog::info("this node's clock agrees with those of the others again");
    }
  }
  for (auto& [mailbox, to] : moves) mailbox->push(Transfer{to});
}

// Requires mutex_. What is led here, and who could.
Node::Moves Node::leaderships_for_others() const {
  Moves moves;
  if (!wish_) return moves;
  size_t turn = 0;
  for (const auto& [id, partition] : wish_->partitions) {
    auto here = partitions_.find(id);
    if (here == partitions_.end() || !here->second.serving()) continue;
    for (size_t i = 0; i < partition.replicas.size(); ++i) {
      const cluster::ReplicaPlace& place = partition.replicas[(turn + i) % partition.replicas.size()];
      if (place.node == self_ || !others_.may_lead(place.node)) continue;
      if (!raft::is_voter(here->second.port->members(), place.id)) continue;
      moves.emplace_back(here->second.mailbox, place.id);
      break;
    }
    ++turn;
  }
  if (!metadata_serving_) return moves;
  for (const auto& [node, identity] : peers_up_) {
    const cluster::NodeRecord* record = wish_->find(node);
    if (!record || !others_.may_lead(node) || !raft::is_voter(metadata_members_, record->metadata_replica)) continue;
    moves.emplace_back(metadata_mailbox_, record->metadata_replica);
    break;
  }
  return moves;
}

void Node::hand_over() {
  if (!cluster_) return;
  Moves moves;
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || !wish_) return;
    handing_over_ = true;
    moves = leaderships_for_others();
  }
  for (auto& [mailbox, to] : moves) mailbox->push(Transfer{to});
  std::unique_lock lock(mutex_);
  bool done = changed_.wait_for(lock, kHandOverMax, [&] {
    if (metadata_serving_) return false;
    for (const auto& [id, partition] : partitions_) {
      if (partition.serving()) return false;
    }
    return true;
  });
  if (!moves.empty()) spdlog::info("leaderships handed over count={} all={}", moves.size(), done);
}

}  // namespace stator::actors
