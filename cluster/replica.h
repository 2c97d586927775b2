// Replica: one replica of a partition or of group 0, as a step machine: inputs with the time, outputs to be carried out. It
// joins a Raft node, a state machine, the request ids and the clients that wait. An actor carries it in production
// (actors/replica_actor.h), the simulator in tests; neither adds logic.
//
//   submit ─▶ admit ─▶ [load row] ─▶ evaluate ─┬─ effects ─▶ body ─▶ propose ─▶ persist ─▶ commit ─▶ apply ─▶ answer
//                                              └─ nothing ─▶ barrier ────────────────────────────────────▶ answer
//
// Every answer is a commit or a read (docs/architecture.md, protocol 7): what changes nothing waits for the newest proposal
// that it saw, or confirms the leadership by a ReadIndex that began after it arrived. Where the leadership is lost, none of
// the waiting is answered with a result: the client hears that the outcome is unknown, or that nothing was done.
//
// After any inputs, call take_outputs(): it proposes what was evaluated since (one entry for all of it) and collects the
// work. Pure; one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/answer.h"
#include "cluster/command.h"
#include "cluster/hybrid_clock.h"
#include "cluster/request_ids.h"
#include "cluster/state_machine.h"
#include "model/ids.h"
#include "raft/node.h"

namespace stator::cluster {

struct ReplicaConfig {
  model::PartitionId partition;
  model::TableId table;        // none for group 0
  uint32_t range_epoch = 1;
  raft::Config raft;           // seal and unseal are set by the replica
  // Proposed and not applied yet, in bytes: commands are refused beyond (docs/architecture.md, protocol 2). At most half of
  // raft.uncommitted_bytes_max, so that a proposal never fails for want of space.
  size_t unapplied_bytes_max = 16 * 1024 * 1024;
  // Clients that wait for a row, a commit or a confirmation; more are refused.
  size_t waiting_max = 65'536;
};

// What a partition's state row holds beside the rows themselves, as of the last applied entry.
struct AppliedState {
  raft::Index index = 0;
  raft::Term term = 0;
  model::Stamp stamp;
  uint32_t schema_version = 0;
  raft::Membership membership;
  uint64_t items = 0;
  uint64_t bytes = 0;
  uint64_t checksum = 0;  // of the entry at `index`; 0: not known
};

// How a waiting client was answered.
struct Answered {
  Token token = 0;
  api::Result<api::Answer> result;
};

// Rows to be written to items/ in one batch with the state.
struct ApplyWork {
  std::vector<RowWrite> rows;
  AppliedState state;
  size_t bytes = 0;
};

// To be made one synced batch of log/, in order; then persisted(id).
struct PersistWork {
  uint64_t id = 0;
  std::optional<raft::HardState> hard_state;
  std::vector<raft::Entry> entries;
};

struct ReplicaOutputs {
  std::optional<raft::SoftState> soft_state;
  std::optional<bool> serving;            // set when it changed: the leader takes requests from now on, or no more
  std::vector<PersistWork> persist;
  std::vector<raft::Message> messages;    // may be sent now; those that wait for a sync come with persisted()
  std::vector<ApplyWork> apply;           // in order; then applied(state.index)
  std::vector<RowLoad> loads;             // then row_loaded or row_load_failed
  std::vector<raft::LogRead> log_reads;   // then log_loaded
  std::vector<Token> reads;               // strong reads that may now read items/
  std::vector<Answered> answers;
  std::optional<raft::Index> cut_log;     // the stored log may be cut up to this index (inclusive), whose membership is
                                          // the applied one
  bool state_changed = false;             // an applied entry may have changed what the state machine publishes

  bool empty() const;
};

// Why a replica stopped for good: it must be closed, and its node says so.
struct ReplicaFailure {
  LogEntryError error;
  raft::Index index = 0;
};

class Replica {
 public:
  // `initial.applied` and `applied.index` are the same.
  Replica(ReplicaConfig config, raft::InitialState initial, AppliedState applied,
          std::unique_ptr<StateMachine> machine);
  Replica(const Replica&) = delete;  // the node's seal() holds this
  // Before the first input: an applied entry of the last kRequestIdRetentionMicros, in order, so that retries from before a
  // restart are recognised. Entries that are no writes are passed over.
  void recall(const raft::Entry& entry);

  // --- inputs; `now_micros` is the wall clock ---

  void tick(uint64_t now_micros);
  // The first leader of a new group, or the only voter, starts at once.
  void campaign(uint64_t now_micros);
  void step(raft::Message message, uint64_t now_micros);
  // A client's write, or an operation that may turn out to be one. Answered by an output `answers` with its token.
  void submit(Command command, uint64_t now_micros);
  // A strong read: an output `reads` or `answers` (an error) with the token.
  void read(Token token, uint64_t now_micros);
  void row_loaded(const std::string& key, uint64_t load, api::StoredItemPtr row, uint64_t now_micros);
  void row_load_failed(const std::string& key, uint64_t load, const api::Error& error);
  void persisted(uint64_t id, uint64_t now_micros);
  void applied(raft::Index index, uint64_t now_micros);
  void log_loaded(uint64_t id, std::vector<raft::Entry> entries);
  // A synced write to items/ covers everything up to index: the log may be cut where nothing else needs it.
  void items_synced(raft::Index index, uint64_t now_micros);
  // What the table should be, by group 0: the leader logs it where it is newer than what the log says.
  void configure(const model::Table& table, uint64_t now_micros);

