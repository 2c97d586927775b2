// The log's vocabulary: terms, indexes, entries, and what must survive a crash. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/ids.h"

namespace stator::raft {

using model::ReplicaId;

using Term = uint64_t;   // 0: before the first election
using Index = uint64_t;  // the first entry has index 1; 0: before the log

// Stored; never reuse a number.
enum class EntryKind : uint8_t { kNoop = 1, kNormal = 2, kMembership = 3 };

// One log entry. `data` is what lies on disk and travels to peers, byte for byte; for the core it is opaque.
// Shared and immutable: the log, the committer, the link and the applier hold the same bytes.
struct Entry {
  Index index = 0;
  Term term = 0;
  EntryKind kind = EntryKind::kNormal;
  std::shared_ptr<const std::string> data;
};

// What must be synced before any message that depends on it is sent (Raft figure 2, "Persistent state").
struct HardState {
  Term term = 0;
  ReplicaId vote;  // none: not voted in this term
  bool operator==(const HardState&) const = default;
};

// Voters and learners of a group. Changed by kMembership entries, one replica at a time (Raft dissertation
// §4.1).
struct Membership {
  std::vector<ReplicaId> voters;    // sorted
  std::vector<ReplicaId> learners;  // sorted, disjoint from voters
  bool operator==(const Membership&) const = default;
};

}  // namespace stator::raft
