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

// `recovered` as the store found it at its open, of this very replica; none for one that is new here: its log
// is begun then, through `committer`, before anything else can be written to it. A new replica begins with
// the group's first members, or with none where the group is not as it began: then its leader adds it
// (cluster::first_members). kRemoved: this replica, or one with a higher id, was removed here. `config`:
// limits and timeouts; who the replica is is filled in.
storage::Result<OpenedReplica> open_partition(const ReplicaServices& services,
                                              const cluster::Partition& partition,
                                              const cluster::ReplicaPlace& place,
                                              const storage::RecoveredReplica* recovered,
                                              cluster::ReplicaConfig config = {});
// Group 0's replica `self`. `members` are those that group 0 began with: the metadata replicas of the nodes
// that the cluster was bootstrapped with. Empty for one that is `late` (cluster::NodeRecord,
// storage::ClusterFile): it waits to be added. Only a new replica looks at them. A cluster of several is to
// be recorded by the first leader: while it serves and !state()->bootstrapped(), submit a cluster::Bootstrap.
// kCorruption: the folder holds another replica of group 0 than `self`.
storage::Result<OpenedReplica> open_metadata(const ReplicaServices& services, model::ReplicaId self,
                                             const raft::Membership& members, cluster::Placement placement,
                                             cluster::PartitionCounts counts,
                                             const storage::RecoveredReplica* recovered);

}  // namespace stator::actors
