// What a node does to make group 0's wishes true: replicas opened, closed, served.
#include <spdlog/spdlog.h>

#include "actors/node.h"
#include "actors/replica_actor.h"
#include "model/assert.h"

namespace stator::actors {
namespace {

const cluster::ReplicaPlace* place_on(model::NodeId node, const cluster::Partition& partition) {
  for (const cluster::ReplicaPlace& place : partition.replicas) {
    if (place.node == node) return &place;
  }
  return nullptr;
}

}  // namespace

// Runs on the metadata actor: only compares, the work is done elsewhere.
void Node::reconcile(std::shared_ptr<const cluster::ClusterState> state) {
  std::vector<std::shared_ptr<ReplicaMailbox>> closing;
  bool first = false;
  std::vector<std::pair<cluster::Partition, model::Table>> opening;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    wish_ = state;
    first = !std::exchange(reconciled_, true);
    for (auto it = partitions_.begin(); it != partitions_.end();) {
      // One that is still opening is looked at again when it is open.
      if (state->partitions.contains(it->first) || !it->second.port) {
        ++it;
        continue;
      }
      it->second.port->dropped = true;
      it->second.port->serving = false;
      it->second.port->serves_alone = false;
      closing.push_back(std::move(it->second.mailbox));
      it = partitions_.erase(it);
    }
    for (const auto& [id, partition] : state->partitions) {
      if (partitions_.contains(id) || !place_on(kSelf, partition)) continue;
      const model::Table* table = state->find(partition.table);
      STATOR_ASSERT(table != nullptr, "a partition belongs to a table");
      Partition& here = partitions_[id];
      here.mailbox = std::make_shared<ReplicaMailbox>(&refuse);
      opening.emplace_back(partition, *table);
    }
  }
  publish_routes();
  for (auto& mailbox : closing) mailbox->close();  // partition_closed() follows, when the actor has ended
  if (first) drop_unwished(*state);
  for (auto& [partition, table] : opening) open_in_background(partition, table);
  check_serving();
}

void Node::open_in_background(const cluster::Partition& partition, const model::Table& table) {
  bool accepted = readers_->try_submit([this, partition, table] {
    const storage::RecoveredReplica* recovered = nullptr;
    const cluster::ReplicaPlace* place = place_on(kSelf, partition);
    for (const storage::RecoveredReplica& replica : store_->recovered()) {
      if (replica.address.partition == partition.id && replica.address.replica == place->id)
        recovered = &replica;
    }
    ReplicaServices services{*store_, *committer_, *applier_, *readers_};
    partition_opened(partition.id, open_partition(services, partition, *place, recovered), table);
  });
  if (accepted) return;
  std::lock_guard lock(mutex_);
  if (!stopping_) spdlog::error("partition {} is not opened: the readers are busy", partition.id.value);
}

void Node::partition_opened(model::PartitionId id, storage::Result<OpenedReplica> opened,
                            const model::Table& table) {
  if (!opened.ok())
    return fail("partition " + std::to_string(id.value) + " cannot be opened: " + opened.error().text());
  std::shared_ptr<PartitionPort> port;
  std::shared_ptr<ReplicaMailbox> mailbox;
  {
    std::lock_guard lock(mutex_);
    auto it = partitions_.find(id);
    if (stopping_ || it == partitions_.end()) return;
    mailbox = it->second.mailbox;
    port = std::make_shared<PartitionPort>(id, opened->state.space, *readers_, mailbox);
    port->items = opened->state.item_count;
    port->bytes = opened->state.item_bytes;
    it->second.port = port;
  }
  // The way to it is known before it can say that it serves: whoever waits for that sends requests at once.
  publish_routes();
  ReplicaServices services{*store_, *committer_, *applier_, *readers_};
  auto driver = std::make_unique<ReplicaDriver>(services, std::move(opened->state), mailbox,
                                                std::move(opened->replica), partition_events(port));
  mailbox->push(Configure{table});
  mailbox->push(Campaign{});
  spawn_replica_actor(*system_, mailbox, std::move(driver));
  std::shared_ptr<const cluster::ClusterState> wish;
  {
    std::lock_guard lock(mutex_);
    wish = wish_;
  }
  if (!wish->partitions.contains(id)) reconcile(std::move(wish));  // it was dropped while it was being opened
}

ReplicaEvents Node::partition_events(const std::shared_ptr<PartitionPort>& port) {
  ReplicaEvents events;
  events.serving_changed = [this, port](const cluster::Replica& replica) { serving_changed(*port, replica); };
  events.applied = [port](const cluster::Replica& replica) {
    port->items.store(replica.applied_state().items, std::memory_order_relaxed);
    port->bytes.store(replica.applied_state().bytes, std::memory_order_relaxed);
  };
  events.role_changed = [this, port](const raft::SoftState& soft) {
    if (soft.role == raft::Role::kLeader && !port->leads) metrics_.elections_total.Increment();
    port->leads = soft.role == raft::Role::kLeader;
  };
  events.closed = [this, port](const storage::PartitionState& state) {
    if (port->dropped) partition_closed(state);
  };
  events.failed = [this, id = port->partition()](const std::string& why) {
    fail("partition " + std::to_string(id.value) + " failed: " + why);
  };
  return events;
}

void Node::serving_changed(PartitionPort& port, const cluster::Replica& replica) {
  port.serves_alone.store(replica.serves_alone(), std::memory_order_release);
  port.serving.store(replica.serving(), std::memory_order_release);
  check_serving();
}

// What was asked for and is there now: tables whose creation is answered, and the start that waits.
void Node::check_serving() {
  std::vector<std::function<void()>> ready;
  {
    std::lock_guard lock(mutex_);
    for (auto it = creating_.begin(); it != creating_.end();) {
      bool served = true;
      if (wish_) {
        for (const cluster::Partition* partition : wish_->partitions_of(it->first)) {
          auto here = partitions_.find(partition->id);
          served &= here != partitions_.end() && here->second.serving();
        }
      }
      if (!served) {
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

// Its table is dropped and its actor has ended: nothing of it is written any more, so log and rows can go.
void Node::partition_closed(const storage::PartitionState& state) {
  remove_replica({state.partition, state.replica}, state);
}

// What a crash left of tables that were dropped before it.
void Node::drop_unwished(const cluster::ClusterState& state) {
  for (const storage::RecoveredReplica& replica : store_->recovered()) {
    bool metadata = replica.address.partition == model::PartitionId{};
    if (metadata || state.partitions.contains(replica.address.partition)) continue;
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
  router_->publish(std::make_shared<const Routes>(Routes{cluster::PartitionMap(*wish_), std::move(ports)}));
}

model::TableCounts Node::counts(model::PartitionId id) const {
  std::lock_guard lock(mutex_);
  auto it = partitions_.find(id);
  if (it == partitions_.end() || !it->second.port) return {};
  return {it->second.port->items.load(std::memory_order_relaxed),
          it->second.port->bytes.load(std::memory_order_relaxed)};
}

}  // namespace stator::actors
