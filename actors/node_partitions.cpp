// What a node does to make group 0's wishes true: replicas opened, closed, served.
#include <spdlog/spdlog.h>

#include <cstring>

#include "actors/clock.h"
#include "actors/node.h"
#include "actors/replica_actor.h"
#include "api/internal/index_built.h"
#include "api/internal/index_writes.h"
#include "cluster/item_machine.h"
#include "model/assert.h"

namespace stator::actors {
namespace {

const cluster::ReplicaPlace* place_on(model::NodeId node, const cluster::Partition& partition) {
  for (const cluster::ReplicaPlace& place : partition.replicas) {
    if (place.node == node) return &place;
  }
  return nullptr;
}

bool is_first_leader(const cluster::Partition& partition, const cluster::ReplicaPlace& place) {
  return partition.first_leader == place.id;
}

}  // namespace

// Runs on the metadata actor: only compares, the work is done elsewhere.
void Node::reconcile(std::shared_ptr<const cluster::ClusterState> state) {
  std::vector<std::shared_ptr<ReplicaMailbox>> closing;
  std::vector<std::pair<std::shared_ptr<ReplicaMailbox>, raft::Membership>> wishes;
  std::vector<std::pair<std::shared_ptr<ReplicaMailbox>, model::Table>> changed;
  bool drop = false;
  std::vector<std::pair<cluster::Partition, model::Table>> opening;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    wish_ = state;
    if (state->bootstrapped()) wishes.emplace_back(metadata_mailbox_, state->wished_metadata_members());
    if (cluster_) notice_own_place(*state);
    // In a cluster of several this may be an old state: refresh() comes before anything is thrown away.
    drop = !cluster_ && !std::exchange(dropped_unwished_, true);
    for (auto it = partitions_.begin(); it != partitions_.end();) {
      auto wished = state->partitions.find(it->first);
      const cluster::ReplicaPlace* place =
          wished == state->partitions.end() ? nullptr : place_on(self_, wished->second);
      // One that is still opening is looked at again when it is open.
      if (!it->second.port || (place && place->id == it->second.port->replica())) {
        const model::Table* table = place ? state->find(wished->second.table) : nullptr;
        if (table && std::exchange(it->second.schema_version, table->schema_version) < table->schema_version)
          changed.emplace_back(it->second.mailbox, *table);
        if (cluster_ && place) wishes.emplace_back(it->second.mailbox, cluster::wished_members(wished->second));
        ++it;
        continue;
      }
      it->second.port->dropped = true;
      it->second.port->serving = false;
      it->second.port->serves_alone = false;
      it->second.port->voter = false;
      closing.push_back(std::move(it->second.mailbox));
      closing_.insert(it->first);
      if (wished == state->partitions.end()) leaders_.forget(it->first);
      it = partitions_.erase(it);
    }
    for (const auto& [id, partition] : state->partitions) {
      if (partitions_.contains(id) || closing_.contains(id) || !place_on(self_, partition)) continue;
      const model::Table* table = state->find(partition.table);
      STATOR_ASSERT(table != nullptr, "a partition belongs to a table");
      Partition& here = partitions_[id];
      here.mailbox = std::make_shared<ReplicaMailbox>(&actors::refuse);
      here.schema_version = table->schema_version;
      opening.emplace_back(partition, *table);
    }
  }
  publish_routes();
  for (auto& mailbox : closing) mailbox->close();  // partition_closed() follows, when the actor has ended
  for (auto& [mailbox, wish] : wishes) mailbox->push(Reconfigure{std::move(wish), state->active_version});
  for (auto& [mailbox, table] : changed) mailbox->push(Configure{std::move(table)});
  if (drop) drop_unwished(*state);
  for (auto& [partition, table] : opening) open_in_background(partition, table);
  if (cluster_) remember_members(*state);
  check_serving();
}

void Node::open_in_background(const cluster::Partition& partition, const model::Table& table) {
  bool accepted = readers_->try_submit([this, partition, table] {
    const storage::RecoveredReplica* recovered = nullptr;
    const cluster::ReplicaPlace* place = place_on(self_, partition);
    for (const storage::RecoveredReplica& replica : store_->recovered()) {
      if (replica.address.partition == partition.id && replica.address.replica == place->id)
        recovered = &replica;
    }
    partition_opened(partition, open_partition(services(), partition, *place, recovered), table);
  });
  if (accepted) return;
  std::lock_guard lock(mutex_);
  if (!stopping_) spdlog::error("partition {} is not opened: the readers are busy", partition.id.value);
}

