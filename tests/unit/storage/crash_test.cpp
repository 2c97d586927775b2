// Goal: a store that dies at any write, sync or change of a directory, or whose disk fails or fills up there,
// loses nothing that it acknowledged and shows nothing that it did not write: at every operation number of a
// scripted workload, with every kind of crash, and again while it recovers.
//
// After each crash:
//   - log/ of all replicas is as after the last acknowledged write, or as after the one that was under way:
//     whole or not at all;
//   - items/ of each partition holds exactly the rows of entries 1 to its applied index, which lies between
//     the index that a sync acknowledged and the end of its log;
//   - the store goes on.
// The write buffer is 64 KiB, so both databases rotate and compact several times. LevelDB's background work
// runs between the steps only, so an operation's number always means the same operation.
//
// Tried by hand, to know that the test can fail (each alone taken out):
//   - the sync in DatabaseEnv::SyncedFile's destructor (protocol 1's hole): both power losses fail, "a sync
//     was acknowledged";
//   - the directory sync in DatabaseEnv::wrap: they fail at once, a log that is needed is gone;
//   - the pass over the logs of items/ or of log/: the torn one fails, LevelDB refuses to open what is torn;
//   - the look at the latched failure in Engine::write: FailedSyncPowerLoss fails, items/ is behind its mark;
//   - sync=true of the log's writes, the write of ItemStore::sync, the deletion of a replaced suffix: all.
#include <map>

#include "tests/unit/storage/fixtures.h"

namespace stator::storage {
namespace {

constexpr uint64_t kPartitions = 3;
constexpr int kSteps = 26;

ReplicaAddress replica_of(uint64_t partition) { return address(partition, 10 + partition); }

std::string data_of(uint64_t partition, Index index, Term term) {
  const std::string text =
      std::to_string(partition) + "/" + std::to_string(index) + "/" + std::to_string(term) + " ";
  std::string data;
  const size_t size = 300 + (partition * 977 + index * 613 + term * 131) % 5000;
  while (data.size() < size) data += text;
  return data;
}

// One replica's log as the test believes it to be.
struct LogModel {
  HardState hard_state;
  Index base = 0;
  Term base_term = 0;
  std::map<Index, Term> entries;
  Index items_synced = 0;
  bool born = false;
  Index last() const { return entries.empty() ? base : entries.rbegin()->first; }
  Term last_term() const { return entries.empty() ? base_term : entries.rbegin()->second; }
};
using Logs = std::map<uint64_t, LogModel>;

void apply_to(Logs& logs, const LogUpdate& update) {
  LogModel& log = logs[update.replica.partition.value];
  if (update.reset) log.born = true;
  if (update.hard_state) log.hard_state = *update.hard_state;
  if (!update.entries.empty())
    log.entries.erase(log.entries.lower_bound(update.entries.front().index), log.entries.end());
  for (const Entry& e : update.entries) log.entries[e.index] = e.term;
  if (update.items_synced) log.items_synced = *update.items_synced;
  if (update.cut) {
    log.entries.erase(log.entries.begin(), log.entries.upper_bound(update.cut->index));
    log.base = update.cut->index;
    log.base_term = update.cut->term;
  }
}

// What is acknowledged, and what was under way when the store died.
struct Model {
  Logs logs;
  Logs logs_if_written;  // with the write under way; = logs where there is none
  std::map<uint64_t, Index> applied;
  std::map<uint64_t, Index> synced;
  std::map<uint64_t, std::map<Index, Term>>
      given;  // to items/, acknowledged or not: entries that are never replaced
};

StoreOptions options() {
  StoreOptions options;
  for (EngineOptions* engine : {&options.log, &options.items}) {
    engine->write_buffer_bytes = 64 * 1024;
    engine->background = DatabaseEnv::Background::kManual;
  }
  return options;
}

// Runs steps against a store until one fails. Deterministic.
class Workload {
 public:
  Workload(Store& store, Model& model) : store_(store), model_(model) {}

  // False where the store failed.
  bool run(int from, int to) {
    for (int step = from; step < to; ++step) {
      if (!(append(step) && apply(step) && cut(step))) return false;
      store_.log().engine().env().run_background();
      store_.items().engine().env().run_background();
    }
    return true;
  }

 private:
  bool write(const std::vector<LogUpdate>& updates) {
    for (const LogUpdate& update : updates) apply_to(model_.logs_if_written, update);
    if (!store_.log().write(updates)) return false;
    model_.logs = model_.logs_if_written;
    return true;
  }

