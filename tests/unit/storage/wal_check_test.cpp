// Goal: the pass over the write-ahead logs cuts exactly what may be cut. items/: everything from the first
// bad record on. log/: the torn end of the newest log only; anything else is reported, since there a synced
// batch rotted.
#include "storage/wal_check.h"

#include "storage/crc32c.h"
#include "storage/wal_format.h"
#include "tests/unit/storage/fixtures.h"

namespace stator::storage {
namespace {

class WalCheckTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.CreateDir("/db").ok());
    ASSERT_TRUE(files_.sync_directory("/").ok());
    EngineOptions options = items_engine_options();
    options.write_buffer_bytes = 64 * 1024;
    options.background =
        DatabaseEnv::Background::kManual;  // two logs stay needed: nothing is written to tables
    auto engine = Engine::open(files_, "/db", options);
    ASSERT_OK(engine);
    engine_ = std::move(*engine);
  }
  void put(int count, size_t size) {
    for (int i = 0; i < count; ++i) {
      leveldb::WriteBatch batch;
      batch.Put("key" + std::to_string(written_++), std::string(size, 'v'));
      ASSERT_OK(engine_->write(batch, true));
    }
  }
  // Kills the process: both logs stay as they are.
  std::vector<std::string> logs_after_kill() {
    files_.plan({.die_at = 1});
    engine_.reset();
    files_.crash(CrashKind::kProcess);
    std::vector<std::string> logs;
    for (const std::string& name : files_.files()) {
      if (name.ends_with(".log")) logs.push_back(name);
    }
    return logs;
  }
  // How many of the keys are there after a check and an open.
  int readable() {
    auto engine = Engine::open(files_, "/db", items_engine_options());
    EXPECT_TRUE(engine.ok()) << why(engine);
    int found = 0;
    for (int i = 0; i < written_; ++i) {
      const bool there = (*engine)->get("key" + std::to_string(i)).value().has_value();
      if (!there) continue;
      EXPECT_EQ(found, i) << "key " << i << " is behind a hole";
      ++found;
    }
    return found;
  }
  void flip(const std::string& file, size_t at) {
    std::string bytes = files_.contents(file);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    files_.overwrite(file, bytes);
  }
  void truncate(const std::string& file, size_t size) {
    files_.overwrite(file, files_.contents(file).substr(0, size));
  }

  FaultyFileSystem files_;
  std::unique_ptr<Engine> engine_;
  int written_ = 0;
};

TEST_F(WalCheckTest, AcceptsWhatIsWhole) {
  put(40, 1000);  // over the 32 KiB block
  ASSERT_EQ(1U, logs_after_kill().size());
  for (const WalPolicy policy : {WalPolicy::kCutAtFirstBad, WalPolicy::kTornTailOnly}) {
    auto report = check_write_ahead_logs(files_, "/db", policy);
    ASSERT_OK(report);
    EXPECT_EQ(40U, report->records);
    EXPECT_EQ(0U, report->cut_bytes);
    EXPECT_EQ("", report->detail);
  }
  EXPECT_EQ(40, readable());
}

TEST_F(WalCheckTest, NothingThereIsFine) {
  ASSERT_OK(check_write_ahead_logs(files_, "/none", WalPolicy::kTornTailOnly));
  ASSERT_TRUE(files_.CreateDir("/empty").ok());
  ASSERT_OK(check_write_ahead_logs(files_, "/empty", WalPolicy::kTornTailOnly));
  logs_after_kill();
}

TEST_F(WalCheckTest, CutsATornEndWhereverItTears) {
  put(3, 400);
  const std::string log = logs_after_kill().at(0);
  const std::string whole = files_.contents(log);
  for (size_t size = whole.size() - 400; size < whole.size(); size += 7) {
    files_.overwrite(log, whole.substr(0, size));
    auto report = check_write_ahead_logs(files_, "/db", WalPolicy::kTornTailOnly);
    ASSERT_OK(report);
    EXPECT_EQ(2U, report->records) << size;
  }
  EXPECT_EQ(2, readable());
}

