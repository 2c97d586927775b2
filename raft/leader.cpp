// What a leader does with answers, proposals and time. What it sends, and when, is in leader_send.cpp.
#include "raft/leader.h"

#include <algorithm>
#include <utility>

#include "model/assert.h"
#include "raft/quorum.h"

namespace stator::raft {

using model::Failure;
using model::Result;

Leader::Leader(State& state) {
  sync_peers(state);
  term_start_ = append(state, EntryKind::kNoop, "");
}

void Leader::leave(State& state) {
  reads_.drop(state.out.dropped_reads);
  for (Peer& peer : peers_) {
    if (peer.progress.snapshot()) close_snapshot(state, peer, false);
  }
}

Index Leader::floor(const State& state) const {
  Index floor = state.persist.persisted();
  for (const Peer& peer : peers_) floor = std::min(floor, peer.progress.match);
  return floor;
}

Leader::Peer* Leader::find(ReplicaId replica) {
  for (Peer& peer : peers_) {
    if (peer.replica == replica) return &peer;
  }
  return nullptr;
}

Index Leader::append(State& state, EntryKind kind, std::string_view body) {
  wake();
  const Index index = state.log.last() + 1;
  Entry entry{index, state.hard.term, kind, state.seal(kind, index, body)};
  uncommitted_bytes_ += entry_bytes(entry);
  state.log.append(std::move(entry));
  return index;
}

// Peers as the latest membership has them. Known ones keep their progress.
void Leader::sync_peers(const State& state) {
  std::vector<Peer> peers;
  const auto add = [&](ReplicaId replica, bool voter) {
    if (replica == state.config.self) return;
    Peer peer;
    if (Peer* known = find(replica)) peer = std::move(*known);
    if (!peer.replica) peer.progress.next = state.log.last() + 1;
    peer.replica = replica;
    peer.voter = voter;
    peers.push_back(std::move(peer));
  };
  for (ReplicaId replica : state.membership().voters) add(replica, true);
  for (ReplicaId replica : state.membership().learners) add(replica, false);
  std::sort(peers.begin(), peers.end(), [](const Peer& a, const Peer& b) { return a.replica < b.replica; });
  peers_ = std::move(peers);
}

template <class PositionOf>
uint64_t Leader::majority_of(const State& state, uint64_t own, PositionOf position_of) const {
  positions_.clear();
  if (state.is_voter()) positions_.push_back(own);
  for (const Peer& peer : peers_) {
    if (peer.voter) positions_.push_back(position_of(peer.progress));
  }
  return majority_position(positions_);
}

// -- proposals
// ------------------------------------------------------------------------------------------------------

Result<Index, ProposeError> Leader::propose(State& state, std::string_view body) {
  if (transfer_) return Failure(ProposeError::kTransferring);
  if (uncommitted_bytes_ > 0 && uncommitted_bytes_ + body.size() > state.config.uncommitted_bytes_max) {
    return Failure(ProposeError::kUncommittedFull);
  }
  return append(state, EntryKind::kNormal, body);
}

Result<Index, ProposeError> Leader::propose_membership(State& state, const MembershipChange& change) {
  if (transfer_) return Failure(ProposeError::kTransferring);
  // One change at a time, and none before this term's own commit: with an older, uncommitted change of
  // another leader still about, two majorities could be disjoint (Ongaro on raft-dev, July 2015).
  if (!own_term_committed(state) || state.memberships.latest_index() > state.commit) {
    return Failure(ProposeError::kMembershipPending);
  }
  std::optional<Membership> membership = changed(state.membership(), change);
  if (!membership) return Failure(ProposeError::kBadChange);
  if (change.kind == MembershipChange::Kind::kPromote) {
    const Peer* learner = find(change.replica);
    if (learner == nullptr || !learner->progress.replicate()) return Failure(ProposeError::kLearnerBehind);
  }
  if (Peer* peer = find(change.replica); peer && !is_member(*membership, change.replica)) {
    if (peer->progress.snapshot()) close_snapshot(state, *peer, false);
  }
  const Index index = append(state, EntryKind::kMembership, encode_membership(*membership));
  state.memberships.append(index, *std::move(membership));
  sync_peers(state);
  // A smaller group may have its majority already.
  advance_commit(state);
  confirm_reads(state);
  return index;
}

Result<void, ReadError> Leader::read(const State& state, uint64_t context) {
  if (reads_.size() >= state.config.pending_reads_max) return Failure(ReadError::kFull);
  wake();
  reads_.add(context);
  return {};
}

Result<void, TransferError> Leader::transfer(State& state, ReplicaId to) {
  if (!is_voter(state.membership(), to)) return Failure(TransferError::kNotVoter);
  if (to == state.config.self) {
    transfer_.reset();
    return {};
  }
  if (transfer_ && transfer_->to == to) return {};
  wake();
  transfer_ = Transfer{to, 0, false};
  hand_over_if_ready(state);
  return {};
}

// -- time
// -----------------------------------------------------------------------------------------------------------

// Nothing is under way, and every member has all that there is.
bool Leader::idle(const State& state) const {
  const Index last = state.log.last();
  if (transfer_ || reads_.size() != 0 || state.commit != last || state.persist.persisted() != last) return false;
  if (state.apply.applied_index() != last) return false;
  return std::all_of(peers_.begin(), peers_.end(), [&](const Peer& peer) {
    return peer.progress.replicate() && peer.progress.match == last;
  });
}

void Leader::rest_if_all_do(const State& state) {
  if (resting_ || !may_rest(state) || !idle(state)) return;
  resting_ = std::all_of(peers_.begin(), peers_.end(), [](const Peer& peer) { return peer.progress.resting; });
}

void Leader::wake() {
  idle_ticks_ = 0;
  for (Peer& peer : peers_) peer.progress.resting = false;
  if (!std::exchange(resting_, false)) return;
  heartbeat_ticks_ = UINT32_MAX - 1;  // due with the next tick
  quorum_ticks_ = 0;
}

void Leader::tick(State& state) {
  if (resting_) return;
  idle_ticks_ = idle(state) ? std::min(idle_ticks_ + 1, state.config.rest_ticks) : 0;
  if (++quorum_ticks_ >= state.config.election_ticks_max) {
    quorum_ticks_ = 0;
    check_quorum(state);
  }
  if (transfer_ && ++transfer_->ticks >= state.config.election_ticks_max) transfer_.reset();
  const bool heartbeat = ++heartbeat_ticks_ >= state.config.heartbeat_ticks;
  if (heartbeat) {
    heartbeat_ticks_ = 0;
    state.floor = std::max(state.floor, floor(state));
  }
  for (Peer& peer : peers_) {
    peer.progress.read_failed = false;
    if (heartbeat) send_heartbeat(state, peer);
    SnapshotTransfer* transfer = peer.progress.snapshot();
    if (transfer && ++transfer->silent_ticks >= state.config.snapshot_resend_ticks) {
      transfer->silent_ticks = 0;
      state.out.snapshot_requests.push_back({peer.replica, transfer->stream, transfer->acknowledged});
    }
  }
}

void Leader::check_quorum(State& state) {
  const uint64_t active =
      majority_of(state, 1, [](const Progress& progress) { return progress.active ? 1 : 0; });
  if (active == 0) finished_ = true;
  for (Peer& peer : peers_) {
    // A dead peer must not keep a snapshot of the whole state open, nor a window of Appends in the link's
    // queue.
    if (!peer.progress.active && peer.progress.snapshot()) close_snapshot(state, peer, true);
    if (!peer.progress.active && peer.progress.replicate()) peer.progress.become_probe(true);
    peer.progress.active = false;
  }
}

void Leader::connection_lost(ReplicaId replica) {
  Peer* peer = find(replica);
  if (peer == nullptr) return;
  peer->progress.active = false;
  // What was on its way is lost: find out how far the peer got, once it lives again.
  if (peer->progress.replicate()) peer->progress.become_probe(true);
}

// -- answers
// --------------------------------------------------------------------------------------------------------

void Leader::step(State& state, const Message& message) {
  STATOR_ASSERT(message.term == state.hard.term, "the role sees messages of its term only");
  Peer* peer = find(message.from);
  if (peer == nullptr) return;
  peer->progress.active = true;
  if (const auto* appended = std::get_if<AppendResponse>(&message.body)) return on(state, *peer, *appended);
  if (const auto* alive = std::get_if<HeartbeatResponse>(&message.body)) return on(state, *peer, *alive);
  if (const auto* ack = std::get_if<SnapshotAck>(&message.body)) return on(state, *peer, *ack);
}

void Leader::on(State& state, Peer& peer, const AppendResponse& response) {
  Progress& progress = peer.progress;
  if (response.index > state.log.last()) return;  // about a log that is not ours
  if (response.rejected) {
    // The highest index at which our term is no higher than the follower's at the hint: all above must
    // differ. One round trip a term, not an entry. What lies below our log is for a snapshot to settle.
    const Index agree = response.hint_index < state.log.compacted_index()
                            ? response.hint_index
                            : state.log.last_not_above(response.hint_index, response.hint_term);
    progress.rejected(response.index, agree);
    return;
  }
  const bool news = progress.accepted(response.index);
  if (progress.probe()) {
    progress.become_replicate();
  } else if (progress.snapshot() && progress.match >= state.log.compacted_index()) {
    close_snapshot(state, peer, false);
    progress.become_replicate();
  }
  if (!news) return;
  if (peer.voter && progress.match > state.commit) advance_commit(state);
  hand_over_if_ready(state);
}

void Leader::on(State& state, Peer& peer, const HeartbeatResponse& response) {
  Progress& progress = peer.progress;
  progress.resting = response.resting;
  if (response.resting) rest_if_all_do(state);
  if (Probe* probing = progress.probe()) {
    probing->paused = false;
  } else if (Replicate* replicating = progress.replicate();
             replicating && progress.match + 1 < progress.next && progress.next >= state.log.first()) {
    // Something is unanswered, perhaps lost: an empty Append at the end of what was sent finds out.
    if (progress.paused(state.config)) replicating->inflight.free_first();
    send_append(state, peer, {}, 0);
  }
  if (response.read_round > progress.read_round && response.read_round <= reads_.round()) {
    progress.read_round = response.read_round;
    confirm_reads(state);
  }
}

void Leader::on(State& state, Peer& peer, const SnapshotAck& ack) {
  SnapshotTransfer* transfer = peer.progress.snapshot();
  if (transfer == nullptr || ack.stream != transfer->stream) return;
  // Only what answers the piece under way: an old answer must not start a second run of pieces, nor, where
  // the peer restarted, claim what it has lost.
  if (ack.offset != transfer->acknowledged) return;
  transfer->acknowledged = ack.next_offset;
  transfer->silent_ticks = 0;
  state.out.snapshot_requests.push_back({peer.replica, transfer->stream, transfer->acknowledged});
}

// -- commit
// ---------------------------------------------------------------------------------------------------------

void Leader::advance_commit(State& state) {
  const Index index =
      majority_of(state, state.persist.persisted(), [](const Progress& progress) { return progress.match; });
  // Raft §5.4.2: only entries of this term are committed by counting; those before them follow.
  if (index < term_start_ || index <= state.commit) return;
  for (Index i = std::max(state.commit + 1, term_start_); i <= index; ++i) {
    uncommitted_bytes_ -= entry_bytes(state.log.at(i));
  }
  state.commit_to(index);
  resign_if_removed(state);
}

// Dissertation §4.2.2: a leader that is no voter any more leads until that is committed.
void Leader::resign_if_removed(State& state) {
  if (state.is_voter() || state.memberships.latest_index() > state.commit) return;
  finished_ = true;
  const auto best = std::max_element(peers_.begin(), peers_.end(), [](const Peer& a, const Peer& b) {
    return std::pair(a.voter, a.progress.match) < std::pair(b.voter, b.progress.match);
  });
  if (best != peers_.end() && best->voter) state.send(best->replica, TimeoutNow{});
}

void Leader::confirm_reads(State& state) {
  if (!reads_.confirming()) return;
  const uint64_t round =
      majority_of(state, reads_.round(), [](const Progress& progress) { return progress.read_round; });
  reads_.confirm(round, state.out.read_states);
}

void Leader::hand_over_if_ready(State& state) {
  if (!transfer_ || transfer_->told) return;
  const Peer* peer = find(transfer_->to);
  if (peer == nullptr || peer->progress.match != state.log.last()) return;
  transfer_->told = true;
  state.send(transfer_->to, TimeoutNow{});
}

void Leader::fill(const State& state, Status& status) const {
  status.uncommitted_bytes = uncommitted_bytes_;
  status.transferring_to = transferring_to();
  status.own_term_committed = own_term_committed(state);
  for (const Peer& peer : peers_) {
    const Progress& progress = peer.progress;
    status.peers.push_back(
        {peer.replica, peer.voter, progress.kind(), progress.match, progress.next, progress.active});
  }
}

}  // namespace stator::raft