  bool append(int step) {
    std::vector<LogUpdate> updates;
    for (uint64_t p = 1; p <= kPartitions; ++p) {
      if (!model_.logs[p].born) updates.push_back(birth(replica_of(p)));
      LogUpdate update;
      update.replica = replica_of(p);
      const LogModel& log = model_.logs[p];
      Term term = std::max<Term>(log.hard_state.term, 1);
      Index first = log.last() + 1;
      // Now and then a new term replaces what is not committed: the last two entries are never applied.
      if (step % 5 == static_cast<int>(p)) {
        update.hard_state = HardState{++term, ReplicaId(step % 2 ? 10 + p : 0)};
        first = std::max(committed(p) + 1, first > 2 ? first - 2 : 1);
      }
      for (Index index = first; index < first + 1 + (step + p) % 3; ++index) {
        update.entries.push_back(entry(index, term, data_of(p, index, term)));
      }
      updates.push_back(std::move(update));
    }
    return write(updates);
  }

  Index committed(uint64_t p) const {
    const Index last = model_.logs.at(p).last();
    const auto applied = model_.applied.find(p);
    return std::max(last > 2 ? last - 2 : 0, applied == model_.applied.end() ? 0 : applied->second);
  }

  bool apply(int step) {
    std::vector<ApplyBatch> batches;
    for (uint64_t p = 1; p <= kPartitions; ++p) {
      if (step % 4 == static_cast<int>(p)) continue;  // it lags behind
      const auto known = store_.items().partition_state(PartitionId(p));
      SpaceId space;
      if (known) {
        space = known->space;
      } else {
        auto allocated = store_.items().allocate_space();
        if (!allocated) return false;
        space = *allocated;
      }
      ApplyBatch batch{state_of(replica_of(p), space, committed(p)), {}, {}, {}};
      for (Index index = model_.applied[p] + 1; index <= committed(p); ++index) {
        const Term term = model_.logs[p].entries.at(index);
        model_.given[p][index] = term;
        batch.rows.push_back({RowKind::kItem, std::to_string(100000 + index), data_of(p, index, term)});
      }
      batches.push_back(std::move(batch));
    }
    if (!store_.items().apply(batches)) return false;
    for (const ApplyBatch& batch : batches)
      model_.applied[batch.state.partition.value] = batch.state.applied.index;
    return true;
  }

  bool cut(int step) {
    if (step % 3 != 0) return true;
    const auto synced = store_.items().sync();
    if (!synced) return false;
    std::vector<LogUpdate> updates;
    for (const SyncedIndex& index : *synced) {
      const uint64_t p = index.replica.partition.value;
      model_.synced[p] = index.index;
      LogUpdate update;
      update.replica = index.replica;
      update.items_synced = index.index;
      if (step % 2 == 0 && index.index > model_.logs[p].base) {
        update.cut =
            LogBase{index.index, model_.logs[p].entries.at(index.index), {{replica_of(p).replica}, {}}};
      }
      updates.push_back(update);
    }
    return updates.empty() || write(updates);
  }

