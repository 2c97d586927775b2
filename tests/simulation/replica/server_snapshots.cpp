// A server's snapshots: pieces sent and stored slowly, sometimes damaged; installs that take two databases.
#include "tests/simulation/replica/server.h"
#include "tests/unit/cluster/snapshot_bytes.h"

namespace stator::replica_simulation {

void Server::send_piece(const raft::SnapshotRequest& request) {
  later(world_.delay(speed_.load_max), [this, request] {
    const std::pair place(request.to.value, request.stream);
    if (request.offset != 0 && !outgoing_.contains(place)) return;  // closed meanwhile
    if (world_.faulty && world_.chance(20)) {
      outgoing_.erase(place);
      replica_->snapshot_failed(request.to, request.stream, wall_clock());
      return after_input();
    }
    auto [it, fresh] = outgoing_.try_emplace(place);
    Outgoing& out = it->second;
    if (fresh) {
      const cluster::AppliedState& state = items_.state;
      out.meta = {state.index, state.term, state.membership};
      out.bytes = cluster::encode_snapshot(state, items_.rows, replica_->request_rows(state.index));
      out.piece_bytes = out.bytes.size() / world_.random.between(1, 30) + 1;
    }
    if (request.offset >= out.bytes.size())
      throw Violation("a piece beyond the end of a snapshot is asked for");
    const size_t size = std::min<size_t>(out.piece_bytes, out.bytes.size() - request.offset);
    const bool done = request.offset + size == out.bytes.size();
    const bool wanted = replica_->snapshot_chunk(
        request.to, request.stream, out.meta, request.offset, done,
        std::make_shared<const std::string>(out.bytes.substr(request.offset, size)), wall_clock());
    if (!wanted) outgoing_.erase(place);
    after_input();
  });
}

void Server::store_piece(const raft::SnapshotChunk& chunk) {
  if (chunk.offset == 0) ++incoming_;
  later(world_.delay(speed_.load_max), [this, chunk, incoming = incoming_] {
    if (incoming != incoming_) return;  // given up meanwhile
    if (chunk.offset == 0) received_.clear();
    if (chunk.offset != received_.size()) throw Violation("a piece of a snapshot comes out of order");
    received_ += *chunk.data;
    if (world_.faulty && world_.chance(30)) received_[received_.size() / 2] ^= 1;
    std::optional<cluster::SnapshotState> whole;
    if (chunk.done) {
      auto decoded = cluster::decode_snapshot(received_);
      if (!decoded) {
        ++world_.probes.snapshots_refused;
        replica_->snapshot_refused(chunk.stream, wall_clock());
        return after_input();
      }
      whole = cluster::snapshot_state(*decoded, replica_->snapshot_kinds());
    }
    replica_->snapshot_stored(chunk.stream, chunk.offset, std::move(whole), wall_clock());
    after_input();
  });
}

// First items/, synced, then the log: a crash may come between any two, and often does.
void Server::install(cluster::PersistWork work) {
  if (installing_) throw Violation("two installs at once");
  installing_ = true;
  auto decoded = cluster::decode_snapshot(received_);
  received_.clear();
  if (!decoded || decoded->state.index != work.install->index)
    throw Violation("what is installed was not received");
  auto installed = std::make_shared<Items>(Items{std::move(decoded->rows), std::move(decoded->state)});
  installed->state.membership = work.install->membership;
  ++world_.probes.snapshots;
  if (cluster::replicated(installed->rows).size() != installed->rows.size())
    ++world_.probes.snapshots_with_requests;
  if (world_.faulty && world_.chance(300))
    later(world_.delay(speed_.apply_max + 2 * speed_.sync_max), [this] {
      if (world_.faulty) crash();  // nobody would start it again
    });
  later(world_.delay(speed_.apply_max), [this, installed, work = std::move(work)] {
    if (installed->state.index <= items_.state.index) throw Violation("a snapshot takes the state back");
    items_ = *installed;
    disk_.unsynced.push_back({{}, installed});
    check_counts();
    world_.agreement.applied(id(), items_.state.index, items_.state.checksum, hash_of(items_.rows));
    later(world_.delay(speed_.sync_max), [this, work] {
      disk_.sync_items(work.install->index);
      later(world_.delay(speed_.sync_max), [this, work] {
        installing_ = false;
        world_.installed(id());
        write_log(work);
        std::vector<cluster::PersistWork> held(std::make_move_iterator(held_.begin()),
                                               std::make_move_iterator(held_.end()));
        held_.clear();
        persist(std::move(held));
      });
    });
  });
}

}  // namespace stator::replica_simulation
