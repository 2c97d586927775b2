// PartitionPort: the door to a replica on this node: calls of other threads go in, and what they may know of
// it without asking its actor comes out. Any thread.
#pragma once

#include <atomic>
#include <memory>

#include "actors/replica_driver.h"
#include "actors/request_batch.h"
#include "cluster/partition_map.h"
#include "model/table.h"

namespace stator::actors {

class PartitionPort {
 public:
  PartitionPort(model::PartitionId partition, model::SpaceId space, storage::ReaderPool& readers,
                std::shared_ptr<ReplicaMailbox> mailbox)
      : partition_(partition), space_(space), readers_(readers), mailbox_(std::move(mailbox)) {}

  // `batch`, where it is not null, is the calling thread's: the call starts with its flush.
  void write(WriteCall call, RequestBatch* batch = nullptr) {
    if (!mailbox_->push_quietly(std::move(call))) return;
    if (batch) return batch->wake(mailbox_);
    mailbox_->wake();
  }

  // `job` runs on a reader's thread once it may read items/: `consistent`, behind a confirmation of the
  // leadership.
  void read(bool consistent, ReadJob job, RequestBatch* batch = nullptr) {
    // A group's only voter needs no confirmation, and what it acknowledged is applied.
    bool direct =
        consistent ? serves_alone.load(std::memory_order_acquire) : serving.load(std::memory_order_acquire);
    if (!direct) return mailbox_->push(ReadCall{std::move(job)});
    if (batch) return batch->read(std::move(job));
    std::vector<ReadJob> jobs;
    jobs.push_back(std::move(job));
    submit_reads(readers_, std::move(jobs));
  }

  model::PartitionId partition() const { return partition_; }
  model::SpaceId space() const { return space_; }
  ReplicaMailbox& mailbox() { return *mailbox_; }

  // Kept by the replica's actor.
  std::atomic<bool> serving{false};
  std::atomic<bool> serves_alone{false};
  std::atomic<bool> leads{false};
  std::atomic<bool> dropped{false};  // its table is gone: when the actor has ended, so do log and rows
  std::atomic<uint64_t> items{0};
  std::atomic<uint64_t> bytes{0};

 private:
  const model::PartitionId partition_;
  const model::SpaceId space_;
  storage::ReaderPool& readers_;
  const std::shared_ptr<ReplicaMailbox> mailbox_;
};

using PartitionPorts = std::unordered_map<model::PartitionId, std::shared_ptr<PartitionPort>>;

// What a request is routed by: the map, and the doors to the replicas of this node. Immutable; replaced as a
// whole.
struct Routes {
  cluster::PartitionMap map;
  PartitionPorts ports;
};

}  // namespace stator::actors
