// Membership changes, their encoding, and the history that lets an uncommitted change be taken back.
#include "raft/membership.h"

#include <algorithm>
#include <utility>

#include "model/assert.h"

namespace stator::raft {
namespace {

constexpr uint8_t kFormat = 1;
constexpr size_t kHeaderBytes = 5;
constexpr size_t kIdBytes = 8;

bool contains(const std::vector<ReplicaId>& sorted, ReplicaId replica) {
  return std::binary_search(sorted.begin(), sorted.end(), replica);
}

void insert(std::vector<ReplicaId>& sorted, ReplicaId replica) {
  sorted.insert(std::upper_bound(sorted.begin(), sorted.end(), replica), replica);
}

void erase(std::vector<ReplicaId>& sorted, ReplicaId replica) { std::erase(sorted, replica); }

template <class T>
void put(std::string& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

template <class T>
T get(std::string_view bytes, size_t at) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value |= uint64_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
  return static_cast<T>(value);
}

// Ids ascending without repetition, none of them 0.
bool well_formed(const std::vector<ReplicaId>& ids) {
  if (!ids.empty() && !ids.front()) return false;
  return std::adjacent_find(ids.begin(), ids.end(), [](ReplicaId a, ReplicaId b) { return a >= b; }) ==
         ids.end();
}

}  // namespace

bool is_voter(const Membership& membership, ReplicaId replica) {
  return contains(membership.voters, replica);
}

bool is_learner(const Membership& membership, ReplicaId replica) {
  return contains(membership.learners, replica);
}

std::optional<Membership> changed(const Membership& membership, const MembershipChange& change) {
  if (!change.replica) return std::nullopt;
  const bool voter = is_voter(membership, change.replica);
  const bool learner = is_learner(membership, change.replica);
  Membership result = membership;
  switch (change.kind) {
    case MembershipChange::Kind::kAddLearner:
      if (voter || learner || result.voters.size() + result.learners.size() >= kMembersMax)
        return std::nullopt;
      insert(result.learners, change.replica);
      break;
    case MembershipChange::Kind::kPromote:
      if (!learner) return std::nullopt;
      erase(result.learners, change.replica);
      insert(result.voters, change.replica);
      break;
    case MembershipChange::Kind::kDemote:
      if (!voter) return std::nullopt;
      erase(result.voters, change.replica);
      insert(result.learners, change.replica);
      break;
    case MembershipChange::Kind::kRemove:
      if (!voter && !learner) return std::nullopt;
      erase(result.voters, change.replica);
      erase(result.learners, change.replica);
      break;
  }
  if (result.voters.empty()) return std::nullopt;
  return result;
}

std::string encode_membership(const Membership& membership) {
  STATOR_ASSERT(membership.voters.size() + membership.learners.size() <= kMembersMax, "too many members");
  std::string out;
  out.reserve(kHeaderBytes + kIdBytes * (membership.voters.size() + membership.learners.size()));
  put<uint8_t>(out, kFormat);
  put(out, static_cast<uint16_t>(membership.voters.size()));
  put(out, static_cast<uint16_t>(membership.learners.size()));
  for (ReplicaId id : membership.voters) put(out, id.value);
  for (ReplicaId id : membership.learners) put(out, id.value);
  return out;
}

std::optional<Membership> decode_membership(std::string_view body) {
  if (body.size() < kHeaderBytes || get<uint8_t>(body, 0) != kFormat) return std::nullopt;
  const size_t voters = get<uint16_t>(body, 1);
  const size_t learners = get<uint16_t>(body, 3);
  if (voters == 0 || voters + learners > kMembersMax) return std::nullopt;
  if (body.size() != kHeaderBytes + kIdBytes * (voters + learners)) return std::nullopt;
  Membership result;
  for (size_t i = 0; i < voters + learners; ++i) {
    auto& ids = i < voters ? result.voters : result.learners;
    ids.push_back(ReplicaId(get<uint64_t>(body, kHeaderBytes + kIdBytes * i)));
  }
  if (!well_formed(result.voters) || !well_formed(result.learners)) return std::nullopt;
  const bool disjoint = std::none_of(result.learners.begin(), result.learners.end(),
                                     [&](ReplicaId id) { return is_voter(result, id); });
  if (!disjoint) return std::nullopt;
  return result;
}

MembershipLog::MembershipLog(Membership base, Index base_index) {
  history_.push_back({base_index, std::move(base)});
}

const Membership& MembershipLog::at(Index index) const {
  STATOR_ASSERT(index >= history_.front().index, "a membership that is forgotten");
  auto step = history_.rbegin();
  while (step->index > index) ++step;
  return step->membership;
}

void MembershipLog::append(Index index, Membership membership) {
  STATOR_ASSERT(index > latest_index(), "memberships come in the order of the log");
  history_.push_back({index, std::move(membership)});
}

void MembershipLog::truncate(Index index) {
  STATOR_ASSERT(index > history_.front().index, "a committed membership is not taken back");
  while (history_.back().index >= index) history_.pop_back();
}

void MembershipLog::commit(Index index) {
  while (history_.size() > 1 && history_[1].index <= index) history_.pop_front();
}

}  // namespace stator::raft
