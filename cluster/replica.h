// Replica: one replica of a partition or of group 0, as a step machine: inputs with the time, outputs to be
// carried out. It joins a Raft node, a state machine, the request ids and the clients that wait. An actor
// carries it in production (actors/replica_actor.h), the simulator in tests; neither adds logic.
//
//   admit ─▶ [load] ─▶ evaluate ─┬─ effects ─▶ body ─▶ propose ─▶ persist ─▶ commit ─▶ apply ─▶ answer
//                                └─ nothing ─▶ barrier ───────────────────────────────────────▶ answer
//
// Every answer is a commit or a read (docs/architecture.md, protocol 7). What changes nothing confirms the
// leadership by a ReadIndex that began after it arrived, and waits for the newest proposal that it saw. Both
// are needed: that proposal's commit alone may be counted from acknowledgements that were on their way since
// before another leader took over. Only where that proposal is still to be made does its commit confirm the
// leadership too. Where the leadership is lost, none of this is answered with a result. A write that is in
// the log stays promised until its index is known to be committed or overwritten, over the end of the
// leadership.
//
// After any inputs, call take_outputs(): it proposes what was evaluated since (one entry for all of it) and
// collects the work. Pure; one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/command.h"
#include "cluster/hybrid_clock.h"
#include "cluster/replica_config.h"
#include "cluster/replica_outputs.h"
#include "cluster/replica_waiting.h"
#include "cluster/request_ids.h"
#include "cluster/request_rows.h"
#include "cluster/state_machine.h"
#include "model/ids.h"
#include "raft/node.h"

namespace stator::cluster {

class Replica {
 public:
  // `initial.applied` and `applied.index` are the same. Where the log goes further, `initial.tail` holds its
  // last entry: stamps go on above it.
  Replica(ReplicaConfig config, raft::InitialState initial, AppliedState applied,
          std::unique_ptr<StateMachine> machine);
  Replica(const Replica&) = delete;  // the node's seal() holds this
  // Before the first input, so that retries from before a restart are recognised: first the rows of kind
  // kRequest, in order of their keys, then the applied entries of the last kRequestIdRetentionMicros, in
  // order. Entries that answered no request are passed over, and those that the rows cover.
  void recall(const StoredRow& row);
  void recall(const raft::Entry& entry);

  // --- inputs; `now_micros` is the wall clock ---

  void tick(uint64_t now_micros);
  // The first leader of a new group, or the only voter, starts at once.
  void campaign(uint64_t now_micros);
  // The connection to the process of a peer broke: a leader that ran there is missed at once
  // (docs/architecture.md, protocol 13).
  void peer_connection_lost(model::ReplicaId peer, uint64_t now_micros);
  // Hands the leadership to `to`. While that is under way (some round trips, at most an election timeout)
  // nothing is served: requests should wait. Where it comes to nothing, this replica serves again.
  model::Result<void, raft::TransferError> transfer_leadership(model::ReplicaId to, uint64_t now_micros);
  void step(raft::Message message, uint64_t now_micros);
  // A client's write, or an operation that may turn out to be one. Answered by an output `answers` with its
  // token.
  void submit(Command command, uint64_t now_micros);
  // A strong read: an output `reads` or `answers` (an error) with the token.
  void read(Token token, uint64_t now_micros);
  // `collection_bytes`: where the load asked for the size of an item collection.
  void row_loaded(const std::string& key, uint64_t load, api::StoredItemPtr row, uint64_t now_micros,
                  uint64_t collection_bytes = 0);
  void row_load_failed(const std::string& key, uint64_t load, const api::Error& error);
  void persisted(uint64_t id, uint64_t now_micros);
  void applied(raft::Index index, uint64_t now_micros);
  void log_loaded(uint64_t id, std::vector<raft::Entry> entries);
  // A synced write to items/ covers everything up to index: the log may be cut where nothing else needs it
  // (replica_snapshots.cpp has the rule). `log_bytes`: of the stored log, roughly.
  void items_synced(raft::Index index, uint64_t now_micros, uint64_t log_bytes = 0);

  // --- inputs: snapshots (replica_snapshots.cpp) ---

