// What Raft hands out, carried on: persisting, sending, applying, and the answers that wait for it.
#include <cstring>

#include "cluster/replica.h"
#include "model/assert.h"

namespace stator::cluster {
namespace {

// The log is cut only when that frees something worth a write.
constexpr raft::Index kCutEntriesMin = 1024;

api::Error overwritten_error() {
  return api::service_unavailable("Another leader took over before this write was stored", 50).error;
}
api::Error unknown_outcome() {
  return api::internal_error("The replica stopped before the write's outcome was known").error;
}

}  // namespace

void Replica::persisted(uint64_t id, uint64_t now_micros) {
  now_micros_ = now_micros;
  node_.persisted(id);
  while (!after_sync_.empty() && after_sync_.begin()->first <= id) {
    for (raft::Message& message : after_sync_.begin()->second) out_.messages.push_back(std::move(message));
    after_sync_.erase(after_sync_.begin());
  }
}

void Replica::applied(raft::Index index, uint64_t now_micros) {
  now_micros_ = now_micros;
  node_.applied(index);
  machine_->applied(index);
  while (!unapplied_.empty() && unapplied_.front().first <= index) {
    unapplied_bytes_ -= unapplied_.front().second;
    unapplied_.pop_front();
  }
  propose_schema(now_micros);
  update_serving();
  answer_applied(index);
}

void Replica::log_loaded(uint64_t id, std::vector<raft::Entry> entries) { node_.log_loaded(id, std::move(entries)); }

void Replica::items_synced(raft::Index index, uint64_t now_micros) {
  request_ids_.forget_before(model::Stamp{now_micros});
  raft::Index cut = std::min(index, node_.applied_index());
  // A restart rebuilds the request ids from the log (docs/architecture.md, protocol 9).
  if (auto oldest = request_ids_.oldest_index()) cut = std::min(cut, *oldest - 1);
  if (leads()) {
    for (const raft::PeerStatus& peer : node_.status().peers) cut = std::min(cut, peer.match);
  }
  // The log's new base carries the membership at the cut: only the applied one is at hand.
  if (cut < membership_index_ || cut < node_.first_index() + kCutEntriesMin) return;
  node_.compact(cut);
  out_.cut_log = cut;
}

// --- output -----------------------------------------------------------------------------------------------------------

ReplicaOutputs Replica::take_outputs(uint64_t now_micros) {
  now_micros_ = now_micros;
  drain();  // a lost leadership is seen before anything is proposed under it
  if (lead_term_ != 0) flush();
  drain();
  ReplicaOutputs out = std::move(out_);
  out_ = {};
  return out;
}

void Replica::drain() {
  for (;;) {
    raft::Ready ready = node_.take_ready();
    if (ready.empty()) return;
    if (ready.soft_state) {
      const raft::SoftState& soft = *ready.soft_state;
      if (lead_term_ != 0 && (soft.role != raft::Role::kLeader || soft.term != lead_term_)) {
        raft::Index first = lead_index_;  // a new term of our own may have begun in the same step
        step_down();
        if (soft.role == raft::Role::kLeader) lead_index_ = first;
      }
      if (soft.role == raft::Role::kLeader) lead_term_ = soft.term;
      out_.soft_state = soft;
    }
    if (!ready.entries.empty()) {
      overwritten(ready.entries.front().index, ready.entries.front().term);
      const raft::Entry& last = ready.entries.back();
      if (auto header = decode_log_header(*last.data); header.ok()) {
        last_checksum_ = header->checksum;
        last_checksum_index_ = last.index;
        clock_.observe(header->stamp);
      }
    }
    for (raft::Message& message : ready.messages) out_.messages.push_back(std::move(message));
    if (ready.persist_id != 0) {
      if (!ready.messages_after_sync.empty()) after_sync_[ready.persist_id] = std::move(ready.messages_after_sync);
      out_.persist.push_back({ready.persist_id, ready.hard_state, std::move(ready.entries)});
    }
    if (!ready.committed.empty()) apply_committed(std::move(ready.committed));
    for (const raft::ReadState& state : ready.read_states) confirmed(state);
    for (uint64_t context : ready.dropped_reads) dropped(context);
    for (raft::LogRead& read : ready.log_reads) out_.log_reads.push_back(read);
    update_serving();
  }
}

// --- proposals of an earlier term -------------------------------------------------------------------------------------

// Entries from `from` on are replaced by those of `term`: promises made for them in another term will not be kept.
void Replica::overwritten(raft::Index from, raft::Term term) {
  while (!proposed_.empty() && proposed_.back().index >= from && proposed_.back().term != term) {
    Proposed& command = proposed_.back();
    if (command.id) proposed_ids_.erase(*command.id);
    answer(command.token, api::Failure(overwritten_error()));
    proposed_.pop_back();
  }
  while (!unapplied_.empty() && unapplied_.back().first >= from && lead_term_ != term) {
    unapplied_bytes_ -= unapplied_.back().second;
    unapplied_.pop_back();
  }
  for (auto it = retries_.lower_bound(from); it != retries_.end();) {
    if (proposed_ids_.contains(it->second.second)) {
      ++it;
      continue;
    }
    answer(it->second.first, api::Failure(overwritten_error()));
    it = retries_.erase(it);
  }
}

// --- applying ---------------------------------------------------------------------------------------------------------

void Replica::apply_committed(std::vector<raft::Entry> entries) {
  if (failure_) return;
  ApplyWork work;
  for (const raft::Entry& entry : entries) {
    if (!apply_one(entry, work)) break;
  }
  work.state = applied_;
  if (work.state.index != 0) out_.apply.push_back(std::move(work));
}

// False where the entry cannot be read: the replica stops here, it never skips (docs/architecture.md, protocol 6).
bool Replica::apply_one(const raft::Entry& entry, ApplyWork& work) {
  STATOR_ASSERT(entry.index == applied_.index + 1, "entries are applied in order, each once");
  auto fail = [&](LogEntryError error) {
    failure_ = ReplicaFailure{error, entry.index};
    for (Proposed& command : proposed_) answer(command.token, api::Failure(unknown_outcome()));
    proposed_.clear();
    update_serving();
    return false;
  };
  auto header = decode_log_header(*entry.data);
  if (!header.ok()) return fail(header.error());
  bool chained = header->previous_checksum == 0 || applied_.checksum == 0 ||
                 header->previous_checksum == applied_.checksum;
  if (!chained || header->index != entry.index || header->term != entry.term ||
      header->partition != config_.partition) {
    return fail(LogEntryError::kChecksum);
  }
  ApplyResult result;
  auto requests = machine_->apply(*header, log_body(*entry.data), result);
  if (!requests.ok()) return fail(requests.error());
  if (header->kind == LogKind::kMembership) {
    auto membership = raft::decode_membership(log_body(*entry.data));
    if (!membership) return fail(LogEntryError::kMalformed);
    applied_.membership = std::move(*membership);
    membership_index_ = entry.index;
  }
  for (AppliedRequest& request : *requests) {
    proposed_ids_.erase(request.id);
    request_ids_.remember(request.id, header->stamp, entry.index, std::move(request.outcome));
  }
  for (RowWrite& row : result.rows) {
    work.bytes += row.key.size() + (row.value ? row.value->size() : 0);
    work.rows.push_back(std::move(row));
  }
  applied_.index = entry.index;
  applied_.term = entry.term;
  applied_.stamp = header->stamp;
  applied_.checksum = header->checksum;
  applied_.schema_version = machine_->schema_version();
  applied_.items += static_cast<uint64_t>(result.count_delta);
  applied_.bytes += static_cast<uint64_t>(result.bytes_delta);
  if (header->kind == LogKind::kMetadata || header->kind == LogKind::kSchema) out_.state_changed = true;
  return true;
}

// --- answers ----------------------------------------------------------------------------------------------------------

void Replica::confirmed(const raft::ReadState& state) {
  auto it = confirming_.find(state.context);
  STATOR_ASSERT(it != confirming_.end(), "a context is confirmed once");
  Confirming confirming = std::move(it->second);
  confirming_.erase(it);
  if (confirming.result) {
    // The leadership is confirmed, so what was read when it was evaluated was the newest.
    answer(confirming.token, std::move(*confirming.result));
  } else if (state.index <= node_.applied_index()) {
    out_.reads.push_back(confirming.token);
  } else {
    confirmed_reads_.emplace(state.index, confirming.token);
  }
}

void Replica::dropped(uint64_t context) {
  auto it = confirming_.find(context);
  if (it == confirming_.end()) return;
  answer(it->second.token,
         api::service_unavailable("Leadership was lost before the read was confirmed", 50));
  confirming_.erase(it);
}

void Replica::answer(Token token, api::Result<api::Answer> result) {
  out_.answers.push_back({token, std::move(result)});
}

void Replica::answer_applied(raft::Index index) {
  while (!proposed_.empty() && proposed_.front().index <= index) {
    Proposed& command = proposed_.front();
    if (command.id) proposed_ids_.erase(*command.id);
    answer(command.token, std::move(command.answer));
    proposed_.pop_front();
  }
  for (auto it = barriers_.begin(); it != barriers_.end() && it->first <= index; it = barriers_.erase(it)) {
    answer(it->second.token, std::move(it->second.result));
  }
  for (auto it = retries_.begin(); it != retries_.end() && it->first <= index; it = retries_.erase(it)) {
    const RequestIds::Remembered* remembered = request_ids_.find(it->second.second);
    if (remembered) {
      answer(it->second.first, remembered->outcome);
    } else {
      answer(it->second.first, api::Failure(unknown_outcome()));
    }
  }
  for (auto it = confirmed_reads_.begin(); it != confirmed_reads_.end() && it->first <= index;
       it = confirmed_reads_.erase(it)) {
    out_.reads.push_back(it->second);
  }
}

}  // namespace stator::cluster
