// A Replica with a disk of its own, carried by hand: its work waits in queues until the test says that it is
// done, so that a test decides what is slow, what comes first and what a crash loses.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "cluster/item_machine.h"
#include "cluster/metadata_machine.h"
#include "cluster/replica.h"
#include "model/collection_size.h"
#include "model/item_record.h"
#include "model/table_record.h"
#include "tests/unit/cluster/cluster_testing.h"
#include "tests/unit/cluster/snapshot_bytes.h"

namespace stator::cluster {

class Carrier {
 public:
  // Makes the state machine from the rows that the disk holds.
  using MakeMachine = std::function<std::unique_ptr<StateMachine>(const Rows&)>;

  static std::unique_ptr<StateMachine> item_machine(const Rows& rows) {
    auto row = rows.find({model::RowKind::kSchema, ""});
    if (row == rows.end()) return std::make_unique<ItemMachine>(std::nullopt);
    return std::make_unique<ItemMachine>(*model::decode_table_record(row->second));
  }

  explicit Carrier(uint64_t self = 1, std::vector<uint64_t> members = {1}, MakeMachine make = item_machine)
      : make_(std::move(make)) {
    config.partition = model::PartitionId(3);
    config.table = model::TableId(7);
    config.raft.self = model::ReplicaId(self);
    config.raft.seed = self;
    config.raft.election_ticks_min = 10;
    config.raft.election_ticks_max = 20;
    config.raft.heartbeat_ticks = 2;
    for (uint64_t member : members) state.membership.voters.push_back(model::ReplicaId(member));
  }

  // Opens the replica from what the disk holds; what was under way is lost.
  void start() {
    replica.reset();
    persists.clear(), applies.clear(), loads.clear(), log_reads.clear(), messages.clear(), reads.clear();
    outgoing.clear(), snapshot_requests.clear(), pieces.clear(), received.clear();
    // A crash between the two writes of an install (raft/node.h, InitialState::applied).
    if (log_end() < state.index || (state.index > log_base && entry(state.index).term != state.term))
      reset_log(state.index, state.term);
    raft::InitialState initial;
    initial.hard_state = hard_state;
    initial.compacted_index = log_base;
    initial.compacted_term = log_base_term;
    initial.last_index = log_end();
    initial.applied = state.index;
    initial.membership = state.membership;
    for (const raft::Entry& entry : log) {
      if (initial.terms.empty() || initial.terms.back().term != entry.term)
        initial.terms.push_back({entry.index, entry.term});
    }
    initial.tail.assign(log.begin() + static_cast<ptrdiff_t>(state.index - log_base), log.end());
    for (const raft::Entry& entry : initial.tail) {
      if (entry.kind == raft::EntryKind::kMembership) initial.memberships.push_back(entry);
    }
    replica = std::make_unique<Replica>(config, std::move(initial), state, make_(rows));
    for (const auto& [key, value] : rows) {
      if (key.first == model::RowKind::kRequest) replica->recall(StoredRow{key.first, key.second, value});
    }
    for (raft::Index i = log_base + 1; i <= state.index; ++i) replica->recall(entry(i));
    take();
  }

  // The only voter, leading, with the table known.
  void lead(const model::Table& table = test_table()) {
    if (!replica) start();
    replica->campaign(now);
    settle();
    replica->configure(table, now);
    settle();
    EXPECT_TRUE(replica->serving());
  }

  // Gathers what the replica asks for.
  void take() {
    ReplicaOutputs out = replica->take_outputs(now);
    move_to(persists, out.persist);
    move_to(applies, out.apply);
    move_to(loads, out.loads);
    move_to(log_reads, out.log_reads);
    move_to(messages, out.messages);
    move_to(reads, out.reads);
    if (out.cut_log) cut_log = out.cut_log;
    for (const raft::SnapshotClose& close : out.snapshot_closes) outgoing.erase({close.to, close.stream});
    move_to(snapshot_requests, out.snapshot_requests);
    if (out.snapshot_abandoned) {
      pieces.clear();
      received.clear();
      ++abandoned;
    }
    move_to(pieces, out.snapshot_pieces);
    for (Answered& answered : out.answers) {
      EXPECT_FALSE(answers.contains(answered.token)) << "token " << answered.token << " is answered twice";
      answers.emplace(answered.token, std::move(answered.result));
    }
  }