void Node::partition_opened(const cluster::Partition& partition, storage::Result<OpenedReplica> opened,
                            const model::Table& table) {
  const model::PartitionId id = partition.id;
  const cluster::ReplicaPlace& place = *place_on(self_, partition);
  if (!opened.ok()) {
    if (opened.error().code == storage::ErrorCode::kRemoved) {
      // An old wish, replayed: a later one takes it back.
      spdlog::info("partition {} is not opened: {}", id.value, opened.error().text());
      std::lock_guard lock(mutex_);
      partitions_.erase(id);
      return;
    }
    return fail("partition " + std::to_string(id.value) + " cannot be opened: " + opened.error().text());
  }
  std::shared_ptr<PartitionPort> port;
  std::shared_ptr<ReplicaMailbox> mailbox;
  {
    std::lock_guard lock(mutex_);
    auto it = partitions_.find(id);
    if (stopping_ || it == partitions_.end()) return;
    mailbox = it->second.mailbox;
    port = std::make_shared<PartitionPort>(id, place.id, opened->state.space, *readers_, mailbox);
    port->items = opened->state.item_count;
    port->bytes = opened->state.item_bytes;
    port->set_local_counts(opened->state.local_indexes);
    port->applied = opened->state.applied.index;
    port->awake = true;
    port->upkeep = std::make_shared<PartitionUpkeep>(upkeep_services(), id, mailbox);
    it->second.port = port;
  }
  static_cast<cluster::ItemMachine&>(opened->replica->machine()).limit_writes(throttle_->writes_of(id));
  // The way to it is known before it can say that it serves: whoever waits for that sends requests at once.
  publish_routes();
  const bool born = opened->state.applied.index == 0 && !place.late;
  auto driver = std::make_unique<ReplicaDriver>(services(), std::move(opened->state), mailbox,
                                                std::move(opened->replica), partition_events(port));
  mailbox->push(Configure{table});
  if (!cluster_ || (born && is_first_leader(partition, place))) mailbox->push(Campaign{});
  std::shared_ptr<const cluster::ClusterState> wish;
  {
    std::lock_guard lock(mutex_);
    wish = wish_;
  }
  if (cluster_) {
    mailbox->push(Reconfigure{cluster::wished_members(partition), wish->active_version});
    if (clock_astray_) mailbox->push(BeReluctant{true});
  }
  spawn_replica_actor(*system_, mailbox, std::move(driver));
  // Where the wish changed while it was being opened.
  auto wished = wish->partitions.find(id);
  if (wished == wish->partitions.end() || wished->second != partition) reconcile(std::move(wish));
}

ReplicaEvents Node::partition_events(const std::shared_ptr<PartitionPort>& port) {
  ReplicaEvents events;
  events.serving_changed = [this, port](const cluster::Replica& replica) {
    serving_changed(*port, replica);
    port->upkeep->observe(replica, port->space());
  };
  events.state_changed = [port](cluster::Replica& replica) { port->upkeep->observe(replica, port->space()); };
  events.applied = [port](const cluster::Replica& replica) {
    port->items.store(replica.applied_state().items, std::memory_order_relaxed);
    port->bytes.store(replica.applied_state().bytes, std::memory_order_relaxed);
    port->set_local_counts(replica.applied_state().local_indexes);
    port->applied.store(replica.applied_index(), std::memory_order_release);
    if (replica.serving()) port->upkeep->observe(replica, port->space());
  };
  events.role_changed = [this, port](const raft::SoftState& soft) {
    if (soft.role == raft::Role::kLeader && !port->leads) metrics_.elections_total.Increment();
    port->leads = soft.role == raft::Role::kLeader;
  };
  if (cluster_) {
    events.turned = [this, port](const cluster::Replica& replica, const ReplicaContact& contact) {
      if (contact.heard) port->leader_heard_ms.store(steady_millis(), std::memory_order_relaxed);
      port->committed.store(std::max<raft::Index>(contact.committed, replica.node().commit_index()),
                            std::memory_order_release);
      port->voter.store(raft::is_voter(replica.node().membership(), port->replica()), std::memory_order_release);
      port->leader.store(replica.leader().value, std::memory_order_relaxed);
      port->awake.store(!replica.resting(), std::memory_order_release);
      if (!contact.ticked || !replica.leads()) return;
      const ReplicationLag lag = replication_lag(replica);
      port->lag.store(lag.entries, std::memory_order_relaxed);
      port->set_member_lags(lag.members);
      port->complete.store(lag.complete, std::memory_order_release);
      // A move has come a step further: group 0's leader waits for it.
      if (port->set_members(replica.applied_state().membership) && replica.serving()) report_leadership(*port, replica);
    };
  }
  events.installed = [port](const storage::PartitionState& state) { port->set_space(state.space); };
  events.closed = [this, port](const storage::PartitionState& state) {
    port->upkeep->stop();
    if (port->dropped) partition_closed(state);
  };
  events.failed = [this, id = port->partition()](const std::string& why) {
    fail("partition " + std::to_string(id.value) + " failed: " + why);
  };
  return events;
}

