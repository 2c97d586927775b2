// Partition: a range of a table's item keys and the replicas that hold it, as group 0 wishes it. Plain
// values; pure.
#pragma once

#include <cstdint>
#include <vector>

#include "model/ids.h"
#include "model/key.h"
#include "raft/entry.h"

namespace stator::cluster {

struct ReplicaPlace {
  model::ReplicaId id;
  model::NodeId node;
  uint16_t store = 0;
  bool learner = false;
  bool late = false;  // added to a group that exists: begins with an empty log and an empty membership, and
                      // the group's leader adds it (Replica::reconfigure)
  bool leaving = false;  // not wished any more: it stays open, and may vote, until the group's leader reports that
                         // the committed members are the others, and is then taken out (DropReplica)
  bool operator==(const ReplicaPlace&) const = default;
};

struct Partition {
  model::PartitionId id;
  model::TableId table;
  model::KeyRange range;
  uint32_t range_epoch = 1;
  std::vector<ReplicaPlace> replicas;
  model::ReplicaId first_leader;  // campaigns at once when the group is born
  bool operator==(const Partition&) const = default;
};

// Who should belong to the partition's group: what its leader works toward (Replica::reconfigure). All places that
// are not leaving.
raft::Membership wished_members(const Partition& partition);
// With what membership a replica of the partition begins that finds nothing on its disk. Empty (it waits to
// be told) where any replica is late: then `replicas` are not the group's first members, and whoever began
// with them could elect a leader that knows nothing of what they wrote.
raft::Membership first_members(const Partition& partition);

// Replica ids below belong to group 0, whose replicas exist before anything can allocate: at a bootstrap a
// node's replica has the node's id, later ones are allocated from kFirstLateMetadataReplica on.
inline constexpr uint64_t kFirstReplica = 1000;
inline constexpr uint64_t kFirstLateMetadataReplica = 101;

// The next id of each kind that is free. Never goes back.
struct Allocated {
  uint64_t table = 1;
  uint64_t partition = 1;  // 0 is group 0 itself
  uint64_t replica = kFirstReplica;
  uint64_t metadata_replica = kFirstLateMetadataReplica;
  uint64_t node = 1;  // not below it; ClusterState::next_node_id() counts the nodes that there are too
  bool operator==(const Allocated&) const = default;
};

}  // namespace stator::cluster
