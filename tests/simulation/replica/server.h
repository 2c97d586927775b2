// One simulated server: the shipped cluster::Replica with a disk, readers and clients that wait. It carries
// out what the replica asks for as the node's threads do, but everything takes time, and a crash loses what
// is under way. After every batch of rows it checks:
//
//   counts     item count and bytes of the state are those of a recount
//   versions   a row's version is of the entries being applied, and above the one before
//   agreement  all servers that reach an index hold the same rows and entries there (world.h)
//
// and of every entry that goes to the log: its stamp is above the one before, and its chain is whole.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/item_machine.h"
#include "tests/simulation/replica/disk.h"
#include "tests/simulation/replica/world.h"

namespace stator::replica_simulation {

// Of the run's one table.
model::Table table_of_run(uint32_t schema_version);

// One attempt of a client's call.
struct Attempt {
  uint64_t call = 0;
  uint64_t number = 0;
  api::RequestPtr request;
  std::string key;
  std::optional<cluster::RequestId> id;
  bool read = false;
};

class Server {
 public:
  // Slowness, in units of time.
  struct Speed {
    uint32_t sync_max = 10;
    uint32_t apply_max = 10;
    uint32_t load_max = 10;
    uint32_t items_sync_max = 400;  // between syncs of items/
    uint32_t load_fails = 0;        // of 1,000
  };

  Server(World& world, cluster::ReplicaConfig config, Speed speed, raft::Membership members);

  uint64_t id() const { return config_.raft.self.value; }
  bool alive() const { return replica_ != nullptr; }
  bool serving() const { return alive() && replica_->serving(); }
  cluster::Replica& replica() { return *replica_; }
  const Items& items() const { return items_; }
  const Disk& disk() const { return disk_; }
  void set_speed(Speed speed) { speed_ = speed; }
  // Of its wall clock, against the run's time.
  void set_skew(int64_t micros) { skew_micros_ = micros; }
  // Group 0 says what the table should be.
  void set_schema(uint32_t version);

  void start();
  void crash();
  void tick();
  // The connection to the server `peer` broke.
  void lose(uint64_t peer);
  void step(const raft::Message& message);
  void campaign();
  // Its leadership, to the server `to`.
  void hand_over(uint64_t to);
  void request(const Attempt& attempt);

 private:
  // Later, unless the server crashes before.
  template <class Event>
  void later(uint64_t delay, Event event) {
    world_.timeline.after(delay, [this, boot = boot_, event = std::move(event)] {
      if (boot == boot_ && alive()) event();
    });
  }
  uint64_t wall_clock() const;

  // After an input; sometimes later, so that inputs pile up.
  void after_input();
  void drain();
  void carry_out(cluster::ReplicaOutputs out);
  void persist(std::vector<cluster::PersistWork> works);
  void write_log(cluster::PersistWork work);
  void begin_log_sync();
  void end_log_sync(size_t writes);
  void check_entry(const raft::Entry& entry);
  void apply(cluster::ApplyWork work);
  void check_items(const cluster::ApplyWork& work, raft::Index before);
  void sync_items_later();
  void load(const cluster::RowLoad& load);
  void read_log(const raft::LogRead& read);
  void read_item(const Attempt& attempt);
  void answer(cluster::Token token, const api::Result<api::Answer>& result);
  void check_counts() const;
  api::StoredItemPtr stored(const std::string& key) const;

  // Snapshots (server_snapshots.cpp).
  void send_piece(const raft::SnapshotRequest& request);
  void store_piece(const raft::SnapshotChunk& chunk);
  void install(cluster::PersistWork work);

  World& world_;
  cluster::ReplicaConfig config_;
  Speed speed_;
  int64_t skew_micros_ = 0;
  uint32_t schema_ = 1;
  Disk disk_;
  uint64_t boot_ = 0;

  // Lost in a crash.
  std::unique_ptr<cluster::Replica> replica_;
  Log log_;      // as handed out
  Items items_;  // as written
  std::deque<LogWrite> log_writes_;
  bool log_syncing_ = false;
  uint64_t apply_at_ = 0;  // batches of rows are written in order: when the last one is
  std::unordered_map<cluster::Token, Attempt> clients_;
  cluster::Token next_token_ = 1;
  bool resting_ = false;
  uint64_t leadership_ = 0;  // counts them: a load of an earlier one is late

  struct Outgoing {
    raft::SnapshotMeta meta;
    std::string bytes;
    size_t piece_bytes = 0;
  };
  std::map<std::pair<uint64_t, uint64_t>, Outgoing> outgoing_;  // by receiver and stream
  std::string received_;                                        // pieces so far
  uint64_t incoming_ = 0;                                       // counts what was begun and given up
  bool installing_ = false;
  std::deque<cluster::PersistWork> held_;  // behind the install
};

}  // namespace stator::replica_simulation
