// Start, stop and requests of a node. What follows from group 0's wishes: node_partitions.cpp.
#include "actors/node.h"

#include <spdlog/spdlog.h>

#include "actors/replica_actor.h"
#include "model/assert.h"
#include "storage/env_memory.h"

namespace stator::actors {
namespace {

constexpr model::ReplicaId kMetadataReplica{1};
constexpr auto kStartTimeout = std::chrono::seconds(120);  // replaying a long log after a kill

}  // namespace

// Storage's figures to metrics.
class Node::Observer final : public storage::StorageObserver {
 public:
  explicit Observer(monitoring::Metrics& metrics) : metrics_(metrics) {}
  void log_sync(double seconds, uint64_t, uint64_t entries, uint64_t bytes) override {
    metrics_.log_fsync_duration_seconds.Observe(seconds);
    metrics_.log_batch_entries.Observe(static_cast<double>(entries));
    metrics_.log_written_bytes_total.Increment(static_cast<double>(bytes));
  }
  void handle_failed(const char* database) override {
    spdlog::critical("{}/ cannot be written any more: the node serves no writes until it is restarted",
                     database);
  }

 private:
  monitoring::Metrics& metrics_;
};

Node::Node(monitoring::Metrics& metrics)
    : metrics_(metrics), observer_(std::make_unique<Observer>(metrics)) {}

Node::~Node() { stop(); }

model::Result<std::unique_ptr<Node>, std::string> Node::start(const NodeOptions& options,
                                                              monitoring::Metrics& metrics) {
  std::unique_ptr<Node> node(new Node(metrics));
  if (auto ok = node->open(options); !ok.ok()) return model::Failure(ok.error());
  if (auto ok = node->start_metadata(); !ok.ok()) return model::Failure(ok.error());
  std::unique_lock lock(node->mutex_);
  bool served = node->changed_.wait_for(lock, kStartTimeout, [&] {
    if (!node->failure_.empty()) return true;
    if (!node->metadata_serving_ || !node->wish_) return false;
    for (const auto& [id, partition] : node->partitions_) {
      if (!partition.serving()) return false;
    }
    return true;
  });
  if (!node->failure_.empty()) return model::Failure(node->failure_);
  if (!served)
    return model::Failure(std::string("the replicas of this node did not serve in time; its log says why"));
  lock.unlock();
  return node;
}

model::Result<void, std::string> Node::open(const NodeOptions& options) {
  partitions_per_table_ = options.partitions_per_table;
  reader_threads_ = options.reader_threads;
  if (!options.files)
    files_ = options.in_memory ? storage::memory_file_system() : storage::disk_file_system();
  storage::FileSystem& files = options.files ? *options.files : *files_;
  auto store = storage::Store::open(files, options.in_memory ? "/stator" : options.data_dir, {}, *observer_);
  if (!store.ok()) return model::Failure(store.error().text());
  store_ = std::move(*store);
  committer_ = std::make_unique<storage::Committer>(store_->log(), storage::CommitterLimits{}, *observer_);
  applier_ = std::make_unique<storage::Applier>(
      store_->items(), storage::ApplierLimits{},
      [this](const storage::Result<std::vector<storage::SyncedIndex>>& synced) {
        if (!synced.ok()) return;  // the applier reports it with the next batch
        std::lock_guard lock(mutex_);
        for (const storage::SyncedIndex& index : *synced) {
          if (index.replica.partition == model::PartitionId{}) {
            if (metadata_mailbox_) metadata_mailbox_->push(ItemsSynced{index.index});
            continue;
          }
          auto it = partitions_.find(index.replica.partition);
          if (it != partitions_.end()) it->second.mailbox->push(ItemsSynced{index.index});
        }
      },
      *observer_);
  readers_ = std::make_unique<storage::ReaderPool>(options.reader_threads, 10'000, *observer_);
  config_ = std::make_unique<caf::actor_system_config>();
  // The default, max(cores, 4), oversubscribes a machine that runs several nodes; "sharing" wakes idle
  // workers at once.
  config_->set("scheduler.max-threads", static_cast<int64_t>(options.actor_threads));
  config_->set("scheduler.policy", caf::atom("sharing"));
  system_ = std::make_unique<caf::actor_system>(*config_);
  router_ = std::make_unique<Router>(store_->items());
  router_->start(*system_);
  metrics_.on_scrape([this] { count_replicas(); });
  return {};
}

model::Result<void, std::string> Node::start_metadata() {
  const storage::RecoveredReplica* recovered = nullptr;
  for (const storage::RecoveredReplica& replica : store_->recovered()) {
    if (replica.address.partition == model::PartitionId{}) recovered = &replica;
  }
  cluster::Placement placement;
  placement.cluster_id = store_->folder().incarnation();
  placement.nodes = {kSelf};
  placement.partitions_per_table = partitions_per_table_;
  ReplicaServices services{*store_, *committer_, *applier_, *readers_};
  auto opened = open_metadata(
      services, kMetadataReplica, {{kMetadataReplica}, {}}, std::move(placement),
      [this](model::PartitionId id) { return counts(id); }, recovered);
  if (!opened.ok()) return model::Failure(opened.error().text());
  metadata_ = static_cast<cluster::MetadataMachine*>(&opened->replica->machine());
  metadata_mailbox_ = std::make_shared<ReplicaMailbox>(&refuse);
  ReplicaEvents events;
  events.serving_changed = [this](const cluster::Replica& replica) {
    metadata_serving_ = replica.serving();
    if (replica.serving()) reconcile(metadata_->state());
  };
  events.state_changed = [this](cluster::Replica& replica) {
    // Before it serves, the log is still being replayed: what it wished meanwhile may be over.
    if (replica.serving()) reconcile(metadata_->state());
  };
  events.failed = [this](const std::string& why) { fail("the metadata group failed: " + why); };
  auto driver = std::make_unique<ReplicaDriver>(services, std::move(opened->state), metadata_mailbox_,
                                                std::move(opened->replica), std::move(events));
  spawn_replica_actor(*system_, metadata_mailbox_, std::move(driver));
  metadata_mailbox_->push(Campaign{});
  return {};
}

bool Node::ready() const {
  if (failed_ || !metadata_serving_) return false;
  std::lock_guard lock(mutex_);
  for (const auto& [id, partition] : partitions_) {
    if (!partition.serving()) return false;
  }
  return true;
}

void Node::stop() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  metrics_.remove_hooks();
  if (readers_) readers_->stop();  // nothing opens or reads any more
  if (router_) router_->stop();
  if (metadata_mailbox_) metadata_mailbox_->close();
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
  if (store_) {
    if (auto closed = store_->close(); !closed.ok())
      spdlog::error("closing the data folder: {}", closed.error().text());
  }
  applier_.reset();
  committer_.reset();
  readers_.reset();
  store_.reset();
}

// For a scrape: what nobody keeps up to date otherwise.
void Node::count_replicas() {
  std::lock_guard lock(mutex_);
  double leaders = 0;
  for (const auto& [id, partition] : partitions_) leaders += partition.port && partition.port->leads ? 1 : 0;
  metrics_.leaders.Set(leaders);
  metrics_.followers.Set(static_cast<double>(partitions_.size()) - leaders);
}

void Node::fail(const std::string& why) {
  failed_ = true;
  std::lock_guard lock(mutex_);
  if (failure_.empty()) failure_ = why;
  changed_.notify_all();
}

// --- requests
// ---------------------------------------------------------------------------------------------------------

void Node::execute(api::RequestPtr request, net::RequestContext context, net::Done done) {
  if (request->operation->owner() == api::Owner::kTables) {
    return execute_tables(std::move(request), context, std::move(done));
  }
  router_->execute(std::move(request), context, std::move(done));
}

std::unique_ptr<net::DispatchBatch> Node::new_batch() {
  return std::make_unique<RequestBatch>(*readers_, reader_threads_);
}

void Node::execute_tables(api::RequestPtr request, const net::RequestContext& context, net::Done done) {
  const auto& operation = static_cast<const api::TableOperation&>(*request->operation);
  if (!operation.writes()) {
    metadata_mailbox_->push(Run{[this, request = std::move(request), done = std::move(done)]() mutable {
      api::Evaluation evaluation = metadata_->read(*request);
      if (auto* error = std::get_if<api::Error>(&evaluation)) return done(api::Failure(std::move(*error)));
      done(std::get<api::Answer>(std::move(evaluation)));
    }});
    return;
  }
  std::optional<cluster::RequestId> id;
  if (context.client_retry_id) id = context.request_id;
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
