// Node: one process of a cluster, wired by hand: store, committer, applier, readers, the metadata actor, a
// partition actor a replica, the router, and in a cluster of several the link to the other nodes. It makes what
// group 0 wishes: opens the replicas that are to be here, closes those that are not.
//
// Threads: CAF's workers carry the actors; the committer, the applier and the readers touch the disk; LevelDB compacts on
// threads of its own; the link has one, and so has the ticker. Calls of Dispatcher come from the HTTP threads.
//
//   node.cpp             start, stop, requests on tables
//   node_partitions.cpp  replicas opened and closed as group 0 wishes
//   node_cluster.cpp     how it comes into a cluster: identity, bootstrap, joining, registering
//   node_peers.cpp       what it says to other nodes, and what they ask of it
//   node_membership.cpp  nodes that come, go and are away; what operators ask; replicas that move (group 0's leader)
//   node_leaders.cpp     who leads what: reports, routes, leaderships that go where they should be
//   node_status.cpp      what operators see
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/disk_guard.h"
#include "actors/metadata_barrier.h"
#include "actors/node_options.h"
#include "actors/partition_port.h"
#include "actors/replica_opener.h"
#include "actors/router.h"
#include "actors/throttle.h"
#include "actors/ticker.h"
#include "actors/transport.h"
#include "cluster/administer_messages.h"
#include "cluster/clock_watch.h"
#include "cluster/init_messages.h"
#include "cluster/leaders.h"
#include "cluster/node_watch.h"
#include "cluster/rebalance.h"
#include "model/result.h"
#include "monitoring/metrics.h"
#include "net/dispatcher.h"
#include "net/link.h"
#include "storage/cluster_file.h"
#include "storage/store.h"

namespace stator::actors {

class Node final : public net::Dispatcher, private Peers, private net::LinkHandler {
 public:
  // Opens the data folder and replays what must be. A cluster of one: returns once all its replicas serve. A node of
  // several: returns when it listens; ready() says when it serves. The error is a sentence for the operator.
  // `metrics` outlives the node.
  static model::Result<std::unique_ptr<Node>, std::string> start(const NodeOptions& options, monitoring::Metrics& metrics);
  ~Node() override;

  void execute(api::RequestPtr request, net::RequestContext context, net::Done done) override;
  std::unique_ptr<net::DispatchBatch> new_batch() override;
  bool forwards() const override { return cluster_.has_value(); }
  // Clients may come: every replica that should be here has a leader, and none has failed.
  bool ready() const;
  // Every group that is led here has the members that group 0 wishes, and all of them are up to date.
  bool fully_replicated() const;
  // This node's clock is more than a second from its peers' median (docs/architecture.md, protocol 10): it leads nothing, and
  // must delete nothing because of its age. Any thread.
  bool clock_astray() const { return clock_astray_.load(std::memory_order_relaxed); }
  // The state of the cluster as this node sees it, as JSON (docs/hacking.md).
  std::string status_json() const;
  // Before stop(), while requests are still answered: other nodes take over what is led here, as far as they can
  // within two seconds.
  void hand_over();
  // Answers what waits, writes what is accepted, closes the folder. Call after the gateway has stopped.
  void stop();

 private:
  class Observer;
  struct Partition {
    std::shared_ptr<PartitionPort> port;  // null while it is being opened
    std::shared_ptr<ReplicaMailbox> mailbox;
    uint32_t schema_version = 0;  // of the table as the replica was told of it
    bool serving() const { return port && port->serving; }
  };
  static constexpr model::NodeId kAlone{1};  // the only node of a cluster of one

  Node(const NodeOptions& options, monitoring::Metrics& metrics);
  model::Result<void, std::string> open(const NodeOptions& options);
  model::Result<void, std::string> start_alone();
  ReplicaServices services();
  model::Result<void, std::string> start_metadata(model::ReplicaId self, const raft::Membership& members, bool campaign);
  ReplicaEvents metadata_events();
  void items_synced(const std::vector<storage::SyncedIndex>& indexes);
  void count_replicas();
  void count_link();  // requires mutex_
  void fail(const std::string& why);
  void run_on_metadata(api::RequestPtr request, net::Done done);
  void change_tables_here(api::RequestPtr request, std::optional<cluster::RequestId> id, net::Done done);

