// Start and stop of a node, group 0's replica, and requests on tables.
#include "actors/node.h"

#include <spdlog/spdlog.h>
#include <random>

#include "actors/clock.h"
#include "actors/replica_actor.h"
#include "model/assert.h"
#include "storage/env_memory.h"

namespace stator::actors {
namespace {

constexpr model::ReplicaId kMetadataReplicaAlone{1};
constexpr auto kStartTimeout = std::chrono::seconds(120);  // replaying a long log after a kill

uint64_t random_epoch() {
  std::random_device device;  // getrandom
  return (uint64_t{device()} << 32) | device();
}

}  // namespace

// Storage's figures to metrics.
class Node::Observer final : public storage::StorageObserver {
 public:
  Observer(monitoring::Metrics& metrics, std::function<void()> when_store_failed)
      : metrics_(metrics), when_store_failed_(std::move(when_store_failed)) {}
  void log_sync(double seconds, uint64_t, uint64_t entries, uint64_t bytes) override {
    metrics_.log_fsync_duration_seconds.Observe(seconds);
    metrics_.log_batch_entries.Observe(static_cast<double>(entries));
    metrics_.log_written_bytes_total.Increment(static_cast<double>(bytes));
  }
  void handle_failed(const char* database) override {
    spdlog::critical("{}/ cannot be written any more: the node serves no writes until it is restarted",
                     database);
    store_failed_ = true;
  }
  // A replica met it, and has logged why.
  void tell_if_store_failed() const {
    if (store_failed_ && when_store_failed_) when_store_failed_();
  }

