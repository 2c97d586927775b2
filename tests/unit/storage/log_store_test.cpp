// Goal: the Raft logs of many replicas in one database: what was written is there after a reopen, overwritten
// and cut entries are not, removed replicas stay removed, and damage is an error that names replica and
// index.
#include "storage/log_store.h"

#include "tests/unit/storage/fixtures.h"

namespace stator::storage {
namespace {

constexpr size_t kAll = 1 << 30;

class LogStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.CreateDir("/log").ok());
    ASSERT_TRUE(files_.sync_directory("/").ok());
    reopen();
  }
  Result<std::unique_ptr<LogStore>> open() {
    auto engine = Engine::open(files_, "/log", log_engine_options());
    if (!engine) return Failure(engine.error());
    return LogStore::open(std::move(*engine));
  }
  void reopen() {
    log_.reset();
    auto log = open();
    ASSERT_OK(log);
    log_ = std::move(*log);
  }
  void write(std::vector<LogUpdate> updates) { ASSERT_OK(log_->write(updates)); }
  std::string text(ReplicaAddress replica, Index from = 1, Index to = UINT64_MAX, size_t bytes = kAll) {
    const auto known = log_->state(replica);
    if (known) from = std::max(from, known->first());
    auto entries = log_->read(replica, from, to, bytes);
    if (!entries) return why(entries);
    std::string out;
    for (const Entry& e : *entries) {
      out +=
          (out.empty() ? "" : " ") + std::to_string(e.index) + ":" + std::to_string(e.term) + ":" + *e.data;
    }
    return out;
  }
  FaultyFileSystem files_;
  std::unique_ptr<LogStore> log_;
  const ReplicaAddress a_ = address(1, 11);
  const ReplicaAddress b_ = address(2, 12);
};

TEST_F(LogStoreTest, ManyReplicasInOneBatchSurviveAReopen) {
  write({birth(a_), append(a_, {entry(1, 1, "x"), entry(2, 1, "y")}), birth(b_),
         append(b_, {entry(1, 1, "z")})});
  reopen();
  EXPECT_EQ((std::vector<ReplicaAddress>{a_, b_}), log_->replicas());
  const auto state = log_->state(a_);
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ((HardState{1, ReplicaId(11)}), state->hard_state);
  EXPECT_EQ((Membership{{ReplicaId(11)}, {}}), state->base.membership);
  EXPECT_EQ(2U, state->last);
  EXPECT_EQ(1U, state->last_term);
  EXPECT_EQ("1:1:x 2:1:y", text(a_));
  EXPECT_EQ("1:1:z", text(b_));
  EXPECT_FALSE(log_->state(address(1, 12)).has_value());
}

TEST_F(LogStoreTest, AppendingAtAnOldIndexReplacesTheRest) {
  write({birth(a_), append(a_, numbered(1, 9, 1))});
  LogUpdate update = append(a_, {entry(4, 2, "new")});
  update.hard_state = HardState{2, ReplicaId()};
  write({update});
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ("3:1:entry 3 4:2:new", text(a_, 3));
    EXPECT_EQ(4U, log_->state(a_)->last);
    EXPECT_EQ(2U, log_->state(a_)->last_term);
    EXPECT_EQ((HardState{2, ReplicaId()}), log_->state(a_)->hard_state);
    reopen();
  }
  write({append(a_, {entry(5, 2, "e")})});
  EXPECT_EQ("4:2:new 5:2:e", text(a_, 4));
}

TEST_F(LogStoreTest, ReadsByBytesAndRange) {
  write({birth(a_), append(a_, numbered(1, 9, 1))});
  EXPECT_EQ("2:1:entry 2 3:1:entry 3", text(a_, 2, 3));
  EXPECT_EQ("2:1:entry 2", text(a_, 2, 9, 1));  // at least one
  EXPECT_EQ("2:1:entry 2 3:1:entry 3", text(a_, 2, 9, 14));
  EXPECT_EQ("", text(a_, 10));
  EXPECT_CODE(ErrorCode::kNotFound, log_->read(b_, 1, 2, kAll));
}

