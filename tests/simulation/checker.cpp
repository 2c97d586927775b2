// The checkers' verdicts.
#include "checker.h"

#include <algorithm>

namespace stator::simulation {
namespace {

size_t hash_of(const Entry& entry) { return std::hash<std::string>{}(*entry.data); }

std::string name(ReplicaId id) { return "replica " + std::to_string(id.value); }

[[noreturn]] void violated(const std::string& rule, const std::string& what) {
  throw Violation(rule + ": " + what);
}

// Whether the disk holds the entry, or a state that includes it.
bool holds_entry(const Disk& disk, Index index, Term term) {
  if (disk.machine.applied >= index || disk.log.compacted >= index) return true;
  return disk.log.term_at(index) == std::optional<Term>(term);
}

}  // namespace

void Checker::appended(const View& replica, const Entry& entry, std::string_view sealed_header) {
  if (!entry.data->starts_with(sealed_header))
    violated("seal", name(replica.id) + " has an entry sealed for another place");
  const auto prev_term = replica.log->term_at(entry.index - 1);
  if (!prev_term)
    violated("log matching", name(replica.id) + " has a hole before " + std::to_string(entry.index));
  const Known known{hash_of(entry), *prev_term};
  const auto [at, fresh] = entries_.try_emplace({entry.index, entry.term}, known);
  if (fresh) return;
  if (at->second.data_hash != known.data_hash || at->second.prev_term != known.prev_term) {
    violated("log matching", name(replica.id) + " differs at index " + std::to_string(entry.index) +
                                 ", term " + std::to_string(entry.term));
  }
}

void Checker::leads(const View& replica) {
  const Term term = replica.node->term();
  const auto [at, fresh] = leaders_.try_emplace(term, replica.id);
  if (at->second != replica.id) {
    violated("election safety",
             name(replica.id) + " and " + name(at->second) + " lead term " + std::to_string(term));
  }
  if (!fresh) violated("election safety", name(replica.id) + " became leader of one term twice");
  for (Index index = replica.log->compacted + 1; index <= committed_.size(); ++index) {
    const Committed& committed = committed_[index - 1];
    if (committed.observed_term >= term) continue;  // committed by a later leader: this one was elected late
    if (replica.log->term_at(index) != std::optional<Term>(committed.term)) {
      violated("leader completeness", name(replica.id) + " leads term " + std::to_string(term) +
                                          " without index " + std::to_string(index));
    }
  }
}

void Checker::sends(const View& replica, const Message& message) {
  const Disk& disk = *replica.disk;
  if (const auto* vote = std::get_if<raft::VoteResponse>(&message.body); vote && vote->granted) {
    const auto [at, fresh] = votes_.try_emplace({replica.id, message.term}, message.to);
    if (at->second != message.to) violated("one vote a term", name(replica.id) + " votes twice");
    const bool covered =
        disk.hard_state.term > message.term || disk.hard_state == HardState{message.term, message.to};
    if (!covered) violated("promises are durable", name(replica.id) + " sends a vote that is not synced");
  }
  if (std::get_if<raft::VoteRequest>(&message.body) != nullptr) {
    const auto [at, fresh] = votes_.try_emplace({replica.id, message.term}, replica.id);
    if (at->second != replica.id)
      violated("one vote a term", name(replica.id) + " votes for another and itself");
    if (disk.hard_state.term < message.term) {
      violated("promises are durable", name(replica.id) + " asks for votes in a term that is not synced");
    }
  }
  if (const auto* ack = std::get_if<raft::AppendResponse>(&message.body); ack && !ack->rejected) {
    // Of the entry's term the log is not asked: a later leader may have overwritten it, by right.
    if (std::max(disk.machine.applied, disk.log.last()) < ack->index &&
        disk.hard_state.term == message.term) {
      violated("promises are durable",
               name(replica.id) + " acknowledges " + std::to_string(ack->index) + " unsynced");
    }
  }
}

void Checker::commits(const View& replica, const std::map<ReplicaId, const Disk*>& disks) {
  const Index commit = replica.node->commit_index();
  for (Index index = committed_.size() + 1; index <= commit; ++index) {
    const auto term = replica.log->term_at(index);
    if (!term || index <= replica.log->compacted)
      violated("commit", name(replica.id) + " commits what nobody knew");
    committed_.push_back({*term, replica.node->term(), hash_of(replica.log->at(index))});
    if (replica.node->role() != raft::Role::kLeader) continue;
    const auto& voters = replica.node->membership().voters;
    const auto holding = std::count_if(voters.begin(), voters.end(), [&](ReplicaId voter) {
      const auto disk = disks.find(voter);
      return disk != disks.end() && holds_entry(*disk->second, index, *term);
    });
    if (static_cast<size_t>(holding) * 2 <= voters.size()) {
      violated("commit is durable", name(replica.id) + " commits " + std::to_string(index) + " synced on " +
                                        std::to_string(holding) + " of " + std::to_string(voters.size()));
    }
  }
}

void Checker::hands_out(const View& replica, const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    const std::string where = name(replica.id) + " at index " + std::to_string(entry.index);
    if (entry.index > committed_.size()) violated("state machine safety", where + ": not committed");
    const Committed& committed = committed_[entry.index - 1];
    if (committed.term != entry.term || committed.data_hash != hash_of(entry)) {
      violated("state machine safety", where + ": applies another entry than was committed");
    }
    if (!holds_entry(*replica.disk, entry.index, entry.term)) violated("applied is durable", where);
  }
}

void Checker::holds(ReplicaId replica, const Machine& machine) {
  const auto [at, fresh] = state_hashes_.try_emplace(machine.applied, machine.hash);
  if (at->second != machine.hash) {
    violated("state machine safety",
             name(replica) + " has another state after " + std::to_string(machine.applied));
  }
}

void Checker::read_confirmed(ReplicaId replica, const raft::ReadState& read) {
  const auto floor = read_floor_.find(read.context);
  if (floor == read_floor_.end()) violated("linearizable reads", name(replica) + " answers a read twice");
  if (read.index < floor->second) {
    violated("linearizable reads", name(replica) + " reads at " + std::to_string(read.index) +
                                       ", committed was " + std::to_string(floor->second));
  }
  read_floor_.erase(floor);
}

}  // namespace stator::simulation