  Store& store_;
  Model& model_;
};

// "" where the store's log of all replicas is as the model's.
std::string log_difference(Store& store, const Logs& logs) {
  for (const auto& [p, model] : logs) {
    const auto state = store.log().state(replica_of(p));
    const std::string where = "partition " + std::to_string(p) + ": ";
    if (state.has_value() != model.born) return where + "born";
    if (!state) continue;
    if (!(state->hard_state == model.hard_state)) return where + "hard state";
    if (state->base.index != model.base || state->base.term != model.base_term) return where + "base";
    if (state->last != model.last() || state->last_term != model.last_term()) return where + "last";
    if (state->items_synced != model.items_synced) return where + "items synced";
    const auto entries = store.log().read(replica_of(p), model.base + 1, UINT64_MAX, 1 << 30);
    if (!entries) return where + why(entries);
    if (entries->size() != model.entries.size()) return where + "number of entries";
    for (const Entry& e : *entries) {
      if (!model.entries.contains(e.index) || model.entries.at(e.index) != e.term ||
          *e.data != data_of(p, e.index, e.term)) {
        return where + "entry " + std::to_string(e.index);
      }
    }
  }
  return "";
}

// Checks the store against the model, and takes over into the model what turned out to be there.
void check(Store& store, Model& model) {
  const std::string as_acknowledged = log_difference(store, model.logs);
  const std::string as_under_way = log_difference(store, model.logs_if_written);
  ASSERT_TRUE(as_acknowledged.empty() || as_under_way.empty()) << as_acknowledged << "; " << as_under_way;
  if (!as_acknowledged.empty()) model.logs = model.logs_if_written;
  model.logs_if_written = model.logs;
  for (const RecoveredReplica& replica : store.recovered()) {
    const uint64_t p = replica.address.partition.value;
    ASSERT_TRUE(replica.log.has_value()) << "items/ is ahead of log/";
    const Index applied = replica.state ? replica.state->applied.index : 0;
    ASSERT_LE(applied, replica.log->last) << "items/ is ahead of log/";
    ASSERT_GE(applied, replica.log->items_synced);
    ASSERT_GE(applied, model.synced[p]) << "a sync was acknowledged";
    ASSERT_LE(applied, model.given[p].size());
    model.applied[p] = applied;
    if (!replica.state) continue;
    Index rows = 0;
    auto scan = store.items().scan(replica.state->space, RowKind::kItem, {});
    for (; scan.valid(); scan.next()) {
      ++rows;
      ASSERT_EQ(std::to_string(100000 + rows), scan.key()) << "a row is missing or does not belong here";
      ASSERT_EQ(data_of(p, rows, model.given[p].at(rows)), scan.value());
    }
    ASSERT_OK(scan.status());
    ASSERT_EQ(applied, rows);
  }
}

// A handle that failed never writes again, also where the fault is over.
void expect_refusal(Store& store) {
  const bool log_failed = store.log().engine().failure().has_value();
  const bool items_failed = store.items().engine().failure().has_value();
  EXPECT_TRUE(log_failed || items_failed) << "the failure is remembered";
  if (log_failed) {
    expect_code(ErrorCode::kHandleFailed, store.log().write(std::vector<LogUpdate>{}), __LINE__);
  }
  if (items_failed) expect_code(ErrorCode::kHandleFailed, store.items().allocate_space(), __LINE__);
}

// One run: the fault ends it, the machine dies, the store comes back, perhaps dies again on the way, goes on.
// True where the workload came to its end in spite of the plan.
bool run(const FaultPlan& plan, CrashKind kind, uint64_t seed) {
  FaultyFileSystem files(seed);
  Model model;
  files.plan(plan);
  bool finished = false;
  {
    auto store = Store::open(files, kFolder, options());
    finished = store.ok() && Workload(**store, model).run(0, kSteps);
    const bool died = files.dead();
    files.plan({});  // the fault is over; the dead stay dead
    if (store && !finished && !died) expect_refusal(**store);
  }
  files.crash(kind);
  {
    files.plan({.die_at = 1 + seed * 7 % 60});  // and again while it recovers
    (void)Store::open(files, kFolder, options());
  }
  files.crash(kind);
  {
    auto store = Store::open(files, kFolder, options());
    EXPECT_TRUE(store.ok()) << why(store);
    if (!store) return finished;
    check(**store, model);
    if (testing::Test::HasFailure()) return finished;
    EXPECT_TRUE(Workload(**store, model).run(kSteps, kSteps + 4)) << "it goes on";
    EXPECT_TRUE((*store)->close().ok());
  }
  files.crash(CrashKind::kDropAll);
  auto store = Store::open(files, kFolder, options());
  EXPECT_TRUE(store.ok()) << why(store);
  if (!store) return finished;
  EXPECT_EQ("", log_difference(**store, model.logs));
  for (const auto& [p, applied] : model.applied) {
    EXPECT_EQ(applied, (*store)->items().partition_state(PartitionId(p))->applied.index);
  }
  return finished;
}

struct Fault {
  const char* name;
  FaultPlan (*plan)(uint64_t at);  // of the run that it ends at operation (or byte) `at`
  CrashKind kind;
  uint64_t stride;
};

FaultPlan die(uint64_t at) { return {.die_at = at}; }
FaultPlan fail_sync(uint64_t at) { return {.fail_sync_at = at}; }
// Soon enough that no table has taken the place of the log whose sync failed.
FaultPlan fail_sync_and_die(uint64_t at) { return {.die_at = at + 10, .fail_sync_at = at}; }
FaultPlan fail_append(uint64_t at) { return {.fail_append_at = at}; }
FaultPlan full_disk(uint64_t at) { return {.capacity_bytes = at}; }

class EveryOperation : public testing::TestWithParam<Fault> {};

TEST_P(EveryOperation, LosesNothingThatWasAcknowledged) {
  uint64_t runs = 0;
  for (uint64_t at = 1;; at += GetParam().stride, ++runs) {
    const bool finished = run(GetParam().plan(at), GetParam().kind, at);
    if (testing::Test::HasFailure()) FAIL() << "at " << at;
    if (finished) break;
  }
  EXPECT_GT(runs, 100U) << "the workload is to be a long one";
}

INSTANTIATE_TEST_SUITE_P(Crash, EveryOperation,
                         testing::Values(Fault{"PowerLoss", die, CrashKind::kDropAll, 1},
                                         Fault{"TornPowerLoss", die, CrashKind::kTorn, 1},
                                         Fault{"Kill", die, CrashKind::kProcess, 3},
                                         Fault{"FailedSync", fail_sync, CrashKind::kDropAll, 3},
                                         Fault{"FailedSyncPowerLoss", fail_sync_and_die, CrashKind::kDropAll,
                                               1},
                                         Fault{"FailedWrite", fail_append, CrashKind::kTorn, 3},
                                         Fault{"FullDisk", full_disk, CrashKind::kDropAll, 4000}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace stator::storage