TEST_F(LogStoreTest, ACutDropsThePrefixAndKeepsItsTerm) {
  write({birth(a_), append(a_, numbered(1, 3, 1)), append(a_, numbered(4, 9, 2))});
  LogUpdate cut;
  cut.replica = a_;
  cut.items_synced = 7;
  cut.cut = LogBase{5, 2, {{ReplicaId(11), ReplicaId(21)}, {ReplicaId(31)}}};
  write({cut});
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(*cut.cut, log_->state(a_)->base);
    EXPECT_EQ(7U, log_->state(a_)->items_synced);
    EXPECT_EQ("6:2:entry 6 7:2:entry 7 8:2:entry 8 9:2:entry 9", text(a_));
    EXPECT_CODE(ErrorCode::kCompacted, log_->read(a_, 5, 9, kAll));
    EXPECT_EQ(2U, log_->term(a_, 5).value());
    EXPECT_EQ(2U, log_->term(a_, 7).value());
    EXPECT_CODE(ErrorCode::kCompacted, log_->term(a_, 4));
    EXPECT_CODE(ErrorCode::kNotFound, log_->term(a_, 10));
    reopen();
  }
}

TEST_F(LogStoreTest, AWholeLogCanBeCut) {
  write({birth(a_), append(a_, numbered(1, 9, 1))});
  LogUpdate cut;
  cut.replica = a_;
  cut.items_synced = 9;
  cut.cut = LogBase{9, 1, {{ReplicaId(11)}, {}}};
  write({cut});
  reopen();
  EXPECT_EQ(9U, log_->state(a_)->last);
  EXPECT_EQ(1U, log_->state(a_)->last_term);
  EXPECT_EQ("", text(a_));
  write({append(a_, {entry(10, 3, "ten")})});
  reopen();
  EXPECT_EQ("10:3:ten", text(a_));
}

TEST_F(LogStoreTest, ASnapshotBehindTheLogReplacesIt) {
  write({birth(a_), append(a_, numbered(1, 9, 1))});
  LogUpdate install;
  install.replica = a_;
  install.items_synced = 100;
  install.reset = LogBase{100, 7, {{ReplicaId(11)}, {}}};
  install.hard_state = HardState{7, ReplicaId()};
  write({install, append(a_, {entry(101, 7, "next")})});
  LogUpdate late;  // a cut that was on its way
  late.replica = a_;
  late.cut = LogBase{8, 1, {{ReplicaId(11)}, {}}};
  write({late});
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ("101:7:next", text(a_));
    EXPECT_EQ(7U, log_->term(a_, 100).value());
    reopen();
  }
}

TEST_F(LogStoreTest, ASnapshotWithinTheLogDropsTheConflictingSuffix) {
  write({birth(a_), append(a_, numbered(1, 9, 1))});
  LogUpdate install;
  install.replica = a_;
  install.items_synced = 5;
  install.reset = LogBase{5, 7, {{ReplicaId(11)}, {}}};
  write({install});
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(5U, log_->state(a_)->last);
    EXPECT_EQ(7U, log_->state(a_)->last_term);
    EXPECT_EQ("", text(a_));
    reopen();
  }
}

TEST_F(LogStoreTest, ALongPrefixIsDeletedWithTheWritesThatFollow) {
  write({birth(a_)});
  for (Index from = 1; from < 5000; from += 1000) write({append(a_, numbered(from, from + 999, 1))});
  LogUpdate cut;
  cut.replica = a_;
  cut.items_synced = 5000;
  cut.cut = LogBase{4990, 1, {{ReplicaId(11)}, {}}};
  write({cut});
  const auto rows = [this] {
    const auto it = log_->engine().iterate();
    int count = 0;
    for (it->SeekToFirst(); it->Valid(); it->Next()) ++count;
    return count;
  };
  EXPECT_GT(rows(), 3000);
  reopen();  // goes on after a restart
  for (Index index = 5001; index < 5010; ++index) write({append(a_, {entry(index, 1, "e")})});
  EXPECT_EQ(3 + 19, rows());  // hard state, base, items synced, entries
  EXPECT_EQ(4991U, log_->state(a_)->first());
  ASSERT_OK(log_->verify(a_));
}

