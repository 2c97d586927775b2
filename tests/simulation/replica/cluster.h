// A simulated cluster of servers and clients, the network between them and what goes wrong, all drawn from
// one seed. First a phase with faults; then everything heals, and all calls must be answered. At the end the
// history is checked:
//
//   linearizable   each item's operations could have come from one copy of it (linearizability.h)
//   exactly once   on the item that is only appended to: what was acknowledged is in it once, what is unknown
//   at most once,
//                  and the counter is the sum of what is in it
//   equal          all servers hold the same rows
//
// beside what each server checks as it goes (server.h).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/replica/client.h"
#include "tests/simulation/replica/server.h"

namespace stator::replica_simulation {

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
    uint32_t power_cut = 0;
    uint32_t block = 0;
    uint32_t mute = 0;
    uint32_t mend = 30;  // blocks end
    uint32_t slow = 0;
    uint32_t transfer = 0;
    uint32_t absence = 0;
    uint32_t skew = 0;
    uint32_t schema = 0;
  };

  Server& any() { return *servers_[world_.random.between(0, static_cast<uint32_t>(servers_.size() - 1))]; }
  Server* find(uint64_t id) { return id >= 1 && id <= servers_.size() ? servers_[id - 1].get() : nullptr; }
  Server& victim();
  bool is_deposed(Server& server);
  void promote(uint64_t server);
  void promote_later(uint64_t server);
  void repeat_calls(uint64_t server);
  void draw_faults();
  cluster::ReplicaConfig draw_config();
  void add_servers();
  void add_clients();

  void deliver(const raft::Message& message);
  void send_attempt(uint64_t server, const Attempt& attempt, uint64_t delay);
  void answer(uint64_t call, uint64_t attempt, const api::Result<api::Answer>& result);
  void trace(uint64_t word) { probes_.trace = (probes_.trace ^ word) * 0x100000001B3ULL; }

  void tick(Server& server);
  bool connected(uint64_t a, uint64_t b) const;
  void watch_connections(Server& server);
  void turn();
  void block();
  void mute();
  void leave();
  void heal();
  void run_until(uint64_t end);
  void converge();
  std::string describe() const;
  void check_histories();
  void check_exactly_once() const;

  raft::Random random_;
  Timeline timeline_;
  Probes probes_;
  Agreement agreement_;
  World world_;
  Faults faults_;
  bool turning_ = true;
  uint32_t schema_ = 1;
  uint64_t absent_ = 0;         // 0: nobody
  uint64_t link_patience_ = 0;  // ticks of silence after which a connection counts as broken
  // How this run was drawn: no call has a request id, so that nothing but other members keeps the log; rows are
  // loaded so slowly, and leaders change so often, that many loads come into another leadership.
  bool requests_keep_no_log_ = false;
  bool loads_outlast_leaders_ = false;
  std::map<uint64_t, uint64_t>
      silences_;  // by server: ticks without a connection to the leader that it follows
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Call> calls_;
  std::vector<size_t> client_of_;                             // by call
  std::set<std::pair<uint64_t, uint64_t>> blocked_;           // from, to
  std::map<std::pair<uint64_t, uint64_t>, uint32_t> slowed_;  // from, to: every message is so late
};

}  // namespace stator::replica_simulation
