// Majorities: of votes, and of positions (a log index or a read round) that voters have reached. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "raft/entry.h"

namespace stator::raft {

inline size_t majority(size_t voters) { return voters / 2 + 1; }

// The highest position that a majority of the voters has reached; one position a voter, reordered here. 0 for
// no voters.
uint64_t majority_position(std::span<uint64_t> positions);

enum class VoteResult : uint8_t { kPending = 1, kWon, kLost };

// The votes of one election or pre-election. A voter's first answer counts.
class Ballot {
 public:
  void record(ReplicaId voter, bool granted);
  // Over these voters; answers of others do not count.
  VoteResult result(const std::vector<ReplicaId>& voters) const;

 private:
  struct Answer {
    ReplicaId voter;
    bool granted;
  };
  std::vector<Answer> answers_;
};

}  // namespace stator::raft
