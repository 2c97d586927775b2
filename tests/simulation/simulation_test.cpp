// Goal: whole clusters of the shipped Raft core survive crashes, partitions and a bad network without
// breaking Raft's promises (checker.h lists them), and make progress once those end. Every run is drawn from
// a seed:
//
//   STATOR_SIM_RUNS=n   so many runs (default 300)
//   STATOR_SEED=s       begin with this seed; with STATOR_SIM_RUNS unset, run it alone
//
// A failure prints the command that replays it.
#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "cluster.h"
#include "seeds.h"

namespace stator::simulation {
namespace {

constexpr uint64_t kRunsDefault = 300;

TEST(Simulation, KeepsRaftsPromisesAndConverges) {
  const auto [first, runs] = Seeds::of_environment(kRunsDefault);
  ReplayCommand replay("stator_simulation", "Simulation.KeepsRaftsPromisesAndConverges");
  Probes all;
  for (uint64_t seed = first; seed < first + runs; ++seed) {
    const char* command = replay.set(seed);
    Cluster cluster(seed);
    try {
      cluster.run();
    } catch (const Violation& violation) {
      FAIL() << "seed " << seed << ": " << violation.what() << "\n" << command;
    }
    all.add(cluster.probes());
  }
  std::printf(
      "seeds %llu to %llu: %llu messages, %llu elections, %llu applied, %llu reads (%llu dropped), %llu "
      "crashes (%llu lost "
      "writes, %llu tore an install), %llu truncations, %llu snapshots (%llu abandoned), %llu + %llu log "
      "reads, "
      "%llu memberships, %llu transfers, %llu refusals\n",
      static_cast<unsigned long long>(first), static_cast<unsigned long long>(first + runs - 1),
      static_cast<unsigned long long>(all.messages), static_cast<unsigned long long>(all.elections),
      static_cast<unsigned long long>(all.commits), static_cast<unsigned long long>(all.reads),
      static_cast<unsigned long long>(all.reads_dropped), static_cast<unsigned long long>(all.crashes),
      static_cast<unsigned long long>(all.writes_lost), static_cast<unsigned long long>(all.torn_installs),
      static_cast<unsigned long long>(all.truncations),
      static_cast<unsigned long long>(all.snapshots_installed),
      static_cast<unsigned long long>(all.snapshots_abandoned),
      static_cast<unsigned long long>(all.apply_reads), static_cast<unsigned long long>(all.peer_reads),
      static_cast<unsigned long long>(all.memberships), static_cast<unsigned long long>(all.transfers),
      static_cast<unsigned long long>(all.refused_full));
  if (runs < kRunsDefault) return;
  // Faults that are never reached test nothing.
  EXPECT_GT(all.reads, runs);
  EXPECT_GT(all.reads_dropped, 0u);
  EXPECT_GT(all.writes_lost, runs / 10);
  EXPECT_GT(all.torn_installs, 0u);
  EXPECT_GT(all.truncations, runs / 10);
  EXPECT_GT(all.snapshots_installed, runs / 10);
  EXPECT_GT(all.snapshots_abandoned, 0u);
  EXPECT_GT(all.apply_reads, 0u);
  EXPECT_GT(all.peer_reads, 0u);
  EXPECT_GT(all.memberships, runs / 10);
  EXPECT_GT(all.transfers, 0u);
  EXPECT_GT(all.refused_full, 0u);
}

TEST(Simulation, EqualSeedsGiveEqualRuns) {
  for (uint64_t seed : {7, 8, 9}) {
    Cluster one(seed);
    Cluster other(seed);
    one.run();
    other.run();
    EXPECT_EQ(one.probes().trace, other.probes().trace);
    EXPECT_EQ(one.probes().messages, other.probes().messages);
  }
}

}  // namespace
}  // namespace stator::simulation