TEST_F(LogStoreTest, ARemovedReplicaStaysRemoved) {
  write({birth(a_), append(a_, numbered(1, 3000, 1)), birth(b_)});
  LogUpdate removal;
  removal.replica = a_;
  removal.remove_with_minimum = ReplicaId(12);
  write({removal});
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ((std::vector<ReplicaAddress>{b_}), log_->replicas());
    EXPECT_EQ(ReplicaId(12), log_->minimum_replica(a_.partition));
    EXPECT_EQ(ReplicaId(0), log_->minimum_replica(b_.partition));
    EXPECT_CODE(ErrorCode::kNotFound, log_->read(a_, 1, 2, kAll));
    reopen();
  }
  // The next one of that partition is a new one; what is left of the old one goes meanwhile.
  const ReplicaAddress next = address(1, 15);
  write({birth(next), append(next, {entry(1, 1, "again")})});
  for (int i = 0; i < 3; ++i) write({append(next, {entry(2, 1, "e")})});
  reopen();
  EXPECT_EQ((std::vector<ReplicaAddress>{next, b_}), log_->replicas());
  const auto it = log_->engine().iterate();
  int of_the_dead = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const auto key = parse_log_key(it->key().ToString());
    if (key && key->address == a_) ++of_the_dead;
  }
  EXPECT_EQ(0, of_the_dead);
}

TEST_F(LogStoreTest, RemovalWorksWithinTheBatchOfABirth) {
  LogUpdate removal;
  removal.replica = a_;
  removal.remove_with_minimum = ReplicaId(12);
  write({birth(a_), append(a_, numbered(1, 5, 1)), removal});
  EXPECT_TRUE(log_->replicas().empty());
  reopen();
  EXPECT_TRUE(log_->replicas().empty());
  EXPECT_EQ(ReplicaId(12), log_->minimum_replica(a_.partition));
}

TEST_F(LogStoreTest, AFailedWriteChangesNothing) {
  write({birth(a_), append(a_, numbered(1, 3, 1))});
  files_.plan({.fail_sync_at = 1});
  EXPECT_FALSE(log_->write(std::vector<LogUpdate>{append(a_, numbered(4, 5, 1))}).ok());
  EXPECT_EQ(3U, log_->state(a_)->last);
  EXPECT_CODE(ErrorCode::kHandleFailed, log_->write(std::vector<LogUpdate>{append(a_, numbered(4, 5, 1))}));
}