void Node::report_leadership(const PartitionPort& port, const cluster::Replica& replica) {
  report_leadership({port.partition(),
                     replica.node().term(),
                     replica.serving(),
                     port.totals(),
                     replica.applied_state().membership,
                     port.complete.load(std::memory_order_acquire)});
}

void Node::serving_changed(PartitionPort& port, const cluster::Replica& replica) {
  port.serves_alone.store(replica.serves_alone(), std::memory_order_release);
  port.serving.store(replica.serving(), std::memory_order_release);
  if (cluster_) {
    return report_leadership(port, replica);
  }
  check_serving();
}

bool Node::served(model::PartitionId partition) const {
  if (cluster_) return bool(leaders_.find(partition));
  auto here = partitions_.find(partition);
  return here != partitions_.end() && here->second.serving();
}

// What was asked for and is there now: tables whose creation is answered, and the start that waits.
void Node::check_serving() {
  std::vector<std::function<void()>> ready;
  {
    std::lock_guard lock(mutex_);
    for (auto it = creating_.begin(); it != creating_.end();) {
      bool all = true;
      if (wish_) {
        for (const cluster::Partition* partition : wish_->partitions_of(it->first)) all &= served(partition->id);
        const model::Table* table = wish_->find(it->first);
        for (size_t i = 0; table && i < table->global_indexes.size(); ++i) {
          for (const cluster::Partition* partition : wish_->partitions_of(table->global_indexes[i].id))
            all &= served(partition->id);
        }
      }
      if (!all) {
        ++it;
        continue;
      }
      ready.push_back(std::move(it->second));
      it = creating_.erase(it);
    }
    changed_.notify_all();
  }
  for (auto& then : ready) then();
}

void Node::when_serving(model::TableId table, std::function<void()> then) {
  {
    std::lock_guard lock(mutex_);
    creating_.emplace(table, std::move(then));
  }
  check_serving();
}

// Its table is dropped, or it was replaced, and its actor has ended: nothing of it is written any more, so log and rows
// can go.
void Node::partition_closed(const storage::PartitionState& state) {
  remove_replica({state.partition, state.replica}, state);
  std::shared_ptr<const cluster::ClusterState> wish;
  {
    std::lock_guard lock(mutex_);
    closing_.erase(state.partition);
    wish = wish_;
  }
  if (wish && wish->partitions.contains(state.partition)) reconcile(std::move(wish));  // its successor opens
}

// What a crash left of tables that were dropped before it, and of replicas that moved away. What was opened since the start
// and closed again is gone already: that is nothing to items/, and the log keeps its minimum.
void Node::drop_unwished(const cluster::ClusterState& state) {
  for (const storage::RecoveredReplica& replica : store_->recovered()) {
    if (replica.address.partition == model::PartitionId{}) continue;
    auto wished = state.partitions.find(replica.address.partition);
    if (wished != state.partitions.end()) {
      const cluster::ReplicaPlace* place = place_on(self_, wished->second);
      if (place && place->id == replica.address.replica) continue;
    }
    remove_replica(replica.address, replica.state);
  }
}

// Ids never come back: the log remembers a minimum for the next replica of the partition.
void Node::remove_replica(storage::ReplicaAddress address, std::optional<storage::PartitionState> state) {
  storage::Submission removal;
  removal.update.replica = address;
  removal.update.remove_with_minimum = model::ReplicaId(address.replica.value + 1);
  removal.committed = [](const storage::Result<void>&) {};
  bool accepted = committer_->try_submit(removal);
  if (state) {
    storage::ApplyBatch batch;
    batch.gone.push_back(address.partition);
    batch.state = std::move(*state);
    storage::Applied applied = [](const storage::Result<void>&) {};
    accepted &= applier_->try_apply(batch, applied);
  }
  if (!accepted)
    spdlog::warn("partition {} is dropped and stays on disk until the next start", address.partition.value);
}

