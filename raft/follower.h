// Follower: takes the leader's entries and snapshots, and watches for its silence (Raft §5.2, §5.3, §7).
// Learners are followers too. Pure; part of Node::Core.
#pragma once

#include <cstdint>

#include "raft/snapshot_receiver.h"
#include "raft/state.h"

namespace stator::raft {

// Without a leader a reluctant replica (Node::set_reluctant) waits so many times as long as others before it campaigns by
// itself, also after a lost connection. It votes, leads and takes transfers as ever, so a group whose other voters are away
// still gets a leader.
inline constexpr uint32_t kReluctance = 4;

class Follower {
 public:
  // `leader`: none if not known.
  Follower(State& state, ReplicaId leader);
  // Before this role ends.
  void leave(State& state);

  ReplicaId leader() const { return leader_; }
  // Heard from its leader so recently that another election would only disturb.
  // Waits for its leader, or the loss of the connection to it, and for no timeout.
  bool resting() const { return resting_; }
  bool in_lease(const State& state) const { return leader_ && elapsed_ < state.config.election_ticks_min; }

  // True: silence, time to campaign.
  bool tick();
  void connection_lost(State& state, ReplicaId peer);
  // Silence, at one that cannot campaign: it has no leader to vouch for any more.
  void lose_leader(State& state);
  // A vote was given: its candidate gets the time to win.
  void restart_timer(State& state);

  // A message of this term from its leader: Append, Heartbeat, CommitNotice or SnapshotChunk.
  void step(State& state, Message& message);

  void snapshot_stored(State& state, uint64_t stream, uint64_t offset);
  void snapshot_refused(State& state, uint64_t stream);
  // Installs a snapshot that is whole, once nothing is being applied.
  void try_install(State& state);

 private:
  void on(State& state, Append& append);
  void on(State& state, const Heartbeat& heartbeat);
  void on(State& state, const CommitNotice& notice);
  void on(State& state, SnapshotChunk& chunk);

  void reject(State& state, const Append& append) const;
  bool already_has(State& state, const SnapshotMeta& meta);
  void acknowledge_commit(State& state) const;
  void abandon_snapshot(State& state);

  ReplicaId leader_;
  uint32_t elapsed_ = 0;   // ticks of silence
  uint32_t deadline_ = 0;  // ticks of silence after which it campaigns
  bool resting_ = false;
  SnapshotReceiver snapshot_;
};

}  // namespace stator::raft
