// The actor that carries one replica, of a partition or of group 0. Leader and follower are two behaviours
// that it switches between as Raft says (docs/architecture.md).
#pragma once

#include <memory>

#include "actors/protocol.h"
#include "actors/replica_driver.h"

namespace stator::actors {

// Spawns it and attaches it to the mailbox. The driver lives and dies with the actor.
ReplicaActor spawn_replica_actor(caf::actor_system& system, std::shared_ptr<ReplicaMailbox> mailbox,
                                 std::unique_ptr<ReplicaDriver> driver);

}  // namespace stator::actors
