// Node: one process of a cluster, wired by hand: store, committer, applier, readers, the metadata actor, a
// partition actor a replica, the router. It makes what group 0 wishes: opens the replicas that are to be
// here, closes those that are not.
//
// Threads: CAF's workers carry the actors; the committer, the applier and the readers touch the disk; LevelDB
// compacts on threads of its own. Calls of Dispatcher come from the HTTP threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/partition_port.h"
#include "actors/replica_opener.h"
#include "actors/router.h"
#include "model/result.h"
#include "monitoring/metrics.h"
#include "net/dispatcher.h"
#include "storage/store.h"

namespace stator::actors {

struct NodeOptions {
  std::string data_dir = "stator-data";
  bool in_memory = false;  // nothing is written to disk, and everything goes with the process
  storage::FileSystem* files =
      nullptr;  // instead of the disk or the memory: tests that make it fail. Outlives the node
  uint32_t partitions_per_table = 1;
  size_t reader_threads = 2;
  size_t actor_threads = 1;
};

class Node final : public net::Dispatcher {
 public:
  // Opens the data folder, replays what must be, and returns once all replicas of this node serve. The error
  // is a sentence for the operator. `metrics` outlives the node.
  static model::Result<std::unique_ptr<Node>, std::string> start(const NodeOptions& options,
                                                                 monitoring::Metrics& metrics);
  ~Node() override;

  void execute(api::RequestPtr request, net::RequestContext context, net::Done done) override;
  std::unique_ptr<net::DispatchBatch> new_batch() override;
  // Every replica that should be here serves, and none has failed.
  bool ready() const;
  // Answers what waits, writes what is accepted, closes the folder. Call after the gateway has stopped.
  void stop();

 private:
  class Observer;
  struct Partition {
    std::shared_ptr<PartitionPort> port;  // null while it is being opened
    std::shared_ptr<ReplicaMailbox> mailbox;
    bool serving() const { return port && port->serving; }
  };
  static constexpr model::NodeId kSelf{1};  // a cluster of one

  explicit Node(monitoring::Metrics& metrics);
  model::Result<void, std::string> open(const NodeOptions& options);
  model::Result<void, std::string> start_metadata();
  void reconcile(std::shared_ptr<const cluster::ClusterState> state);
  void open_in_background(const cluster::Partition& partition, const model::Table& table);
  void partition_opened(model::PartitionId id, storage::Result<OpenedReplica> opened,
                        const model::Table& table);
  void partition_closed(const storage::PartitionState& state);
  void drop_unwished(const cluster::ClusterState& state);
  void remove_replica(storage::ReplicaAddress address, std::optional<storage::PartitionState> state);
  void publish_routes();
  void serving_changed(PartitionPort& port, const cluster::Replica& replica);
  void execute_tables(api::RequestPtr request, const net::RequestContext& context, net::Done done);
  void when_serving(model::TableId table, std::function<void()> then);
  void check_serving();
  void count_replicas();
  void fail(const std::string& why);
  ReplicaEvents partition_events(const std::shared_ptr<PartitionPort>& port);
  model::TableCounts counts(model::PartitionId partition) const;

  monitoring::Metrics& metrics_;
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<storage::FileSystem> files_;  // null where the options bring one
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Committer> committer_;
  std::unique_ptr<storage::Applier> applier_;
  std::unique_ptr<storage::ReaderPool> readers_;
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<Router> router_;
  uint32_t partitions_per_table_ = 1;
  size_t reader_threads_ = 1;
  cluster::MetadataMachine* metadata_ = nullptr;  // of the metadata actor: only on its thread
  std::shared_ptr<ReplicaMailbox> metadata_mailbox_;
  std::atomic<bool> metadata_serving_{false};
  std::atomic<bool> failed_{false};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const cluster::ClusterState> wish_;             // by mutex_
  std::unordered_map<model::PartitionId, Partition> partitions_;  // by mutex_
  std::unordered_multimap<model::TableId, std::function<void()>>
      creating_;             // by mutex_: until the table serves
  std::string failure_;      // by mutex_
  bool stopping_ = false;    // by mutex_
  bool reconciled_ = false;  // by mutex_: at least once
};

}  // namespace stator::actors
