// What a node says to others and what they ask of it. The link's calls come on its thread.
#include <spdlog/spdlog.h>

#include "actors/clock.h"
#include "actors/node.h"
#include "api/internal/internal_operations.h"
#include "api/json.h"
#include "api/registry.h"
#include "model/index.h"

namespace stator::actors {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Larger requests are parsed, and larger answers read, on a reader's thread: the link's goes on with heartbeats.
constexpr size_t kInlineBytes = 32 * 1024;
constexpr milliseconds kBarrierTimeout{500};

milliseconds left_until(Clock::time_point deadline) {
  return std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
}

}  // namespace

// --- peers
// ------------------------------------------------------------------------------------------------------------

// A peer that is welcome says where it listens now: it may have moved while it was away, and could not be
// dialled there to be asked.
std::optional<std::string> Node::refuse(const net::LinkIdentity& peer) {
  if (!peer.node || peer.cluster_id == cluster::ClusterId{})
    return std::nullopt;  // a tool, or one that wants to join
  if (peer.node == self_) return "that node id is this node's own";
  bool moved = false;
  {
    std::lock_guard lock(mutex_);
    const auto welcome = [&] {
      if (!peer.link_address.empty()) {
        std::string& told = told_addresses_[peer.node];
        moved = std::exchange(told, peer.link_address) != peer.link_address;
      }
    };
    if (wish_ && wish_->bootstrapped()) {
      const cluster::NodeRecord* record = wish_->find(peer.node);
      // Group 0 gave it the cluster's id after what this node has heard so far: it may well be the one that has the rest.
      if (!record && !is_newcomer(peer.node)) return "the cluster knows no node " + std::to_string(peer.node.value);
      if (record && std::find(record->retired.begin(), record->retired.end(), peer.incarnation) != record->retired.end())
        return "its data folder was replaced by a newer one; remove it, or give the node the newer folder";
      if (wish_->active_version < peer.formats_min || wish_->active_version > peer.formats_max) {
        return "it reads formats " + std::to_string(peer.formats_min) + " to " + std::to_string(peer.formats_max) +
               ", and the cluster writes " + std::to_string(wish_->active_version);
      }
      welcome();
    } else if (cluster_file_) {  // group 0 says nothing yet
      for (const storage::ClusterMember& member : cluster_file_->members) {
        if (member.node == peer.node && member.incarnation == peer.incarnation) welcome();
      }
    }
  }
  heard_clock(peer.node, peer.wall_clock_micros);
  if (moved && linked_) update_peers();
  return std::nullopt;
}

void Node::peer_up(const net::LinkIdentity& peer) {
  if (!linked_) return;
  bool moved = false;
  {
    std::lock_guard lock(mutex_);
    peers_up_[peer.node] = peer;
    others_.up(peer.node, steady_millis());
    if (!peer.link_address.empty()) {
      std::string& told = told_addresses_[peer.node];
      moved = std::exchange(told, peer.link_address) != peer.link_address;
    }
  }
  spdlog::info("peer up node={} link={}", peer.node.value, peer.link_address);
  if (moved) update_peers();
  report_all(peer.node);
}

void Node::peer_lost(model::NodeId peer) {
  std::vector<model::PartitionId> changed;
  std::vector<std::pair<std::shared_ptr<ReplicaMailbox>, model::ReplicaId>> groups;
  {
    std::lock_guard lock(mutex_);
    peers_up_.erase(peer);
    others_.lost(peer);
    changed = leaders_.lost(peer);
    set_routes(changed);
    if (wish_) {
      if (const cluster::NodeRecord* node = wish_->find(peer))
        groups.emplace_back(metadata_mailbox_, node->metadata_replica);
      for (const auto& [id, partition] : wish_->partitions) {
        auto here = partitions_.find(id);
        if (here == partitions_.end()) continue;
        for (const cluster::ReplicaPlace& place : partition.replicas) {
          if (place.node == peer) groups.emplace_back(here->second.mailbox, place.id);
        }
      }
    }
  }
  spdlog::warn("peer lost node={}", peer.value);
  for (auto& [mailbox, replica] : groups) mailbox->push(PeerLost{replica});
}

void Node::peer_clock(model::NodeId peer, uint64_t wall_clock_micros) { heard_clock(peer, wall_clock_micros); }

bool Node::connected(model::NodeId node) const { return linked_ && link_->connected(node); }

