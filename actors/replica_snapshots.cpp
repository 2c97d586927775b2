// Snapshots between the replica, the snapshots' thread and the two databases.
#include "actors/replica_snapshots.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

#include "actors/clock.h"
#include "model/assert.h"

namespace stator::actors {

cluster::AppliedState applied_state_of(const storage::PartitionState& state) {
  cluster::AppliedState applied;
  applied.index = state.applied.index;
  applied.term = state.applied.term;
  applied.stamp = state.last_stamp;
  applied.schema_version = state.schema_version;
  applied.membership = state.membership;
  applied.items = state.item_count;
  applied.bytes = state.item_bytes;
  applied.local_indexes = state.local_indexes;
  applied.checksum = state.last_checksum;
  return applied;
}

ReplicaSnapshots::ReplicaSnapshots(storage::Store& store, storage::Applier& applier, SnapshotService* service,
                                   storage::ReplicaAddress address, std::shared_ptr<ReplicaMailbox> mailbox,
                                   cluster::Replica& replica, Hooks hooks)
    : store_(store),
      applier_(applier),
      service_(service),
      address_(address),
      mailbox_(std::move(mailbox)),
      replica_(replica),
      hooks_(std::move(hooks)) {}

ReplicaSnapshots::~ReplicaSnapshots() {
  if (sending_) service_->end();
}

// The mailbox drops it where the actor, and this with it, is gone.
template <class Function>
std::function<void()> ReplicaSnapshots::back(Function function) const {
  auto shared = std::make_shared<Function>(std::move(function));
  return [mailbox = mailbox_, shared] { mailbox->push(Run{[shared] { (*shared)(); }}); };
}

// --- sending
// -----------------------------------------------------------------------------------------------------------

void ReplicaSnapshots::request(const raft::SnapshotRequest& request) {
  if (!service_) return give_up(request, "this node sends no snapshots");
  if (is_current(request)) {
    sending_->request.offset = request.offset;
    return read_piece();
  }
  const auto known = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const raft::SnapshotRequest& other) { return other.to == request.to; });
  if (known != waiting_.end()) {
    *known = request;
  } else {
    waiting_.push_back(request);
  }
  begin_next();
}

void ReplicaSnapshots::close(const raft::SnapshotClose& close) {
  const auto same = [&](const raft::SnapshotRequest& request) {
    return request.to == close.to && request.stream == close.stream;
  };
  std::erase_if(waiting_, same);
  if (sending_ && same(sending_->request)) end_sending();
}

bool ReplicaSnapshots::is_current(const raft::SnapshotRequest& request) const {
  return sending_ && sending_->request.to == request.to && sending_->request.stream == request.stream;
}

void ReplicaSnapshots::begin_next() {
  if (sending_ || waiting_.empty() || queued_) return;
  const auto again = back([this] {
    queued_ = false;
    begin_next();
  });
  if (!service_->try_begin(again)) {
    queued_ = true;
    return;
  }
  sending_ = Outgoing{waiting_.front(), nullptr, false, false};
  waiting_.pop_front();
  sending_->request.offset = 0;
  const raft::SnapshotRequest request = sending_->request;
  spdlog::info("partition {}: replica {} gets a snapshot", address_.partition.value, request.to.value);
  const bool accepted =
      service_->try_submit([this, mailbox = mailbox_, &items = store_.items(), address = address_, request] {
        auto reader = std::make_shared<storage::Result<std::unique_ptr<storage::SnapshotReader>>>(
            storage::SnapshotReader::open(items, address.partition));
        mailbox->push(Run{[this, request, reader] { opened(request, std::move(*reader)); }});
      });
  if (!accepted) give_up(request, "too much waits for the disk");
}

void ReplicaSnapshots::opened(const raft::SnapshotRequest& request,
                              storage::Result<std::unique_ptr<storage::SnapshotReader>> reader) {
  if (!is_current(request)) return;
  if (!reader.ok()) return give_up(request, reader.error().text());
  sending_->reader = std::move(*reader);
  applied();
}

