// Asking for votes and counting them.
#include "raft/candidate.h"

namespace stator::raft {

Candidate::Candidate(State& state, Kind kind)
    : kind_(kind),
      deadline_(state.random.between(state.config.election_ticks_min, state.config.election_ticks_max)) {
  const ReplicaId self = state.config.self;
  if (pre()) {
    ballot_.record(self, true);
  } else {
    state.hard = {state.hard.term + 1, self};
    vote_persist_id_ = state.persist.next_id();
  }
  for (ReplicaId voter : state.membership().voters) {
    if (voter == self) continue;
    if (pre()) {
      state.send_at(voter, state.hard.term + 1, PreVoteRequest{state.log.last(), state.log.last_term()});
    } else {
      // Not before term, vote and log are synced: a crash must not leave votes for a log that is gone.
      state.send_after_sync(voter,
                            VoteRequest{state.log.last(), state.log.last_term(), kind == Kind::kTransfer});
    }
  }
}

void Candidate::step(const State& state, const Message& message) {
  if (const auto* response = std::get_if<PreVoteResponse>(&message.body)) {
    const bool ours = !response->granted || message.term == state.hard.term + 1;
    if (pre() && ours) ballot_.record(message.from, response->granted);
  } else if (const auto* response = std::get_if<VoteResponse>(&message.body)) {
    if (!pre()) ballot_.record(message.from, response->granted);
  }
}

void Candidate::persisted(const State& state, uint64_t persist_id) {
  if (vote_persist_id_ == 0 || persist_id < vote_persist_id_) return;
  vote_persist_id_ = 0;
  ballot_.record(state.config.self, true);
}

}  // namespace stator::raft