  // The oldest write of log/ is synced.
  void sync_one() {
    PersistWork work = std::move(persists.front());
    persists.pop_front();
    if (work.install) {
      install_items(*work.install);
      reset_log(work.install->index, work.install->term);
    }
    if (work.hard_state) hard_state = *work.hard_state;
    if (!work.entries.empty()) {
      log.resize(work.entries.front().index - 1 - log_base);
      for (raft::Entry& entry : work.entries) log.push_back(std::move(entry));
    }
    replica->persisted(work.id, now);
    take();
  }
  void sync() {
    while (!persists.empty()) sync_one();
  }
  // The oldest batch of rows is in items/.
  void apply_one() {
    ApplyWork work = std::move(applies.front());
    applies.pop_front();
    for (RowWrite& row : work.rows) {
      if (row.value) {
        rows[{row.kind, row.key}] = std::move(*row.value);
      } else {
        rows.erase({row.kind, row.key});
      }
    }
    state = work.state;
    replica->applied(state.index, now);
    take();
  }
  void apply() {
    while (!applies.empty()) apply_one();
  }
  // The first half of an install: the snapshot's rows and its state are in items/.
  void install_items(const raft::SnapshotMeta& meta) {
    auto whole = decode_snapshot(received);
    ASSERT_TRUE(whole.has_value());
    EXPECT_TRUE(applies.empty()) << "nothing is being applied during an install";
    rows = std::move(whole->rows);
    state = std::move(whole->state);
    state.membership = meta.membership;
    received.clear();
    ++installs;
  }
  void reset_log(raft::Index index, raft::Term term) {
    log.clear();
    log_base = index;
    log_base_term = term;
    hard_state.term = std::max(hard_state.term, term);
  }
  raft::Index log_end() const { return log_base + log.size(); }
  const raft::Entry& entry(raft::Index index) const { return log[index - log_base - 1]; }

  // Leader: the next piece that a follower was promised.
  void send_piece() {
    raft::SnapshotRequest request = snapshot_requests.front();
    snapshot_requests.pop_front();
    auto [it, fresh] = outgoing.try_emplace({request.to, request.stream});
    Outgoing& out = it->second;
    if (fresh) {
      out.meta = {state.index, state.term, state.membership};
      out.bytes = encode_snapshot(state, rows, replica->request_rows(state.index));
    }
    const size_t size = std::min(piece_bytes, out.bytes.size() - request.offset);
    const bool done = request.offset + size == out.bytes.size();
    replica->snapshot_chunk(request.to, request.stream, out.meta, request.offset, done,
                            std::make_shared<const std::string>(out.bytes.substr(request.offset, size)), now);
    take();
  }
  // Follower: the next piece is written.
  void store_piece() {
    raft::SnapshotChunk chunk = std::move(pieces.front().chunk);
    pieces.pop_front();
    if (chunk.offset == 0) received.clear();
    received += *chunk.data;
    std::optional<SnapshotState> whole;
    if (chunk.done) {
      auto decoded = decode_snapshot(received);
      if (!decoded) {
        replica->snapshot_refused(chunk.stream, now);
        return take();
      }
      whole = snapshot_state(*decoded, replica->snapshot_kinds());
    }
    replica->snapshot_stored(chunk.stream, chunk.offset, std::move(whole), now);
    take();
  }