void Node::publish_routes() {
  std::lock_guard lock(mutex_);
  if (!wish_ || stopping_) return;
  PartitionPorts ports;
  for (const auto& [id, partition] : partitions_) {
    if (partition.port) ports.emplace(id, partition.port);
  }
  if (cluster_) {
    auto mailboxes = std::make_shared<Mailboxes>();
    auto nodes = std::make_shared<ReplicaNodes>();
    mailboxes->emplace(model::PartitionId{}, metadata_mailbox_);
    for (const auto& [id, port] : ports) mailboxes->emplace(id, partitions_.at(id).mailbox);
    if (cluster_file_) {
      for (const storage::ClusterMember& member : cluster_file_->members)
        nodes->emplace(member.metadata_replica, member.node);
    }
    for (const auto& [id, node] : wish_->nodes) nodes->emplace(node.metadata_replica, id);
    for (const auto& [id, partition] : wish_->partitions) {
      for (const cluster::ReplicaPlace& place : partition.replicas) nodes->emplace(place.id, place.node);
    }
    transport_.publish(std::shared_ptr<const Mailboxes>(std::move(mailboxes)));
    transport_.publish(std::shared_ptr<const ReplicaNodes>(std::move(nodes)));
    std::erase_if(routes_, [&](const auto& route) {
      return route.first != model::PartitionId{} && !wish_->partitions.contains(route.first);
    });
    std::vector<model::PartitionId> added;
    auto add = [&](model::PartitionId id) {
      auto [it, inserted] = routes_.try_emplace(id, nullptr);
      if (!inserted) return;
      it->second = std::make_shared<PartitionRoute>();
      added.push_back(id);
    };
    add(model::PartitionId{});
    for (const auto& [id, partition] : wish_->partitions) add(id);
    set_routes(added);
  }
  router_->publish(
      std::make_shared<const Routes>(Routes{cluster::PartitionMap(*wish_), std::move(ports), routes_}));
}

UpkeepServices Node::upkeep_services() {
  static constexpr auto kPatience = std::chrono::seconds(2);
  auto context = [this](std::string body) {
    net::RequestContext context;
    context.deadline = std::chrono::steady_clock::now() + kPatience;
    // Of its own each time, as if a client's that cannot retry. Its parts' ids differ from it in the low bits.
    const uint64_t number = (++upkeep_calls_) << 20;
    std::memcpy(context.request_id.data(), &boot_epoch_, sizeof boot_epoch_);
    std::memcpy(context.request_id.data() + sizeof boot_epoch_, &number, sizeof number);
    if (cluster_) context.body = std::make_shared<const std::string>(std::move(body));
    return context;
  };
  UpkeepServices services{store_->items(), *readers_, {}, {}, build_pace_, {}, [this] { return !clock_astray(); }};
  services.build_read = [this](uint64_t read, uint64_t skipped) {
    metrics_.index_build_items_total.Increment(static_cast<double>(read));
    metrics_.index_build_skipped_items_total.Increment(static_cast<double>(skipped));
  };
  services.write_indexes = [this, context](api::RequestPtr request, net::Done done) {
    std::string body;
    if (cluster_) body = api::IndexWrites::body(static_cast<const api::IndexWritesRequest&>(*request));
    router_->execute(std::move(request), context(std::move(body)), std::move(done));
  };
  services.tell_tables = [this, context](std::shared_ptr<api::Request> request, net::Done done) {
    net::RequestContext told = context(cluster_ ? api::IndexBuilt::body(*request) : std::string());
    execute(std::move(request), std::move(told), std::move(done));
  };
  return services;
}

// The ticker's thread.
void Node::look_after_partitions() {
  std::vector<std::shared_ptr<PartitionPort>> ports;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    for (const auto& [id, partition] : partitions_) {
      if (partition.serving()) ports.push_back(partition.port);
    }
  }
  for (const auto& port : ports) port->upkeep->tick();
}

model::PartitionTotals Node::totals(model::PartitionId id) const {
  std::lock_guard lock(mutex_);
  auto it = partitions_.find(id);
  if (it != partitions_.end() && it->second.port) return it->second.port->totals();
  const cluster::Leaders::Leader* leader = leaders_.details(id);
  return leader ? leader->totals : model::PartitionTotals{};
}

}  // namespace stator::actors