// The rows may be in items/ before the replica hears of it.
void ReplicaSnapshots::applied() {
  if (!sending_ || !sending_->reader || sending_->ready) return;
  const raft::Index index = sending_->reader->state().applied.index;
  if (replica_.applied_index() < index) return;
  std::vector<storage::RowChange> rows;
  for (cluster::StoredRow& row : replica_.request_rows(index))
    rows.push_back({row.kind, std::move(row.key), std::move(row.value)});
  sending_->reader->add_rows(std::move(rows));
  sending_->ready = true;
  read_piece();
}

void ReplicaSnapshots::read_piece() {
  if (!sending_->ready || sending_->reading) return;
  sending_->reading = true;
  const raft::SnapshotRequest request = sending_->request;
  const bool accepted = service_->try_submit(
      [this, mailbox = mailbox_, service = service_, reader = sending_->reader, request] {
        auto piece = std::make_shared<storage::Result<storage::SnapshotPiece>>(reader->read(request.offset));
        if (piece->ok()) service->pace((*piece)->bytes->size());
        mailbox->push(Run{[this, request, piece] { send_piece(request, std::move(*piece)); }});
      });
  if (!accepted) give_up(request, "too much waits for the disk");
}

void ReplicaSnapshots::send_piece(const raft::SnapshotRequest& request,
                                  storage::Result<storage::SnapshotPiece> piece) {
  if (!is_current(request)) return;
  sending_->reading = false;
  if (!piece.ok()) return give_up(request, piece.error().text());
  if (sending_->request.offset != request.offset) return read_piece();  // another one is wanted by now
  const storage::PartitionState& state = sending_->reader->state();
  const raft::SnapshotMeta meta{state.applied.index, state.applied.term, state.membership};
  const bool wanted = replica_.snapshot_chunk(request.to, request.stream, meta, request.offset, piece->last,
                                              std::move(piece->bytes), wall_clock_micros());
  if (!wanted && is_current(request)) end_sending();
}

void ReplicaSnapshots::end_sending() {
  sending_.reset();
  service_->end();
  begin_next();
}

void ReplicaSnapshots::give_up(const raft::SnapshotRequest& request, const std::string& why) {
  spdlog::warn("partition {}: no snapshot for replica {}: {}", address_.partition.value, request.to.value,
               why);
  replica_.snapshot_failed(request.to, request.stream, wall_clock_micros());
  if (is_current(request)) end_sending();
}

// --- receiving
// ---------------------------------------------------------------------------------------------------------

void ReplicaSnapshots::abandon() {
  ++incoming_number_;
  incoming_.reset();
}

void ReplicaSnapshots::store(raft::SnapshotPiece piece) {
  if (piece.chunk.offset == 0) {
    abandon();
    incoming_ = std::make_shared<Incoming>();
  }
  auto chunk = std::make_shared<raft::SnapshotChunk>(std::move(piece.chunk));
  const uint64_t stream = chunk->stream;
  const bool accepted =
      service_ && incoming_ &&
      service_->try_submit([this, mailbox = mailbox_, &items = store_.items(), address = address_,
                            incoming = incoming_, number = incoming_number_, chunk,
                            kinds = replica_.snapshot_kinds()] {
        auto written = std::make_shared<storage::Result<Written>>(
            write_piece(items, *incoming, address.partition, *chunk, kinds));
        mailbox->push(Run{[this, number, chunk, written] { stored(number, *chunk, std::move(*written)); }});
      });
  if (!accepted) replica_.snapshot_refused(stream, wall_clock_micros());
}

