// What a leader sends: heartbeats, Appends within each peer's window, commit notices, snapshot pieces.
#include <algorithm>
#include <utility>

#include "model/assert.h"
#include "raft/leader.h"

namespace stator::raft {

void Leader::flush(State& state) {
  // Reads wait for this term's own commit: before it the commit index may be behind the one of the last
  // leader (Raft §8).
  if (own_term_committed(state) && reads_.begin(state.commit)) {
    for (Peer& peer : peers_) {
      if (peer.voter) send_heartbeat(state, peer);
    }
    confirm_reads(state);  // alone, at once
  }
  for (Peer& peer : peers_) send_appends(state, peer);
}

void Leader::send_heartbeat(State& state, Peer& peer) const {
  // Raft §5.3 lets a follower commit what it holds of ours only: entries above `match` may still be another
  // leader's.
  const Index commit = std::min(peer.progress.match, state.commit);
  peer.progress.commit_sent = std::max(peer.progress.commit_sent, commit);
  state.send(peer.replica, Heartbeat{commit, reads_.round(), may_rest(state), state.floor});
}

void Leader::send_appends(State& state, Peer& peer) {
  while (send_next_append(state, peer)) {
  }
  Progress& progress = peer.progress;
  // Under load the next Append tells of it, or the commit of what is on its way will.
  if (state.log.last() > state.commit) return;
  const Index commit = std::min(progress.match, state.commit);
  if (progress.replicate() && commit > progress.commit_sent) {
    progress.commit_sent = commit;
    state.send(peer.replica, CommitNotice{commit});
  }
}

// Sends one Append, or asks for what it takes. False: that was all for now.
bool Leader::send_next_append(State& state, Peer& peer) {
  Progress& progress = peer.progress;
  // What the peer needs next is cut. A full window does not keep it from a snapshot: its answers may never
  // come, and what they would ask for again is gone.
  if (progress.next < state.log.first() && progress.replicate()) progress.become_probe(false);
  if (progress.paused(state.config)) return false;
  if (progress.next < state.log.first()) {
    want_snapshot(state, peer);
    return false;
  }
  const bool up_to_date = progress.next > state.log.last();
  const bool in_memory = state.log.cached(progress.next);
  if (Probe* probing = progress.probe()) {
    // A probe of what lies on disk goes without entries: it may well be rejected.
    std::vector<Entry> entries;
    size_t bytes = 0;
    if (in_memory) {
      bytes = state.log.copy(progress.next, state.log.last(), state.config.append_bytes_max, entries);
    }
    probing->paused = true;
    send_append(state, peer, std::move(entries), bytes);
    return false;
  }
  if (up_to_date) return false;
  if (!in_memory) {
    if (progress.read_id != 0 || progress.read_failed) return false;
    progress.read_id = state.next_read_id++;
    state.out.log_reads.push_back(
        {progress.read_id, progress.next, state.log.cached_first() - 1, state.config.append_bytes_max});
    return false;
  }
  std::vector<Entry> entries;
  const size_t bytes =
      state.log.copy(progress.next, state.log.last(), state.config.append_bytes_max, entries);
  send_append(state, peer, std::move(entries), bytes);
  return true;
}

void Leader::send_append(State& state, Peer& peer, std::vector<Entry> entries, size_t bytes) {
  Progress& progress = peer.progress;
  const Index prev = progress.next - 1;
  const Index last = prev + entries.size();
  const auto prev_term = state.log.term_at(prev);
  STATOR_ASSERT(prev_term.has_value(), "an Append follows an entry that the log knows");
  if (Replicate* replicating = progress.replicate(); replicating && !entries.empty()) {
    replicating->inflight.add(last, bytes);
    progress.next = last + 1;
  }
  progress.commit_sent = std::max(progress.commit_sent, std::min(last, state.commit));
  state.send(peer.replica, Append{prev, *prev_term, state.commit, std::move(entries)});
}

bool Leader::log_loaded(State& state, uint64_t id, std::vector<Entry>& entries) {
  const auto peer = std::find_if(peers_.begin(), peers_.end(),
                                 [&](const Peer& candidate) { return candidate.progress.read_id == id; });
  if (id == 0 || peer == peers_.end()) return false;
  Progress& progress = peer->progress;
  progress.read_id = 0;
  // The log may have been cut, or its peer have turned to probing, since the read was asked for.
  if (progress.next < state.log.first() || !progress.replicate()) return true;
  Index index = progress.next - 1;
  size_t bytes = 0;
  const bool good = std::all_of(entries.begin(), entries.end(), [&](const Entry& entry) {
    bytes += entry_bytes(entry);
    return entry.index == ++index && state.log.matches(index, entry.term);
  });
  if (!good || entries.empty()) {
    progress.read_failed = true;
    return true;
  }
  send_append(state, *peer, std::move(entries), bytes);
  return true;
}

// -- snapshots
// ------------------------------------------------------------------------------------------------------

void Leader::want_snapshot(State& state, Peer& peer) {
  if (!peer.progress.active) return;  // it would keep a snapshot open for nobody
  peer.progress.become_snapshot(state.next_stream++);
  state.out.snapshot_requests.push_back({peer.replica, peer.progress.snapshot()->stream, 0});
}

void Leader::close_snapshot(State& state, Peer& peer, bool paused) {
  const SnapshotTransfer* transfer = peer.progress.snapshot();
  STATOR_ASSERT(transfer != nullptr, "a stream that is open");
  state.out.snapshot_closes.push_back({peer.replica, transfer->stream});
  peer.progress.become_probe(paused);
}

bool Leader::snapshot_chunk(State& state, ReplicaId to, SnapshotChunk chunk) {
  Peer* peer = find(to);
  SnapshotTransfer* transfer = peer ? peer->progress.snapshot() : nullptr;
  if (transfer == nullptr || transfer->stream != chunk.stream) return false;
  if (chunk.meta.index < state.log.compacted_index()) {
    // The log was cut beyond it meanwhile: once installed, the peer could not be caught up. Begin again.
    close_snapshot(state, *peer, true);
    return false;
  }
  transfer->silent_ticks = 0;
  state.send(to, std::move(chunk));
  return true;
}

void Leader::snapshot_failed(State& state, ReplicaId to, uint64_t stream) {
  Peer* peer = find(to);
  const SnapshotTransfer* transfer = peer ? peer->progress.snapshot() : nullptr;
  if (transfer != nullptr && transfer->stream == stream) close_snapshot(state, *peer, true);
}

}  // namespace stator::raft
