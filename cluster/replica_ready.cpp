// What Raft hands out, carried on: persisting, sending, applying, and the answers that wait for it.
#include "cluster/replica.h"

#include <algorithm>

#include "model/assert.h"

namespace stator::cluster {
namespace {

api::Error overwritten_error() {
  return api::not_leading("Another leader took over before this write was stored").error;
}
api::Error unconfirmed() {
  return api::not_leading("Leadership was lost before the read was confirmed").error;
}
// A body that waits for entries in flight is proposed by then.
constexpr uint64_t kBodyAgeMaxMicros = 100'000;

api::Error unknown_outcome() {
  return api::internal_error("The replica stopped before the write's outcome was known").error;
}

}  // namespace

void Replica::persisted(uint64_t id, uint64_t now_micros) {
  now_micros_ = now_micros;
  node_.persisted(id);
  if (installing_ != 0 && id >= installing_) installed();
  while (!after_sync_.empty() && after_sync_.begin()->first <= id) {
    for (raft::Message& message : after_sync_.begin()->second) out_.messages.push_back(std::move(message));
    after_sync_.erase(after_sync_.begin());
  }
}

void Replica::applied(raft::Index index, uint64_t now_micros) {
  now_micros_ = now_micros;
  node_.applied(index);
  machine_->applied(index);
  while (!unapplied_.empty() && unapplied_.front().index <= index) {
    unapplied_bytes_ -= unapplied_.front().bytes;
    unapplied_.pop_front();
  }
  propose_schema(now_micros);
  change_members(now_micros);
  update_serving();
  answer_applied(index);
}

void Replica::log_loaded(uint64_t id, std::vector<raft::Entry> entries) {
  if (!failure_) node_.log_loaded(id, std::move(entries));
}

// --- output
// -----------------------------------------------------------------------------------------------------------

ReplicaOutputs Replica::take_outputs(uint64_t now_micros) {
  now_micros_ = now_micros;
  drain();  // a lost leadership is seen before anything is proposed under it
  if (may_propose()) flush();
  drain();
  drop_told_commits();
  ReplicaOutputs out = std::move(out_);
  out_ = {};
  return out;
}

// A notice of what is committed says nothing where an Append of the same turn tells that peer the same.
void Replica::drop_told_commits() {
  if (out_.messages.size() < 2) return;
  std::map<model::ReplicaId, raft::Index> told;
  for (const raft::Message& message : out_.messages) {
    const auto* append = std::get_if<raft::Append>(&message.body);
    if (append && !append->entries.empty()) told[message.to] = append->commit;
  }
  if (told.empty()) return;
  std::erase_if(out_.messages, [&](const raft::Message& message) {
    const auto* notice = std::get_if<raft::CommitNotice>(&message.body);
    const auto append = notice ? told.find(message.to) : told.end();
    return append != told.end() && notice->commit <= append->second;
  });
}

// While enough of the leader's entries are on their way, what is evaluated waits and shares the next one:
// under load entries grow, and with them what one sync and one round of messages carry. Not for long where
// nothing commits: what an entry says of its time, and with it how long its requests are remembered, is as
// old as the first command in it (the simulation found a retry applied twice: its request was remembered by a
// stamp of a minute ago, that is, not at all).
bool Replica::may_propose() const {
  if (lead_term_ == 0) return false;
  if (body_stamp_ && body_stamp_->micros + kBodyAgeMaxMicros < now_micros_) return true;
  return node_.last_index() - node_.commit_index() < config_.entries_in_flight_max;
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
    if (ready.snapshot) take_over(*ready.snapshot);
    take_snapshot_work(ready);
    if (!ready.entries.empty()) {
      overwritten(ready.entries);
      observe(ready.entries.back());
    }
    for (raft::Message& message : ready.messages) out_.messages.push_back(std::move(message));
    if (ready.persist_id != 0) {
      if (!ready.messages_after_sync.empty())
        after_sync_[ready.persist_id] = std::move(ready.messages_after_sync);
      if (ready.snapshot) installing_ = ready.persist_id;
      out_.persist.push_back(
          {ready.persist_id, ready.hard_state, std::move(ready.snapshot), std::move(ready.entries)});
    }
    if (!ready.committed.empty()) apply_committed(std::move(ready.committed));
    for (const raft::ReadState& state : ready.read_states) confirmed(state);
    for (uint64_t context : ready.dropped_reads) dropped(context);
    for (raft::LogRead& read : ready.log_reads) out_.log_reads.push_back(read);
    update_serving();
  }
}

// The newest entry of the log: the next one continues its chain and goes above its stamp.
void Replica::observe(const raft::Entry& last) {
  if (last.term == lead_term_) return;  // sealed here
  auto header = decode_log_header(*last.data);
  if (!header.ok()) return;  // found again, and reported, when it is applied
  last_checksum_ = header->checksum;
  last_checksum_index_ = last.index;
  clock_.observe(header->stamp);
}

// --- proposals of an earlier term
// -------------------------------------------------------------------------------------

