// What a follower does with its leader's messages, and without them.
#include "raft/follower.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "model/assert.h"

namespace stator::raft {
namespace {

// Whether an Append can be taken at face value: contiguous, terms rising up to the message's, memberships
// readable. What a peer sends is checked, not asserted.
bool well_formed(const State& state, const Append& append, Term message_term) {
  Index index = append.prev_index;
  Term term = append.prev_term;
  for (const Entry& entry : append.entries) {
    if (entry.index != ++index || entry.term < term || entry.term > message_term) return false;
    term = entry.term;
    if (entry.kind == EntryKind::kMembership && !state.membership_of(entry)) return false;
  }
  return true;
}

}  // namespace

Follower::Follower(State& state, ReplicaId leader) : leader_(leader) { restart_timer(state); }

void Follower::leave(State& state) { abandon_snapshot(state); }

bool Follower::tick() { return !resting_ && ++elapsed_ >= deadline_; }

void Follower::connection_lost(State& state, ReplicaId peer) {
  if (!leader_ || peer != leader_) return;
  resting_ = false;
  leader_ = ReplicaId();
  elapsed_ = 0;
  deadline_ = state.random.between(state.config.lost_leader_ticks_min, state.config.lost_leader_ticks_max);
  if (state.reluctant) restart_timer(state);
}

void Follower::lose_leader(State& state) {
  leader_ = ReplicaId();
  restart_timer(state);
}

void Follower::restart_timer(State& state) {
  elapsed_ = 0;
  deadline_ = state.random.between(state.config.election_ticks_min, state.config.election_ticks_max);
  if (state.reluctant) deadline_ *= kReluctance;
}

void Follower::step(State& state, Message& message) {
  STATOR_ASSERT(message.term == state.hard.term, "the role sees messages of its term only");
  if (leader_ && leader_ != message.from) return;  // two leaders in one term: somebody is broken
  if (auto* append = std::get_if<Append>(&message.body)) {
    if (!well_formed(state, *append, message.term)) return;
  }
  leader_ = message.from;
  resting_ = false;
  restart_timer(state);
  if (auto* append = std::get_if<Append>(&message.body)) return on(state, *append);
  if (auto* heartbeat = std::get_if<Heartbeat>(&message.body)) return on(state, *heartbeat);
  if (auto* notice = std::get_if<CommitNotice>(&message.body)) return on(state, *notice);
  if (auto* chunk = std::get_if<SnapshotChunk>(&message.body)) return on(state, *chunk);
}

void Follower::on(State& state, Append& append) {
  // Committed entries are the same everywhere. Where the log is cut up to there, its terms are not known any
  // more.
  const bool prev_committed = append.prev_index <= state.commit;
  if (!prev_committed && !state.log.matches(append.prev_index, append.prev_term))
    return reject(state, append);

  const Index last_new = append.prev_index + append.entries.size();
  auto fresh = std::find_if(append.entries.begin(), append.entries.end(), [&](const Entry& entry) {
    return entry.index > state.commit && !state.log.matches(entry.index, entry.term);
  });
  if (fresh != append.entries.end() && fresh->index <= state.log.last()) {
    // Raft §5.3: an entry that conflicts with a new one goes, and all that follow it.
    state.log.truncate(fresh->index);
    state.persist.truncate(fresh->index);
    state.memberships.truncate(fresh->index);
  }
  for (; fresh != append.entries.end(); ++fresh) {
    if (fresh->kind == EntryKind::kMembership)
      state.memberships.append(fresh->index, *state.membership_of(*fresh));
    state.log.append(std::move(*fresh));
  }
  // Only what this Append vouches for: entries of ours beyond it may be of a deposed leader.
  state.commit_to(std::min(append.commit, last_new));
  // What is committed is equal too, so an old Append is answered with what the leader does not know yet.
  state.send_after_sync(leader_, AppendResponse{false, std::max(last_new, state.commit), 0, 0});
}

void Follower::reject(State& state, const Append& append) const {
  const Index hint = state.log.last_not_above(append.prev_index, append.prev_term);
  state.send(leader_, AppendResponse{true, append.prev_index, hint, *state.log.term_at(hint)});
}

void Follower::on(State& state, const Heartbeat& heartbeat) {
  // The leader never sends a commit above what we acknowledged; one that does is not believed.
  if (heartbeat.commit <= state.log.last()) state.commit_to(heartbeat.commit);
  state.floor = std::max(state.floor, heartbeat.floor);
  const Index last = state.log.last();
  resting_ = heartbeat.rest && heartbeat.commit == last && state.persist.persisted() == last &&
             state.apply.applied_index() == last;
  state.send(leader_, HeartbeatResponse{heartbeat.read_round, resting_});
}

void Follower::on(State& state, const CommitNotice& notice) {
  if (notice.commit <= state.log.last()) state.commit_to(notice.commit);
}

// A snapshot that brings nothing new is answered as an Append would be. It must never cut the entries after
// it.
bool Follower::already_has(State& state, const SnapshotMeta& meta) {
  if (meta.index > state.commit) {
    if (!state.log.matches(meta.index, meta.term)) return false;
    state.commit_to(meta.index);
  }
  abandon_snapshot(state);
  acknowledge_commit(state);
  return true;
}

void Follower::on(State& state, SnapshotChunk& chunk) {
  if (chunk.meta.term > state.hard.term || chunk.meta.membership.voters.empty()) return;
  if (already_has(state, chunk.meta)) return;
  const SnapshotReceiver::Verdict verdict = snapshot_.receive(chunk);
  if (verdict.answer) state.send(leader_, *verdict.answer);
  if (verdict.write) state.out.snapshot_chunks.push_back({leader_, std::move(chunk)});
}

void Follower::snapshot_stored(State& state, uint64_t stream, uint64_t offset) {
  if (auto ack = snapshot_.stored(stream, offset); ack && leader_) state.send(leader_, *ack);
  try_install(state);
}

void Follower::snapshot_refused(State& state, uint64_t stream) {
  if (!snapshot_.receiving(stream)) return;
  abandon_snapshot(state);
}

void Follower::try_install(State& state) {
  const SnapshotMeta* meta = snapshot_.complete();
  // What is being applied would write into the new state: wait for it.
  if (meta == nullptr || !state.apply.idle()) return;
  if (already_has(state, *meta)) return;  // appends caught up meanwhile
  state.install(*meta);
  snapshot_.forget();
  acknowledge_commit(state);
}

// To the leader, if there is one to tell; a leader that hears nothing sends its last piece again and is
// answered then.
void Follower::acknowledge_commit(State& state) const {
  if (leader_) state.send_after_sync(leader_, AppendResponse{false, state.commit, 0, 0});
}

void Follower::abandon_snapshot(State& state) {
  if (!snapshot_.receiving()) return;
  snapshot_.forget();
  state.out.snapshot_chunks.clear();
  state.out.snapshot_abandoned = true;
}

}  // namespace stator::raft
