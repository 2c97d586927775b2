// What the parts of a run share: time, chance, counters of what happened, and the checks that look at every
// server at once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "api/answer.h"
#include "cluster/replica.h"
#include "raft/random.h"
#include "tests/simulation/seeds.h"
#include "tests/simulation/timeline.h"

namespace stator::replica_simulation {

using simulation::Timeline;
using simulation::Violation;

// Rare paths that a run went through: the test asserts that they were reached at all.
struct Probes {
  uint64_t leaderships = 0;
  uint64_t entries = 0;
  uint64_t answered = 0;
  uint64_t failed_conditions = 0;
  uint64_t reads = 0;
  uint64_t direct_reads = 0;
  uint64_t refused = 0;
  uint64_t outcomes_unknown = 0;  // as a replica said
  uint64_t calls_unknown = 0;     // as the client is left
  uint64_t retried = 0;           // calls that took several attempts
  uint64_t late_duplicates = 0;
  uint64_t failed_loads = 0;
  uint64_t late_loads = 0;  // for a leadership that is over
  uint64_t crashes = 0;
  uint64_t power_cuts = 0;
  uint64_t log_writes_lost = 0;
  uint64_t applies_lost = 0;
  uint64_t log_reads = 0;
  uint64_t cuts = 0;
  uint64_t schemas = 0;
  uint64_t snapshots = 0;  // installed
  uint64_t snapshots_with_requests = 0;
  uint64_t snapshots_refused = 0;  // damaged on the way
  uint64_t torn_installs = 0;      // a crash between the two databases
  uint64_t rests = 0;              // of a server, each time it needs no ticks any more
  uint64_t leaders_missed = 0;     // followers that rested when the connection to their leader broke
  uint64_t transfers = 0;          // of a leadership, begun
  uint64_t deposed_asked = 0;      // attempts at a leader while a newer one serves already
  uint64_t undecided = 0;          // histories that were too much for the checker
  uint64_t trace = 0;              // a hash over all that was sent and answered: equal for equal runs

  void add(const Probes& other);
};

// What a client is told, by the call that it made.
using AnswerCall =
    std::function<void(uint64_t call, uint64_t attempt, const api::Result<api::Answer>& result)>;

// All servers hold the same at the same index.
class Agreement {
 public:
  void applied(uint64_t server, raft::Index index, uint64_t checksum, uint64_t rows_hash) {
    auto [known, is_new] = states_.try_emplace(index, State{server, checksum, rows_hash});
    if (is_new) return;
    if (known->second.checksum != checksum) {
      throw Violation(describe(server, known->second.server, index) + " applied different entries");
    }
    if (known->second.rows_hash != rows_hash) {
      throw Violation(describe(server, known->second.server, index) + " hold different rows");
    }
  }

 private:
  struct State {
    uint64_t server;
    uint64_t checksum;
    uint64_t rows_hash;
  };
  static std::string describe(uint64_t one, uint64_t other, raft::Index index) {
    return "servers " + std::to_string(one) + " and " + std::to_string(other) + " at index " +
           std::to_string(index);
  }
  std::map<raft::Index, State> states_;
};

// The wall clock at time 0, in microseconds.
inline constexpr uint64_t kWallClockStart = 1'700'000'000'000'000;

struct World {
  Timeline& timeline;
  raft::Random& random;
  Probes& probes;
  Agreement& agreement;
  std::function<void(const raft::Message&)> send;
  AnswerCall answer;
  std::function<void(uint64_t server)> installed;  // it has a snapshot's state and log
  // Microseconds of wall clock a unit of time. Where units are long, a run outlasts what is remembered of
  // requests.
  uint64_t unit_micros = 1'000;

  bool faulty = true;  // until the end of a run's faults

  uint64_t wall_clock() const { return kWallClockStart + timeline.now() * unit_micros; }
  bool chance(uint32_t of_1000) { return random.between(1, 1000) <= of_1000; }
  uint64_t delay(uint32_t max) { return random.between(1, std::max(1u, max)); }
};

}  // namespace stator::replica_simulation
