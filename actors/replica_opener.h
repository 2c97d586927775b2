// Opening a replica: what the disk remembers of it, to a Raft node, a state machine and the actor that
// carries both. Reads the log, so it blocks: a reader's thread or the start-up's.
#pragma once

#include <memory>

#include "actors/replica_driver.h"
#include "cluster/metadata_machine.h"
#include "cluster/partition.h"
#include "storage/store.h"

namespace stator::actors {

// A replica that can be carried.
struct OpenedReplica {
  std::unique_ptr<cluster::Replica> replica;
  storage::PartitionState state;  // as of its applied index
};

// `recovered` as the store found it at its open; none for a replica that is new here: its log is begun then,
// through `committer`, before anything else can be written to it.
storage::Result<OpenedReplica> open_partition(const ReplicaServices& services,
                                              const cluster::Partition& partition,
                                              const cluster::ReplicaPlace& place,
                                              const storage::RecoveredReplica* recovered);
// Group 0's replica `self` among `members`.
storage::Result<OpenedReplica> open_metadata(const ReplicaServices& services, model::ReplicaId self,
                                             const raft::Membership& members, cluster::Placement placement,
                                             cluster::PartitionCounts counts,
                                             const storage::RecoveredReplica* recovered);

}  // namespace stator::actors
