// One simulated replica: the shipped raft::Node with a disk, a state machine and whatever carries out its
// Readys. Everything takes time; a crash loses what is under way.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checker.h"
#include "raft/random.h"
#include "timeline.h"

namespace stator::simulation {

// Rare paths that a run went through: a test asserts that they were reached at all.
struct Probes {
  uint64_t elections = 0;
  uint64_t commits = 0;
  uint64_t reads = 0;
  uint64_t reads_dropped = 0;
  uint64_t crashes = 0;
  uint64_t writes_lost = 0;
  uint64_t torn_installs = 0;
  uint64_t truncations = 0;
  uint64_t snapshots_installed = 0;
  uint64_t snapshots_abandoned = 0;
  uint64_t apply_reads = 0;
  uint64_t peer_reads = 0;
  uint64_t memberships = 0;
  uint64_t transfers = 0;
  uint64_t refused_full = 0;
  uint64_t messages = 0;
  uint64_t trace = 0;  // a hash over all that was sent: equal for equal runs

  void add(const Probes& other);
};

// What a replica needs of the world.
struct World {
  Timeline& timeline;
  raft::Random& random;
  Checker& checker;
  Probes& probes;
  std::function<void(const Message&)> send;
  std::function<std::map<ReplicaId, const Disk*>()> disks;
};

class Replica {
 public:
  // Slowness of the disk and of applying, in units of time.
  struct Speed {
    uint32_t sync_max = 20;
    uint32_t apply_max = 20;
  };

  Replica(World& world, raft::Config config, Speed speed, Membership initial);

  ReplicaId id() const { return config_.self; }
  bool alive() const { return node_.has_value(); }
  raft::Node& node() { return *node_; }
  // A snapshot is on its way to the disk.
  bool installing() const {
    return std::any_of(writes_.begin(), writes_.end(),
                       [](const Write& write) { return write.snapshot.has_value(); });
  }
  const Disk& disk() const { return disk_; }
  const Machine& machine() const { return machine_; }

  void set_speed(Speed speed) { speed_ = speed; }

  void start();
  void crash();
  // Gives the node an input and carries out what comes of it; sometimes later, so that inputs pile up.
  template <class Input>
  void input(Input give) {
    if (!alive()) return;
    give(*node_);
    after_input();
  }
  void drain();
  // Syncs the items and cuts the log below what they cover, keeping `keep` entries.
  void compact(Index keep);

 private:
  // Later, unless the replica crashes before.
  template <class Event>
  void later(uint64_t delay, Event event) {
    world_.timeline.after(delay, [this, boot = boot_, event = std::move(event)] {
      if (boot == boot_ && alive()) event();
    });
  }
  uint64_t random_delay(uint32_t max) { return world_.random.between(1, std::max(1u, max)); }

  View view() const { return {config_.self, &*node_, &log_, &disk_}; }
  void after_input();
  void carry_out(raft::Ready ready);
  void persist(raft::Ready& ready);
  void begin_sync();
  void end_sync(size_t writes);
  void apply_later(std::vector<Entry> entries);
  void load_later(const raft::LogRead& read);
  void send_piece(const raft::SnapshotRequest& request);
  void store_piece(const raft::SnapshotPiece& piece);

  World& world_;
  raft::Config config_;
  Speed speed_;
  Disk disk_;
  uint64_t boot_ = 0;

  // Lost in a crash.
  std::optional<raft::Node> node_;
  StoredLog log_;  // as handed out
  Machine machine_;
  std::deque<Write> writes_;
  bool syncing_ = false;
  uint64_t apply_at_ = 0;  // applying is in order: the time when the last batch is done
  std::map<ReplicaId, std::pair<uint64_t, std::pair<SnapshotMeta, std::string>>> streams_;
  std::string received_;  // the snapshot that comes in
};

}  // namespace stator::simulation