  // node_partitions.cpp
  void reconcile(std::shared_ptr<const cluster::ClusterState> state);
  void open_in_background(const cluster::Partition& partition, const model::Table& table);
  void partition_opened(const cluster::Partition& partition, storage::Result<OpenedReplica> opened, const model::Table& table);
  void partition_closed(const storage::PartitionState& state);
  void drop_unwished(const cluster::ClusterState& state);
  void remove_replica(storage::ReplicaAddress address, std::optional<storage::PartitionState> state);
  void publish_routes();
  void serving_changed(PartitionPort& port, const cluster::Replica& replica);
  void when_serving(model::TableId table, std::function<void()> then);
  void check_serving();
  bool served(model::PartitionId partition) const;  // requires mutex_
  ReplicaEvents partition_events(const std::shared_ptr<PartitionPort>& port);
  model::PartitionTotals totals(model::PartitionId partition) const;
  UpkeepServices upkeep_services();
  void look_after_partitions();

  // node_cluster.cpp
  model::Result<void, std::string> start_in_cluster();
  model::Result<void, std::string> enter(const storage::ClusterFile& file);
  net::LinkIdentity identity() const;
  cluster::Member self_member() const;
  std::vector<cluster::Member> members() const;
  void update_peers();
  void remember_members(const cluster::ClusterState& state);
  void try_to_join();
  void try_to_register();
  void join_answered(const cluster::JoinReply& reply);
  cluster::JoinRequest join_request() const;
  void answer_bootstrap(const std::string& body, net::Reply reply);
  void answer_join(net::LinkBody body, std::chrono::steady_clock::time_point deadline, net::Reply reply);
  void register_node(const cluster::JoinRequest& request, net::Reply reply);
  void start_entering(storage::ClusterFile file, net::UniqueFunction<void(std::string)> done);
  void bootstrap_metadata();

  // node_membership.cpp
  void take_steps();
  cluster::Sight sight() const;  // requires mutex_
  void notice_own_place(const cluster::ClusterState& state);
  void answer_administer(net::LinkBody body, std::chrono::steady_clock::time_point deadline, net::Reply reply);
  bool is_newcomer(model::NodeId node) const;  // requires mutex_

  // node_peers.cpp: net::LinkHandler and Peers
  std::optional<std::string> refuse(const net::LinkIdentity& peer) override;
  void peer_up(const net::LinkIdentity& peer) override;
  void peer_clock(model::NodeId peer, uint64_t wall_clock_micros) override;
  void peer_lost(model::NodeId peer) override;
  void message(const net::LinkIdentity& from, uint16_t kind, net::LinkBody body) override;
  void request(const net::LinkIdentity& from, uint16_t kind, net::LinkBody body,
               std::chrono::steady_clock::time_point deadline, net::Reply reply) override;
  void drained(model::NodeId, net::LinkClass) override {}
  model::NodeId self() const override { return self_; }
  bool connected(model::NodeId node) const override;
  void forward(model::NodeId to, const PartitionCall& call, Forwarded done) override;
  void change_tables(const PartitionCall& call, net::Done done) override;
  void refresh(std::chrono::steady_clock::time_point deadline, net::UniqueFunction<void(bool)> then) override;
  void ask_for_barrier(MetadataBarrier::Asked asked);
  void serve_forward(const net::LinkBody& body, std::chrono::steady_clock::time_point deadline, net::Reply reply);

  // node_leaders.cpp
  void tick();
  void clean_up_once();
  void report_leadership(const cluster::Report::Leadership& leadership);
  void report_leadership(const PartitionPort& port, const cluster::Replica& replica);
  void leaders_reported(model::NodeId from, const cluster::Report& report);
  void set_routes(const std::vector<model::PartitionId>& partitions);  // requires mutex_
  void report_all(std::optional<model::NodeId> to);
  void balance_leaders();
  void compare_clocks();
  void heard_clock(model::NodeId peer, uint64_t wall_clock_micros);
  bool set_clock();
  using Moves = std::vector<std::pair<std::shared_ptr<ReplicaMailbox>, model::ReplicaId>>;
  Moves leaderships_for_others() const;  // requires mutex_
  void campaign_where_first();
  void wake_without_leader();
  void say_why_nobody_leads();

