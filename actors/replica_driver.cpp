// Inputs to the replica, and its outputs carried out.
#include "actors/replica_driver.h"

#include <spdlog/spdlog.h>

#include "actors/clock.h"
#include "actors/store_view.h"
#include "net/link_burst.h"

namespace stator::actors {
namespace {

api::Error try_again(const char* why) { return api::service_unavailable(why, 50).error; }
api::Error not_here(const char* why) { return api::not_leading(why).error; }

}  // namespace

void refuse(ReplicaInput&& input) {
  api::Error error = not_here("The partition is not served by this node");
  if (auto* write = std::get_if<WriteCall>(&input)) write->done(api::Failure(std::move(error)));
  if (auto* read = std::get_if<ReadCall>(&input)) read->job(&error);
  if (auto* metadata = std::get_if<MetadataCall>(&input)) metadata->done(api::Failure(std::move(error)));
}

ReplicaDriver::ReplicaDriver(ReplicaServices services, storage::PartitionState state,
                             std::shared_ptr<ReplicaMailbox> mailbox,
                             std::unique_ptr<cluster::Replica> replica, ReplicaEvents events)
    : services_(services),
      state_(std::move(state)),
      address_{state_.partition, state_.replica},
      mailbox_(std::move(mailbox)),
      replica_(std::move(replica)),
      events_(std::move(events)),
      snapshots_(services_.store, services_.applier, services_.snapshots, address_, mailbox_, *replica_,
                 snapshot_hooks()) {}

ReplicaSnapshots::Hooks ReplicaDriver::snapshot_hooks() {
  ReplicaSnapshots::Hooks hooks;
  hooks.apply = [this](storage::ApplyBatch batch, storage::Applied applied) {
    stalled_apply_.emplace_back(std::move(batch), std::move(applied));
    submit_stalled();
  };
  hooks.commit = [this](storage::Submission submission) {
    stalled_log_.push_back(std::move(submission));
    submit_stalled();
  };
  hooks.switched = [this](const storage::PartitionState& state) {
    // A replica that had applied nothing has a space that no state row names.
    if (state_.applied.index == 0) services_.store.items().abandon_space(state_.space);
    state_ = state;
    if (events_.installed) events_.installed(state_);
    if (events_.applied) events_.applied(*replica_);
  };
  hooks.installed = [this](uint64_t id) {
    submitted_id_ = id;
    persist(std::exchange(held_, {}));
  };
  hooks.fail = [this](const std::string& why) { fail(why); };
  return hooks;
}

ReplicaDriver::~ReplicaDriver() {
  mailbox_->close();
  abandon_clients();
  if (events_.closed) events_.closed(state_);
}

// Answers all that waits, where nothing more will happen to it here.
void ReplicaDriver::abandon_clients() {
  std::deque<ReplicaInput> parked = std::exchange(parked_, {});
  for (ReplicaInput& input : parked) refuse(std::move(input));
  auto clients = std::exchange(clients_, {});
  for (auto& [token, client] : clients) {
    // A write may be in the log: whether it is, the next start decides.
    if (auto* done = std::get_if<net::Done>(&client)) {
      (*done)(api::internal_error(
          "The partition stopped on this node; the outcome of this request is not known"));
    } else {
      api::Error error = not_here("The partition stopped on this node");
      std::get<ReadJob>(client)(&error);
    }
  }
}

void ReplicaDriver::drain() {
  // What is answered to one peer in this turn goes out together.
  net::LinkBurst burst;
  net::LinkBurst::Use use(burst);
  mailbox_->take(inputs_);
  uint64_t now = wall_clock_micros();
  for (ReplicaInput& input : inputs_) {
    std::visit([&](auto& kind) { handle(kind, now); }, input);
  }
  inputs_.clear();
  for (;;) {
    cluster::ReplicaOutputs out = replica_->take_outputs(now);
    if (out.empty()) break;
    bool serving = out.serving.value_or(false);
    carry_out(std::move(out));
    if (!serving) continue;
    unpark(now);
  }
  if (replica_->failure() && !failed_) {
    fail(std::string(cluster::log_entry_error_text(replica_->failure()->error)) + " at index " +
         std::to_string(replica_->failure()->index));
  }
  if (events_.turned) events_.turned(*replica_, contact_);
  contact_.heard = contact_.ticked = false;
}

// --- inputs
// -----------------------------------------------------------------------------------------------------------

void ReplicaDriver::handle(WriteCall& call, uint64_t now) {
  if (failed_ || !replica_->serving()) return refuse_or_park(std::move(call));
  cluster::Command command{next_token_++, std::move(call.request), std::move(call.key), call.id, nullptr,
                           std::move(call.rows)};
  clients_.emplace(command.token, std::move(call.done));
  replica_->submit(std::move(command), now);
}

void ReplicaDriver::handle(ReadCall& call, uint64_t now) {
  if (failed_ || !replica_->serving()) return refuse_or_park(std::move(call));
  cluster::Token token = next_token_++;
  clients_.emplace(token, std::move(call.job));
  replica_->read(token, now);
}

void ReplicaDriver::handle(MetadataCall& call, uint64_t now) {
  if (failed_ || !replica_->serving()) return refuse_or_park(std::move(call));
  cluster::Command command;
  command.token = next_token_++;
  command.metadata = std::move(call.command);
  clients_.emplace(command.token, std::move(call.done));
  replica_->submit(std::move(command), now);
}

void ReplicaDriver::handle(RowsLoaded& loaded, uint64_t now) {
  for (LoadedRow& row : loaded.rows) {
    if (row.row.ok()) {
      replica_->row_loaded(row.load.key, row.load.load, std::move(*row.row), now, row.collection_bytes);
    } else {
      replica_->row_load_failed(row.load.key, row.load.load, row.row.error());
    }
  }
}

void ReplicaDriver::handle(Persisted& persisted, uint64_t now) {
  if (persisted.error) return fail(persisted.error->text());
  replica_->persisted(persisted.id, now);
}

void ReplicaDriver::handle(Applied& applied, uint64_t now) {
  if (applied.error) return fail(applied.error->text());
  if (applied.index <= applied_) return;  // a later batch was applied at once, and was told first
  applied_ = applied.index;
  replica_->applied(applied.index, now);
  snapshots_.applied();
  if (events_.applied) events_.applied(*replica_);
}

void ReplicaDriver::handle(LogLoaded& loaded, uint64_t) {
  replica_->log_loaded(loaded.id, std::move(loaded.entries));
}

void ReplicaDriver::handle(ItemsSynced& synced, uint64_t now) {
  items_synced_ = std::max(items_synced_, synced.index);
  auto log = services_.store.log().state(address_);
  replica_->items_synced(items_synced_, now, log ? log->bytes : 0);
}

void ReplicaDriver::handle(Configure& configure, uint64_t now) { replica_->configure(configure.table, now); }
void ReplicaDriver::handle(Campaign&, uint64_t now) { replica_->campaign(now); }
void ReplicaDriver::handle(Tick&, uint64_t now) {
  replica_->tick(now);
  contact_.ticked = true;
}
void ReplicaDriver::handle(Step& step, uint64_t now) {
  model::ReplicaId from = step.message.from;
  const auto* append = std::get_if<raft::Append>(&step.message.body);
  raft::Index commit = append ? append->commit : 0;
  replica_->step(std::move(step.message), now);
  if (from != replica_->leader()) return;
  contact_.heard = true;
  contact_.committed = std::max(contact_.committed, commit);
}
void ReplicaDriver::handle(PeerLost& lost, uint64_t now) {
  replica_->peer_connection_lost(lost.replica, now);
}
void ReplicaDriver::handle(Reconfigure& wish, uint64_t now) {
  replica_->write_version(wish.active_version);
  replica_->reconfigure(wish.members, now);
}
void ReplicaDriver::handle(BeReluctant& wish, uint64_t) { replica_->set_reluctant(wish.reluctant); }
void ReplicaDriver::handle(Transfer& transfer, uint64_t now) {
  (void)replica_->transfer_leadership(transfer.to, now);  // whoever wished it sees what came of it
}
void ReplicaDriver::handle(Room&, uint64_t) { submit_stalled(); }
void ReplicaDriver::handle(Run& run, uint64_t) { run.function(); }

// Without a leader a request waits for one: the SDKs' own retries are too short for it (docs/architecture.md,
// protocol 15). The gateway's deadline answers what waits too long.
void ReplicaDriver::refuse_or_park(ReplicaInput input) {
  const std::vector<model::ReplicaId>& voters = replica_->node().membership().voters;
  const bool alone = voters.size() == 1 && voters.front() == address_.replica;
  if (failed_ || !alone || parked_.size() >= kParkedCallsMax) return refuse(std::move(input));
  parked_.push_back(std::move(input));
}

void ReplicaDriver::unpark(uint64_t now) {
  std::deque<ReplicaInput> parked = std::exchange(parked_, {});
  for (ReplicaInput& input : parked) {
    std::visit([&](auto& kind) { handle(kind, now); }, input);
  }
}

// --- outputs
// ----------------------------------------------------------------------------------------------------------

void ReplicaDriver::carry_out(cluster::ReplicaOutputs out) {
  if (out.soft_state && events_.role_changed) events_.role_changed(*out.soft_state);
  if (out.serving && events_.serving_changed) events_.serving_changed(*replica_);
  persist(std::move(out.persist));
  if (!out.messages.empty()) {
    STATOR_ASSERT(services_.sender != nullptr, "a cluster of one has no peers");
    services_.sender->send(address_.partition, state_.range_epoch, std::move(out.messages));
  }
  // Before anyone hears that it is applied.
  if (out.state_changed && events_.state_changed) events_.state_changed(*replica_);
  apply(std::move(out.apply));
  for (const raft::SnapshotClose& close : out.snapshot_closes) snapshots_.close(close);
  for (const raft::SnapshotRequest& request : out.snapshot_requests) snapshots_.request(request);
  if (out.snapshot_abandoned) snapshots_.abandon();
  for (raft::SnapshotPiece& piece : out.snapshot_pieces) snapshots_.store(std::move(piece));
  if (!out.loads.empty()) load(std::move(out.loads));
  for (const raft::LogRead& read : out.log_reads) read_log(read);
  for (cluster::Token token : out.reads) start_read(token);
  for (cluster::Answered& answered : out.answers) answer(std::move(answered));
  if (out.cut_log) cut_log(*out.cut_log);
}

void ReplicaDriver::persist(std::vector<cluster::PersistWork> works) {
  for (cluster::PersistWork& work : works) {
    if (snapshots_.installing()) {
      held_.push_back(std::move(work));
      continue;
    }
    if (work.install) {
      snapshots_.install(std::move(work));
      continue;
    }
    storage::Submission submission;
    submission.update.replica = address_;
    submission.update.hard_state = work.hard_state;
    submission.update.entries = std::move(work.entries);
    submitted_id_ = work.id;
    submission.committed = [mailbox = mailbox_, id = work.id](const storage::Result<void>& result) {
      mailbox->push(Persisted{id, result.ok() ? std::nullopt : std::optional(result.error())});
    };
    stalled_log_.push_back(std::move(submission));
  }
  if (!stalled_log_.empty()) submit_stalled();
}

void ReplicaDriver::apply(std::vector<cluster::ApplyWork> works) {
  for (cluster::ApplyWork& work : works) {
    state_.applied = {work.state.index, work.state.term};
    state_.last_stamp = work.state.stamp;
    state_.schema_version = work.state.schema_version;
    state_.membership = work.state.membership;
    state_.item_count = work.state.items;
    state_.item_bytes = work.state.bytes;
    state_.local_indexes = work.state.local_indexes;
    state_.last_checksum = work.state.checksum;
    storage::ApplyBatch batch;
    batch.state = state_;
    batch.rows.reserve(work.rows.size());
    for (cluster::RowWrite& row : work.rows)
      batch.rows.push_back({row.kind, std::move(row.key), std::move(row.value)});
    storage::Result<void> outcome;
    if (stalled_apply_.empty() && services_.applier.try_apply_now(batch, outcome)) {
      Applied now{work.state.index, outcome.ok() ? std::nullopt : std::optional(outcome.error())};
      handle(now, wall_clock_micros());
      continue;
    }
    auto applied = [mailbox = mailbox_, index = work.state.index](const storage::Result<void>& result) {
      mailbox->push(Applied{index, result.ok() ? std::nullopt : std::optional(result.error())});
    };
    stalled_apply_.emplace_back(std::move(batch), std::move(applied));
  }
  if (!stalled_apply_.empty()) submit_stalled();
}

// Offers what waits to the committer and the applier, in order, as far as they take it.
void ReplicaDriver::submit_stalled() {
  auto again = [mailbox = mailbox_] { mailbox->push(Room{}); };
  while (!stalled_log_.empty() && services_.committer.try_submit(stalled_log_.front()))
    stalled_log_.pop_front();
  if (!stalled_log_.empty()) services_.committer.when_room(again);
  while (!stalled_apply_.empty() &&
         services_.applier.try_apply(stalled_apply_.front().first, stalled_apply_.front().second)) {
    stalled_apply_.pop_front();
  }
  if (!stalled_apply_.empty()) services_.applier.when_room(again);
}

void ReplicaDriver::load(std::vector<cluster::RowLoad> loads) {
  auto shared = std::make_shared<std::vector<cluster::RowLoad>>(std::move(loads));
  bool accepted = services_.readers.try_submit(
      [shared, mailbox = mailbox_, &items = services_.store.items(), space = state_.space] {
        StoreView view(items, space);
        RowsLoaded loaded;
        loaded.rows.reserve(shared->size());
        for (cluster::RowLoad& load : *shared) {
          auto row = view.get_for_write(load.key);
          LoadedRow read{std::move(load), std::move(row)};
          if (read.row.ok() && !read.load.collection.empty()) {
            auto bytes = view.collection_bytes(read.load.collection);
            if (bytes.ok()) {
              read.collection_bytes = *bytes;
            } else {
              read.row = api::Failure(bytes.error());
            }
          }
          loaded.rows.push_back(std::move(read));
        }
        mailbox->push(std::move(loaded));
      });
  if (accepted) return;
  api::Error error = try_again("The node's readers are busy");
  for (const cluster::RowLoad& load : *shared) replica_->row_load_failed(load.key, load.load, error);
}

void ReplicaDriver::read_log(const raft::LogRead& read) {
  bool accepted = services_.readers.try_submit(
      [read, mailbox = mailbox_, address = address_, &log = services_.store.log()] {
        auto entries = log.read(address, read.first, read.last, read.bytes_max);
        if (!entries.ok()) spdlog::error("the log cannot be read: {}", entries.error().text());
        mailbox->push(LogLoaded{read.id, entries.ok() ? std::move(*entries) : std::vector<raft::Entry>{}});
      });
  // In its turn again: a group of one has no ticks that would ask for it.
  if (!accepted) mailbox_->push(Run{[this, read] { read_log(read); }});
}

void ReplicaDriver::start_read(cluster::Token token) {
  auto client = clients_.extract(token);
  if (failed_) return;  // answered when this replica failed
  STATOR_ASSERT(!client.empty(), "a token names a waiting client");
  auto job = std::make_shared<ReadJob>(std::move(std::get<ReadJob>(client.mapped())));
  if (services_.readers.try_submit([job] { (*job)(nullptr); })) return;
  api::Error error = try_again("The node's readers are busy");
  (*job)(&error);
}

// The marker goes into the log before the log is cut, in one synced batch (docs/architecture.md, protocol 1).
// The term is read on a reader's thread, since it may lie on disk.
void ReplicaDriver::cut_log(raft::Index index) {
  storage::LogBase base{index, 0, replica_->applied_state().membership};
  bool accepted = services_.readers.try_submit(
      [this, mailbox = mailbox_, &log = services_.store.log(), address = address_, base]() mutable {
        auto term = log.term(address, base.index);
        if (!term.ok()) return spdlog::debug("the log is cut later: {}", term.error().text());
        base.term = *term;
        mailbox->push(Run{[this, base] { cut_log(base); }});
      });
  if (!accepted) spdlog::debug("the log is cut later: the readers are busy");
}

void ReplicaDriver::cut_log(const storage::LogBase& base) {
  storage::Submission submission;
  submission.update.replica = address_;
  submission.update.items_synced = items_synced_;
  submission.update.cut = base;
  // Where it shares a sync with the writes before it, its callback is the only one, and stands for theirs.
  submission.committed = [mailbox = mailbox_, id = submitted_id_](const storage::Result<void>& result) {
    if (id != 0) mailbox->push(Persisted{id, result.ok() ? std::nullopt : std::optional(result.error())});
  };
  stalled_log_.push_back(std::move(submission));
  submit_stalled();
}

void ReplicaDriver::answer(cluster::Answered answered) {
  auto client = clients_.extract(answered.token);
  if (failed_) return;  // answered when this replica failed
  STATOR_ASSERT(!client.empty(), "a token is answered once");
  if (auto* done = std::get_if<net::Done>(&client.mapped())) return (*done)(std::move(answered.result));
  STATOR_ASSERT(!answered.result.ok(), "a read is answered by its job, or with an error");
  std::get<ReadJob>(client.mapped())(&answered.result.error());
}

void ReplicaDriver::fail(const std::string& why) {
  if (std::exchange(failed_, true)) return;
  spdlog::critical("partition {} stops on this node: {}", address_.partition.value, why);
  if (events_.failed)
    events_.failed(why);  // before anyone is answered: who asks then sees a node that is not ready
  abandon_clients();
}

}  // namespace stator::actors
