// Goal: an engine never writes again after a write that failed, and says why; damage in tables is an error,
// never wrong data.
#include "storage/engine.h"

#include "tests/unit/storage/fixtures.h"

namespace stator::storage {
namespace {

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.CreateDir("/db").ok());
    ASSERT_TRUE(files_.sync_directory("/").ok());
  }
  void open() {
    auto engine = Engine::open(files_, "/db", items_engine_options());
    ASSERT_OK(engine);
    engine_ = std::move(*engine);
  }
  Result<void> put(const std::string& key, const std::string& value, bool sync) {
    leveldb::WriteBatch batch;
    batch.Put(key, value);
    return engine_->write(batch, sync);
  }
  FaultyFileSystem files_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, ReadsWhatItWrote) {
  open();
  ASSERT_OK(put("a", "1", true));
  auto value = engine_->get("a");
  ASSERT_OK(value);
  EXPECT_EQ("1", value->value());
  EXPECT_FALSE(engine_->get("b").value().has_value());
  EXPECT_FALSE(engine_->failure().has_value());
}

TEST_F(EngineTest, NeverWritesAgainAfterAFullDisk) {
  open();
  ASSERT_OK(put("a", "1", true));
  files_.plan({.capacity_bytes = 0});
  EXPECT_CODE(ErrorCode::kNoSpace, put("b", "2", true));
  files_.plan({});  // room again: LevelDB alone would go on, with a hole in its log
  const auto refused = put("c", "3", true);
  EXPECT_CODE(ErrorCode::kHandleFailed, refused);
  EXPECT_NE(std::string::npos, refused.error().what.find("No space left")) << refused.error().what;
  EXPECT_EQ("1", engine_->get("a").value().value());
}

TEST_F(EngineTest, NeverWritesAgainAfterAFailedSync) {
  open();
  files_.plan({.fail_sync_at = 1});
  EXPECT_CODE(ErrorCode::kIo, put("a", "1", true));
  EXPECT_CODE(ErrorCode::kHandleFailed, put("a", "1", true));
}

TEST_F(EngineTest, NeverWritesAgainAfterASyncOfTheRotationFailed) {
  // Unsynced writes make no sync until the log rotates: the first is the directory's, for the new log; the
  // second is the old log's, in its destructor, whose failure LevelDB does not see.
  EngineOptions options = items_engine_options();
  options.write_buffer_bytes = 64 * 1024;
  options.background = DatabaseEnv::Background::kManual;  // so that no table is synced meanwhile
  uint64_t rotation = 0;
  for (const uint64_t behind : {0, 1}) {
    engine_.reset();
    auto engine = Engine::open(files_, "/db", options);
    ASSERT_OK(engine);
    engine_ = std::move(*engine);
    const auto write_until_failure = [this] {
      Result<void> outcome;
      for (int i = 0; i < 20 && outcome; ++i) {
        outcome = put(std::to_string(i), std::string(4096, 'x'), false);
      }
      return outcome;
    };
    files_.plan({.fail_sync_at = behind == 0 ? 1 : rotation + 1});
    const Result<void> outcome = write_until_failure();
    ASSERT_FALSE(outcome.ok());
    const bool directory = outcome.error().what.find("sync /db") != std::string::npos;
    EXPECT_EQ(behind == 0, directory) << outcome.error().what;
    if (behind == 0) rotation = files_.operations();
    EXPECT_CODE(ErrorCode::kHandleFailed, put("a", "1", false));
    files_.plan({});
  }
}

TEST_F(EngineTest, TellsTheObserverOnce) {
  struct Observer : StorageObserver {
    int failures = 0;
    void handle_failed(const char* database) override {
      EXPECT_STREQ("items", database);
      ++failures;
    }
  } observer;
  auto engine = Engine::open(files_, "/db", items_engine_options(), observer);
  ASSERT_OK(engine);
  engine_ = std::move(*engine);
  files_.plan({.capacity_bytes = 0});
  EXPECT_FALSE(put("b", "2", true).ok());
  EXPECT_FALSE(put("b", "2", true).ok());
  EXPECT_EQ(1, observer.failures);
}

TEST_F(EngineTest, FlushEmptiesTheLog) {
  open();
  ASSERT_OK(put("a", "1", false));
  ASSERT_OK(engine_->flush());
  EXPECT_GE(engine_->level0_files() + 1, 1);
  engine_.reset();
  uint64_t table_files = 0;
  for (const std::string& name : files_.files()) {
    if (name.ends_with(".ldb")) ++table_files;
  }
  EXPECT_EQ(1U, table_files);
  open();
  EXPECT_EQ("1", engine_->get("a").value().value());
}

TEST_F(EngineTest, EveryFlippedBitInATableIsFound) {
  open();
  for (int i = 0; i < 200; ++i)
    ASSERT_OK(put("key" + std::to_string(i), std::string(100, static_cast<char>('a' + i % 26)), false));
  ASSERT_OK(engine_->flush());
  engine_.reset();
  std::string table;
  for (const std::string& name : files_.files()) {
    if (name.ends_with(".ldb")) table = name;
  }
  const std::string good = files_.contents(table);
  for (size_t at = 0; at < good.size(); at += 101) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    files_.overwrite(table, bad);
    auto engine = Engine::open(files_, "/db", items_engine_options());
    if (!engine) continue;  // found at the open
    int wrong = 0, errors = 0;
    for (int i = 0; i < 200; ++i) {
      auto value = (*engine)->get("key" + std::to_string(i));
      if (!value) {
        ++errors;
      } else if (!value->has_value() || **value != std::string(100, static_cast<char>('a' + i % 26))) {
        ++wrong;
      }
    }
    EXPECT_EQ(0, wrong) << "byte " << at << " of " << good.size() << ", errors " << errors;
    files_.overwrite(table, good);
  }
}

TEST(EngineOnDisk, SaysThatTheFolderIsLocked) {
  TemporaryFolder folder;
  const auto files = disk_file_system();
  auto first = Engine::open(*files, folder.path() + "/db", items_engine_options());
  ASSERT_OK(first);
  EXPECT_CODE(ErrorCode::kLocked, Engine::open(*files, folder.path() + "/db", items_engine_options()));
}

TEST(EngineInMemory, WorksLikeOnDisk) {
  const auto files = memory_file_system();
  auto engine = Engine::open(*files, "/db", items_engine_options());
  ASSERT_OK(engine);
  leveldb::WriteBatch batch;
  batch.Put("a", "1");
  ASSERT_OK((*engine)->write(batch, true));
  ASSERT_OK((*engine)->flush());
  EXPECT_EQ("1", (*engine)->get("a").value().value());
}

}  // namespace
}  // namespace stator::storage
