// A simulated cluster: replicas, the network between them, faults and a workload, all drawn from one seed.
// First a phase with faults, where only safety is asked for; then everything heals, and the cluster must make
// progress.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "replica.h"

namespace stator::simulation {

class Cluster {
 public:
  explicit Cluster(uint64_t seed);

  // Throws Violation.
  void run();
  const Probes& probes() const { return probes_; }

 private:
  // Which faults a run has, and how often: drawn anew for each, so that some runs have one kind alone.
  struct Faults {
    uint32_t loss = 0;       // of 1,000 messages
    uint32_t duplicate = 0;  // of 1,000 messages
    uint32_t delay_max = 10;
    uint32_t crash = 0;  // of 1,000 turns, as all below
    uint32_t block = 0;
    uint32_t regicide =
        0;  // the leader crashes or is cut off: terms short enough to leave entries uncommitted
    uint32_t change = 0;
    uint32_t transfer = 0;
    uint32_t compact = 0;
  };

  bool chance(uint32_t of_1000) { return random_.between(1, 1000) <= of_1000; }
  Replica& any() { return *replicas_[random_.between(0, static_cast<uint32_t>(replicas_.size() - 1))]; }
  Replica* find(ReplicaId id);
  Replica* leader();

  void draw_faults();
  void add_replica(uint64_t id, const raft::Config& shape, Membership initial);
  void deliver(const Message& message);
  void tick(Replica& replica);
  void turn();
  void crash(Replica& victim);
  void work();
  void block();
  void change_membership(raft::Node& node);
  void heal();
  void run_until(uint64_t end);
  void converge();

  raft::Random random_;
  Timeline timeline_;
  Checker checker_;
  Probes probes_;
  World world_;
  Faults faults_;
  bool turning_ = true;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::set<std::pair<ReplicaId, ReplicaId>> blocked_;  // from, to
  std::set<ReplicaId> removed_;                        // ids are never used again
  uint64_t next_read_ = 1;
  uint64_t next_write_ = 1;
};

}  // namespace stator::simulation
