// Goal: DatabaseEnv closes LevelDB's hole: a log is synced before it is closed, new names are durable, and
// what fails there is remembered. And the faulty file system forgets exactly what no sync covered, or the
// tests above it prove nothing.
#include "storage/env.h"

#include "tests/unit/storage/fixtures.h"

namespace stator::storage {
namespace {

std::unique_ptr<leveldb::WritableFile> create(leveldb::Env& env, const std::string& name) {
  leveldb::WritableFile* file = nullptr;
  EXPECT_TRUE(env.NewWritableFile(name, &file).ok());
  return std::unique_ptr<leveldb::WritableFile>(file);
}

class FaultyFiles : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.CreateDir(kFolder).ok());
    ASSERT_TRUE(files_.sync_directory("/").ok());
  }
  FaultyFileSystem files_;
};

TEST_F(FaultyFiles, ForgetsUnsyncedBytesAndNames) {
  auto kept = create(files_, "/data/kept");
  ASSERT_TRUE(kept->Append("synced").ok());
  ASSERT_TRUE(kept->Sync().ok());
  ASSERT_TRUE(files_.sync_directory(kFolder).ok());
  ASSERT_TRUE(kept->Append(" and not").ok());
  auto nameless = create(files_, "/data/nameless");
  ASSERT_TRUE(nameless->Append("synced").ok());
  ASSERT_TRUE(nameless->Sync().ok());  // the file's bytes, not its name
  files_.crash(CrashKind::kDropAll);
  EXPECT_EQ("synced", files_.contents("/data/kept"));
  EXPECT_FALSE(files_.FileExists("/data/nameless"));
  EXPECT_FALSE(kept->Append("the dead").ok());
}

TEST_F(FaultyFiles, RemovalsAndRenamesNeedTheDirectorySync) {
  create(files_, "/data/a");
  create(files_, "/data/b");
  ASSERT_TRUE(files_.sync_directory(kFolder).ok());
  ASSERT_TRUE(files_.RemoveFile("/data/a").ok());
  ASSERT_TRUE(files_.RenameFile("/data/b", "/data/c").ok());
  files_.crash(CrashKind::kDropAll);
  EXPECT_EQ((std::vector<std::string>{"/data/a", "/data/b"}), files_.files());
}

TEST_F(FaultyFiles, AKilledProcessLosesNothing) {
  ASSERT_TRUE(create(files_, "/data/a")->Append("bytes").ok());
  files_.crash(CrashKind::kProcess);
  EXPECT_EQ("bytes", files_.contents("/data/a"));
}

