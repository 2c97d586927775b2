// Snapshots that a replica sends and installs, and where the log may be cut because of them.
//
// A stored log is cut up to what a synced items/ covers and a restart needs no more of it. Beyond that it is
// kept for other members: where they have it (a leader knows, followers hear it with heartbeats), or until
// the log's bytes reach their bound; then a member that lacks half of the log is not waited for any more.
// What a snapshot on its way will need afterwards is kept in any case.
#include <algorithm>

#include "cluster/replica.h"
#include "model/assert.h"

namespace stator::cluster {
namespace {

// Rows of forgotten requests that go with one batch of rows.
constexpr size_t kForgottenRowsPerBatch = 256;

api::Error overtaken() {
  return api::internal_error("A snapshot took the place of the log before the write's outcome was known")
      .error;
}

}  // namespace

// --- the log's retention
// ----------------------------------------------------------------------------------------------

void Replica::items_synced(raft::Index index, uint64_t now_micros, uint64_t log_bytes) {
  now_micros_ = now_micros;
  request_ids_.forget_before(model::Stamp{now_micros});
  raft::Index cut = std::min({index, node_.applied_index(), needed_by_others(log_bytes)});
  // A restart rebuilds the request ids from the log (docs/architecture.md, protocol 9).
  if (auto oldest = request_ids_.oldest_index_after(request_rows_index_)) cut = std::min(cut, *oldest - 1);
  // The log's new base carries the membership at the cut: only the applied one is at hand.
  if (cut < membership_index_ || cut + 1 < node_.first_index() + config_.log_cut_entries_min) return;
  if (installing_ != 0) return;  // the stored log is about to be dropped
  node_.compact(cut);
  out_.cut_log = cut;
}

// Where the log is to begin, at most, for the sake of other members.
raft::Index Replica::needed_by_others(uint64_t log_bytes) const {
  const raft::Status status = node_.status();
  const raft::Membership& members = node_.membership();
  // One that knows no members yet is not alone: it waits to be added.
  const bool alone = members.learners.empty() && members.voters == std::vector{config_.raft.self};
  if (alone && status.peers.empty()) return status.last;
  const bool full = log_bytes > config_.log_bytes_max;
  const raft::Index half = status.first + (status.last - std::min(status.last, status.first)) / 2;
  if (!leads()) return full ? std::max(node_.group_floor(), half) : node_.group_floor();
  raft::Index needed = status.last;
  for (const raft::PeerStatus& peer : status.peers) {
    raft::Index has = peer.match;
    if (auto outgoing = outgoing_.find(peer.replica); outgoing != outgoing_.end()) {
      has = std::max(has, outgoing->second.index);
    } else if (full && has < half) {
      continue;
    }
    needed = std::min(needed, has);
  }
  return needed;
}

// --- the leader's side
// ------------------------------------------------------------------------------------------------

std::vector<StoredRow> Replica::request_rows(raft::Index up_to) const {
  STATOR_ASSERT(up_to <= applied_.index, "what is in items/ was handed out to be applied");
  std::vector<StoredRow> rows;
  request_ids_.visit_up_to(
      up_to, [&](const RequestId& id, model::Stamp stamp, const RequestIds::Remembered& remembered) {
        rows.push_back(encode_request_row({id, stamp, remembered.index, remembered.outcome}));
      });
  return rows;
}

bool Replica::snapshot_chunk(model::ReplicaId to, uint64_t stream, const raft::SnapshotMeta& meta,
                             uint64_t offset, bool done, std::shared_ptr<const std::string> data,
                             uint64_t now_micros) {
  now_micros_ = now_micros;
  if (failure_) return false;
  if (auto it = outgoing_.find(to); it != outgoing_.end() && it->second.stream == stream) {
    it->second.index = meta.index;
  }
  return node_.snapshot_chunk(to, stream, meta, offset, done, std::move(data));
}

void Replica::snapshot_failed(model::ReplicaId to, uint64_t stream, uint64_t now_micros) {
  now_micros_ = now_micros;
  if (!failure_) node_.snapshot_failed(to, stream);
}

// --- the follower's side
// ----------------------------------------------------------------------------------------------

std::vector<model::RowKind> Replica::snapshot_kinds() const {
  std::vector<model::RowKind> kinds = machine_->kinds_in_memory();
  kinds.push_back(model::RowKind::kRequest);
  return kinds;
}

void Replica::snapshot_stored(uint64_t stream, uint64_t offset, std::optional<SnapshotState> whole,
                              uint64_t now_micros) {
  now_micros_ = now_micros;
  if (failure_) return;
  if (!receiving_ || receiving_->stream != stream) return;  // one that was given up meanwhile
  if (whole) {
    received_ = prepare(std::move(*whole));
    if (!received_) return node_.snapshot_refused(stream);
  }
  node_.snapshot_stored(stream, offset);
}

void Replica::snapshot_refused(uint64_t stream, uint64_t now_micros) {
  now_micros_ = now_micros;
  if (!failure_) node_.snapshot_refused(stream);
}

// Everything that can go wrong goes wrong here, before anything is given up for it.
std::optional<Replica::Received> Replica::prepare(SnapshotState whole) const {
  const raft::SnapshotMeta& meta = receiving_->meta;
  if (whole.state.index != meta.index || whole.state.term != meta.term) return std::nullopt;
  Received received;
  received.state = std::move(whole.state);
  received.state.membership = meta.membership;
  std::vector<StoredRow> machine_rows;
  for (StoredRow& row : whole.rows) {
    if (row.kind != model::RowKind::kRequest) {
      machine_rows.push_back(std::move(row));
      continue;
    }
    std::optional<RememberedRequest> request = decode_request_row(row);
    const bool in_order = request && request->index <= received.state.index &&
                          (received.requests.empty() || received.requests.back().stamp <= request->stamp);
    if (!in_order) return std::nullopt;
    received.requests.push_back(std::move(*request));
  }
  auto install = machine_->prepare_install(machine_rows);
  if (!install.ok()) return std::nullopt;
  received.install = std::move(*install);
  return received;
}

void Replica::take_snapshot_work(raft::Ready& ready) {
  for (const raft::SnapshotClose& close : ready.snapshot_closes) {
    auto it = outgoing_.find(close.to);
    if (it != outgoing_.end() && it->second.stream == close.stream) outgoing_.erase(it);
    out_.snapshot_closes.push_back(close);
  }
  for (const raft::SnapshotRequest& request : ready.snapshot_requests) {
    Outgoing& outgoing = outgoing_[request.to];
    // What is in items/ by then is not below what is known to be there now.
    if (outgoing.stream != request.stream) outgoing = {request.stream, node_.applied_index()};
    out_.snapshot_requests.push_back(request);
  }
  if (ready.snapshot_abandoned) {
    receiving_.reset();
    received_.reset();
    out_.snapshot_pieces.clear();
    out_.snapshot_abandoned = true;
  }
  for (raft::SnapshotPiece& piece : ready.snapshot_chunks) {
    receiving_ = Incoming{piece.chunk.stream, piece.chunk.meta};
    out_.snapshot_pieces.push_back(std::move(piece));
  }
}

// The log, and with it everything that waited for one of its entries, gives way to the snapshot.
void Replica::take_over(const raft::SnapshotMeta& meta) {
  STATOR_ASSERT(received_ && received_->state.index == meta.index, "what is installed was received whole");
  Received received = std::move(*received_);
  received_.reset();
  receiving_.reset();
  received.install();
  applied_ = std::move(received.state);
  clock_.observe(applied_.stamp);
  last_checksum_ = applied_.checksum;
  last_checksum_index_ = applied_.index;
  membership_index_ = applied_.index;
  request_ids_.clear();
  request_rows_.clear();
  for (RememberedRequest& request : received.requests) remember(std::move(request));
  request_rows_index_ = applied_.index;
  unapplied_.clear();
  unapplied_bytes_ = 0;
  proposed_ids_.clear();
  out_.state_changed = true;
  // Whether these were committed nobody can tell any more, but for those that the snapshot remembers.
  for (const Proposed& command : std::exchange(proposed_, {})) {
    const RequestIds::Remembered* known = command.id ? request_ids_.find(*command.id) : nullptr;
    if (known) {
      barriers_.emplace(applied_.index, Unanswered{command.token, known->outcome});
    } else {
      answer(command.token, api::Failure(overtaken()));
    }
  }
  for (auto& [index, retry] : std::exchange(retries_, {})) retries_.emplace(applied_.index, retry);
}

// The snapshot's rows are in items/, and durable.
void Replica::installed() {
  installing_ = 0;
  answer_applied(applied_.index);
}

// --- remembered requests
// ----------------------------------------------------------------------------------------------

void Replica::recall(const StoredRow& row) {
  std::optional<RememberedRequest> request = decode_request_row(row);
  if (!request) {  // nothing but the memory of this request is lost
    request_rows_.push_back({request_rows_.empty() ? model::Stamp() : request_rows_.back().first, row.key});
    return;
  }
  request_rows_index_ = std::max(request_rows_index_, request->index);
  remember(std::move(*request));
}

void Replica::remember(RememberedRequest request) {
  request_rows_.emplace_back(request.stamp, request_row_key(request.index, request.id));
  request_ids_.remember(request.id, request.stamp, request.index, std::move(request.outcome));
}

void Replica::forget_request_rows(ApplyWork& work) {
  for (size_t i = 0; i < kForgottenRowsPerBatch && !request_rows_.empty(); ++i) {
    if (request_rows_.front().first.micros + kRequestIdRetentionMicros >= applied_.stamp.micros) return;
    work.rows.push_back({model::RowKind::kRequest, std::move(request_rows_.front().second), std::nullopt});
    request_rows_.pop_front();
  }
}

}  // namespace stator::cluster
