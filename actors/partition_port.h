// PartitionPort: the door to a replica on this node: calls of other threads go in, and what they may know of
// it without asking its actor comes out. PartitionRoute: where a partition is led, as far as this node knows.
// Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "actors/partition_upkeep.h"
#include "actors/replica_driver.h"
#include "actors/request_batch.h"
#include "cluster/partition_map.h"
#include "model/index_counts.h"
#include "model/table.h"

namespace stator::actors {

// A replica that heard nothing of its leader for so long does not answer reads (docs/architecture.md, protocol 12).
inline constexpr auto kLeaderContactMax = std::chrono::seconds(2);
// Nor one that knows of so many committed entries that it has not applied.
inline constexpr raft::Index kReadLagMax = 64;

class PartitionPort {
 public:
  PartitionPort(model::PartitionId partition, model::ReplicaId replica, model::SpaceId space,
                storage::ReaderPool& readers, std::shared_ptr<ReplicaMailbox> mailbox)
      : partition_(partition), replica_(replica), space_(space), readers_(readers), mailbox_(std::move(mailbox)) {}

  // `batch`, where it is not null, is the calling thread's: the call starts with its flush.
  void write(WriteCall call, RequestBatch* batch = nullptr) {
    if (!mailbox_->push_quietly(std::move(call))) return;
    if (batch) return batch->wake(mailbox_);
    mailbox_->wake();
  }

  // `job` runs on a reader's thread once it may read items/: `consistent`, behind a confirmation of the
  // leadership. Where this replica does not lead it hears of that.
  void read(bool consistent, ReadJob job, RequestBatch* batch = nullptr) {
    // A group's only voter needs no confirmation, and what it acknowledged is applied.
    bool direct =
        consistent ? serves_alone.load(std::memory_order_acquire) : serving.load(std::memory_order_acquire);
    if (!direct) return mailbox_->push(ReadCall{std::move(job)});
    read_here(std::move(job), batch);
  }
  // The same with what this replica holds now, leader or not.
  void read_here(ReadJob job, RequestBatch* batch = nullptr) {
    if (batch) return batch->read(std::move(job));
    std::vector<ReadJob> jobs;
    jobs.push_back(std::move(job));
    submit_reads(readers_, std::move(jobs));
  }

  model::PartitionId partition() const { return partition_; }
  model::ReplicaId replica() const { return replica_; }
  model::SpaceId space() const { return space_.load(std::memory_order_acquire); }
  ReplicaMailbox& mailbox() { return *mailbox_; }
  // What is done for it here where it leads. Set before the port is published.
  std::shared_ptr<PartitionUpkeep> upkeep;

  // Kept by the replica's actor.
  void set_space(model::SpaceId space) { space_.store(space, std::memory_order_release); }
  std::atomic<bool> serving{false};
  std::atomic<bool> serves_alone{false};
  std::atomic<bool> leads{false};
  std::atomic<bool> voter{false};    // a learner, and one that is not added yet, is none
  std::atomic<bool> awake{false};    // needs ticks
  std::atomic<uint64_t> leader{0};   // the replica that it follows, or itself; 0: not known
  std::atomic<bool> dropped{false};  // its table is gone: when the actor has ended, so do log and rows
  std::atomic<uint64_t> items{0};
  std::atomic<uint64_t> bytes{0};
  std::atomic<uint64_t> applied{0};    // index
  std::atomic<uint64_t> committed{0};  // known to be, by what the leader said
  std::atomic<uint64_t> lag{0};        // leader: entries that the slowest member misses
  // Entries of local indexes. Most tables have none: those of them do not lock.
  void set_local_counts(const std::vector<model::IndexCounts>& counts) {
    if (counts.empty()) return;
    std::lock_guard lock(counts_mutex_);
    local_counts_ = counts;
  }
  model::PartitionTotals totals() const {
    std::lock_guard lock(counts_mutex_);
    return {{items.load(std::memory_order_relaxed), bytes.load(std::memory_order_relaxed)}, local_counts_};
  }
  // Leader: what each member misses.
  void set_member_lags(std::vector<std::pair<model::ReplicaId, raft::Index>> lags) {
    std::lock_guard lock(lags_mutex_);
    lags_ = std::move(lags);
  }
  std::vector<std::pair<model::ReplicaId, raft::Index>> member_lags() const {
    std::lock_guard lock(lags_mutex_);
    return lags_;
  }
  // Leader: who belongs to the group, by what is committed. True where that is new.
  bool set_members(const raft::Membership& members) {
    std::lock_guard lock(lags_mutex_);
    if (members_ == members) return false;
    members_ = members;
    return true;
  }
  raft::Membership members() const {
    std::lock_guard lock(lags_mutex_);
    return members_;
  }
  std::atomic<bool> complete{false};   // leader: the members are those that are wished, and none lags far behind
  std::atomic<int64_t> leader_heard_ms{0};  // steady clock

 private:
  const model::PartitionId partition_;
  const model::ReplicaId replica_;
  std::atomic<model::SpaceId> space_;
  storage::ReaderPool& readers_;
  const std::shared_ptr<ReplicaMailbox> mailbox_;
  mutable std::mutex counts_mutex_;
  std::vector<model::IndexCounts> local_counts_;  // by counts_mutex_
  mutable std::mutex lags_mutex_;
  std::vector<std::pair<model::ReplicaId, raft::Index>> lags_;  // by lags_mutex_, as is the next
  raft::Membership members_;
};

using PartitionPorts = std::unordered_map<model::PartitionId, std::shared_ptr<PartitionPort>>;

// One object a partition, over all maps that name it. Written under the node's lock.
struct PartitionRoute {
  std::atomic<uint64_t> leader{0};        // the node whose replica serves; 0: not known
  std::atomic<uint64_t> acknowledged{0};  // the highest index that an answer through this node showed

  void saw(raft::Index applied) {
    uint64_t known = acknowledged.load(std::memory_order_relaxed);
    while (known < applied && !acknowledged.compare_exchange_weak(known, applied)) {
    }
  }
};
using PartitionRoutes = std::unordered_map<model::PartitionId, std::shared_ptr<PartitionRoute>>;

// What a request is routed by: the map, the doors to the replicas of this node, and where partitions are led.
// Immutable but for the atomics; replaced as a whole.
struct Routes {
  cluster::PartitionMap map;
  PartitionPorts ports;
  PartitionRoutes routes;  // empty in a cluster of one

  PartitionPort* port(model::PartitionId partition) const {
    auto it = ports.find(partition);
    return it == ports.end() ? nullptr : it->second.get();
  }
  PartitionRoute* route(model::PartitionId partition) const {
    auto it = routes.find(partition);
    return it == routes.end() ? nullptr : it->second.get();
  }
};
using RoutesPtr = std::shared_ptr<const Routes>;

}  // namespace stator::actors
