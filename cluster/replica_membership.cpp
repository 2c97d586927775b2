// The leader's side of a group's members: step by step from those it has to those that group 0 wishes
// (membership_plan.h).
#include <algorithm>

#include "cluster/membership_plan.h"
#include "cluster/replica.h"
#include "model/assert.h"

namespace stator::cluster {

void Replica::reconfigure(const raft::Membership& wish, uint64_t now_micros) {
  STATOR_ASSERT(!wish.voters.empty(), "a group keeps a voter");
  now_micros_ = now_micros;
  desired_members_ = wish;
  change_members(now_micros);
}

void Replica::write_version(uint32_t version) {
  write_version_ = std::max(write_version_, std::min(version, config_.formats_max));
}

bool Replica::reconfiguring() const {
  return desired_members_ && leads() && node_.membership() != *desired_members_;
}

void Replica::change_members(uint64_t now_micros) {
  if (!reconfiguring() || failure_ || transferring()) return;
  if (lead_term_ == 0 || node_.term() != lead_term_ || node_.applied_index() < lead_index_) return;
  raft::Status status = node_.status();
  MembershipStep step =
      next_step(node_.membership(), *desired_members_, config_.raft.self, status.peers, status.commit);
  switch (step.kind) {
    case MembershipStep::Kind::kDone:
    case MembershipStep::Kind::kWait:
      return;
    case MembershipStep::Kind::kChange:
      flush();  // what was evaluated has its indexes already
      // Where the change before is not committed yet, this one comes again with a tick, or with that entry.
      (void)node_.propose_membership(step.change);
      return;
    case MembershipStep::Kind::kHandOver:
      (void)transfer_leadership(step.to, now_micros);  // tried again with the next tick
      return;
  }
}

}  // namespace stator::cluster