  // What a reader finds under the key now.
  api::StoredItemPtr stored(const std::string& key) const {
    auto row = rows.find({model::RowKind::kItem, key});
    if (row == rows.end()) return nullptr;
    auto record = model::decode_item_record(key, row->second);
    EXPECT_TRUE(record.ok());
    return std::make_shared<api::StoredItem>(
        api::StoredItem{std::move(record->item), record->header.item_bytes});
  }
  // The size of an item collection as a reader finds it: its row, or a count where there is none.
  uint64_t collection_bytes(const std::string& collection) const {
    auto row = rows.find({model::RowKind::kCollectionSize, collection});
    if (row == rows.end()) return count_collection(collection);
    auto bytes = model::decode_collection_size(collection, row->second);
    EXPECT_TRUE(bytes.has_value());
    return bytes.value_or(0);
  }
  // Of the items and the entries in local indexes that lie there now.
  uint64_t count_collection(const std::string& collection) const {
    uint64_t bytes = 0;
    for (const auto& [key, value] : rows) {
      if (key.first != model::RowKind::kItem && key.first != model::RowKind::kLocalIndex) continue;
      if (!key.second.starts_with(collection)) continue;
      auto header = model::decode_item_record_header(key.second, value);
      EXPECT_TRUE(header.ok());
      bytes += header->item_bytes;
    }
    return bytes;
  }
  void load_one() {
    RowLoad load = std::move(loads.front());
    loads.pop_front();
    const uint64_t bytes = load.collection.empty() ? 0 : collection_bytes(load.collection);
    replica->row_loaded(load.key, load.load, stored(load.key), now, bytes);
    take();
  }
  // Carries out everything, in the usual order, until there is nothing more.
  void settle() {
    take();
    while (!persists.empty() || !applies.empty() || !loads.empty() || !snapshot_requests.empty() ||
           !pieces.empty()) {
      sync();
      apply();
      while (!loads.empty()) load_one();
      while (!snapshot_requests.empty()) send_piece();
      while (!pieces.empty()) store_piece();
    }
  }

  // A leader says that it is there.
  void tick_heartbeat() {
    for (uint32_t i = 0; i < config.raft.heartbeat_ticks; ++i) replica->tick(now);
    take();
  }

  Token submit(std::string_view operation, const std::string& json,
               std::optional<RequestId> id = std::nullopt) {
    return submit(item_command(0, operation, json, id));
  }
  Token submit(Command command) {
    command.token = ++last_token;
    replica->submit(std::move(command), now);
    return last_token;
  }
  Token read() {
    replica->read(++last_token, now);
    return last_token;
  }
  bool answered(Token token) const { return answers.contains(token); }
  std::string answer(Token token) const { return answered(token) ? text_of(answers.at(token)) : "none"; }
  // "v=... n=..." of the item, or "absent".
  std::string item(std::string_view name) const {
    api::StoredItemPtr item = stored(key_of(name));
    if (!item) return "absent";
    return text_of(api::Answer(api::ItemAnswer{std::shared_ptr<const model::Item>(item, &item->item), {}}))
        .substr(3);
  }

  ReplicaConfig config;
  uint64_t now = kNow;
  std::unique_ptr<Replica> replica;

  // What the disk holds, all of it synced.
  raft::HardState hard_state;
  std::vector<raft::Entry> log;  // log[i]: index log_base + i + 1
  raft::Index log_base = 0;
  raft::Term log_base_term = 0;
  AppliedState state;
  Rows rows;

  // What was asked for and is not done.
  std::deque<PersistWork> persists;
  std::deque<ApplyWork> applies;
  std::deque<RowLoad> loads;
  std::deque<raft::LogRead> log_reads;
  std::deque<raft::Message> messages;
  std::deque<Token> reads;
  std::deque<raft::SnapshotRequest> snapshot_requests;
  std::deque<raft::SnapshotPiece> pieces;

  // Snapshots under way.
  struct Outgoing {
    raft::SnapshotMeta meta;
    std::string bytes;
  };
  std::map<std::pair<model::ReplicaId, uint64_t>, Outgoing> outgoing;  // by receiver and stream
  std::string received;
  size_t piece_bytes = 300;
  int installs = 0;
  int abandoned = 0;

  std::map<Token, api::Result<api::Answer>> answers;
  std::optional<raft::Index> cut_log;
  Token last_token = 0;

 private:
  template <class To, class From>
  static void move_to(To& to, From& from) {
    for (auto& element : from) to.push_back(std::move(element));
  }

  MakeMachine make_;
};

class CarrierTest : public ::testing::Test {
 protected:
  ItemMachine& machine() { return static_cast<ItemMachine&>(c.replica->machine()); }
  Carrier c;  // the only voter of a table's partition
};

}  // namespace stator::cluster
