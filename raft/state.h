// State: what a replica has in every role, and the Ready that is being filled. The roles (follower.h,
// candidate.h, leader.h) act on it; Node::Core owns it. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "raft/apply_queue.h"
#include "raft/log.h"
#include "raft/membership.h"
#include "raft/node.h"
#include "raft/persist_tracker.h"
#include "raft/random.h"

namespace stator::raft {

struct State {
  State(Config config, InitialState initial);

  const Config config;
  Random random;
  HardState hard;
  HardState handed_hard;  // as of the last Ready, or on disk from the start
  Log log;
  MembershipLog memberships;
  PersistTracker persist;
  ApplyQueue apply;
  Index commit;
  bool reluctant = false;  // Node::set_reluctant
  Index floor = 0;  // all members were known to have everything up to here
  Ready out;
  uint64_t next_read_id = 1;
  uint64_t next_stream =
      1;  // over all leaderships, so that late work for one of an earlier one is told apart

  const Membership& membership() const { return memberships.latest(); }
  bool is_voter() const { return raft::is_voter(membership(), config.self); }
  // May campaign: a voter, or one whose removal is not known to be committed (dissertation §4.2.2: without it
  // the group may be unable to elect anybody, since it may be the only one that holds the entry).
  bool electable() const;

  void send(ReplicaId to, MessageBody body) { send_at(to, hard.term, std::move(body)); }
  void send_at(ReplicaId to, Term term, MessageBody body);
  // For what vouches for our term, vote or log.
  void send_after_sync(ReplicaId to, MessageBody body);

  // Commits up to index, never back. REQUIRES: index <= log.last().
  void commit_to(Index index);

  std::shared_ptr<const std::string> seal(EntryKind kind, Index index, std::string_view body) const;
  std::string_view unseal(const Entry& entry) const;
  // Of a kMembership entry; nullopt: broken.
  std::optional<Membership> membership_of(const Entry& entry) const {
    return decode_membership(unseal(entry));
  }

  // The log is replaced by a snapshot's. REQUIRES: nothing is being applied; meta.index > commit.
  void install(const SnapshotMeta& meta);
  // Fills the parts of `out` that no role decides on: what to persist and what to apply.
  void collect();
};

}  // namespace stator::raft
