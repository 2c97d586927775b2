// Partition: a range of a table's item keys and the replicas that hold it, as group 0 wishes it. Plain
// values; pure.
#pragma once

#include <cstdint>
#include <vector>

#include "model/ids.h"
#include "model/key.h"

namespace stator::cluster {

struct ReplicaPlace {
  model::ReplicaId id;
  model::NodeId node;
  uint16_t store = 0;
  bool learner = false;
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

// Replica ids below belong to group 0, whose replicas exist before anything can allocate.
inline constexpr uint64_t kFirstReplica = 1000;

// The next id of each kind that is free. Never goes back.
struct Allocated {
  uint64_t table = 1;
  uint64_t partition = 1;  // 0 is group 0 itself
  uint64_t replica = kFirstReplica;
  bool operator==(const Allocated&) const = default;
};

}  // namespace stator::cluster
