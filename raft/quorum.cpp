// Majorities of votes and of positions.
#include "raft/quorum.h"

#include <algorithm>
#include <functional>

namespace stator::raft {

uint64_t majority_position(std::span<uint64_t> positions) {
  if (positions.empty()) return 0;
  const auto nth = positions.begin() + static_cast<std::ptrdiff_t>(majority(positions.size()) - 1);
  std::nth_element(positions.begin(), nth, positions.end(), std::greater<>());
  return *nth;
}

void Ballot::record(ReplicaId voter, bool granted) {
  for (const Answer& answer : answers_) {
    if (answer.voter == voter) return;
  }
  answers_.push_back({voter, granted});
}

VoteResult Ballot::result(const std::vector<ReplicaId>& voters) const {
  size_t granted = 0;
  size_t refused = 0;
  for (const Answer& answer : answers_) {
    if (!std::binary_search(voters.begin(), voters.end(), answer.voter)) continue;
    ++(answer.granted ? granted : refused);
  }
  const size_t needed = majority(voters.size());
  if (granted >= needed) return VoteResult::kWon;
  if (refused > voters.size() - needed) return VoteResult::kLost;
  return VoteResult::kPending;
}

}  // namespace stator::raft