 private:
  monitoring::Metrics& metrics_;
  const std::function<void()> when_store_failed_;
  std::atomic<bool> store_failed_{false};
};

Node::Node(const NodeOptions& options, monitoring::Metrics& metrics)
    : metrics_(metrics),
      cluster_(options.cluster),
      self_(options.cluster ? options.cluster->node : kAlone),
      formats_max_(options.formats_max),
      partitions_per_table_(options.partitions_per_table),
      reader_threads_(options.reader_threads),
      collection_bytes_max_(options.collection_bytes_max),
      boot_epoch_(random_epoch()),
      observer_(std::make_unique<Observer>(metrics, options.store_failed)),
      barrier_([this](MetadataBarrier::Asked asked) { ask_for_barrier(std::move(asked)); }) {}

Node::~Node() { stop(); }

model::Result<std::unique_ptr<Node>, std::string> Node::start(const NodeOptions& options,
                                                              monitoring::Metrics& metrics) {
  std::unique_ptr<Node> node(new Node(options, metrics));
  if (auto ok = node->open(options); !ok.ok()) return model::Failure(ok.error());
  auto started = options.cluster ? node->start_in_cluster() : node->start_alone();
  if (!started.ok()) return model::Failure(started.error());
  return node;
}

model::Result<void, std::string> Node::open(const NodeOptions& options) {
  if (!options.files)
    files_ = options.in_memory ? storage::memory_file_system() : storage::disk_file_system();
  storage::FileSystem& files = options.files ? *options.files : *files_;
  auto store = storage::Store::open(files, options.in_memory ? "/stator" : options.data_dir, {}, *observer_);
  if (!store.ok()) return model::Failure(store.error().text());
  store_ = std::move(*store);
  const bool named = cluster::from_hex(store_->folder().incarnation(), incarnation_);
  STATOR_ASSERT(named, "an incarnation is 32 hex digits");
  committer_ = std::make_unique<storage::Committer>(store_->log(), storage::CommitterLimits{}, *observer_);
  applier_ = std::make_unique<storage::Applier>(
      store_->items(), storage::ApplierLimits{},
      [this](const storage::Result<std::vector<storage::SyncedIndex>>& synced) {
        if (synced.ok()) items_synced(*synced);  // the applier reports a failure with the next batch
      },
      *observer_);
  disk_ = std::make_unique<DiskGuard>(
      [&files, path = store_->folder().path()] { return files.free_bytes(path); }, options.disk_reserve_bytes);
  readers_ = std::make_unique<storage::ReaderPool>(options.reader_threads, 10'000, *observer_);
  if (cluster_) snapshots_ = std::make_unique<SnapshotService>();
  config_ = std::make_unique<caf::actor_system_config>();
  // The default, max(cores, 4), oversubscribes a machine that runs several nodes; "sharing" wakes idle
  // workers at once.
  config_->set("scheduler.max-threads", static_cast<int64_t>(options.actor_threads));
  config_->set("scheduler.policy", caf::atom("sharing"));
  system_ = std::make_unique<caf::actor_system>(*config_);
  throttle_ = std::make_unique<Throttle>(
      options.throttling, [this] { return router_ ? router_->routes() : nullptr; }, metrics_);
  router_ = std::make_unique<Router>(store_->items(), *disk_, *throttle_, cluster_ ? static_cast<Peers*>(this) : nullptr);
  router_->start(*system_);
  metrics_.on_scrape([this] { count_replicas(); });
  return {};
}

model::Result<void, std::string> Node::start_alone() {
  auto file = storage::read_cluster_file(store_->folder().files(), store_->folder().path());
  if (!file.ok()) return model::Failure(file.error().text());
  if (*file) {
    return model::Failure(
        std::string("this data folder belongs to a node of a cluster: give --cluster-addr and --node-id as before, "
                    "or another --data-dir"));
  }
  if (auto ok = start_metadata(kMetadataReplicaAlone, {{kMetadataReplicaAlone}, {}}, true); !ok.ok()) return ok;
  std::unique_lock lock(mutex_);
  bool done = changed_.wait_for(lock, kStartTimeout, [&] {
    if (!failure_.empty()) return true;
    if (!metadata_serving_ || !wish_) return false;
    for (const auto& [id, partition] : partitions_) {
      if (!partition.serving()) return false;
    }
    return true;
  });
  if (!failure_.empty()) return model::Failure(failure_);
  if (!done)
    return model::Failure(std::string("the replicas of this node did not serve in time; its log says why"));
  ticker_ = std::make_unique<Ticker>(
      [this] {
        compare_clocks();  // with nobody's: it is followed
        look_after_partitions();
      },
      kUpkeepInterval);
  return {};
}

ReplicaServices Node::services() {
  return {*store_,          *committer_,           *applier_,   *readers_, cluster_ ? &transport_ : nullptr,
          snapshots_.get(), collection_bytes_max_, formats_max_};
}

void Node::items_synced(const std::vector<storage::SyncedIndex>& indexes) {
  std::lock_guard lock(mutex_);
  for (const storage::SyncedIndex& index : indexes) {
    if (index.replica.partition == model::PartitionId{}) {
      if (in_cluster_) metadata_mailbox_->push(ItemsSynced{index.index});
      continue;
    }
    auto it = partitions_.find(index.replica.partition);
    if (it != partitions_.end()) it->second.mailbox->push(ItemsSynced{index.index});
  }
}

// Blocks on the disk.
model::Result<void, std::string> Node::start_metadata(model::ReplicaId self, const raft::Membership& members,
                                                      bool campaign) {
  const storage::RecoveredReplica* recovered = nullptr;
  for (const storage::RecoveredReplica& replica : store_->recovered()) {
    if (replica.address.partition == model::PartitionId{} && replica.address.replica == self)
      recovered = &replica;
  }
  cluster::Placement placement;
  placement.cluster_id = store_->folder().incarnation();
  placement.nodes = {self_};
  placement.partitions_per_table = partitions_per_table_;
  if (cluster_) placement.live = [this](model::NodeId node) { return node == self_ || connected(node); };
  auto opened = open_metadata(
      services(), self, members, std::move(placement), [this](model::PartitionId id) { return totals(id); },
      recovered);
  if (!opened.ok()) return model::Failure(opened.error().text());
  metadata_ = static_cast<cluster::MetadataMachine*>(&opened->replica->machine());
  std::shared_ptr<const cluster::ClusterState> state = metadata_->state();
  metadata_applied_ = opened->state.applied.index;
  if (state->active_version > formats_max_) {
    return model::Failure("the cluster writes format " + std::to_string(state->active_version) +
                          ", and this version reads up to " + std::to_string(formats_max_) +
                          ": start the node with a version that reads it");
  }
  {
    std::lock_guard lock(mutex_);
    metadata_mailbox_ = std::make_shared<ReplicaMailbox>(&actors::refuse);
    in_cluster_ = true;
  }
  barrier_.applied(metadata_applied_);
  // Where others may have gone on meanwhile, this is what was, and all that is known: it is served until group 0
  // says more. Alone, what is not replayed yet may take back what this says.
  if (cluster_) reconcile(std::move(state));
  auto driver =
      std::make_unique<ReplicaDriver>(services(), std::move(opened->state), metadata_mailbox_,
                                      std::move(opened->replica), metadata_events());
  spawn_replica_actor(*system_, metadata_mailbox_, std::move(driver));
  if (campaign) metadata_mailbox_->push(Campaign{});
  return {};
}

ReplicaEvents Node::metadata_events() {
  ReplicaEvents events;
  events.serving_changed = [this](const cluster::Replica& replica) {
    metadata_serving_ = replica.serving();
    if (replica.serving()) reconcile(metadata_->state());
    if (!cluster_) return;
    report_leadership({model::PartitionId{}, replica.node().term(), replica.serving(), {}, {}, false});
    if (replica.serving() && !metadata_->state()->bootstrapped()) bootstrap_metadata();
  };
  events.state_changed = [this](cluster::Replica& replica) {
    // Alone: before it serves, the log is still being replayed, and what it wished meanwhile may be over.
    if (cluster_ || replica.serving()) reconcile(metadata_->state());
  };
  events.applied = [this](const cluster::Replica& replica) {
    metadata_applied_ = replica.applied_index();
    barrier_.applied(replica.applied_index());
  };
  events.role_changed = [this](const raft::SoftState& soft) {
    if (soft.role == raft::Role::kLeader && soft.term != metadata_term_) metrics_.elections_total.Increment();
    metadata_term_ = soft.term;
  };
  events.turned = [this](const cluster::Replica& replica, const ReplicaContact& contact) {
    metadata_awake_ = !replica.resting();
    metadata_leader_ = replica.leader().value;
    if (!contact.ticked || !replica.leads()) return;
    metadata_complete_ = replication_lag(replica).complete;
    std::lock_guard lock(mutex_);
    metadata_members_ = replica.applied_state().membership;
  };
  events.failed = [this](const std::string& why) { fail("the metadata group failed: " + why); };
  return events;
}

bool Node::ready() const {
  if (failed_ || !in_cluster_) return false;
  std::lock_guard lock(mutex_);
  if (!wish_ || stopping_ || no_member_) return false;
  if (cluster_ ? !wish_->bootstrapped() || !leaders_.find({}) : !metadata_serving_) return false;
  for (const auto& [id, partition] : partitions_) {
    if (!served(id)) return false;
  }
  return true;
}

void Node::stop() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  if (ticker_) ticker_->stop();
  transport_.detach();
  if (link_) link_->stop();  // nothing comes in any more
  metrics_.remove_hooks();
  if (readers_) readers_->stop();  // nothing opens or reads any more
  if (snapshots_) snapshots_->stop();
  barrier_.stop();
  if (router_) router_->stop();
  if (in_cluster_) metadata_mailbox_->close();
  {
    std::lock_guard lock(mutex_);
    for (auto& [id, partition] : partitions_) partition.mailbox->close();
    partitions_.clear();
  }
  // The actors end, and answer what they hold.
  if (system_) system_->await_all_actors_done();
  if (committer_) committer_->stop();
  if (applier_) applier_->stop();
  if (router_) router_->publish(nullptr);
  system_.reset();
  router_.reset();
  link_.reset();
  if (store_) {
    if (auto closed = store_->close(); !closed.ok())
      spdlog::error("closing the data folder: {}", closed.error().text());
  }
  applier_.reset();
  committer_.reset();
  readers_.reset();
  snapshots_.reset();
  store_.reset();
}

// For a scrape: what nobody keeps up to date otherwise.
void Node::count_replicas() {
  std::lock_guard lock(mutex_);
  double leaders = 0;
  double marks = 0, lag = 0, remaining = 0;
  for (const auto& [id, partition] : partitions_) {
    if (!partition.port) continue;
    leaders += partition.port->leads ? 1 : 0;
    const PartitionUpkeep& upkeep = *partition.port->upkeep;
    marks += static_cast<double>(upkeep.marks());
    lag = std::max(lag, upkeep.lag().count());
    remaining += static_cast<double>(upkeep.build_remaining());
  }
  metrics_.index_marks_waiting.Set(marks);
  metrics_.index_lag_seconds.Set(lag);
  metrics_.index_build_remaining_items.Set(remaining);
  metrics_.leaders.Set(leaders);
  metrics_.followers.Set(static_cast<double>(partitions_.size()) - leaders);
  metrics_.disk_free_bytes.Set(static_cast<double>(store_->folder().files().free_bytes(store_->folder().path())));
  if (cluster_) count_link();
}

void Node::fail(const std::string& why) {
  failed_ = true;
  observer_->tell_if_store_failed();
  std::lock_guard lock(mutex_);
  if (failure_.empty()) failure_ = why;
  changed_.notify_all();
}

// --- requests
// ---------------------------------------------------------------------------------------------------------

void Node::execute(api::RequestPtr request, net::RequestContext context, net::Done done) {
  if (request->operation->owner() != api::Owner::kTables)
    return router_->execute(std::move(request), context, std::move(done));
  const bool writes = static_cast<const api::TableOperation&>(*request->operation).writes();
  if (!cluster_) {
    if (!writes) return run_on_metadata(std::move(request), std::move(done));
    std::optional<cluster::RequestId> id;
    if (context.client_retry_id) id = context.request_id;
    return change_tables_here(std::move(request), id, std::move(done));
  }
  if (writes) return router_->execute_tables(std::move(request), context, std::move(done));
  barrier_.wait(context.deadline, [this, request = std::move(request), done = std::move(done)](bool fresh) mutable {
    if (!fresh) return done(api::internal_error("The cluster's metadata cannot be read now"));
    run_on_metadata(std::move(request), std::move(done));
  });
}

std::unique_ptr<net::DispatchBatch> Node::new_batch() {
  return std::make_unique<RequestBatch>(*readers_, reader_threads_);
}

// A read of the tables as they are applied here.
void Node::run_on_metadata(api::RequestPtr request, net::Done done) {
  metadata_mailbox_->push(Run{[this, request = std::move(request), done = std::move(done)]() mutable {
    api::Evaluation evaluation = metadata_->read(*request, model::Stamp{wall_clock_micros()});
    if (auto* error = std::get_if<api::Error>(&evaluation)) return done(api::Failure(std::move(*error)));
    done(std::get<api::Answer>(std::move(evaluation)));
  }});
}

// By group 0's leader, where it is here.
void Node::change_tables_here(api::RequestPtr request, std::optional<cluster::RequestId> id, net::Done done) {
  metadata_mailbox_->push(WriteCall{
      std::move(request), {}, id, [this, done = std::move(done)](api::Result<api::Answer> result) mutable {
        const auto* answer = result.ok() ? std::get_if<api::TableAnswer>(&*result) : nullptr;
        if (!answer || answer->table.status != model::TableStatus::kCreating) return done(std::move(result));
        // The first DescribeTable after a CreateTable says ACTIVE, and the first PutItem finds a leader.
        auto held = std::make_shared<std::pair<net::Done, api::Result<api::Answer>>>(std::move(done),
                                                                                     std::move(result));
        when_serving(answer->table.id, [held] { held->first(std::move(held->second)); });
      }});
}

}  // namespace stator::actors
