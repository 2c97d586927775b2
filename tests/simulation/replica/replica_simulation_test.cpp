// Goal: clusters of the shipped cluster::Replica keep their promises to clients through crashes that lose
// what was not synced, partitions, slow disks and retries, and answer everybody once that ends. What is
// checked: cluster.h, server.h. Every run is drawn from a seed:
//
//   STATOR_SIM_RUNS=n   so many runs (default 300)
//   STATOR_SEED=s       begin with this seed; with STATOR_SIM_RUNS unset, run it alone
//
// A failure prints the command that replays it.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/simulation/replica/cluster.h"

namespace stator::replica_simulation {
namespace {

constexpr uint64_t kRunsDefault = 300;

void print(const Probes& all) {
  const auto n = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%llu leaderships, %llu entries, %llu calls answered (%llu failed conditions, %llu reads, %llu of them "
      "direct), ",
      n(all.leaderships), n(all.entries), n(all.answered), n(all.failed_conditions), n(all.reads),
      n(all.direct_reads));
  std::printf(
      "%llu retried, %llu asked a deposed leader, %llu refusals, %llu unknown, %llu late duplicates, ",
      n(all.retried), n(all.deposed_asked), n(all.refused), n(all.calls_unknown), n(all.late_duplicates));
  std::printf(
      "%llu loads failed, %llu came late, %llu crashes and %llu power cuts (%llu lost log writes, %llu lost "
      "applies), ",
      n(all.failed_loads), n(all.late_loads), n(all.crashes), n(all.power_cuts), n(all.log_writes_lost),
      n(all.applies_lost));
  std::printf(
      "%llu log reads, %llu cuts, %llu snapshots (%llu with requests, %llu refused, %llu torn installs), ",
      n(all.log_reads), n(all.cuts), n(all.snapshots), n(all.snapshots_with_requests),
      n(all.snapshots_refused), n(all.torn_installs));
  std::printf("%llu rests, %llu leaders missed in one, %llu schemas, %llu transfers, %llu histories undecided\n",
              n(all.rests), n(all.leaders_missed), n(all.schemas), n(all.transfers), n(all.undecided));
}

TEST(ReplicaSimulation, KeepsItsPromisesToClients) {
  const auto [first, runs] = simulation::Seeds::of_environment(kRunsDefault);
  simulation::ReplayCommand replay("simulation_replica", "ReplicaSimulation.KeepsItsPromisesToClients");
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
  print(all);
  if (runs < kRunsDefault) return;
  // Faults that are never reached test nothing.
  EXPECT_GT(all.leaderships, 2 * runs);
  EXPECT_GT(all.answered, 50 * runs);
  EXPECT_GT(all.failed_conditions, runs);
  EXPECT_GT(all.reads, runs);
  EXPECT_GT(all.direct_reads, runs / 10);
  EXPECT_GT(all.retried, runs);
  EXPECT_GT(all.calls_unknown, runs / 10);
  EXPECT_GT(all.late_duplicates, runs / 10);
  EXPECT_GT(all.failed_loads, runs / 10);
  EXPECT_GT(all.deposed_asked, runs / 2);
  EXPECT_GT(all.late_loads, 0u);
  EXPECT_GT(all.power_cuts, runs / 10);
  EXPECT_GT(all.log_writes_lost, runs / 10);
  EXPECT_GT(all.applies_lost, runs / 10);
  EXPECT_GT(all.log_reads, runs / 10);
  EXPECT_GT(all.cuts, runs / 10);
  EXPECT_GT(all.schemas, runs);
  EXPECT_GT(all.transfers, runs / 3);
  EXPECT_GT(all.snapshots, runs / 10);
  EXPECT_GT(all.snapshots_with_requests, runs / 100);
  EXPECT_GT(all.snapshots_refused, 0u);
  EXPECT_GT(all.torn_installs, 0u);
  EXPECT_GT(all.rests, runs);
  EXPECT_GT(all.leaders_missed, runs / 30);
  EXPECT_LE(all.undecided, runs / 20);
}

TEST(ReplicaSimulation, EqualSeedsGiveEqualRuns) {
  for (uint64_t seed : {7, 8, 9}) {
    Cluster one(seed);
    Cluster other(seed);
    one.run();
    other.run();
    EXPECT_EQ(one.probes().trace, other.probes().trace);
    EXPECT_EQ(one.probes().entries, other.probes().entries);
  }
}

}  // namespace
}  // namespace stator::replica_simulation
