// Carrying out what the replica asks for, slowly, and losing it in crashes.
#include "tests/simulation/replica/server.h"

#include <xxhash.h>

#include "api/operation.h"
#include "model/assert.h"
#include "model/item_record.h"
#include "model/size.h"
#include "model/table_record.h"

namespace stator::replica_simulation {
namespace {

class RowsView final : public api::ItemView {
 public:
  explicit RowsView(api::StoredItemPtr item) : item_(std::move(item)) {}
  api::Result<api::StoredItemPtr> get(std::string_view) const override { return item_; }
  api::Result<void> scan(const model::KeyRange&, bool, const Visitor&) const override { return {}; }
  api::Result<void> scan_local(const model::KeyRange&, bool, const Visitor&) const override { return {}; }

 private:
  const api::StoredItemPtr item_;
};

}  // namespace

uint64_t hash_of(const Rows& rows) {
  std::string all;
  for (const auto& [key, value] : rows) {
    if (key.first == model::RowKind::kRequest) continue;  // replicas may have them or not
    all.push_back(static_cast<char>(key.first));
    all += key.second;
    all += value;
  }
  return XXH3_64bits(all.data(), all.size());
}

model::Table table_of_run(uint32_t schema_version) {
  model::Table table;
  table.id = model::TableId(7);
  table.name = "Tab";
  table.uuid = "01234567-89ab-cdef-0123-456789abcdef";
  table.schema_version = schema_version;
  table.key = {{"k", model::AttributeType::kS}, std::nullopt};
  table.attribute_definitions = {{"k", model::AttributeType::kS}};
  table.billing_mode = model::BillingMode::kPayPerRequest;
  return table;
}

Server::Server(World& world, cluster::ReplicaConfig config, Speed speed, raft::Membership members)
    : world_(world), config_(std::move(config)), speed_(speed) {
  disk_.items.state.membership = std::move(members);
}

uint64_t Server::wall_clock() const {
  return static_cast<uint64_t>(static_cast<int64_t>(world_.wall_clock()) + skew_micros_);
}

void Server::set_schema(uint32_t version) {
  schema_ = version;
  if (!alive()) return;
  replica_->configure(table_of_run(schema_), wall_clock());
  after_input();
}

// --- life
// -------------------------------------------------------------------------------------------------------------

void Server::start() {
  STATOR_ASSERT(!alive(), "a server starts once");
  ++boot_;
  if (disk_.repair()) ++world_.probes.torn_installs;
  log_ = disk_.log;
  items_ = disk_.items;
  std::optional<model::Table> table;
  if (auto row = items_.rows.find({model::RowKind::kSchema, ""}); row != items_.rows.end()) {
    table = *model::decode_table_record(row->second);
  }
  config_.raft.seed = world_.random.next();
  replica_ =
      std::make_unique<cluster::Replica>(config_, disk_.restart(world_.random.between(0, 12)), items_.state,
                                         std::make_unique<cluster::ItemMachine>(std::move(table)));
  for (const auto& [key, value] : items_.rows) {
    if (key.first == model::RowKind::kRequest)
      replica_->recall(cluster::StoredRow{key.first, key.second, value});
  }
  for (raft::Index index = log_.base + 1; index <= items_.state.index; ++index) {
    auto header = cluster::decode_log_header(*log_.at(index).data);
    if (header->stamp.micros + cluster::kRequestIdRetentionMicros >= wall_clock())
      replica_->recall(log_.at(index));
  }
  replica_->configure(table_of_run(schema_), wall_clock());
  drain();
  sync_items_later();
}

void Server::crash() {
  if (!alive()) return;
  ++world_.probes.crashes;
  // What was not synced is lost, or some of it is not: the device may have got further than it said.
  size_t kept = world_.random.between(0, static_cast<uint32_t>(log_writes_.size()));
  for (size_t i = 0; i < kept; ++i) disk_.log.write(log_writes_[i]);
  if (kept < log_writes_.size()) ++world_.probes.log_writes_lost;
  size_t applied = world_.random.between(0, static_cast<uint32_t>(disk_.unsynced.size()));
  if (applied < disk_.unsynced.size()) ++world_.probes.applies_lost;
  disk_.lose_unsynced(applied);
  replica_.reset();
  log_writes_.clear();
  log_syncing_ = false;
  apply_at_ = 0;
  clients_.clear();
  outgoing_.clear();
  received_.clear();
  installing_ = false;
  resting_ = false;
  held_.clear();
}

// --- inputs
// -----------------------------------------------------------------------------------------------------------

void Server::tick() {
  if (!alive()) return;
  // A replica that rests is not ticked (actors/node_leaders.cpp): whatever it still waits for must come by
  // itself.
  const bool resting = replica_->resting();
  if (resting && !resting_) ++world_.probes.rests;
  resting_ = resting;
  if (!resting) replica_->tick(wall_clock());
  drain();
}

void Server::lose(uint64_t peer) {
  if (replica_->resting()) ++world_.probes.leaders_missed;
  replica_->peer_connection_lost(model::ReplicaId(peer), wall_clock());
  after_input();
}

void Server::step(const raft::Message& message) {
  if (!alive()) return;
  replica_->step(message, wall_clock());
  after_input();
}

void Server::campaign() {
  if (!alive()) return;
  replica_->campaign(wall_clock());
  after_input();
}

void Server::hand_over(uint64_t to) {
  if (!alive()) return;
  if (replica_->transfer_leadership(model::ReplicaId(to), wall_clock()).ok()) ++world_.probes.transfers;
  after_input();
}

void Server::request(const Attempt& attempt) {
  if (!alive()) return;
  // The way around the replica that the node's port takes (actors/partition_port.h).
  if (attempt.read && replica_->serves_alone()) {
    ++world_.probes.direct_reads;
    later(world_.delay(speed_.load_max), [this, attempt] { read_item(attempt); });
    return;
  }
  cluster::Token token = next_token_++;
  clients_.emplace(token, attempt);
  if (attempt.read) {
    replica_->read(token, wall_clock());
  } else {
    replica_->submit({token, attempt.request, attempt.key, attempt.id}, wall_clock());
  }
  after_input();
}

void Server::after_input() {
  if (world_.random.between(0, 3) != 0) drain();
}

// --- outputs
// ----------------------------------------------------------------------------------------------------------

void Server::drain() {
  if (!alive()) return;
  for (;;) {
    cluster::ReplicaOutputs out = replica_->take_outputs(wall_clock());
    if (out.empty()) break;
    carry_out(std::move(out));
  }
  if (replica_->failure()) {
    throw Violation("server " + std::to_string(id()) + " stopped at index " +
                    std::to_string(replica_->failure()->index) + ": " +
                    std::string(cluster::log_entry_error_text(replica_->failure()->error)));
  }
}

void Server::carry_out(cluster::ReplicaOutputs out) {
  if (out.serving) {
    ++leadership_;
    if (*out.serving) ++world_.probes.leaderships;
  }
  persist(std::move(out.persist));
  for (const raft::Message& message : out.messages) world_.send(message);
  for (cluster::ApplyWork& work : out.apply) {
    const uint64_t now = world_.timeline.now();
    apply_at_ = std::max(apply_at_, now) + world_.delay(speed_.apply_max);
    later(apply_at_ - now, [this, work = std::move(work)] { apply(work); });
  }
  for (const raft::SnapshotClose& close : out.snapshot_closes)
    outgoing_.erase({close.to.value, close.stream});
  for (const raft::SnapshotRequest& request : out.snapshot_requests) send_piece(request);
  if (out.snapshot_abandoned) {
    ++incoming_;
    received_.clear();
  }
  for (const raft::SnapshotPiece& piece : out.snapshot_pieces) store_piece(piece.chunk);
  for (const cluster::RowLoad& wanted : out.loads) load(wanted);
  for (const raft::LogRead& read : out.log_reads) read_log(read);
  for (cluster::Token token : out.reads) {
    Attempt attempt = clients_.at(token);
    clients_.erase(token);
    later(world_.delay(speed_.load_max), [this, attempt] { read_item(attempt); });
  }
  for (const cluster::Answered& answered : out.answers) answer(answered.token, answered.result);
  if (out.cut_log) {
    if (*out.cut_log > disk_.items.state.index)
      throw Violation("the log is cut above what items/ is sure to hold");
    ++world_.probes.cuts;
    LogWrite write;
    write.cut = *out.cut_log;
    log_.write(write);
    log_writes_.push_back(std::move(write));
    begin_log_sync();
  }
}

void Server::answer(cluster::Token token, const api::Result<api::Answer>& result) {
  auto client = clients_.find(token);
  if (client == clients_.end()) throw Violation("a client is answered twice");
  Attempt attempt = std::move(client->second);
  clients_.erase(client);
  world_.answer(attempt.call, attempt.number, result);
}

// --- the log
// ----------------------------------------------------------------------------------------------------------

void Server::persist(std::vector<cluster::PersistWork> works) {
  for (cluster::PersistWork& work : works) {
    if (installing_) {
      held_.push_back(std::move(work));
    } else if (work.install) {
      install(std::move(work));
    } else {
      write_log(std::move(work));
    }
  }
}

void Server::write_log(cluster::PersistWork work) {
  LogWrite write;
  write.persist_id = work.id;
  write.install = std::move(work.install);
  write.hard_state = work.hard_state;
  write.entries = std::move(work.entries);
  log_.write(write);
  for (const raft::Entry& entry : write.entries) check_entry(entry);
  log_writes_.push_back(std::move(write));
  begin_log_sync();
}

void Server::check_entry(const raft::Entry& entry) {
  auto header = cluster::decode_log_header(*entry.data);
  if (!header.ok()) throw Violation("an entry that cannot be read goes to the log");
  if (!log_.holds(entry.index - 1)) return;
  auto before = cluster::decode_log_header(*log_.at(entry.index - 1).data);
  if (header->stamp <= before->stamp)
    throw Violation("a stamp does not rise at index " + std::to_string(entry.index));
  if (header->previous_checksum != before->checksum) {
    throw Violation("the chain is broken at index " + std::to_string(entry.index));
  }
}

// One sync at a time takes everything that waits, as the committer does.
void Server::begin_log_sync() {
  if (log_syncing_ || log_writes_.empty()) return;
  log_syncing_ = true;
  later(world_.delay(speed_.sync_max), [this, writes = log_writes_.size()] { end_log_sync(writes); });
}

void Server::end_log_sync(size_t writes) {
  log_syncing_ = false;
  uint64_t persist_id = 0;
  for (size_t i = 0; i < writes; ++i) {
    disk_.log.write(log_writes_.front());
    persist_id = std::max(persist_id, log_writes_.front().persist_id);
    log_writes_.pop_front();
  }
  begin_log_sync();
  if (persist_id == 0) return;
  later(world_.delay(3), [this, persist_id] {
    replica_->persisted(persist_id, wall_clock());
    after_input();
  });
}

void Server::read_log(const raft::LogRead& read) {
  ++world_.probes.log_reads;
  later(world_.delay(speed_.load_max), [this, read] {
    std::vector<raft::Entry> entries;
    size_t bytes = 0;
    bool busy = world_.chance(60);
    for (raft::Index index = read.first; !busy && index <= read.last && disk_.log.holds(index); ++index) {
      const raft::Entry& entry = disk_.log.at(index);
      bytes += entry.data->size();
      if (!entries.empty() && bytes > read.bytes_max) break;
      entries.push_back(entry);
    }
    replica_->log_loaded(read.id, std::move(entries));
    after_input();
  });
}

// --- items
// ------------------------------------------------------------------------------------------------------------

void Server::apply(cluster::ApplyWork work) {
  raft::Index before = items_.state.index;
  check_items(work, before);
  items_.apply(work);
  disk_.unsynced.push_back({work, nullptr});
  world_.probes.entries += work.state.index - before;
  check_counts();
  world_.agreement.applied(id(), work.state.index, work.state.checksum, hash_of(items_.rows));
  replica_->applied(work.state.index, wall_clock());
  after_input();
}

void Server::check_counts() const {
  const cluster::AppliedState& state = items_.state;
  uint64_t items = 0, bytes = 0;
  for (const auto& [key, value] : items_.rows) {
    if (key.first != model::RowKind::kItem) continue;
    auto record = model::decode_item_record(key.second, value);
    if (!record.ok()) throw Violation("a damaged row in items/");
    ++items;
    bytes += model::size_bytes(record->item);
  }
  if (items != state.items || bytes != state.bytes) {
    throw Violation("server " + std::to_string(id()) + " at index " + std::to_string(state.index) +
                    " counts " + std::to_string(state.items) + " items of " + std::to_string(state.bytes) +
                    " bytes, and holds " + std::to_string(items) + " of " + std::to_string(bytes));
  }
}

void Server::check_items(const cluster::ApplyWork& work, raft::Index before) {
  if (work.state.index <= before) throw Violation("the applied index does not rise");
  if (work.state.stamp <= items_.state.stamp) throw Violation("the applied stamp does not rise");
  std::map<std::string, std::pair<uint64_t, uint16_t>> newest;
  for (const auto& [key, value] : items_.rows) {
    if (key.first != model::RowKind::kItem) continue;
    auto header = model::decode_item_record_header(key.second, value);
    newest[key.second] = {header->version_index, header->version_ordinal};
  }
  for (const cluster::RowWrite& row : work.rows) {
    if (row.kind == model::RowKind::kSchema) ++world_.probes.schemas;
    if (row.kind != model::RowKind::kItem || !row.value) continue;
    auto header = model::decode_item_record_header(row.key, *row.value);
    if (!header.ok()) throw Violation("a row that cannot be read goes to items/");
    if (header->version_index <= before || header->version_index > work.state.index) {
      throw Violation("a row has the version of another entry");
    }
    std::pair version(header->version_index, header->version_ordinal);
    if (version <= newest[row.key]) throw Violation("a row's version does not rise");
    newest[row.key] = version;
  }
}

void Server::sync_items_later() {
  later(world_.delay(speed_.items_sync_max), [this] {
    raft::Index index = items_.state.index;
    later(world_.delay(speed_.sync_max), [this, index] {
      disk_.sync_items(index);
      uint64_t log_bytes = 0;
      for (const raft::Entry& entry : log_.entries) log_bytes += entry.data->size();
      replica_->items_synced(index, wall_clock(), log_bytes);
      after_input();
      sync_items_later();
    });
  });
}

api::StoredItemPtr Server::stored(const std::string& key) const {
  auto row = items_.rows.find({model::RowKind::kItem, key});
  if (row == items_.rows.end()) return nullptr;
  auto record = model::decode_item_record(key, row->second);
  return std::make_shared<api::StoredItem>(
      api::StoredItem{std::move(record->item), record->header.item_bytes});
}

// The row is read at one moment and handed over at a later one.
void Server::load(const cluster::RowLoad& load) {
  STATOR_ASSERT(load.collection.empty(), "the simulated table has no local indexes");
  later(world_.delay(speed_.load_max), [this, load, leadership = leadership_] {
    api::StoredItemPtr row = stored(load.key);
    later(world_.delay(speed_.load_max), [this, load, row = std::move(row), leadership] {
      if (leadership != leadership_) ++world_.probes.late_loads;
      if (world_.chance(speed_.load_fails)) {
        ++world_.probes.failed_loads;
        replica_->row_load_failed(load.key, load.load,
                                  api::service_unavailable("The node's readers are busy", 50).error);
      } else {
        replica_->row_loaded(load.key, load.load, row, wall_clock());
      }
      after_input();
    });
  });
}

void Server::read_item(const Attempt& attempt) {
  const auto& operation = static_cast<const api::ItemOperation&>(*attempt.request->operation);
  api::Evaluation evaluation = operation.evaluate(table_of_run(schema_), RowsView(stored(attempt.key)),
                                                  *attempt.request, model::Stamp{wall_clock()});
  world_.answer(attempt.call, attempt.number, std::get<api::Answer>(std::move(evaluation)));
}

}  // namespace stator::replica_simulation