TEST_F(LogStoreTest, AcknowledgedEntriesSurviveAFullDisk) {
  write({birth(a_)});
  files_.plan({.capacity_bytes = 200'000});
  Index acknowledged = 0;
  for (Index index = 1; index < 1000; ++index) {
    if (!log_->write(std::vector<LogUpdate>{append(a_, {entry(index, 1, std::string(1000, 'd'))})})) break;
    acknowledged = index;
  }
  ASSERT_GT(acknowledged, 10U);
  ASSERT_LT(acknowledged, 999U);
  files_.plan({});  // space again; the handle must not go on
  EXPECT_FALSE(log_->write(std::vector<LogUpdate>{append(a_, {entry(acknowledged + 1, 1, "x")})}).ok());
  log_.reset();
  files_.crash(CrashKind::kDropAll);
  ASSERT_OK(check_write_ahead_logs(files_, "/log", WalPolicy::kTornTailOnly));
  reopen();
  EXPECT_EQ(acknowledged, log_->state(a_)->last);
  ASSERT_OK(log_->verify(a_));
}

TEST_F(LogStoreTest, DamageThatLevelDbCannotSeeNamesReplicaAndIndex) {
  write({birth(a_), append(a_, numbered(1, 9, 1))});
  leveldb::WriteBatch batch;
  batch.Put(entry_key(a_, 4), "\x01\x02 something else that is long enough");
  ASSERT_OK(log_->engine().write(batch, true));
  const auto read = log_->read(a_, 1, 9, kAll);
  EXPECT_CODE(ErrorCode::kCorruption, read);
  EXPECT_NE(std::string::npos, read.error().what.find("log entry 4 of partition 1, replica 11"))
      << read.error().what;
  EXPECT_CODE(ErrorCode::kCorruption, log_->verify(a_));

  leveldb::WriteBatch hole;
  hole.Delete(entry_key(a_, 2));
  ASSERT_OK(log_->engine().write(hole, true));
  EXPECT_CODE(ErrorCode::kCorruption, log_->read(a_, 1, 9, kAll));
}

TEST_F(LogStoreTest, AnEntryUnderAnotherIndexIsDamage) {
  write({birth(a_), append(a_, numbered(1, 9, 1))});
  leveldb::WriteBatch batch;
  batch.Put(entry_key(a_, 4), *log_->engine().get(entry_key(a_, 5)).value());
  ASSERT_OK(log_->engine().write(batch, true));
  EXPECT_CODE(ErrorCode::kCorruption, log_->read(a_, 4, 4, kAll));
}

TEST_F(LogStoreTest, AVersionFromTheFutureIsRefusedAsSuch) {
  write({birth(a_)});
  leveldb::WriteBatch batch;
  batch.Put(log_key(a_, LogRowKind::kBase), std::string("\x02", 1) + std::string(50, 'x'));
  ASSERT_OK(log_->engine().write(batch, true));
  log_.reset();
  EXPECT_CODE(ErrorCode::kFormat, open());
}

TEST_F(LogStoreTest, EveryFlippedBitInItsTablesIsFound) {
  write({birth(a_), append(a_, numbered(1, 60, 1))});
  ASSERT_OK(log_->engine().flush());
  log_.reset();
  std::string table;
  for (const std::string& name : files_.files()) {
    if (name.ends_with(".ldb")) table = name;
  }
  const std::string good = files_.contents(table);
  for (size_t at = 0; at < good.size(); at += 13) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    files_.overwrite(table, bad);
    if (auto log = open()) {
      auto entries = (*log)->read(a_, 1, 60, kAll);
      if (entries) {  // the byte was in nothing that is read: then all must be right
        ASSERT_EQ(60U, entries->size()) << at;
        for (const Entry& e : *entries) EXPECT_EQ("entry " + std::to_string(e.index), *e.data) << at;
      }
    }
    files_.overwrite(table, good);
  }
  reopen();
  EXPECT_EQ(60U, log_->state(a_)->last);
}

TEST_F(LogStoreTest, RemembersTheIncarnation) {
  EXPECT_EQ("", log_->incarnation().value());
  ASSERT_OK(log_->set_incarnation("abc"));
  write({birth(a_)});
  reopen();
  EXPECT_EQ("abc", log_->incarnation().value());
  EXPECT_EQ((std::vector<ReplicaAddress>{a_}), log_->replicas());
}

using LogStoreDeathTest = LogStoreTest;
TEST_F(LogStoreDeathTest, NeverCutsAboveWhatItemsHold) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  write({birth(a_), append(a_, numbered(1, 9, 1))});
  LogUpdate cut;
  cut.replica = a_;
  cut.items_synced = 4;
  cut.cut = LogBase{5, 1, {}};
  EXPECT_DEATH((void)log_->write(std::vector<LogUpdate>{cut}), "synced items");
}

}  // namespace
}  // namespace stator::storage
