// Candidate: gathers votes (Raft §5.2), or the promise of votes before that (PreVote, dissertation §9.6).
// Pure; part of Node::Core.
#pragma once

#include <cstdint>

#include "raft/quorum.h"
#include "raft/state.h"

namespace stator::raft {

class Candidate {
 public:
  enum class Kind : uint8_t {
    kPreVote = 1,
    kVote,
    kTransfer
  };  // kTransfer: a vote that the leader asked for

  // Begins: asks all other voters. kVote and kTransfer enter a new term, and vote for this replica.
  Candidate(State& state, Kind kind);

  bool pre() const { return kind_ == Kind::kPreVote; }
  // True: nobody won in time, begin again.
  bool tick() { return ++elapsed_ >= deadline_; }
  // A PreVoteResponse or VoteResponse to this election.
  void step(const State& state, const Message& message);
  // The vote for itself counts once it is synced, as every other does.
  void persisted(const State& state, uint64_t persist_id);
  VoteResult result(const State& state) const { return ballot_.result(state.membership().voters); }

 private:
  Kind kind_;
  uint32_t elapsed_ = 0;
  uint32_t deadline_;
  uint64_t vote_persist_id_ = 0;  // syncs this replica's own vote; 0: counted
  Ballot ballot_;
};

}  // namespace stator::raft