  // Leader, for a snapshot of items/ as of `up_to`: the remembered requests that go with it, as rows; their
  // kinds are never shipped from items/ itself. REQUIRES: up_to is applied, and everything after it is so
  // since this call's turn.
  std::vector<StoredRow> request_rows(raft::Index up_to) const;
  // Leader: answers a SnapshotRequest. REQUIRES: meta.index <= applied_index(). False: the stream is over,
  // close it.
  bool snapshot_chunk(model::ReplicaId to, uint64_t stream, const raft::SnapshotMeta& meta, uint64_t offset,
                      bool done, std::shared_ptr<const std::string> data, uint64_t now_micros);
  void snapshot_failed(model::ReplicaId to, uint64_t stream, uint64_t now_micros);
  // Follower: a piece is written; `whole`, with the last one, is what the snapshot comes to.
  void snapshot_stored(uint64_t stream, uint64_t offset, std::optional<SnapshotState> whole,
                       uint64_t now_micros);
  // Follower: a piece was damaged or could not be written.
  void snapshot_refused(uint64_t stream, uint64_t now_micros);
  // The kinds of rows that `whole` carries.
  std::vector<model::RowKind> snapshot_kinds() const;

  // What the table should be, by group 0: the leader logs it where it is newer than what the log says.
  void configure(const model::Table& table, uint64_t now_micros);
  // Who should belong to the group, by group 0: give it to every replica, leading or not, again with each new
  // wish. The leader works toward it, one change at a time (membership_plan.h), in this call, with ticks and
  // as changes are applied. A wish older than what an earlier leader followed costs time, never data.
  // REQUIRES: a voter in it; both parts ascending.
  void reconfigure(const raft::Membership& wish, uint64_t now_micros);

  // What entries are written in from now on, by group 0: the lower of it and config.formats_max; never goes down.
  void write_version(uint32_t version);
  // Others should lead, where they can: elections begin later here than elsewhere (raft::Node::set_reluctant).
  void set_reluctant(bool reluctant) { node_.set_reluctant(reluctant); }

  // --- output ---

  ReplicaOutputs take_outputs(uint64_t now_micros);

  // --- observers ---

  bool leads() const { return node_.role() == raft::Role::kLeader; }
  // True while requests are taken: this replica leads, its term's first entry is applied, and so is the
  // schema, and it is not handing over.
  bool serving() const { return serving_; }
  // True where a read of items/ is linearizable without asking anyone: the only voter, serving.
  bool serves_alone() const;
  // True while this replica leads a group that is not yet as wished: it needs ticks.
  bool reconfiguring() const;
  bool transferring() const { return bool(node_.transferring_to()); }
  // Ticks change nothing now: the carrier need not call tick() until after the next input.
  bool resting() const { return node_.resting() && !reconfiguring(); }
  model::ReplicaId leader() const { return node_.leader(); }
  const AppliedState& applied_state() const { return applied_; }  // as far as it is handed to the applier
  raft::Index applied_index() const { return node_.applied_index(); }
  const raft::Node& node() const { return node_; }
  StateMachine& machine() { return *machine_; }
  const StateMachine& machine() const { return *machine_; }
  // Rows of kind kDirty that were applied since this replica was opened, and the newest entry that held some.
  uint64_t marks() const { return marks_; }
  raft::Index newest_mark() const { return newest_mark_; }
  // The newest entry that may hold what was evaluated until now. Leader.
  raft::Index newest_evaluated() const { return node_.last_index() + (body_.empty() ? 0 : 1); }
  const std::optional<ReplicaFailure>& failure() const { return failure_; }
  // Clients that wait for an answer.
  size_t waiting() const;

 private:
  using Proposed = waiting::Proposed;
  using Confirming = waiting::Confirming;
  using Unapplied = waiting::Unapplied;
  using Unanswered = waiting::Unanswered;
  using Received = waiting::Received;
  using Incoming = waiting::Incoming;
  using Outgoing = waiting::Outgoing;

  std::shared_ptr<const std::string> seal(raft::EntryKind kind, raft::Term term, raft::Index index,
                                          std::string_view body);

