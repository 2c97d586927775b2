// Carrying out Readys, slowly, and losing them in crashes.
#include "replica.h"

#include <functional>

namespace stator::simulation {
namespace {

constexpr size_t kPieceBytes = 24;

std::string header(EntryKind kind, Term term, Index index) {
  return std::to_string(static_cast<int>(kind)) + "/" + std::to_string(term) + "/" + std::to_string(index) +
         ":";
}

std::string_view body_of(const Entry& entry) {
  return std::string_view(*entry.data).substr(entry.data->find(':') + 1);
}

}  // namespace

void Probes::add(const Probes& other) {
  elections += other.elections;
  commits += other.commits;
  reads += other.reads;
  reads_dropped += other.reads_dropped;
  crashes += other.crashes;
  writes_lost += other.writes_lost;
  torn_installs += other.torn_installs;
  truncations += other.truncations;
  snapshots_installed += other.snapshots_installed;
  snapshots_abandoned += other.snapshots_abandoned;
  apply_reads += other.apply_reads;
  peer_reads += other.peer_reads;
  memberships += other.memberships;
  transfers += other.transfers;
  refused_full += other.refused_full;
  messages += other.messages;
  trace ^= other.trace;
}

Replica::Replica(World& world, raft::Config config, Speed speed, Membership initial)
    : world_(world), config_(std::move(config)), speed_(speed) {
  config_.seal = [](EntryKind kind, Term term, Index index, std::string_view body) {
    return std::make_shared<const std::string>(header(kind, term, index) + std::string(body));
  };
  config_.unseal = body_of;
  disk_.machine.membership = std::move(initial);
}

void Replica::start() {
  STATOR_ASSERT(!alive(), "a replica starts once");
  ++boot_;
  config_.seed = world_.random.next();
  node_.emplace(config_, disk_.restart(world_.random.between(0, 12)));
  log_ = disk_.log;
  machine_ = disk_.machine;
  drain();
}

// What was not synced is lost, or some of it is not: the device may have got further than it said.
void Replica::crash() {
  if (!alive()) return;
  ++world_.probes.crashes;
  const size_t kept = world_.random.between(0, static_cast<uint32_t>(writes_.size()));
  for (size_t i = 0; i < kept; ++i) disk_.write(writes_[i]);
  if (kept < writes_.size()) {
    ++world_.probes.writes_lost;
    if (writes_[kept].snapshot && world_.random.between(0, 1) == 1) {
      disk_.write_torn(writes_[kept]);
      ++world_.probes.torn_installs;
    }
  }
  node_.reset();
  writes_.clear();
  syncing_ = false;
  apply_at_ = 0;
  streams_.clear();
  received_.clear();
}

void Replica::after_input() {
  world_.checker.commits(view(), world_.disks());
  if (world_.random.between(0, 3) != 0) drain();
}

void Replica::drain() {
  if (!alive()) return;
  raft::Ready ready = node_->take_ready();
  if (!ready.empty()) carry_out(std::move(ready));
}

void Replica::carry_out(raft::Ready ready) {
  if (ready.soft_state && ready.soft_state->role != raft::Role::kLeader) streams_.clear();
  if (ready.persist_id != 0) persist(ready);
  if (ready.soft_state && ready.soft_state->role == raft::Role::kLeader) {
    ++world_.probes.elections;
    world_.checker.leads(view());
  }
  world_.checker.commits(view(), world_.disks());
  for (const Message& message : ready.messages) {
    world_.checker.sends(view(), message);
    world_.send(message);
  }
  if (!ready.committed.empty()) {
    world_.checker.hands_out(view(), ready.committed);
    apply_later(std::move(ready.committed));
  }
  for (const raft::ReadState& read : ready.read_states) {
    ++world_.probes.reads;
    world_.checker.read_confirmed(config_.self, read);
  }
  for (uint64_t context : ready.dropped_reads) {
    ++world_.probes.reads_dropped;
    world_.checker.read_dropped(context);
  }
  for (const raft::SnapshotClose& close : ready.snapshot_closes) {
    const auto open = streams_.find(close.to);
    if (open != streams_.end() && open->second.first == close.stream) streams_.erase(open);
  }
  for (const raft::LogRead& read : ready.log_reads) load_later(read);
  for (const raft::SnapshotRequest& request : ready.snapshot_requests) {
    later(random_delay(speed_.apply_max), [this, request] { send_piece(request); });
  }
  if (ready.snapshot_abandoned) {
    ++world_.probes.snapshots_abandoned;
    received_.clear();
  }
  for (const raft::SnapshotPiece& piece : ready.snapshot_chunks) store_piece(piece);
}

// -- disk
// -----------------------------------------------------------------------------------------------------------

void Replica::persist(raft::Ready& ready) {
  Write write;
  write.persist_id = ready.persist_id;
  write.hard_state = ready.hard_state;
  if (ready.snapshot) {
    write.snapshot = Machine::decode(received_);
    received_.clear();
    STATOR_ASSERT(write.snapshot->applied == ready.snapshot->index,
                  "the snapshot that was received is installed");
    machine_ = *write.snapshot;
    log_.reset(machine_.applied, machine_.term);
    world_.checker.holds(config_.self, machine_);
    ++world_.probes.snapshots_installed;
  }
  if (!ready.entries.empty() && ready.entries.front().index <= log_.last()) ++world_.probes.truncations;
  log_.write(ready.entries);
  for (const Entry& entry : ready.entries) {
    world_.checker.appended(view(), entry, header(entry.kind, entry.term, entry.index));
  }
  write.entries = std::move(ready.entries);
  write.messages_after_sync = std::move(ready.messages_after_sync);
  writes_.push_back(std::move(write));
  begin_sync();
}

// One sync at a time takes everything that waits, as the committer does.
void Replica::begin_sync() {
  if (syncing_ || writes_.empty()) return;
  syncing_ = true;
  later(random_delay(speed_.sync_max), [this, writes = writes_.size()] { end_sync(writes); });
}

void Replica::end_sync(size_t writes) {
  syncing_ = false;
  std::vector<Message> messages;
  uint64_t persist_id = 0;
  for (size_t i = 0; i < writes; ++i) {
    Write& write = writes_.front();
    disk_.write(write);
    persist_id = write.persist_id;
    std::move(write.messages_after_sync.begin(), write.messages_after_sync.end(),
              std::back_inserter(messages));
    writes_.pop_front();
  }
  for (const Message& message : messages) {
    world_.checker.sends(view(), message);
    world_.send(message);
  }
  begin_sync();
  // The node may hear of it later than the peers do.
  later(random_delay(3),
        [this, persist_id] { input([&](raft::Node& node) { node.persisted(persist_id); }); });
}

void Replica::compact(Index keep) {
  if (!alive() || writes_.size() > 0) return;  // the log's database takes the cut in its turn
  disk_.machine = machine_;
  const Index index = std::min(node_->applied_index(), machine_.applied);
  const Index cut = std::min(index > keep ? index - keep : 0, node_->status().persisted);
  if (cut <= log_.compacted) return;
  log_.compact(cut);
  disk_.log.compact(cut);
  input([&](raft::Node& node) { node.compact(cut); });
}

// -- applying and reading
// -------------------------------------------------------------------------------------------

void Replica::apply_later(std::vector<Entry> entries) {
  const uint64_t now = world_.timeline.now();
  apply_at_ = std::max(apply_at_, now) + random_delay(speed_.apply_max);
  later(apply_at_ - now, [this, entries = std::move(entries)] {
    for (const Entry& entry : entries) {
      STATOR_ASSERT(entry.index == machine_.applied + 1, "the machine applies in order");
      if (entry.kind == EntryKind::kMembership) ++world_.probes.memberships;
      machine_.apply(entry, body_of(entry));
      world_.checker.holds(config_.self, machine_);
    }
    world_.probes.commits += entries.size();
    input([&](raft::Node& node) { node.applied(machine_.applied); });
  });
}

void Replica::load_later(const raft::LogRead& read) {
  ++(node_->role() == raft::Role::kLeader ? world_.probes.peer_reads : world_.probes.apply_reads);
  later(random_delay(speed_.apply_max), [this, read] {
    std::vector<Entry> entries;
    size_t bytes = 0;
    for (Index index = read.first; index <= read.last && log_.term_at(index) && index > log_.compacted;
         ++index) {
      const Entry& entry = log_.at(index);
      bytes += entry.data->size();
      if (!entries.empty() && bytes > read.bytes_max) break;
      entries.push_back(entry);
    }
    if (world_.random.between(0, 15) == 0) entries.clear();  // the reader is busy
    input([&](raft::Node& node) { node.log_loaded(read.id, std::move(entries)); });
  });
}

// -- snapshots
// ------------------------------------------------------------------------------------------------------

void Replica::send_piece(const raft::SnapshotRequest& request) {
  if (world_.random.between(0, 31) == 0) {
    return input([&](raft::Node& node) { node.snapshot_failed(request.to, request.stream); });
  }
  auto open = streams_.find(request.to);
  if (open == streams_.end() || open->second.first != request.stream) {
    if (open != streams_.end() && open->second.first > request.stream) return;
    const SnapshotMeta meta{machine_.applied, machine_.term, machine_.membership};
    open =
        streams_.insert_or_assign(request.to, std::pair(request.stream, std::pair(meta, machine_.encode())))
            .first;
  }
  const auto& [meta, bytes] = open->second.second;
  if (request.offset > bytes.size()) return;
  const bool done = request.offset + kPieceBytes >= bytes.size();
  auto piece = std::make_shared<const std::string>(bytes.substr(request.offset, kPieceBytes));
  bool wanted = false;
  input([&](raft::Node& node) {
    wanted = node.snapshot_chunk(request.to, request.stream, meta, request.offset, done, std::move(piece));
  });
  if (!wanted) streams_.erase(request.to);
}

void Replica::store_piece(const raft::SnapshotPiece& piece) {
  if (piece.chunk.offset == 0) received_.clear();
  STATOR_ASSERT(piece.chunk.offset == received_.size(), "pieces come in order");
  received_ += *piece.chunk.data;
  later(random_delay(speed_.apply_max), [this, stream = piece.chunk.stream, offset = piece.chunk.offset] {
    input([&](raft::Node& node) { node.snapshot_stored(stream, offset); });
  });
}

}  // namespace stator::simulation
