// Goal: a data folder opens whole or says in one sentence why not; it has one owner, one incarnation, and
// never goes on under its old name after it lost something.
#include "storage/store.h"

#include <fstream>

#include "tests/unit/storage/fixtures.h"

namespace stator::storage {
namespace {

const ReplicaAddress kA = address(1, 11);

// One replica with a log of 9, applied up to 6, of which 4 are synced.
void fill(Store& store) {
  LogUpdate mark = append(kA, numbered(1, 9, 1));
  ASSERT_OK(store.log().write(std::vector<LogUpdate>{birth(kA), mark}));
  const SpaceId space = *store.items().allocate_space();
  for (Index index = 1; index <= 6; ++index) {
    ApplyBatch batch{state_of(kA, space, index), {{RowKind::kItem, std::to_string(index), "v"}}, {}, {}};
    ASSERT_OK(store.items().apply(std::vector<ApplyBatch>{batch}));
    if (index != 4) continue;
    ASSERT_OK(store.items().sync());
    LogUpdate synced;
    synced.replica = kA;
    synced.items_synced = 4;
    synced.cut = LogBase{3, 1, {{ReplicaId(11)}, {}}};
    ASSERT_OK(store.log().write(std::vector<LogUpdate>{synced}));
  }
}

std::string wal_of(const FaultyFileSystem& files, const std::string& folder) {
  std::string log;
  for (const std::string& name : files.files()) {
    if (name.starts_with(folder) && name.ends_with(".log")) log = name;
  }
  return log;
}

TEST(Store, RecoversReplicas) {
  FaultyFileSystem files;
  std::string incarnation;
  {
    auto store = Store::open(files, kFolder);
    ASSERT_OK(store);
    EXPECT_TRUE((*store)->recovered().empty());
    incarnation = (*store)->folder().incarnation();
    fill(**store);
    ASSERT_OK((*store)->close());
  }
  files.crash(CrashKind::kDropAll);
  auto store = Store::open(files, kFolder);
  ASSERT_OK(store);
  EXPECT_EQ(incarnation, (*store)->folder().incarnation());
  ASSERT_EQ(1U, (*store)->recovered().size());
  const RecoveredReplica& replica = (*store)->recovered().front();
  EXPECT_EQ(kA, replica.address);
  EXPECT_EQ(9U, replica.log->last);
  EXPECT_EQ(4U, replica.log->first());
  EXPECT_EQ(4U, replica.log->items_synced);
  EXPECT_EQ(6U, replica.state->applied.index);
  EXPECT_LE((*store)->items_report().records, 1U)
      << "a clean close leaves nothing to replay but flush()'s empty batch";
}

TEST(Store, OpensInMemory) {
  const auto files = memory_file_system();
  auto store = Store::open(*files, "/anything");
  ASSERT_OK(store);
  fill(**store);
  EXPECT_EQ(6U, (*store)->items().partition_state(kA.partition)->applied.index);
  ASSERT_OK((*store)->close());
}

TEST(Store, OpensOnDiskAndOnlyOnce) {
  TemporaryFolder folder;
  const auto files = disk_file_system();
  const std::string path = folder.path() + "/some/where/";
  {
    auto store = Store::open(*files, path);
    ASSERT_OK(store);
    fill(**store);
    const auto second = Store::open(*files, path);
    EXPECT_CODE(ErrorCode::kLocked, second);
    EXPECT_NE(std::string::npos, second.error().what.find("in use"));
  }
  auto again = Store::open(*files, path);
  ASSERT_OK(again);
  EXPECT_EQ(6U, (*again)->recovered().at(0).state->applied.index);
}

TEST(Store, WillNotTakeAFolderThatIsNotItsOwn) {
  TemporaryFolder folder;
  std::ofstream(folder.path() + "/holiday.jpg") << "x";
  const auto files = disk_file_system();
  EXPECT_CODE(ErrorCode::kFormat, Store::open(*files, folder.path()));
}

TEST(Store, WillNotReadAFormatOfTheFuture) {
  FaultyFileSystem files;
  ASSERT_OK(Store::open(files, kFolder));
  files.overwrite("/data/FORMAT", "stator 2\n");
  const auto store = Store::open(files, kFolder);
  EXPECT_CODE(ErrorCode::kFormat, store);
  EXPECT_NE(std::string::npos, store.error().what.find("stator 2"));
}

TEST(Store, SaysThatAFolderCannotBeCreated) {
  TemporaryFolder folder;
  std::ofstream(folder.path() + "/file") << "x";
  const auto files = disk_file_system();
  const auto store = Store::open(*files, folder.path() + "/file/data");
  ASSERT_FALSE(store.ok());
  EXPECT_NE(std::string::npos, store.error().what.find("Cannot create the data folder")) << why(store);
}

TEST(Store, ARottenRaftLogCountsAsWiped) {
  FaultyFileSystem files;
  {
    auto store = Store::open(files, kFolder);
    ASSERT_OK(store);
    fill(**store);
  }
  const std::string log = wal_of(files, "/data/stores/0/log/");
  std::string bytes = files.contents(log);
  bytes[bytes.size() / 3] ^= 1;
  files.overwrite(log, bytes);
  const auto damaged = Store::open(files, kFolder);
  EXPECT_CODE(ErrorCode::kLogDamaged, damaged);
  EXPECT_NE(std::string::npos, damaged.error().what.find("rejoin")) << damaged.error().what;
  EXPECT_EQ(bytes, files.contents(log)) << "opening never wipes";
}

TEST(Store, WipingGivesANewIncarnation) {
  FaultyFileSystem files;
  std::string incarnation;
  {
    auto store = Store::open(files, kFolder);
    ASSERT_OK(store);
    incarnation = (*store)->folder().incarnation();
    fill(**store);
  }
  ASSERT_OK(wipe_data_folder(files, kFolder));
  auto store = Store::open(files, kFolder);
  ASSERT_OK(store);
  EXPECT_TRUE((*store)->recovered().empty());
  EXPECT_NE(incarnation, (*store)->folder().incarnation());
}

TEST(Store, AnInterruptedWipeIsFinishedAtTheNextOpen) {
  for (uint64_t die_at = 1;; ++die_at) {
    FaultyFileSystem files(die_at);
    std::string incarnation;
    {
      auto store = Store::open(files, kFolder);
      ASSERT_OK(store);
      incarnation = (*store)->folder().incarnation();
      fill(**store);
    }
    files.plan({.die_at = die_at});
    const bool done = wipe_data_folder(files, kFolder).ok();
    files.crash(die_at % 2 ? CrashKind::kDropAll : CrashKind::kTorn);
    auto store = Store::open(files, kFolder);
    ASSERT_OK(store);
    const bool renewed = (*store)->folder().incarnation() != incarnation;
    EXPECT_EQ(renewed, (*store)->recovered().empty())
        << "an empty folder under the old name, at operation " << die_at;
    if (done) {
      EXPECT_TRUE(renewed);
      break;
    }
  }
}

TEST(Store, ADeletedRaftLogIsNoticed) {
  FaultyFileSystem files;
  {
    auto store = Store::open(files, kFolder);
    ASSERT_OK(store);
    fill(**store);
  }
  for (const std::string& name : files.files()) {
    if (!name.starts_with("/data/stores/0/log/")) continue;
    ASSERT_TRUE(files.RemoveFile(name).ok());
  }
  EXPECT_CODE(ErrorCode::kLogDamaged, Store::open(files, kFolder));
}

TEST(Store, DeletedItemsAreNoticed) {
  FaultyFileSystem files;
  {
    auto store = Store::open(files, kFolder);
    ASSERT_OK(store);
    fill(**store);
  }
  for (const std::string& name : files.files()) {
    if (!name.starts_with("/data/stores/0/items/")) continue;
    ASSERT_TRUE(files.RemoveFile(name).ok());
  }
  EXPECT_CODE(ErrorCode::kCorruption, Store::open(files, kFolder));
}

TEST(Store, DataDeletedByHandGivesANewIncarnation) {
  FaultyFileSystem files;
  std::string incarnation;
  {
    auto store = Store::open(files, kFolder);
    ASSERT_OK(store);
    incarnation = (*store)->folder().incarnation();
    fill(**store);
  }
  for (const std::string& name : files.files()) {
    if (!name.starts_with("/data/stores/")) continue;
    ASSERT_TRUE(files.RemoveFile(name).ok());
  }
  auto store = Store::open(files, kFolder);
  ASSERT_OK(store);
  EXPECT_NE(incarnation, (*store)->folder().incarnation());
}

TEST(Store, ALogOfAnotherFolderIsRefused) {
  FaultyFileSystem files;
  ASSERT_OK(Store::open(files, kFolder));
  files.overwrite("/data/INCARNATION", "00112233445566778899aabbccddeeff\n");
  EXPECT_CODE(ErrorCode::kLogDamaged, Store::open(files, kFolder));
  files.overwrite("/data/INCARNATION", "gibberish\n");
  EXPECT_CODE(ErrorCode::kCorruption, Store::open(files, kFolder));
}

TEST(Store, ASplitChildWithoutALogIsRecovered) {
  FaultyFileSystem files;
  {
    auto store = Store::open(files, kFolder);
    ASSERT_OK(store);
    fill(**store);
    PartitionState parent = *(*store)->items().partition_state(kA.partition);
    ApplyBatch split{parent, {}, {state_of(address(2, 22), parent.space, 6)}, {}};
    ASSERT_OK((*store)->items().apply(std::vector<ApplyBatch>{split}));
  }
  auto store = Store::open(files, kFolder);
  ASSERT_OK(store);
  ASSERT_EQ(2U, (*store)->recovered().size());
  EXPECT_FALSE((*store)->recovered()[1].log.has_value());
  EXPECT_EQ(6U, (*store)->recovered()[1].state->applied.index);
}

}  // namespace
}  // namespace stator::storage
