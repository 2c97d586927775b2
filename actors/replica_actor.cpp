// The CAF shell of a replica.
#include "actors/replica_actor.h"

namespace stator::actors {
namespace {

struct State {
  static inline const char* name = "replica";
  std::unique_ptr<ReplicaDriver> driver;
};

using Self = ReplicaActor::stateful_pointer<State>;

ReplicaActor::behavior_type leader(Self self);

// Follows: applies what the leader sends. Calls that come meanwhile wait in the driver for a leader.
ReplicaActor::behavior_type follower(Self self) {
  return {[self](DrainAtom) {
    self->state.driver->drain();
    if (self->state.driver->replica().leads()) self->become(leader(self));
  }};
}

// Leads: evaluates, proposes, answers.
ReplicaActor::behavior_type leader(Self self) {
  return {[self](DrainAtom) {
    self->state.driver->drain();
    if (!self->state.driver->replica().leads()) self->become(follower(self));
  }};
}

// CAF copies what it spawns with; the driver is handed over in a box that is emptied once.
using Box = std::shared_ptr<std::unique_ptr<ReplicaDriver>>;

ReplicaActor::behavior_type start(Self self, const Box& box) {
  self->state.driver = std::move(*box);
  return follower(self);
}

}  // namespace

ReplicaActor spawn_replica_actor(caf::actor_system& system, std::shared_ptr<ReplicaMailbox> mailbox,
                                 std::unique_ptr<ReplicaDriver> driver) {
  ReplicaActor actor =
      system.spawn(start, std::make_shared<std::unique_ptr<ReplicaDriver>>(std::move(driver)));
  mailbox->attach(actor);
  return actor;
}

}  // namespace stator::actors
