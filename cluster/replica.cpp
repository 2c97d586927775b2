// The leader's side of a replica: commands admitted, evaluated, proposed; barriers. What Raft hands out:
// replica_ready.cpp.
#include "cluster/replica.h"

#include "model/assert.h"

namespace stator::cluster {
namespace {

constexpr uint32_t kRetryAfterMs = 50;  // a leader is elected, or the applier catches up, in about that

api::Error not_leading() { return api::not_leading("This replica does not lead its partition").error; }
api::Error busy() { return api::service_unavailable("The partition's queue is full", kRetryAfterMs).error; }

raft::Config with_seal(raft::Config config, raft::Seal seal) {
  config.seal = std::move(seal);
  config.unseal = [](const raft::Entry& entry) { return log_body(*entry.data); };
  return config;
}

}  // namespace

bool ReplicaOutputs::empty() const {
  return !soft_state && !serving && persist.empty() && messages.empty() && apply.empty() && loads.empty() &&
         log_reads.empty() && reads.empty() && answers.empty() && !cut_log && !state_changed &&
         snapshot_requests.empty() && snapshot_closes.empty() && !snapshot_abandoned &&
         snapshot_pieces.empty();
}

Replica::Replica(ReplicaConfig config, raft::InitialState initial, AppliedState applied,
                 std::unique_ptr<StateMachine> machine)
    : config_(std::move(config)),
      machine_(std::move(machine)),
      applied_(std::move(applied)),
      node_(with_seal(config_.raft, [this](raft::EntryKind kind, raft::Term term, raft::Index index,
                                           std::string_view body) { return seal(kind, term, index, body); }),
            [&] {
              STATOR_ASSERT(initial.applied == applied_.index, "one applied index");
              STATOR_ASSERT(initial.last_index == initial.applied || !initial.tail.empty(),
                            "the last entry is at hand");
              clock_.observe(applied_.stamp);
              last_checksum_ = applied_.checksum;
              last_checksum_index_ = applied_.index;
              membership_index_ = applied_.index;
              // Entries after the applied one are stamped above it; the newest of them bounds the clock.
              for (const raft::Entry& entry : initial.tail) {
                auto header = decode_log_header(*entry.data);
                if (!header.ok()) continue;  // found again, and reported, when it is applied
                clock_.observe(header->stamp);
                if (entry.index <= applied_.index) continue;
                last_checksum_ = header->checksum;
                last_checksum_index_ = entry.index;
              }
              return std::move(initial);
            }()) {
  STATOR_ASSERT(config_.unapplied_bytes_max + kLogBodyMax <= config_.raft.uncommitted_bytes_max,
                "proposals never lack space");
}

void Replica::recall(const raft::Entry& entry) {
  STATOR_ASSERT(entry.index <= applied_.index, "what is not applied is replayed, not recalled");
  if (entry.index <= request_rows_index_) return;
  auto header = decode_log_header(*entry.data);
  if (!header.ok()) return;  // it is applied: nothing but the memory of its requests is lost
  auto requests = machine_->recall(*header, log_body(*entry.data));
  if (!requests.ok()) return;
  for (AppliedRequest& request : *requests) {
    request_ids_.remember(request.id, header->stamp, entry.index, std::move(request.outcome));
  }
}

std::shared_ptr<const std::string> Replica::seal(raft::EntryKind kind, raft::Term term, raft::Index index,
                                                 std::string_view body) {
  LogHeader header;
  header.active_version = write_version_;
  header.partition = config_.partition;
  header.range_epoch = config_.range_epoch;
  header.table = config_.table;
  header.schema_version = machine_->schema_version();
  header.term = term;
  header.index = index;
  switch (kind) {
    case raft::EntryKind::kNormal:
      header.kind = sealing_kind_;
      header.stamp = sealing_stamp_;
      break;
    case raft::EntryKind::kNoop:
      header.kind = LogKind::kNoop;
      header.stamp = clock_.next(now_micros_);
      lead_index_ = index;
      break;
    case raft::EntryKind::kMembership:
      header.kind = LogKind::kMembership;
      header.stamp = clock_.next(now_micros_);
      break;
  }
  if (last_checksum_index_ + 1 == index) header.previous_checksum = last_checksum_;
  auto entry = seal_log_entry(header, body);
  last_checksum_ = header.checksum;
  last_checksum_index_ = index;
  return entry;
}

// --- inputs
// -----------------------------------------------------------------------------------------------------------

void Replica::tick(uint64_t now_micros) {
  now_micros_ = now_micros;
  if (failure_) return;
  node_.tick();
  update_serving();  // a hand-over that took too long is given up
  propose_schema(now_micros);
  change_members(now_micros);
}

void Replica::campaign(uint64_t now_micros) {
  now_micros_ = now_micros;
  if (!failure_) node_.campaign();
}

void Replica::peer_connection_lost(model::ReplicaId peer, uint64_t now_micros) {
  now_micros_ = now_micros;
  if (!failure_) node_.peer_connection_lost(peer);
}

model::Result<void, raft::TransferError> Replica::transfer_leadership(model::ReplicaId to,
                                                                      uint64_t now_micros) {
  now_micros_ = now_micros;
  if (!leads() || node_.term() != lead_term_) return model::Failure(raft::TransferError::kNotLeader);
  flush();  // what was evaluated is promised; nothing can be proposed from now on
  auto begun = node_.transfer_leadership(to);
  update_serving();
  return begun;
}

void Replica::step(raft::Message message, uint64_t now_micros) {
  now_micros_ = now_micros;
  if (failure_) return;
  // What is acknowledged must be what can be applied: damage is refused while the sender still has the right
  // bytes. A format that is not known is not damage (docs/architecture.md, protocol 6).
  if (const auto* append = std::get_if<raft::Append>(&message.body)) {
    for (const raft::Entry& entry : append->entries) {
      if (!entry.data) return;
      auto header = decode_log_header(*entry.data);
      if (header.ok() ? !matches(*header, config_.partition, entry)
                      : header.error() != LogEntryError::kUnknownFormat) {
        return;
      }
    }
  }
  node_.step(std::move(message));
}

// Why no command can be taken now; nullopt where one can.
std::optional<api::Error> Replica::refusal() const {
  if (failure_ || !serving_ || !leads() || node_.term() != lead_term_) return not_leading();
  if (waiting() >= config_.waiting_max || unapplied_bytes_ >= config_.unapplied_bytes_max) return busy();
  return std::nullopt;
}

void Replica::submit(Command command, uint64_t now_micros) {
  now_micros_ = now_micros;
  if (auto error = refusal()) return answer(command.token, api::Failure(std::move(*error)));
  if (answered_as_retry(command)) return;
  if (!machine_->admit(command, out_.loads)) {
    ++parked_;
    return;
  }
  evaluate(std::move(command), now_micros);
}

void Replica::row_loaded(const std::string& key, uint64_t load, api::StoredItemPtr row, uint64_t now_micros,
                         uint64_t collection_bytes) {
  now_micros_ = now_micros;
  std::vector<Command> commands = machine_->row_loaded(key, load, std::move(row), collection_bytes);
  parked_ -= commands.size();
  for (Command& command : commands) {
    auto error = refusal();
    if (error) {
      machine_->evaluated(command);
      answer(command.token, api::Failure(std::move(*error)));
    } else if (answered_as_retry(command)) {
      machine_->evaluated(command);
    } else {
      evaluate(std::move(command), now_micros);
    }
  }
}

void Replica::row_load_failed(const std::string& key, uint64_t load, const api::Error& error) {
  std::vector<Command> commands = machine_->row_load_failed(key, load);
  parked_ -= commands.size();
  for (Command& command : commands) answer(command.token, api::Failure(error));
}

void Replica::read(Token token, uint64_t now_micros) {
  now_micros_ = now_micros;
  if (failure_ || !serving_ || !leads() || node_.term() != lead_term_)
    return answer(token, api::Failure(not_leading()));
  if (waiting() >= config_.waiting_max) return answer(token, api::Failure(busy()));
  uint64_t context = next_context_++;
  if (!node_.read_index(context).ok()) return answer(token, api::Failure(busy()));
  confirming_.emplace(context, Confirming{token, std::nullopt, 0, lead_term_});
}

void Replica::configure(const model::Table& table, uint64_t now_micros) {
  now_micros_ = now_micros;
  desired_table_ = table;
  propose_schema(now_micros);
}

// --- evaluation
// -------------------------------------------------------------------------------------------------------

// A request id that is in the log already is never evaluated again (docs/architecture.md, protocol 9).
bool Replica::answered_as_retry(const Command& command) {
  if (!command.id) return false;
  if (auto it = proposed_ids_.find(*command.id); it != proposed_ids_.end()) {
    retries_.emplace(it->second, std::pair(command.token, *command.id));
    return true;
  }
  const RequestIds::Remembered* remembered = request_ids_.find(*command.id);
  if (!remembered) return false;
  if (remembered->index <= node_.applied_index()) {
    answer(command.token, remembered->outcome);
  } else {
    retries_.emplace(remembered->index, std::pair(command.token, *command.id));
  }
  return true;
}

void Replica::evaluate(Command command, uint64_t now_micros) {
  if (!body_stamp_) body_stamp_ = clock_.next(now_micros);
  api::Evaluation evaluation = machine_->evaluate(command, *body_stamp_);
  auto* effects = std::get_if<api::Effects>(&evaluation);
  if (!effects || !machine_->changes(command, *effects)) {
    raft::Index newest_read = machine_->newest_read(command);
    machine_->evaluated(command);
    if (effects) return barrier(command.token, std::move(effects->answer), newest_read);
    if (auto* error = std::get_if<api::Error>(&evaluation)) {
      return barrier(command.token, api::Failure(std::move(*error)), newest_read);
    }
    return barrier(command.token, std::get<api::Answer>(std::move(evaluation)), newest_read);
  }
  raft::Index index = node_.last_index() + 1;
  machine_->take(command, *effects, index, *body_stamp_);
  machine_->evaluated(command);
  if (command.id) proposed_ids_.emplace(*command.id, index);
  body_.push_back({index, lead_term_, command.token, command.id, std::move(effects->answer)});
  if (machine_->body_full()) flush();
}

// An answer that proposes nothing is a strong read, of the newest proposal that it saw.
void Replica::barrier(Token token, api::Result<api::Answer> result, raft::Index newest_read) {
  bool still_to_be_proposed = newest_read > node_.last_index();
  if (still_to_be_proposed || serves_alone())
    return answer_when_applied(newest_read, token, std::move(result));
  uint64_t context = next_context_++;
  if (!node_.read_index(context).ok()) return answer(token, api::Failure(busy()));
  confirming_.emplace(context, Confirming{token, std::move(result), newest_read, lead_term_});
}

// Requires that this replica leads: a later leader may put another entry at the index, so step_down() takes
// it back.
void Replica::answer_when_applied(raft::Index index, Token token, api::Result<api::Answer> result) {
  if (index <= node_.applied_index()) return answer(token, std::move(result));
  barriers_.emplace(index, Unanswered{token, std::move(result)});
}

// --- proposing
// --------------------------------------------------------------------------------------------------------

void Replica::flush() {
  std::optional<Proposal> proposal = machine_->take_body();
  if (!proposal) {
    body_stamp_.reset();
    return;
  }
  propose(proposal->kind, proposal->body, *body_stamp_);
  body_stamp_.reset();
  for (Proposed& command : body_) proposed_.push_back(std::move(command));
  body_.clear();
}

// REQUIRES that this replica leads; space was reserved before anything was evaluated, so the proposal cannot
// fail.
void Replica::propose(LogKind kind, std::string_view body, model::Stamp stamp) {
  sealing_kind_ = kind;
  sealing_stamp_ = stamp;
  raft::Index expected = node_.last_index() + 1;
  auto index = node_.propose(body);
  STATOR_ASSERT(index.ok(), "a proposal fails only with the leadership");
  STATOR_ASSERT(*index == expected, "nothing is appended between evaluation and proposal");
  unapplied_.push_back({expected, lead_term_, kLogHeaderSize + body.size()});
  unapplied_bytes_ += unapplied_.back().bytes;
}

void Replica::propose_schema(uint64_t now_micros) {
  if (!desired_table_ || lead_term_ == 0 || !leads() || node_.term() != lead_term_ || transferring()) return;
  // The schema as this term's log has it is known once the term's first entry is applied.
  if (node_.applied_index() < lead_index_) return;
  uint32_t newest = std::max(machine_->schema_version(), proposed_schema_);
  if (desired_table_->schema_version <= newest) return;
  flush();
  proposed_schema_ = desired_table_->schema_version;
  propose(LogKind::kSchema, encode_schema_body(*desired_table_), clock_.next(now_micros));
}

// --- leadership
// -------------------------------------------------------------------------------------------------------

bool Replica::serves_alone() const {
  const raft::Membership& members = node_.membership();
  return serving_ && leads() && members.voters.size() == 1 && members.voters.front() == config_.raft.self;
}

void Replica::update_serving() {
  bool serving = !failure_ && lead_term_ != 0 && leads() && node_.term() == lead_term_ &&
                 node_.applied_index() >= lead_index_ && machine_->ready() && !transferring();
  if (serving == serving_) return;
  serving_ = serving;
  out_.serving = serving;
}

// The leadership is lost. What was only evaluated is gone and says so; what is in the log stays promised
// until its index is committed or overwritten; what only read is not answered with what it read.
void Replica::step_down() {
  lead_term_ = 0;
  lead_index_ = 0;
  proposed_schema_ = 0;
  body_stamp_.reset();
  for (const Proposed& command : std::exchange(body_, {})) break_promise(command, not_leading());
  for (Command& command : machine_->step_down()) answer(command.token, api::Failure(not_leading()));
  parked_ = 0;
  for (auto& [index, unanswered] : barriers_) answer(unanswered.token, api::Failure(not_leading()));
  barriers_.clear();
  update_serving();
}

// The command's entry will not be, or not be known to be, in the log: its client hears `error`, and so do its
// retries.
void Replica::break_promise(const Proposed& command, const api::Error& error) {
  answer(command.token, api::Failure(error));
  if (!command.id) return;
  proposed_ids_.erase(*command.id);
  auto [it, end] = retries_.equal_range(command.index);
  while (it != end) {
    if (it->second.second != *command.id) {
      ++it;
      continue;
    }
    answer(it->second.first, api::Failure(error));
    it = retries_.erase(it);
  }
}

size_t Replica::waiting() const {
  return parked_ + body_.size() + proposed_.size() + barriers_.size() + retries_.size() + confirming_.size() +
         confirmed_reads_.size();
}

}  // namespace stator::cluster
