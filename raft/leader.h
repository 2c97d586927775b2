// Leader: replicates its log, decides what is committed, confirms reads (Raft §5.3, §5.4; dissertation §3.10,
// §4, §6.4). What only a leader knows lives here and ends with its term. Pure; part of Node::Core.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"
#include "raft/progress.h"
#include "raft/read_index.h"
#include "raft/state.h"

namespace stator::raft {

class Leader {
 public:
  // Begins the term with a no-op entry (Raft §8).
  explicit Leader(State& state);
  // Before this role ends: reads are dropped, snapshot streams closed.
  void leave(State& state);

  // Leadership is to be given up: no majority answers, or this replica's removal is committed.
  bool finished() const { return finished_; }
  // Every member is up to date and rests.
  // Alone it needs no ticks either, but to ask again for entries that could not be read.
  bool resting(const State& state) const {
    return resting_ || (peers_.empty() && state.apply.applied_index() == state.log.last());
  }
  // Something happens: the next tick sends heartbeats, and everybody gets the time to answer them.
  void wake();
  ReplicaId transferring_to() const { return transfer_ ? transfer_->to : ReplicaId(); }

  void tick(State& state);
  // A message of this term from a follower.
  void step(State& state, const Message& message);
  // Writes of our own are synced.
  void persisted(State& state) { advance_commit(state); }
  void connection_lost(ReplicaId replica);

  model::Result<Index, ProposeError> propose(State& state, std::string_view body);
  model::Result<Index, ProposeError> propose_membership(State& state, const MembershipChange& change);
  model::Result<void, ReadError> read(const State& state, uint64_t context);
  model::Result<void, TransferError> transfer(State& state, ReplicaId to);

  // False: answers no LogRead of ours.
  bool log_loaded(State& state, uint64_t id, std::vector<Entry>& entries);
  bool snapshot_chunk(State& state, ReplicaId to, SnapshotChunk chunk);
  void snapshot_failed(State& state, ReplicaId to, uint64_t stream);

  // Begins a read round and sends what is due: called for every Ready.
  void flush(State& state);
  void fill(const State& state, Status& status) const;
  // All members have everything up to here.
  Index floor(const State& state) const;

 private:
  struct Peer {
    ReplicaId replica;
    bool voter = false;
    Progress progress;
  };
  struct Transfer {
    ReplicaId to;
    uint32_t ticks = 0;
    bool told = false;  // TimeoutNow was sent
  };

  Peer* find(ReplicaId replica);
  bool own_term_committed(const State& state) const { return state.commit >= term_start_; }
  Index append(State& state, EntryKind kind, std::string_view body);
  bool idle(const State& state) const;
  void rest_if_all_do(const State& state);
  void sync_peers(const State& state);
  // The highest position that a majority of voters has reached; `own` is this replica's.
  template <class PositionOf>
  uint64_t majority_of(const State& state, uint64_t own, PositionOf position_of) const;

  void on(State& state, Peer& peer, const AppendResponse& response);
  void on(State& state, Peer& peer, const HeartbeatResponse& response);
  void on(State& state, Peer& peer, const SnapshotAck& ack);

  void advance_commit(State& state);
  void check_quorum(State& state);
  void confirm_reads(State& state);
  void hand_over_if_ready(State& state);
  void resign_if_removed(State& state);

  bool may_rest(const State& state) const {
    return state.config.rest_ticks != 0 && idle_ticks_ >= state.config.rest_ticks;
  }
  void send_heartbeat(State& state, Peer& peer) const;
  void send_appends(State& state, Peer& peer);
  bool send_next_append(State& state, Peer& peer);
  void send_append(State& state, Peer& peer, std::vector<Entry> entries, size_t bytes);
  void want_snapshot(State& state, Peer& peer);
  void close_snapshot(State& state, Peer& peer, bool paused);

  std::vector<Peer> peers_;  // all other members, ascending
  ReadQueue reads_;
  std::optional<Transfer> transfer_;
  Index term_start_ = 0;          // the index of this term's no-op
  size_t uncommitted_bytes_ = 0;  // of this term's entries
  uint32_t heartbeat_ticks_ = 0;
  uint32_t quorum_ticks_ = 0;
  uint32_t idle_ticks_ = 0;  // since something happened
  bool resting_ = false;
  bool finished_ = false;
  mutable std::vector<uint64_t> positions_;  // scratch of majority_of
};

}  // namespace stator::raft