void Node::message(const net::LinkIdentity& from, uint16_t kind, net::LinkBody body) {
  switch (static_cast<cluster::FrameKind>(kind)) {
    case cluster::FrameKind::kRaft:
      return transport_.receive(from.node, *body);
    case cluster::FrameKind::kReport: {
      auto report = cluster::decode_report(*body);
      if (report.ok()) leaders_reported(from.node, *report);
      return;
    }
    case cluster::FrameKind::kForward:
    case cluster::FrameKind::kBarrier:
      break;
  }
  spdlog::debug("a message of an unknown kind is dropped kind={} node={}", kind, from.node.value);
}

void Node::request(const net::LinkIdentity& from, uint16_t kind, net::LinkBody body, Clock::time_point deadline,
                   net::Reply reply) {
  if (!linked_) return;  // dropped: tried again
  const bool member = from.node && from.cluster_id != cluster::ClusterId{};
  switch (kind) {
    case cluster::kIdentify: {
      cluster::IdentifyReply identified;
      identified.self = self_member();
      identified.cluster_id = identity().cluster_id;
      if (identified.initialised()) identified.members = members();
      return reply(cluster::encode(identified));
    }
    case cluster::kBootstrap:
      return answer_bootstrap(*body, std::move(reply));
    case cluster::kJoin:
      return answer_join(std::move(body), deadline, std::move(reply));
    case cluster::kAdminister:
      return answer_administer(std::move(body), deadline, std::move(reply));
    case static_cast<uint16_t>(cluster::FrameKind::kForward):
      if (!member) break;
      return serve_forward(body, deadline, std::move(reply));
    case static_cast<uint16_t>(cluster::FrameKind::kBarrier):
      if (!member || !in_cluster_) break;
      metadata_mailbox_->push(ReadCall{[this, reply = std::move(reply)](const api::Error* error) mutable {
        if (error) return reply(model::Failure(error->message));
        reply(cluster::encode_barrier(metadata_applied_));
      }});
      return;
    default:
      break;
  }
  reply(model::Failure(std::string("no such request, or not from there")));
}

// --- calls to others
// --------------------------------------------------------------------------------------------------

void Node::forward(model::NodeId to, const PartitionCall& call, Forwarded done) {
  milliseconds left = left_until(call.deadline);
  if (left.count() <= 0 || !call.body)
    return done(cluster::ForwardAnswer{api::not_leading("There was no time left to ask the leader"), 0});
  cluster::Forward out;
  out.partition = call.partition;
  out.operation = call.operation().name();
  out.body = *call.body;
  out.request_id = call.id;
  out.region = call.request->region;
  out.part = call.part;
  link_->call(to, static_cast<uint16_t>(cluster::FrameKind::kForward), cluster::encode_forward(out), left,
              [this, done = std::move(done)](model::Result<net::LinkBody, net::CallError> answer) mutable {
                if (!answer.ok()) {
                  const bool too_large = answer.error().kind == net::CallError::Kind::kTooLarge;
                  return done(cluster::ForwardAnswer{too_large ? api::internal_error(answer.error().text)
                                                               : api::not_leading(answer.error().text),
                                                     0});
                }
                if ((*answer)->size() <= kInlineBytes) return done(cluster::decode_answer(**answer));
                auto held = std::make_shared<Forwarded>(std::move(done));
                if (readers_->try_submit([held, body = *answer] { (*held)(cluster::decode_answer(*body)); })) return;
                (*held)(cluster::ForwardAnswer{api::service_unavailable("The node's readers are busy", 50), 0});
              });
}

void Node::change_tables(const PartitionCall& call, net::Done done) {
  if (!in_cluster_) return done(api::not_leading("This node is starting"));
  change_tables_here(call.request, call.remembered_id(0), std::move(done));
}

void Node::refresh(Clock::time_point deadline, net::UniqueFunction<void(bool)> then) {
  barrier_.wait(deadline, std::move(then));
}

void Node::ask_for_barrier(MetadataBarrier::Asked asked) {
  model::NodeId leader;
  {
    std::lock_guard lock(mutex_);
    leader = leaders_.find({});
  }
  if (!leader || !in_cluster_) return asked(std::nullopt);
  if (leader == self_) {
    metadata_mailbox_->push(ReadCall{[this, asked = std::move(asked)](const api::Error* error) {
      asked(error ? std::nullopt : std::optional<raft::Index>(metadata_applied_.load()));
    }});
    return;
  }
  link_->call(leader, static_cast<uint16_t>(cluster::FrameKind::kBarrier), {}, kBarrierTimeout,
              [asked = std::move(asked)](model::Result<net::LinkBody, net::CallError> answer) {
                if (!answer.ok()) return asked(std::nullopt);
                auto index = cluster::decode_barrier(**answer);
                asked(index.ok() ? std::optional(*index) : std::nullopt);
              });
}