// The log is these entries from the first one's index on: a promise for an entry that is not among them is
// broken.
void Replica::overwritten(const std::vector<raft::Entry>& entries) {
  raft::Index from = entries.front().index;
  auto replaced = [&](raft::Index index, raft::Term term) {
    return index >= from && (index - from >= entries.size() || entries[index - from].term != term);
  };
  // Terms rise along the log, so where one is still there, all before it are.
  while (!proposed_.empty() && replaced(proposed_.back().index, proposed_.back().term)) {
    Proposed command = std::move(proposed_.back());
    proposed_.pop_back();
    break_promise(command, overwritten_error());
  }
  while (!unapplied_.empty() && replaced(unapplied_.back().index, unapplied_.back().term)) {
    unapplied_bytes_ -= unapplied_.back().bytes;
    unapplied_.pop_back();
  }
}

// --- applying
// ---------------------------------------------------------------------------------------------------------

void Replica::apply_committed(std::vector<raft::Entry> entries) {
  if (failure_) return;
  raft::Index before = applied_.index;
  ApplyWork work;
  for (const raft::Entry& entry : entries) {
    if (auto error = apply_one(entry, work)) {
      fail(*error, entry.index);
      break;
    }
  }
  if (applied_.index == before) return;
  forget_request_rows(work);
  work.state = applied_;
  out_.apply.push_back(std::move(work));
}

// An error where the entry cannot be read: the replica stops there, it never skips (docs/architecture.md,
// protocol 6).
std::optional<LogEntryError> Replica::apply_one(const raft::Entry& entry, ApplyWork& work) {
  STATOR_ASSERT(entry.index == applied_.index + 1, "entries are applied in order, each once");
  auto header = decode_log_header(*entry.data);
  if (!header.ok()) return header.error();
  if (header->active_version > config_.formats_max) return LogEntryError::kUnknownFormat;
  bool chained = header->previous_checksum == 0 || applied_.checksum == 0 ||
                 header->previous_checksum == applied_.checksum;
  if (!chained || !matches(*header, config_.partition, entry)) return LogEntryError::kChecksum;
  if (header->stamp <= applied_.stamp) return LogEntryError::kMalformed;
  std::optional<raft::Membership> membership;
  if (header->kind == LogKind::kMembership) {
    membership = raft::decode_membership(log_body(*entry.data));
    if (!membership) return LogEntryError::kMalformed;
  }
  ApplyResult result;
  auto requests = machine_->apply(*header, log_body(*entry.data), result);
  if (!requests.ok()) return requests.error();
  if (membership) {
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
  if (result.marks != 0) {
    marks_ += result.marks;
    newest_mark_ = entry.index;
  }
  applied_.index = entry.index;
  applied_.term = entry.term;
  applied_.stamp = header->stamp;
  applied_.checksum = header->checksum;
  applied_.schema_version = machine_->schema_version();
  applied_.items += static_cast<uint64_t>(result.count_delta);
  applied_.bytes += static_cast<uint64_t>(result.bytes_delta);
  for (const model::IndexCounts& delta : result.local_deltas) {
    model::add_counts(applied_.local_indexes, delta.number, static_cast<int64_t>(delta.counts.items),
                      static_cast<int64_t>(delta.counts.bytes));
  }
  if (header->kind == LogKind::kMetadata || header->kind == LogKind::kSchema) out_.state_changed = true;
  return std::nullopt;
}

// The entry at `index` cannot be applied: this replica stops there. What it waits for up to there still
// comes.
void Replica::fail(LogEntryError error, raft::Index index) {
  failure_ = ReplicaFailure{error, index};
  step_down();
  while (!proposed_.empty() && proposed_.back().index >= index) {
    Proposed command = std::move(proposed_.back());
    proposed_.pop_back();
    break_promise(command, unknown_outcome());
  }
  for (auto& [context, confirming] : std::exchange(confirming_, {})) {
    answer(confirming.token, api::Failure(unconfirmed()));
  }
  for (auto it = confirmed_reads_.lower_bound(index); it != confirmed_reads_.end();
       it = confirmed_reads_.erase(it)) {
    answer(it->second, api::Failure(unconfirmed()));
  }
}

// --- answers
// ----------------------------------------------------------------------------------------------------------

void Replica::confirmed(const raft::ReadState& state) {
  auto it = confirming_.find(state.context);
  if (it == confirming_.end()) return;  // answered when this replica failed
  Confirming confirming = std::move(it->second);
  confirming_.erase(it);
  if (!confirming.result) {
    if (state.index <= node_.applied_index()) {
      out_.reads.push_back(confirming.token);
    } else {
      confirmed_reads_.emplace(state.index, confirming.token);
    }
    return;
  }
  // The leadership held when the command was evaluated, so what it read was the newest. Where that is not
  // committed yet, only the leadership that proposed it can tell that it stays: it may have ended since the
  // confirmation.
  if (confirming.newest_read > node_.applied_index() && confirming.term != lead_term_) {
    return answer(confirming.token, api::Failure(unconfirmed()));
  }
  answer_when_applied(confirming.newest_read, confirming.token, std::move(*confirming.result));
}

void Replica::dropped(uint64_t context) {
  auto it = confirming_.find(context);
  if (it == confirming_.end()) return;
  answer(it->second.token, api::Failure(unconfirmed()));
  confirming_.erase(it);
}

void Replica::answer(Token token, api::Result<api::Answer> result) {
  out_.answers.push_back({token, std::move(result)});
}

void Replica::answer_applied(raft::Index index) {
  while (!proposed_.empty() && proposed_.front().index <= index) {
    Proposed& command = proposed_.front();
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