// On the snapshots' thread.
storage::Result<ReplicaSnapshots::Written> ReplicaSnapshots::write_piece(
    storage::ItemStore& items, Incoming& incoming, storage::PartitionId partition,
    const raft::SnapshotChunk& chunk, const std::vector<model::RowKind>& kinds) {
  if (!incoming.writer) {
    auto writer = storage::SnapshotWriter::begin(items, partition);
    if (!writer.ok()) return model::Failure(writer.error());
    incoming.writer = std::move(*writer);
  }
  storage::SnapshotWriter& writer = *incoming.writer;
  if (auto ok = writer.write(chunk.offset, *chunk.data); !ok.ok()) return model::Failure(ok.error());
  // Held back as the applier is, before LevelDB holds back everybody.
  std::this_thread::sleep_for(storage::throttle_delay(items.engine().level0_files(), chunk.data->size()));
  Written written;
  written.whole = writer.complete();
  if (written.whole != chunk.done) {
    return model::Failure(storage::Error{
        storage::ErrorCode::kCorruption, "A snapshot ends where its sender does not say so", {}});
  }
  if (!written.whole) return written;
  written.state.state = applied_state_of(writer.state());
  auto rows = writer.rows(kinds);
  if (!rows.ok()) return model::Failure(rows.error());
  for (storage::RowChange& row : *rows)
    written.state.rows.push_back({row.kind, std::move(row.key), std::move(*row.value)});
  return written;
}

void ReplicaSnapshots::stored(uint64_t incoming, const raft::SnapshotChunk& chunk,
                              storage::Result<Written> written) {
  if (incoming != incoming_number_) return;  // given up meanwhile
  if (!written.ok()) {
    spdlog::warn("partition {}: a snapshot is refused: {}", address_.partition.value, written.error().text());
    return replica_.snapshot_refused(chunk.stream, wall_clock_micros());
  }
  std::optional<cluster::SnapshotState> whole;
  if (written->whole) whole = std::move(written->state);
  replica_.snapshot_stored(chunk.stream, chunk.offset, std::move(whole), wall_clock_micros());
}

// --- installing
// --------------------------------------------------------------------------------------------------------

void ReplicaSnapshots::install(cluster::PersistWork work) {
  STATOR_ASSERT(!installing_, "one install at a time");
  STATOR_ASSERT(incoming_ && incoming_->writer, "what is installed was received");
  installing_ = true;
  storage::PartitionState state = incoming_->writer->state();
  STATOR_ASSERT(state.applied.index == work.install->index, "what is installed is what was received");
  incoming_->writer->release();
  abandon();
  state.replica = address_.replica;
  state.membership = work.install->membership;
  spdlog::info("partition {}: installs a snapshot of {} items up to index {}", address_.partition.value,
               state.item_count, state.applied.index);
  auto shared = std::make_shared<cluster::PersistWork>(std::move(work));
  storage::ApplyBatch batch;
  batch.state = state;
  hooks_.apply(
      std::move(batch), [this, mailbox = mailbox_, shared, state](const storage::Result<void>& result) {
        auto error = result.ok() ? std::nullopt : std::optional(result.error());
        mailbox->push(Run{[this, shared, state, error] {
          if (error) return hooks_.fail(error->text());
          hooks_.switched(state);
          applier_.request_sync([this, mailbox = mailbox_,
                                 shared](const storage::Result<std::vector<storage::SyncedIndex>>& synced) {
            auto failed = synced.ok() ? std::nullopt : std::optional(synced.error());
            mailbox->push(Run{[this, shared, failed] {
              if (failed) return hooks_.fail(failed->text());
              reset_log(shared);
            }});
          });
        }});
      });
}

// items/ holds the snapshot for sure: the log may begin behind it (docs/architecture.md, protocol 1).
void ReplicaSnapshots::reset_log(const std::shared_ptr<cluster::PersistWork>& work) {
  storage::Submission submission;
  storage::LogUpdate& update = submission.update;
  update.replica = address_;
  update.reset = storage::LogBase{work->install->index, work->install->term, work->install->membership};
  update.items_synced = work->install->index;
  update.hard_state = work->hard_state;
  update.entries = std::move(work->entries);
  submission.committed = [mailbox = mailbox_, id = work->id](const storage::Result<void>& result) {
    mailbox->push(Persisted{id, result.ok() ? std::nullopt : std::optional(result.error())});
  };
  installing_ = false;
  hooks_.commit(std::move(submission));
  hooks_.installed(work->id);
}

}  // namespace stator::actors