// --- what others forward
// -----------------------------------------------------------------------------------------------

namespace {

// The request as its client's node parsed it, against this node's map: the two may differ, then the sender tries again.
api::Result<std::shared_ptr<PartitionCall>> read_forward(const cluster::Forward& forward, const Routes* routes) {
  const api::Operation* operation = api::find_operation(forward.operation);
  if (!operation) operation = api::find_internal_operation(forward.operation);
  if (!operation) return api::unknown_operation();
  api::json::Parser parser;
  auto body = parser.parse(forward.body);
  if (!body.ok()) return api::Failure(body.error());
  api::RequestContext context;
  context.region = forward.region;
  auto request = operation->parse(*body, context);
  if (!request.ok()) return api::Failure(request.error());
  auto call = std::make_shared<PartitionCall>();
  call->partition = forward.partition;
  call->request = std::move(*request);
  call->part = forward.part;
  call->id = forward.request_id;
  call->remember = true;
  if (operation->owner() == api::Owner::kTables && forward.partition == model::PartitionId{}) return call;
  const api::Failure elsewhere = api::not_leading("The two nodes do not see the table's partitions alike yet");
  std::vector<api::RequestPtr> items;
  switch (operation->owner()) {
    case api::Owner::kItem:
      items.push_back(call->request);
      break;
    case api::Owner::kBatch: {
      const auto* parts = std::get_if<cluster::BatchParts>(&forward.part);
      const auto& all = static_cast<const api::BatchOperation&>(*operation).parts(*call->request);
      if (!parts || parts->parts.empty()) return elsewhere;
      for (uint32_t index : parts->parts) {
        if (index >= all.size()) return elsewhere;
        items.push_back(all[index]);
      }
      break;
    }
    case api::Owner::kPage:
      if (!std::holds_alternative<cluster::PagePart>(forward.part)) return elsewhere;
      break;
    case api::Owner::kTables:
    case api::Owner::kStatic:
      return elsewhere;
  }
  std::string name = items.empty() ? call->request->table_name : items.front()->table_name;
  const cluster::TableRoute* table = routes ? routes->map.find(name) : nullptr;
  auto partition = routes ? routes->map.find(forward.partition) : nullptr;
  if (table && operation->owner() == api::Owner::kPage) {
    auto index = static_cast<const api::PageOperation&>(*operation).global_index(*table->table, *call->request);
    if (!index.ok()) return api::Failure(index.error());
    if (*index) {
      name = model::index_table_name(name, (*index)->name);
      table = routes->map.find(name);
    }
  }
  if (!table || !partition || partition->table != table->table->id) return elsewhere;
  call->table = table->table;
  for (const api::RequestPtr& item : items) {
    if (item->table_name != name) return elsewhere;
    auto key = static_cast<const api::ItemOperation&>(*item->operation).key(*table->table, *item);
    if (!key.ok()) return api::Failure(key.error());
    if (!partition->range.contains(*key)) return elsewhere;
    call->keys.push_back(std::move(*key));
  }
  return call;
}

}  // namespace

void Node::serve_forward(const net::LinkBody& body, Clock::time_point deadline, net::Reply reply) {
  auto serve = [this, body, deadline](net::Reply reply) {
    auto forward = cluster::decode_forward(*body);
    if (!forward.ok()) return reply(model::Failure(std::string("a forwarded request could not be read")));
    RoutesPtr routes = router_->routes();
    auto call = read_forward(*forward, routes.get());
    if (!call.ok()) return reply(cluster::encode_answer(api::Failure(call.error()), 0));
    (*call)->deadline = deadline;
    std::shared_ptr<PartitionPort> port;
    if (routes) {
      if (auto it = routes->ports.find(forward->partition); it != routes->ports.end()) port = it->second;
    }
    router_->serve(std::move(*call), [port, reply = std::move(reply)](api::Result<api::Answer> result) mutable {
      reply(cluster::encode_answer(result, port ? port->applied.load(std::memory_order_acquire) : 0));
    });
  };
  if (body->size() <= kInlineBytes) return serve(std::move(reply));
  auto held = std::make_shared<net::Reply>(std::move(reply));
  if (readers_->try_submit([serve, held] { serve(std::move(*held)); })) return;
  (*held)(cluster::encode_answer(api::service_unavailable("The node's readers are busy", 50), 0));
}

}  // namespace stator::actors