  // Leader: taking commands (replica.cpp).
  std::optional<api::Error> refusal() const;
  void evaluate(Command command, uint64_t now_micros);
  bool answered_as_retry(const Command& command);
  void barrier(Token token, api::Result<api::Answer> result, raft::Index newest_read);
  void answer_when_applied(raft::Index index, Token token, api::Result<api::Answer> result);
  bool may_propose() const;
  void flush();
  void propose(LogKind kind, std::string_view body, model::Stamp stamp);
  void drop_told_commits();
  void propose_schema(uint64_t now_micros);
  void change_members(uint64_t now_micros);  // replica_membership.cpp
  void update_serving();
  void step_down();
  void break_promise(const Proposed& command, const api::Error& error);

  // Snapshots, and where the log may be cut (replica_snapshots.cpp).
  void take_snapshot_work(raft::Ready& ready);
  std::optional<Received> prepare(SnapshotState whole) const;
  void take_over(const raft::SnapshotMeta& meta);
  void installed();
  void remember(RememberedRequest request);
  void forget_request_rows(ApplyWork& work);
  raft::Index needed_by_others(uint64_t log_bytes) const;

  // What Raft hands out (replica_ready.cpp).
  void drain();
  void observe(const raft::Entry& last);
  void overwritten(const std::vector<raft::Entry>& entries);
  void apply_committed(std::vector<raft::Entry> entries);
  std::optional<LogEntryError> apply_one(const raft::Entry& entry, ApplyWork& work);
  void fail(LogEntryError error, raft::Index index);
  void confirmed(const raft::ReadState& state);
  void dropped(uint64_t context);
  void answer(Token token, api::Result<api::Answer> result);
  void answer_applied(raft::Index index);

  const ReplicaConfig config_;
  std::unique_ptr<StateMachine> machine_;
  HybridClock clock_;
  AppliedState applied_;  // of what is handed to the applier
  RequestIds request_ids_;
  uint64_t now_micros_ = 0;  // of the input being handled: seal() is called from within the node

  // The entry being filled: what was evaluated since the last flush.
  std::optional<model::Stamp> body_stamp_;
  std::vector<Proposed> body_;

  // What seal() puts on the next entry, and the checksum of the newest entry of the log.
  uint32_t write_version_ = kLogFormatVersion;
  LogKind sealing_kind_ = LogKind::kNoop;
  model::Stamp sealing_stamp_;
  uint64_t last_checksum_ = 0;
  raft::Index last_checksum_index_ = 0;

  std::deque<Proposed> proposed_;                                           // in order of index
  std::unordered_map<RequestId, raft::Index, RequestIdHash> proposed_ids_;  // proposed, not applied
  std::multimap<raft::Index, Unanswered> barriers_;                  // answered when the index is applied
  std::multimap<raft::Index, std::pair<Token, RequestId>> retries_;  // the same, with the remembered outcome
  std::unordered_map<uint64_t, Confirming> confirming_;              // by ReadIndex context
  uint64_t next_context_ = 1;
  std::multimap<raft::Index, Token> confirmed_reads_;  // wait until the index is applied
  size_t parked_ = 0;                                  // commands that the machine holds

  std::map<uint64_t, std::vector<raft::Message>> after_sync_;  // by persist id
  std::deque<Unapplied> unapplied_;                            // in order of index
  size_t unapplied_bytes_ = 0;

  uint64_t marks_ = 0;
  raft::Index newest_mark_ = 0;
  raft::Index membership_index_ = 0;  // the newest applied membership entry is not above this one

  std::map<model::ReplicaId, Outgoing> outgoing_;  // leader
  std::optional<Incoming> receiving_;              // what the pieces that come in belong to
  std::optional<Received> received_;               // whole, not taken over yet
  uint64_t installing_ = 0;                        // the persist id of an install under way; 0: none
  raft::Index request_rows_index_ = 0;             // requests up to here are rows in items/, or forgotten
  std::deque<std::pair<model::Stamp, std::string>> request_rows_;  // keys of those rows, oldest first

  raft::Term lead_term_ = 0;    // the term in which this replica leads; 0: it does not
  raft::Index lead_index_ = 0;  // that term's first entry
  bool serving_ = false;
  std::optional<model::Table> desired_table_;
  std::optional<raft::Membership> desired_members_;
  uint32_t proposed_schema_ = 0;  // the newest schema version proposed in this term
  std::optional<ReplicaFailure> failure_;

  ReplicaOutputs out_;
  raft::Node node_;
};

}  // namespace stator::cluster