  // --- output ---

  ReplicaOutputs take_outputs(uint64_t now_micros);

  // --- observers ---

  bool leads() const { return node_.role() == raft::Role::kLeader; }
  // True while requests are taken: this replica leads, its term's first entry is applied, and so is the schema.
  bool serving() const { return serving_; }
  // True where a read of items/ is linearizable without asking anyone: the only voter, serving.
  bool serves_alone() const;
  model::ReplicaId leader() const { return node_.leader(); }
  const AppliedState& applied_state() const { return applied_; }  // as far as it is handed to the applier
  raft::Index applied_index() const { return node_.applied_index(); }
  const raft::Node& node() const { return node_; }
  StateMachine& machine() { return *machine_; }
  const std::optional<ReplicaFailure>& failure() const { return failure_; }
  // Clients that wait for an answer.
  size_t waiting() const;

 private:
  // A client whose command is in the log, or in the body being filled.
  struct Proposed {
    raft::Index index = 0;
    raft::Term term = 0;
    Token token = 0;
    std::optional<RequestId> id;
    api::Answer answer;
  };
  // A ReadIndex under way: a client's read, or an answer that changed nothing and waits for the confirmation.
  struct Confirming {
    Token token = 0;
    std::optional<api::Result<api::Answer>> result;  // nullopt: a read
  };
  struct Unanswered {
    Token token = 0;
    api::Result<api::Answer> result;
  };

  std::shared_ptr<const std::string> seal(raft::EntryKind kind, raft::Term term, raft::Index index, std::string_view body);

  // Leader: taking commands (replica.cpp).
  std::optional<api::Error> refusal() const;
  void evaluate(Command command, uint64_t now_micros);
  bool answered_as_retry(const Command& command);
  void barrier(Token token, api::Result<api::Answer> result, raft::Index newest_read);
  void flush();
  void propose(LogKind kind, std::string_view body, model::Stamp stamp);
  void propose_schema(uint64_t now_micros);
  void update_serving();
  void step_down();

  // What Raft hands out (replica_ready.cpp).
  void drain();
  void overwritten(raft::Index from, raft::Term term);
  void apply_committed(std::vector<raft::Entry> entries);
  bool apply_one(const raft::Entry& entry, ApplyWork& work);
  void confirmed(const raft::ReadState& state);
  void dropped(uint64_t context);
  void answer(Token token, api::Result<api::Answer> result);
  void answer_applied(raft::Index index);

  const ReplicaConfig config_;
  std::unique_ptr<StateMachine> machine_;
  HybridClock clock_;
  AppliedState applied_;    // of what is handed to the applier
  RequestIds request_ids_;
  uint64_t now_micros_ = 0;  // of the input being handled: seal() is called from within the node

  // The entry being filled: what was evaluated since the last flush.
  std::optional<model::Stamp> body_stamp_;
  std::vector<Proposed> body_;

  // What seal() puts on the next entry, and the checksum of the newest entry of the log.
  LogKind sealing_kind_ = LogKind::kNoop;
  model::Stamp sealing_stamp_;
  uint64_t last_checksum_ = 0;
  raft::Index last_checksum_index_ = 0;

  std::deque<Proposed> proposed_;                                            // in order of index
  std::unordered_map<RequestId, raft::Index, RequestIdHash> proposed_ids_;   // proposed, not applied
  std::multimap<raft::Index, Unanswered> barriers_;                          // answered when the index is applied
  std::multimap<raft::Index, std::pair<Token, RequestId>> retries_;          // the same, with the remembered outcome
  std::unordered_map<uint64_t, Confirming> confirming_;                      // by ReadIndex context
  uint64_t next_context_ = 1;
  std::multimap<raft::Index, Token> confirmed_reads_;                        // wait until the index is applied
  size_t parked_ = 0;                                                        // commands that the machine holds

  std::map<uint64_t, std::vector<raft::Message>> after_sync_;  // by persist id
  std::deque<std::pair<raft::Index, size_t>> unapplied_;       // own proposals: index and bytes, until applied
  size_t unapplied_bytes_ = 0;

  raft::Index membership_index_ = 0;  // the newest applied membership entry

  raft::Term lead_term_ = 0;       // the term in which this replica leads; 0: it does not
  raft::Index lead_index_ = 0;     // that term's first entry
  bool serving_ = false;
  std::optional<model::Table> desired_table_;
  uint32_t proposed_schema_ = 0;   // the newest schema version proposed in this term
  std::optional<ReplicaFailure> failure_;

  ReplicaOutputs out_;
  raft::Node node_;
};

}  // namespace stator::cluster