TEST_F(WalCheckTest, CutsAZeroedEnd) {
  put(3, 400);
  const std::string log = logs_after_kill().at(0);
  std::string bytes = files_.contents(log);
  std::fill(bytes.end() - 300, bytes.end(), '\0');
  files_.overwrite(log, bytes + std::string(10'000, '\0'));
  ASSERT_OK(check_write_ahead_logs(files_, "/db", WalPolicy::kTornTailOnly));
  EXPECT_EQ(2, readable());
}

// A log is filled with zeros ahead of its writer: behind the last record they are nothing.
TEST_F(WalCheckTest, ZerosBehindTheLastRecordAreItsEnd) {
  put(3, 400);
  const std::string log = logs_after_kill().at(0);
  files_.overwrite(log, files_.contents(log) + std::string(1'000'000, '\0'));
  for (const WalPolicy policy : {WalPolicy::kCutAtFirstBad, WalPolicy::kTornTailOnly}) {
    auto report = check_write_ahead_logs(files_, "/db", policy);
    ASSERT_OK(report);
    EXPECT_EQ(3U, report->records);
    EXPECT_EQ(0U, report->cut_bytes);
  }
  EXPECT_EQ(3, readable());
}

TEST_F(WalCheckTest, CutsALargeBatchWhosePagesReachedTheDiskOutOfOrder) {
  put(2, 400);
  const size_t before = files_.contents("/db/000003.log").size();
  put(1, 100'000);  // four blocks: first, middle, middle, last
  const std::string log = logs_after_kill().at(0);
  std::string bytes = files_.contents(log);
  ASSERT_GT(bytes.size(), before + 100'000);
  std::fill_n(bytes.begin() + before, 4096,
              '\0');  // the beginning is missing; whole fragments follow, but no whole record
  files_.overwrite(log, bytes);
  ASSERT_OK(check_write_ahead_logs(files_, "/db", WalPolicy::kTornTailOnly));
  EXPECT_EQ(2, readable());
}

TEST_F(WalCheckTest, EveryFlippedBitInASyncedBatchIsReported) {
  put(6, 200);
  const std::string log = logs_after_kill().at(0);
  const std::string whole = files_.contents(log);
  const size_t last = whole.size() / 6 * 5;
  for (size_t at = 0; at < last; ++at) {  // payloads, checksums, lengths, types
    flip(log, at);
    EXPECT_CODE(ErrorCode::kLogDamaged, check_write_ahead_logs(files_, "/db", WalPolicy::kTornTailOnly));
    files_.overwrite(log, whole);
  }
}

TEST_F(WalCheckTest, ItemsAreCutAtTheFirstBadRecord) {
  put(6, 200);
  const std::string log = logs_after_kill().at(0);
  flip(log, files_.contents(log).size() / 2);
  auto report = check_write_ahead_logs(files_, "/db", WalPolicy::kCutAtFirstBad);
  ASSERT_OK(report);
  EXPECT_EQ(3U, report->records);
  EXPECT_NE("", report->detail);
  EXPECT_EQ(3, readable());
}

TEST_F(WalCheckTest, ItemsLoseTheLaterLogsToo) {
  put(20, 4096);  // 80 KB: into a second log
  const auto logs = logs_after_kill();
  ASSERT_EQ(2U, logs.size());
  truncate(logs[0], files_.contents(logs[0]).size() - 10);
  auto report = check_write_ahead_logs(files_, "/db", WalPolicy::kCutAtFirstBad);
  ASSERT_OK(report);
  EXPECT_EQ(1U, report->dropped_logs);
  EXPECT_EQ(static_cast<int>(report->records), readable());
}

TEST_F(WalCheckTest, AHoleThatLooksCompleteIsSeen) {
  put(20, 4096);
  const auto logs = logs_after_kill();
  ASSERT_EQ(2U, logs.size());
  // The old log ends at a record's border: only the sequence numbers tell.
  size_t ends = 0;
  const std::string bytes = files_.contents(logs[0]);
  const WalScan scan = scan_wal(bytes, [&ends](std::string_view) { return ++ends == 10 ? "stop" : ""; });
  const std::string first_nine = bytes.substr(0, scan.good_end);
  files_.overwrite(logs[0], first_nine);
  EXPECT_CODE(ErrorCode::kLogDamaged, check_write_ahead_logs(files_, "/db", WalPolicy::kTornTailOnly));
  ASSERT_OK(check_write_ahead_logs(files_, "/db", WalPolicy::kCutAtFirstBad));
  EXPECT_EQ(9, readable());
}

TEST_F(WalCheckTest, ALogThatIsGoneIsSeen) {
  put(20, 4096);
  const auto logs = logs_after_kill();
  ASSERT_EQ(2U, logs.size());
  ASSERT_TRUE(files_.RemoveFile(logs[0]).ok());
  EXPECT_CODE(ErrorCode::kLogDamaged, check_write_ahead_logs(files_, "/db", WalPolicy::kTornTailOnly));
  ASSERT_OK(check_write_ahead_logs(files_, "/db", WalPolicy::kCutAtFirstBad));
  EXPECT_EQ(0, readable());
}

TEST_F(WalCheckTest, ATearInAnOldLogOfTheRaftLogIsDamage) {
  put(20, 4096);
  const auto logs = logs_after_kill();
  ASSERT_EQ(2U, logs.size());
  truncate(logs[0], files_.contents(logs[0]).size() - 10);
  files_.overwrite(logs[1], "");
  EXPECT_CODE(ErrorCode::kLogDamaged, check_write_ahead_logs(files_, "/db", WalPolicy::kTornTailOnly));
}

TEST_F(WalCheckTest, ClientBytesThatLookLikeAnOldRecordDoNotCount) {
  put(2, 100);
  // A whole record, as it lay at the log's beginning, inside a batch that is then torn.
  const std::string old_record = files_.contents("/db/000003.log").substr(0, 130);
  leveldb::WriteBatch batch;
  batch.Put("nested", std::string(50, 'x') + old_record + std::string(500, 'y'));
  ASSERT_OK(engine_->write(batch, true));
  const std::string log = logs_after_kill().at(0);
  truncate(log, files_.contents(log).size() - 20);
  ASSERT_OK(check_write_ahead_logs(files_, "/db", WalPolicy::kTornTailOnly));
  EXPECT_EQ(2, readable());
}

TEST_F(WalCheckTest, CutsATornManifestAndReportsARottenOne) {
  put(1, 100);
  logs_after_kill();
  std::string current = files_.contents("/db/CURRENT");
  current.pop_back();
  const std::string manifest = "/db/" + current;
  const std::string whole = files_.contents(manifest);
  files_.overwrite(manifest, whole + std::string("torn", 4));
  auto report = check_write_ahead_logs(files_, "/db", WalPolicy::kTornTailOnly);
  ASSERT_OK(report);
  EXPECT_EQ(4U, report->cut_bytes);
  EXPECT_EQ(whole, files_.contents(manifest));
  for (size_t at = 0; at < whole.size(); ++at) {
    flip(manifest, at);
    auto found = check_write_ahead_logs(files_, "/db", WalPolicy::kTornTailOnly);
    // The last edit may be taken for a torn one; what it said is then found missing elsewhere, or was not
    // needed.
    EXPECT_TRUE(!found || found->cut_bytes > 0) << at;
    files_.overwrite(manifest, whole);
  }
}

TEST_F(WalCheckTest, DataWithoutCurrentIsNoFreshDatabase) {
  put(1, 100);
  logs_after_kill();
  ASSERT_TRUE(files_.RemoveFile("/db/CURRENT").ok());
  EXPECT_CODE(ErrorCode::kLogDamaged, check_write_ahead_logs(files_, "/db", WalPolicy::kTornTailOnly));
  EXPECT_CODE(ErrorCode::kCorruption, check_write_ahead_logs(files_, "/db", WalPolicy::kCutAtFirstBad));
}

// The format, without LevelDB: a record of known bytes.
TEST(WalFormat, GoldenRecord) {
  std::string payload("\x05\0\0\0\0\0\0\0\x01\0\0\0row", 15);
  std::string record(7, '\0');
  record[4] = 15;
  record[6] = 1;  // full
  const uint32_t crc = masked_crc32c(crc32c(std::string("\x01") + payload));
  record.replace(0, 4, reinterpret_cast<const char*>(&crc), 4);
  std::string seen;
  const WalScan scan = scan_wal(record + payload, [&seen](std::string_view bytes) {
    seen = bytes;
    return std::string();
  });
  EXPECT_TRUE(scan.clean()) << scan.problem;
  EXPECT_EQ(payload, seen);
  EXPECT_EQ(22U, scan.good_end);
  const auto batch = parse_wal_batch(seen);
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(5U, batch->sequence);
  EXPECT_EQ(1U, batch->count);
  EXPECT_FALSE(parse_wal_batch("short").has_value());
}

TEST(WalFormat, ManifestEdits) {
  ManifestState state;
  // comparator "c", log number 300, next file 5, last sequence 7
  EXPECT_TRUE(take_manifest_edit(std::string_view("\x01\x01"
                                                  "c"
                                                  "\x02\xac\x02\x03\x05\x04\x07",
                                                  10),
                                 state));
  EXPECT_EQ(300U, state.log_number);
  EXPECT_EQ(7U, state.last_sequence);
  EXPECT_FALSE(take_manifest_edit(std::string_view("\x02", 1), state));
  EXPECT_FALSE(take_manifest_edit(std::string_view("\x63\x01", 2), state));
  EXPECT_EQ(300U, state.log_number);
}

}  // namespace
}  // namespace stator::storage