  monitoring::Metrics& metrics_;
  const std::optional<ClusterOptions> cluster_;
  model::NodeId self_;  // none until it is known: set once, by mutex_ and on the link's thread, before in_cluster_
  const uint32_t formats_max_;
  const uint32_t partitions_per_table_;
  const size_t reader_threads_;
  const uint64_t collection_bytes_max_;
  const uint64_t boot_epoch_;
  cluster::Incarnation incarnation_{};  // of the data folder, once it is open
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<storage::FileSystem> files_;  // null where the options bring one
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Committer> committer_;
  std::unique_ptr<storage::Applier> applier_;
  std::unique_ptr<storage::ReaderPool> readers_;
  std::unique_ptr<DiskGuard> disk_;
  std::unique_ptr<SnapshotService> snapshots_;  // null in a cluster of one
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<Throttle> throttle_;
  std::unique_ptr<Router> router_;
  const std::shared_ptr<BuildPace> build_pace_ = std::make_shared<BuildPace>();
  Transport transport_;
  std::unique_ptr<net::Link> link_;  // null in a cluster of one
  MetadataBarrier barrier_;
  std::unique_ptr<Ticker> ticker_;

  // Of the metadata actor: only on its thread, once it is started.
  cluster::MetadataMachine* metadata_ = nullptr;
  std::shared_ptr<ReplicaMailbox> metadata_mailbox_;  // set once, before the link or the actor can ask for it
  std::atomic<bool> in_cluster_{false};               // metadata_mailbox_ is there
  std::atomic<bool> metadata_serving_{false};
  std::atomic<bool> metadata_awake_{false};
  std::atomic<uint64_t> metadata_leader_{0};  // as PartitionPort::leader
  std::atomic<bool> metadata_complete_{false};  // where it leads: as PartitionPort::complete
  std::atomic<uint64_t> metadata_applied_{0};  // index; what it published is that new
  std::atomic<uint64_t> metadata_term_{0};
  std::atomic<bool> failed_{false};
  std::atomic<bool> linked_{false};  // link_ is there
  std::mutex cluster_file_mutex_;    // one writer at a time; before mutex_

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const cluster::ClusterState> wish_;             // by mutex_
  std::unordered_map<model::PartitionId, Partition> partitions_;  // by mutex_
  std::unordered_multimap<model::TableId, std::function<void()>> creating_;  // by mutex_: until the table serves
  std::set<model::PartitionId> closing_;  // by mutex_: replicas that go; a successor opens when its actor has ended
  std::string failure_;    // by mutex_
  bool stopping_ = false;  // by mutex_
  bool handing_over_ = false;  // by mutex_: leaderships go elsewhere, and do not come back
  bool dropped_unwished_ = false;  // by mutex_: what a crash left of dropped tables is gone
  cluster::ClockWatch clocks_;                                 // by mutex_
  std::atomic<bool> clock_astray_{false};
  cluster::Leaders leaders_;                                   // by mutex_
  PartitionRoutes routes_;                                     // by mutex_
  std::optional<storage::ClusterFile> cluster_file_;           // by mutex_: as it is on disk
  std::map<model::NodeId, net::LinkIdentity> peers_up_;        // by mutex_
  cluster::NodeWatch others_;                                  // by mutex_
  raft::Membership metadata_members_;                          // by mutex_: where group 0 is led, committed
  bool no_member_ = false;                                     // by mutex_: this node was decommissioned, and is out
  std::map<model::NodeId, std::string> told_addresses_;        // by mutex_: newer than what group 0 says
  std::string join_refusal_;                                   // by mutex_: as it was logged last
  uint64_t ticks_ = 0;  // the ticker's, as are the next two
  size_t next_join_ = 0;
  std::string said_;  // why nobody leads, as it was logged last
  std::atomic<bool> joining_{false};     // a request is on its way
  std::shared_ptr<std::atomic<size_t>> steps_under_way_;  // the ticker's: commands of its last look that are not answered yet
  int64_t steps_begun_ = 0;                               // the ticker's: when that was, steady
  std::atomic<uint64_t> upkeep_calls_{0};  // each has a request id of its own
  std::atomic<bool> registered_{false};  // group 0 has this node as it is
};

}  // namespace stator::actors