TEST_F(FaultyFiles, DiesAtTheNamedOperation) {
  auto file = create(files_, "/data/a");
  files_.plan({.die_at = 2});
  EXPECT_TRUE(file->Append("one").ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(file->Append("three").ok());
  EXPECT_TRUE(files_.dead());
}

TEST_F(FaultyFiles, AFailedSyncNeverSavesItsBytesLater) {
  auto file = create(files_, "/data/a");
  ASSERT_TRUE(files_.sync_directory(kFolder).ok());
  files_.plan({.fail_sync_at = 1});
  ASSERT_TRUE(file->Append("lost").ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_TRUE(file->Sync().ok());  // the pages are clean: this proves nothing
  files_.crash(CrashKind::kDropAll);
  EXPECT_EQ("", files_.contents("/data/a"));
}

TEST_F(FaultyFiles, ADiskFillsUp) {
  auto file = create(files_, "/data/a");
  files_.plan({.capacity_bytes = 4});
  EXPECT_TRUE(file->Append("123").ok());
  EXPECT_FALSE(file->Append("456").ok());
  EXPECT_EQ("1234", files_.contents("/data/a"));
}

TEST_F(FaultyFiles, DatabaseEnvSyncsALogBeforeItIsClosed) {
  DatabaseEnv env(files_);
  ASSERT_TRUE(create(env, "/data/000003.log")->Append("rows").ok());  // destroyed at once, as LevelDB does
  EXPECT_TRUE(env.latched().ok());
  files_.crash(CrashKind::kDropAll);
  EXPECT_EQ("rows", files_.contents("/data/000003.log"));
}

TEST_F(FaultyFiles, DatabaseEnvLatchesAFailureOfThatSync) {
  DatabaseEnv env(files_);
  auto log = create(env, "/data/000003.log");
  ASSERT_TRUE(log->Append("rows").ok());
  files_.plan({.fail_sync_at = 1});
  log.reset();
  EXPECT_FALSE(env.latched().ok());
}

TEST_F(FaultyFiles, DatabaseEnvFailsACreationWhoseNameIsNotDurable) {
  DatabaseEnv env(files_);
  files_.plan({.fail_sync_at = 1});
  leveldb::WritableFile* file = nullptr;
  EXPECT_FALSE(env.NewWritableFile("/data/000003.log", &file).ok());
  EXPECT_EQ(nullptr, file);
  EXPECT_FALSE(env.latched().ok());
}

TEST_F(FaultyFiles, DatabaseEnvMakesARenameDurable) {
  DatabaseEnv env(files_);
  auto temporary = create(env, "/data/000001.dbtmp");
  ASSERT_TRUE(temporary->Append("MANIFEST-000001\n").ok());
  ASSERT_TRUE(temporary->Sync().ok());
  ASSERT_TRUE(env.RenameFile("/data/000001.dbtmp", "/data/CURRENT").ok());
  files_.crash(CrashKind::kDropAll);
  EXPECT_EQ("MANIFEST-000001\n", files_.contents("/data/CURRENT"));
}

TEST_F(FaultyFiles, DatabaseEnvCounts) {
  DatabaseEnv env(files_);
  auto log = create(env, "/data/000003.log");
  ASSERT_TRUE(log->Append("12345").ok());
  ASSERT_TRUE(log->Sync().ok());
  ASSERT_TRUE(create(env, "/data/000004.ldb")->Append("123").ok());
  EXPECT_EQ(8U, env.counters().written_bytes.load());
  EXPECT_EQ(5U, env.counters().log_bytes.load());
  EXPECT_EQ(1U, env.counters().syncs.load());
  EXPECT_EQ(2U, env.counters().directory_syncs.load());
}

TEST(DatabaseEnvBackground, ManualWorkWaitsForItsCall) {
  FaultyFileSystem files;
  DatabaseEnv env(files, DatabaseEnv::Background::kManual);
  struct Shared {
    DatabaseEnv* env;
    std::atomic<int> ran{0};
  } shared{&env};
  // Work that queues itself once more, as a compaction does.
  const auto again = [](void* argument) { ++static_cast<Shared*>(argument)->ran; };
  struct First {
    Shared* shared;
    void (*again)(void*);
  } first{&shared, again};
  env.Schedule(
      [](void* argument) {
        auto* self = static_cast<First*>(argument);
        ++self->shared->ran;
        self->shared->env->Schedule(self->again, self->shared);
      },
      &first);
  EXPECT_EQ(0, shared.ran.load());
  env.run_background();
  EXPECT_EQ(2, shared.ran.load());
  env.release_background();
  env.Schedule(again, &shared);
  env.run_background();
  EXPECT_EQ(3, shared.ran.load());
}

TEST(DiskFileSystem, SyncsDirectoriesAndSaysWhyItCannot) {
  TemporaryFolder folder;
  const auto files = disk_file_system();
  EXPECT_TRUE(files->sync_directory(folder.path()).ok());
  const leveldb::Status status = files->sync_directory(folder.path() + "/none");
  EXPECT_NE(std::string::npos, status.ToString().find("No such file")) << status.ToString();
}

TEST(DiskFileSystem, ALogIsFilledAheadOfItsWriterAndCutWhenItIsClosed) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/000001.log";
  auto files = disk_file_system();
  DatabaseEnv env(*files, DatabaseEnv::Background::kThread, 1 << 20);
  const auto size = [&] {
    uint64_t bytes = 0;
    EXPECT_TRUE(files->GetFileSize(path, &bytes).ok());
    return bytes;
  };
  std::string expected;
  {
    auto log = create(env, path);
    for (int i = 0; i < 3000; ++i) {  // 3 MB, in writes that LevelDB's file buffers and passes on in turn
      const std::string piece(static_cast<size_t>(i % 2000) + 1, static_cast<char>('a' + i % 26));
      ASSERT_TRUE(log->Append(piece).ok());
      ASSERT_TRUE(i % 3 == 0 ? log->Sync().ok() : log->Flush().ok());
      expected += piece;
      ASSERT_GT(size(), expected.size()) << "there are zeros ahead";
    }
  }
  EXPECT_EQ(expected.size(), size());
  std::string contents;
  ASSERT_TRUE(leveldb::ReadFileToString(files.get(), path, &contents).ok());
  EXPECT_TRUE(contents == expected) << "nothing was written over";
  ASSERT_TRUE(files->RemoveFile(path).ok());
}

TEST(DiskFileSystem, KnowsTheRoomThatIsLeft) {
  TemporaryFolder folder;
  const auto files = disk_file_system();
  const uint64_t room = files->free_bytes(folder.path());
  EXPECT_GT(room, 0U);
  EXPECT_LT(room, UINT64_MAX);
  EXPECT_EQ(UINT64_MAX, files->free_bytes(folder.path() + "/none"));
  EXPECT_EQ(UINT64_MAX, memory_file_system()->free_bytes("/"));
}

TEST(DirectoryOf, Paths) {
  EXPECT_EQ("/a/b", directory_of("/a/b/c"));
  EXPECT_EQ("/", directory_of("/a"));
  EXPECT_EQ(".", directory_of("a"));
}

}  // namespace
}  // namespace stator::storage
