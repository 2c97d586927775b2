// The members of a partition's group, by its places.
#include "cluster/partition.h"

#include <algorithm>

namespace stator::cluster {

raft::Membership wished_members(const Partition& partition) {
  raft::Membership members;
  for (const ReplicaPlace& place : partition.replicas) {
    if (place.leaving) continue;
    (place.learner ? members.learners : members.voters).push_back(place.id);
  }
  std::sort(members.voters.begin(), members.voters.end());
  std::sort(members.learners.begin(), members.learners.end());
  return members;
}

raft::Membership first_members(const Partition& partition) {
  bool late = std::any_of(partition.replicas.begin(), partition.replicas.end(),
                          [](const ReplicaPlace& place) { return place.late; });
  return late ? raft::Membership{} : wished_members(partition);
}

}  // namespace stator::cluster
