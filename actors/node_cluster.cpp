// How a node comes into a cluster, and keeps its place in it.
//
//   a new folder ──▶ waits: an operator's bootstrap (all nodes at once), or, where --join names nodes of a
//                    cluster, a welcome: as a new node, or as a new incarnation of a node that there is
//   DIR/CLUSTER ───▶ group 0's replica starts, the peers are dialled, group 0 hears the addresses
#include <spdlog/spdlog.h>

#include "actors/node.h"

namespace stator::actors {
namespace {

constexpr std::chrono::milliseconds kCallTimeout{2'000};

storage::ClusterMember stored(const cluster::Member& member) {
  return {member.node, member.metadata_replica, member.incarnation, member.link,
          member.zone, member.client,           member.admin};
}

cluster::Member member_of(const storage::ClusterMember& stored) {
  return {stored.node,           stored.metadata_replica, stored.incarnation, stored.link_address,
          stored.client_address, stored.admin_address,    stored.zone};
}

cluster::Member member_of(const cluster::NodeRecord& node) {
  return {node.id,           node.metadata_replica, node.incarnation, node.link_address, node.client_address,
          node.admin_address, node.zone};
}

cluster::NodeRecord record_of(const cluster::Member& member) {
  cluster::NodeRecord node;
  node.id = member.node;
  node.metadata_replica = member.metadata_replica;
  node.incarnation = member.incarnation;
  node.zone = member.zone;
  node.link_address = member.link;
  node.client_address = member.client;
  node.admin_address = member.admin;
  node.formats_min = cluster::kLogFormatVersionMin;  // until it registers, and says itself
  node.formats_max = cluster::kLogFormatVersion;
  return node;
}

std::vector<storage::ClusterMember> stored(const std::vector<cluster::Member>& members) {
  std::vector<storage::ClusterMember> out;
  for (const cluster::Member& member : members) out.push_back(stored(member));
  return out;
}

}  // namespace

model::Result<void, std::string> Node::start_in_cluster() {
  storage::DataFolder& folder = store_->folder();
  auto file = storage::read_cluster_file(folder.files(), folder.path());
  if (!file.ok()) return model::Failure(file.error().text());
  if (*file && !self_) self_ = (*file)->node;  // nobody else is there yet
  if (*file && (*file)->node != self_) {
    return model::Failure("this data folder belongs to node " + std::to_string((*file)->node.value) + ", not to node " +
                          std::to_string(self_.value) + ": give --node-id or --data-dir as before");
  }
  if (!*file && !store_->recovered().empty()) {
    return model::Failure(
        std::string("this data folder belongs to a cluster of one, which cannot become a node of another: start it "
                    "without --cluster-addr, or choose another --data-dir"));
  }
  if (*file) cluster_file_ = **file;
  net::LinkOptions options;
  options.host = cluster_->listen.host;
  options.port = cluster_->listen.port;
  auto link = net::Link::start(options, identity(), *this);
  if (!link.ok()) {
    return model::Failure("cannot listen on " + net::to_string(cluster_->listen) + ": " + link.error().text +
                          "; choose another address with --cluster-addr");
  }
  link_ = std::move(*link);
  transport_.attach(*link_);
  linked_ = true;
  if (*file) {
    if (auto ok = enter(**file); !ok.ok()) return ok;
  } else {
    spdlog::info("waiting for a cluster node={} link={}", self_.value, net::to_string(cluster_->listen));
  }
  ticker_ = std::make_unique<Ticker>([this] { tick(); });
  return {};
}

// Starts group 0's replica. Blocks on the disk; not on the link's thread.
model::Result<void, std::string> Node::enter(const storage::ClusterFile& file) {
  raft::Membership members;
  bool lowest = true;
  if (!file.late) {
    for (const storage::ClusterMember& member : file.members) {
      members.voters.push_back(member.metadata_replica);
      lowest &= member.node >= self_;
    }
    std::sort(members.voters.begin(), members.voters.end());
  }
  link_->set_identity(identity());
  // The first election is not left to chance; later ones are.
  if (auto ok = start_metadata(file.metadata_replica, members, lowest && !file.late); !ok.ok()) return ok;
  update_peers();
  spdlog::info("in cluster id={} node={} members={} late={}", cluster::to_hex(file.cluster_id), self_.value,
               file.members.size(), file.late);
  return {};
}

net::LinkIdentity Node::identity() const {
  net::LinkIdentity identity;
  uint32_t active_version = cluster::kLogFormatVersionMin;
  {
    std::lock_guard lock(mutex_);
    if (cluster_file_) identity.cluster_id = cluster_file_->cluster_id;
    if (wish_) active_version = wish_->active_version;
    identity.node = self_;
  }
  identity.incarnation = incarnation_;
  identity.boot_epoch = boot_epoch_;
  identity.formats_min = cluster::kLogFormatVersionMin;
  identity.formats_max = formats_max_;
  identity.active_version = active_version;
  identity.version = cluster_->version;
  identity.zone = cluster_->zone;
  identity.link_address = net::to_string(cluster_->listen);
  identity.client_address = cluster_->client_address;
  identity.admin_address = cluster_->admin_address;
  return identity;
}

cluster::Member Node::self_member() const {
  cluster::Member self;
  self.incarnation = incarnation_;
  self.link = net::to_string(cluster_->listen);
  self.client = cluster_->client_address;
  self.admin = cluster_->admin_address;
  self.zone = cluster_->zone;
  std::lock_guard lock(mutex_);
  self.node = self_;
  if (cluster_file_) self.metadata_replica = cluster_file_->metadata_replica;
  return self;
}

// As group 0 says, or, before it says anything, the file.
std::vector<cluster::Member> Node::members() const {
  std::vector<cluster::Member> members;
  std::lock_guard lock(mutex_);
  if (wish_ && wish_->bootstrapped()) {
    for (const auto& [id, node] : wish_->nodes) members.push_back(member_of(node));
  } else if (cluster_file_) {
    for (const storage::ClusterMember& member : cluster_file_->members) members.push_back(member_of(member));
  }
  return members;
}

// Whom to dial: what a peer said of itself last holds, since group 0 may hear of it only through us.
void Node::update_peers() {
  std::vector<net::LinkPeer> peers;
  for (const cluster::Member& member : members()) {
    if (member.node == self_) continue;
    std::string address = member.link;
    {
      std::lock_guard lock(mutex_);
      if (auto it = told_addresses_.find(member.node); it != told_addresses_.end()) address = it->second;
    }
    auto parsed = net::parse_link_address(address);
    if (parsed.ok()) peers.push_back({member.node, *parsed});
  }
  {
    std::lock_guard lock(mutex_);
    std::erase_if(told_addresses_, [this](const auto& told) {  // of nodes that went
      return wish_ && wish_->bootstrapped() && !wish_->find(told.first) && !is_newcomer(told.first);
    });
    for (const auto& [node, address] : told_addresses_) {
      auto parsed = net::parse_link_address(address);
      if (is_newcomer(node) && parsed.ok()) peers.push_back({node, *parsed});
    }
  }
  link_->set_peers(std::move(peers));
}

// A new state of group 0: the nodes may be others, or elsewhere. The file follows, for the next start. Runs on the
// metadata actor, so the disk is left to a reader.
void Node::remember_members(const cluster::ClusterState& state) {
  if (!state.bootstrapped()) return;
  storage::ClusterFile file;
  {
    std::lock_guard lock(mutex_);
    if (!cluster_file_) return;
    file = *cluster_file_;
    file.members.clear();
    for (const auto& [id, node] : state.nodes) file.members.push_back(stored(member_of(node)));
    if (file == *cluster_file_) return;
    cluster_file_ = file;
  }
  update_peers();
  bool accepted = readers_->try_submit([this] {
    std::lock_guard writing(cluster_file_mutex_);
    storage::ClusterFile newest;
    {
      std::lock_guard lock(mutex_);
      newest = *cluster_file_;
    }
    auto written = storage::write_cluster_file(store_->folder().files(), store_->folder().path(), newest);
    if (!written.ok()) spdlog::warn("the members are not remembered: {}", written.error().text());
  });
  if (!accepted) spdlog::debug("the members are remembered with the next change");
}

// --- the bootstrap
// ------------------------------------------------------------------------------------------------------

// The operator's: once, the same to all nodes.
void Node::answer_bootstrap(const std::string& body, net::Reply reply) {
  auto request = cluster::decode_bootstrap(body);
  auto refuse = [&](std::string reason) { reply(cluster::encode(cluster::BootstrapReply{false, std::move(reason)})); };
  if (!request.ok()) return refuse("the bootstrap could not be read");
  const cluster::Member* self = nullptr;
  for (const cluster::Member& member : request->members) {
    if (member.node == self_) self = &member;
  }
  if (!self) return refuse("the bootstrap does not name node " + std::to_string(self_.value));
  if (self->incarnation != incarnation_)
    return refuse("the data folder of node " + std::to_string(self_.value) + " was replaced meanwhile; try again");
  storage::ClusterFile file;
  {
    std::lock_guard lock(mutex_);
    if (cluster_file_) {
      const bool same = cluster_file_->cluster_id == request->cluster_id;
      return same ? reply(cluster::encode(cluster::BootstrapReply{true, {}}))
                  : refuse("node " + std::to_string(self_.value) + " belongs to another cluster already");
    }
    file.cluster_id = request->cluster_id;
    file.node = self_;
    file.metadata_replica = self->metadata_replica;
    file.members = stored(request->members);
    cluster_file_ = file;
  }
  start_entering(file, [reply = std::move(reply)](std::string error) mutable {
    reply(cluster::encode(cluster::BootstrapReply{error.empty(), std::move(error)}));
  });
}

// Makes the file durable, then starts group 0's replica. `cluster_file_` is set already: there is no second time.
void Node::start_entering(storage::ClusterFile file, net::UniqueFunction<void(std::string)> done) {
  auto shared = std::make_shared<net::UniqueFunction<void(std::string)>>(std::move(done));
  bool accepted = readers_->try_submit([this, file = std::move(file), shared] {
    auto written = [&] {
      std::lock_guard writing(cluster_file_mutex_);
      return storage::write_cluster_file(store_->folder().files(), store_->folder().path(), file);
    }();
    std::string error;
    if (!written.ok()) {
      error = written.error().text();
      std::lock_guard lock(mutex_);
      cluster_file_.reset();
    } else if (auto entered = enter(file); !entered.ok()) {
      error = entered.error();
      fail(error);
    }
    (*shared)(std::move(error));
  });
  if (accepted) return;
  {
    std::lock_guard lock(mutex_);
    cluster_file_.reset();
  }
  (*shared)("the node is stopping");
}

// Group 0's first leader: who belongs to the cluster goes into its log. On the metadata actor.
void Node::bootstrap_metadata() {
  cluster::Bootstrap bootstrap;
  {
    std::lock_guard lock(mutex_);
    if (!cluster_file_) return;
    bootstrap.cluster_id = cluster_file_->cluster_id;
    for (const storage::ClusterMember& member : cluster_file_->members)
      bootstrap.nodes.push_back(record_of(member_of(member)));
  }
  metadata_mailbox_->push(
      MetadataCall{std::make_shared<cluster::MetadataCommand>(std::move(bootstrap)), [](api::Result<api::Answer> result) {
                     if (!result.ok()) spdlog::warn("the cluster is not recorded yet: {}", result.error().message);
                   }});
}

// --- joining and registering
// -------------------------------------------------------------------------------------------

cluster::JoinRequest Node::join_request() const {
  cluster::JoinRequest request;
  request.self = self_member();
  request.version = cluster_->version;
  request.format_min = cluster::kLogFormatVersionMin;
  request.format_max = formats_max_;
  return request;
}

// A new folder: is there a cluster? It takes this node in as a new one, or, under a number that it knows, as a new
// incarnation. Now and then, on the ticker.
void Node::try_to_join() {
  if (cluster_->join.empty() || joining_.exchange(true)) return;
  net::LinkAddress address = cluster_->join[next_join_++ % cluster_->join.size()];
  link_->call_address(
      address, cluster::kIdentify, {}, kCallTimeout,
      [this, address](model::Result<net::LinkBody, net::CallError> answer) {
        auto reply = answer.ok() ? cluster::decode_identify_reply(**answer)
                                 : cluster::InitMessage<cluster::IdentifyReply>(
                                       model::Failure(cluster::InitMessageError::kMalformed));
        if (!reply.ok() || !reply->initialised()) {
          joining_ = false;
          return;
        }
        link_->call_address(address, cluster::kJoin, cluster::encode(join_request()), kCallTimeout,
                            [this](model::Result<net::LinkBody, net::CallError> joined) {
                              if (joined.ok()) {
                                if (auto welcome = cluster::decode_join_reply(**joined); welcome.ok())
                                  return join_answered(*welcome);
                              }
                              joining_ = false;
                            });
      });
}

void Node::join_answered(const cluster::JoinReply& reply) {
  if (const auto* refusal = std::get_if<cluster::JoinRefusal>(&reply)) {
    bool news = false;
    {
      std::lock_guard lock(mutex_);
      news = std::exchange(join_refusal_, refusal->reason) != refusal->reason;
    }
    if (news && refusal->again) spdlog::warn("not taken into the cluster yet: {}", refusal->reason);
    if (news && !refusal->again) spdlog::error("the cluster does not take this node: {}", refusal->reason);
    joining_ = false;
    return;
  }
  const auto& welcome = std::get<cluster::JoinWelcome>(reply);
  storage::ClusterFile file;
  {
    std::lock_guard lock(mutex_);
    if (cluster_file_ || (!self_ && !welcome.node)) {  // a bootstrap came first; or nobody gives numbers yet
      joining_ = false;
      return;
    }
    if (!self_) self_ = welcome.node;
    file.cluster_id = welcome.cluster_id;
    file.node = self_;
    file.metadata_replica = welcome.metadata_replica;
    file.late = welcome.late;
    file.members = stored(welcome.members);
    cluster_file_ = file;
  }
  spdlog::info("joining cluster id={} as node {}", cluster::to_hex(welcome.cluster_id), self_.value);
  start_entering(std::move(file), [this](std::string error) {
    if (!error.empty()) spdlog::error("the cluster was not entered: {}", error);
    registered_ = error.empty();
    joining_ = false;
  });
}

// Group 0 hears where this node is now, and what it reads. Now and then until it knows, on the ticker.
void Node::try_to_register() {
  if (registered_ || joining_.exchange(true)) return;
  model::NodeId leader;
  {
    std::lock_guard lock(mutex_);
    leader = wish_ && wish_->bootstrapped() ? leaders_.find({}) : model::NodeId{};
  }
  if (!leader) {
    joining_ = false;
    return;
  }
  auto done = [this](const cluster::JoinReply& reply) {
    const auto* refusal = std::get_if<cluster::JoinRefusal>(&reply);
    if (refusal && !refusal->again) spdlog::error("the cluster does not take this node: {}", refusal->reason);
    registered_ = !refusal;
    joining_ = false;
  };
  if (leader == self_) {
    return register_node(join_request(), [done](model::Result<std::string, std::string> reply) {
      auto decoded = reply.ok() ? cluster::decode_join_reply(*reply)
                                : cluster::InitMessage<cluster::JoinReply>(
                                      model::Failure(cluster::InitMessageError::kMalformed));
      done(decoded.ok() ? *decoded : cluster::JoinReply(cluster::JoinRefusal{{}, true}));
    });
  }
  link_->call(leader, cluster::kJoin, cluster::encode(join_request()), kCallTimeout,
              [done](model::Result<net::LinkBody, net::CallError> answer) {
                auto decoded = answer.ok() ? cluster::decode_join_reply(**answer)
                                           : cluster::InitMessage<cluster::JoinReply>(
                                                 model::Failure(cluster::InitMessageError::kMalformed));
                done(decoded.ok() ? *decoded : cluster::JoinReply(cluster::JoinRefusal{{}, true}));
              });
}

// Another node wants to be known as it is: group 0's leader decides.
void Node::answer_join(net::LinkBody body, std::chrono::steady_clock::time_point deadline, net::Reply reply) {
  model::NodeId leader;
  {
    std::lock_guard lock(mutex_);
    leader = leaders_.find({});
  }
  if (!leader || !in_cluster_) {
    return reply(cluster::encode(cluster::JoinReply(
        cluster::JoinRefusal{"the cluster's metadata has no leader at the moment", true})));
  }
  if (leader != self_) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    return link_->call(leader, cluster::kJoin, *body, left,
                       [reply = std::move(reply)](model::Result<net::LinkBody, net::CallError> answer) mutable {
                         if (answer.ok()) return reply(std::string(**answer));
                         reply(model::Failure(answer.error().text));
                       });
  }
  auto request = cluster::decode_join_request(*body);
  if (!request.ok()) return reply(model::Failure(std::string("the request to join could not be read")));
  register_node(*request, std::move(reply));
}

void Node::register_node(const cluster::JoinRequest& request, net::Reply reply) {
  cluster::RegisterNode command;
  command.node = record_of(request.self);
  command.node.version = request.version;
  command.node.formats_min = request.format_min;
  command.node.formats_max = request.format_max;
  metadata_mailbox_->push(MetadataCall{
      std::make_shared<cluster::MetadataCommand>(std::move(command)),
      [this, self = request.self, reply = std::move(reply)](api::Result<api::Answer> result) mutable {
        if (!result.ok()) {
          return reply(cluster::encode(cluster::JoinReply(
              cluster::JoinRefusal{result.error().message, api::is_retriable(result.error())})));
        }
        // Answered on the metadata actor, after the state that it made.
        std::shared_ptr<const cluster::ClusterState> state = metadata_->state();
        auto known = std::find_if(state->nodes.begin(), state->nodes.end(), [&](const auto& node) {
          return node.second.incarnation == self.incarnation && (!self.node || self.node == node.first);
        });
        if (known == state->nodes.end()) {  // it went meanwhile
          return reply(cluster::encode(cluster::JoinReply(cluster::JoinRefusal{"the cluster changed; try again", true})));
        }
        const cluster::NodeRecord& record = known->second;
        cluster::JoinWelcome welcome{state->cluster_id, record.metadata_replica, record.metadata_late, {}, record.id};
        for (const auto& [id, member] : state->nodes) welcome.members.push_back(member_of(member));
        reply(cluster::encode(cluster::JoinReply(std::move(welcome))));
      }});
}

}  // namespace stator::actors
