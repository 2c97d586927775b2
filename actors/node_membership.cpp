// Nodes that come, go and are away. Group 0's leader looks now and then at what should change (cluster/rebalance.h) and
// submits it; any node takes what an operator asks to that leader.
#include <spdlog/spdlog.h>

#include "actors/clock.h"
#include "actors/node.h"

namespace stator::actors {
namespace {

constexpr int64_t kMicrosPerMilli = 1'000;
// What group 0 as it is here does not name yet is dialled too; a peer's word is taken for so many.
constexpr size_t kNewcomersMax = 16;
// Steps that are not answered by then are not waited for: each look begins from what group 0 holds.
constexpr int64_t kStepsWaitMaxMillis = 10'000;

std::string numbered(model::NodeId node) { return "node " + std::to_string(node.value); }

// What the operator is told of `request`, whose command came to `result` and left this state. `members`: of group 0.
cluster::AdministerReply outcome(const cluster::ClusterState& state, const raft::Membership& members,
                                 const cluster::AdministerRequest& request, const api::Result<api::Answer>& result) {
  using State = cluster::AdministerState;
  const bool decommission = request.verb == cluster::AdministerVerb::kDecommission;
  if (decommission && state.bootstrapped() && !state.find(request.node) && request.node < state.next_node_id())
    return {State::kDone, numbered(request.node) + " is out of the cluster", 0};
  if (!result.ok())
    return {api::is_retriable(result.error()) ? State::kAgain : State::kRefused, result.error().message, 0};
  if (!decommission) return {State::kDone, "the cluster writes format " + std::to_string(state.active_version), 0};
  const size_t left = cluster::left_on(state, request.node);
  const cluster::NodeRecord* node = state.find(request.node);
  if (left != 0 || !node) {
    return {State::kUnderWay, numbered(request.node) + " holds " + std::to_string(left) + " replicas",
            static_cast<uint32_t>(left)};
  }
  if (raft::is_voter(members, node->metadata_replica))
    return {State::kUnderWay, numbered(request.node) + " votes for the metadata", 0};
  return {State::kDone, numbered(request.node) + " holds nothing any more: it can be stopped, and is out then", 0};
}

}  // namespace

// --- what group 0's leader does
// ---------------------------------------------------------------------------------------

cluster::Sight Node::sight() const {
  cluster::Sight sight;
  const int64_t now = steady_millis();
  for (const auto& [id, node] : wish_->nodes) {
    cluster::NodeSight& seen = sight.nodes[id];
    seen.live = id == self_ || others_.is_up(id);
    seen.clock_astray = id == self_ ? clock_astray_.load() : others_.clock_astray(id);
    seen.silent_micros = static_cast<uint64_t>(others_.silent_for(id, now) * kMicrosPerMilli);
  }
  for (const auto& [id, partition] : wish_->partitions) {
    const cluster::Leaders::Leader* leader = leaders_.details(id);
    if (leader) sight.groups[id] = {leader->members, leader->whole};
  }
  sight.metadata_members = metadata_members_;
  sight.replace_dead_after_micros = uint64_t{cluster_->replace_dead_after_s} * 1'000'000;
  return sight;
}

// Every node looks, since any may lead group 0 next; its leader acts, once the steps of the look before are done. On the
// ticker.
void Node::take_steps() {
  std::shared_ptr<const cluster::ClusterState> state;
  cluster::Sight seen;
  {
    std::lock_guard lock(mutex_);
    if (!wish_) return;
    others_.look(*wish_, self_, steady_millis());
    if (!metadata_serving_ || stopping_ || handing_over_) return;
    if (steps_under_way_ && *steps_under_way_ != 0 && steady_millis() - steps_begun_ < kStepsWaitMaxMillis) return;
    state = wish_;
    seen = sight();
  }
  std::vector<cluster::MetadataCommand> steps = cluster::next_steps(*state, seen);
  steps_under_way_ = std::make_shared<std::atomic<size_t>>(steps.size());
  steps_begun_ = steady_millis();
  for (cluster::MetadataCommand& step : steps) {
    if (const auto* away = std::get_if<cluster::SetAway>(&step)) {
      spdlog::warn("{} {}", numbered(away->node),
                   away->away ? "was not heard for long: its replicas are made anew elsewhere, where there is room"
                              : "is back");
    }
    auto answered = [under_way = steps_under_way_](const api::Result<api::Answer>& result) {
      if (!result.ok()) spdlog::debug("a step comes to nothing: {}", result.error().message);
      --*under_way;
    };
    metadata_mailbox_->push(MetadataCall{std::make_shared<cluster::MetadataCommand>(std::move(step)), std::move(answered)});
  }
}

// A new state of group 0 says whether this node is a member. Requires mutex_.
void Node::notice_own_place(const cluster::ClusterState& state) {
  if (!state.bootstrapped()) return;
  const bool out = !state.find(self_) && self_ < state.next_node_id();
  if (out && !std::exchange(no_member_, true))
    spdlog::warn("this node was decommissioned and is out of the cluster: stop it");
}

// A node of this cluster that group 0, as it is here, has not heard of: its number is above all that there were.
bool Node::is_newcomer(model::NodeId node) const {
  if (!wish_ || !wish_->bootstrapped() || wish_->find(node) || node < wish_->next_node_id()) return false;
  return told_addresses_.contains(node) || told_addresses_.size() < cluster::kNodesMax + kNewcomersMax;
}

// --- what operators ask
// -----------------------------------------------------------------------------------------------

void Node::answer_administer(net::LinkBody body, std::chrono::steady_clock::time_point deadline, net::Reply reply) {
  model::NodeId leader;
  {
    std::lock_guard lock(mutex_);
    leader = leaders_.find({});
  }
  if (!leader || !in_cluster_) {
    return reply(cluster::encode(cluster::AdministerReply{
        cluster::AdministerState::kAgain, "the cluster's metadata has no leader at the moment", 0}));
  }
  if (leader != self_) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    return link_->call(leader, cluster::kAdminister, *body, left,
                       [reply = std::move(reply)](model::Result<net::LinkBody, net::CallError> answer) mutable {
                         if (answer.ok()) return reply(std::string(**answer));
                         reply(model::Failure(answer.error().text));
                       });
  }
  auto request = cluster::decode_administer_request(*body);
  if (!request.ok()) return reply(model::Failure(std::string("the request could not be read")));
  cluster::MetadataCommand command = cluster::FinalizeVersion{};
  if (request->verb == cluster::AdministerVerb::kDecommission) command = cluster::DecommissionNode{request->node};
  metadata_mailbox_->push(MetadataCall{
      std::make_shared<cluster::MetadataCommand>(std::move(command)),
      [this, asked = *request, reply = std::move(reply)](api::Result<api::Answer> result) mutable {
        // On the metadata actor, after the state that the command made.
        raft::Membership members;
        {
          std::lock_guard lock(mutex_);
          members = metadata_members_;
        }
        reply(cluster::encode(outcome(*metadata_->state(), members, asked, result)));
      }});
}

}  // namespace stator::actors
