// The actors' typed interfaces: read this first. What they exchange within a process goes through mailboxes
// (mailbox.h): the message only says that there is something. Actors carry step machines of cluster/ and hold
// no logic of their own.
//
//   metadata actor    one a node: the replica of group 0                  metadata_actor.h
//   partition actor   one a replica: leader and follower are behaviours   partition_actor.h
//   router actor      one a node: batches and pages over partitions       router_actor.h
#pragma once

#include <caf/all.hpp>

namespace stator::actors {

using DrainAtom = caf::atom_constant<caf::atom("drain")>;  // the mailbox is not empty

// A replica's actor ends by an exit message; what it held then is answered.
using ReplicaActor = caf::typed_actor<caf::reacts_to<DrainAtom>>;
using RouterActor = caf::typed_actor<caf::reacts_to<DrainAtom>>;

}  // namespace stator::actors
