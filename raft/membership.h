// Who belongs to a group, and how that changes: one replica at a time (dissertation §4.1), in force from the
// moment the entry is in a replica's log, committed or not, and taken back when the entry is. Pure.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "model/result.h"
#include "raft/entry.h"

namespace stator::raft {

// Voters are made by promoting learners, so that a voter never starts with an empty log (dissertation
// §4.2.1).
struct MembershipChange {
  enum class Kind : uint8_t {
    kAddLearner = 1,
    kPromote,  // a learner becomes a voter
    kDemote,   // a voter becomes a learner
    kRemove,   // a voter or learner leaves
  };
  Kind kind = Kind::kAddLearner;
  ReplicaId replica;
};

bool is_voter(const Membership& membership, ReplicaId replica);
bool is_learner(const Membership& membership, ReplicaId replica);
inline bool is_member(const Membership& m, ReplicaId replica) {
  return is_voter(m, replica) || is_learner(m, replica);
}

// The membership after the change; nullopt where it makes no sense: adding a member, promoting what is no
// learner, demoting what is no voter, removing what is no member, or leaving no voter.
std::optional<Membership> changed(const Membership& membership, const MembershipChange& change);

// The body of a kMembership entry: the whole membership after the change. Little-endian:
// format u8 = 1 | voters u16 | learners u16 | ids u64 each, voters first, each part ascending.
std::string encode_membership(const Membership& membership);
// nullopt: not what encode_membership writes.
std::optional<Membership> decode_membership(std::string_view body);

// At most so many members; more are refused as kBadChange.
inline constexpr size_t kMembersMax = 64;

// The memberships of the applied state and of the log after it.
class MembershipLog {
 public:
  // `base` holds as of index `base_index`.
  MembershipLog(Membership base, Index base_index);

  const Membership& latest() const { return history_.back().membership; }
  Index latest_index() const { return history_.back().index; }
  // The membership in force for a log that ends at `index` (not below the base).
  const Membership& at(Index index) const;

  // The entry at `index` (above all before it) sets `membership`.
  void append(Index index, Membership membership);
  // Entries at and after `index` are gone. REQUIRES: index above the base's.
  void truncate(Index index);
  // Everything up to `index` is committed: what lay below the last change in it is forgotten.
  void commit(Index index);

 private:
  struct Step {
    Index index;
    Membership membership;
  };
  std::deque<Step> history_;  // ascending, never empty; the front is committed
};

}  // namespace stator::raft
