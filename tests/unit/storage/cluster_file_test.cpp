// Goal: a node finds its cluster again after any crash, whatever its texts hold; what is damaged or newer is
// refused by name; and a folder that forgot its votes belongs to no cluster.
#include "storage/cluster_file.h"

#include "model/checksum.h"
#include "tests/unit/storage/fixtures.h"

namespace stator::storage {
namespace {

std::array<uint8_t, 16> bytes(uint8_t first) {
  std::array<uint8_t, 16> result{};
  for (size_t i = 0; i < result.size(); ++i) result[i] = static_cast<uint8_t>(first + i);
  return result;
}

ClusterFile cluster_of(uint64_t node) {
  ClusterFile cluster;
  cluster.cluster_id = bytes(0xa0);
  cluster.node = model::NodeId(node);
  cluster.metadata_replica = model::ReplicaId(node);
  for (uint64_t id = 1; id <= 3; ++id) {
    cluster.members.push_back({model::NodeId(id), model::ReplicaId(id), bytes(static_cast<uint8_t>(id)),
                               "127.0.0.1:820" + std::to_string(id), "zone-" + std::to_string(id),
                               "[::1]:8000", ""});
  }
  return cluster;
}

// The same text with a checksum that holds.
std::string resealed(std::string text) {
  text.resize(text.rfind("checksum "));
  char line[32];
  std::snprintf(line, sizeof line, "checksum %016llx\n",
                static_cast<unsigned long long>(model::checksum_of({text})));
  return text + line;
}

class ClusterFileTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.CreateDir(kFolder).ok());
    ASSERT_TRUE(files_.sync_directory("/").ok());
  }
  void expect_stored(const std::optional<ClusterFile>& expected, int line) {
    auto read = read_cluster_file(files_, kFolder);
    ASSERT_TRUE(read.ok()) << "line " << line << ": " << why(read);
    EXPECT_TRUE(*read == expected) << "line " << line;
  }
  FaultyFileSystem files_;
};

TEST_F(ClusterFileTest, AFolderWithoutOneBelongsToNoCluster) { expect_stored(std::nullopt, __LINE__); }

TEST_F(ClusterFileTest, ComesBack) {
  ClusterFile cluster = cluster_of(2);
  ASSERT_OK(write_cluster_file(files_, kFolder, cluster));
  expect_stored(cluster, __LINE__);
  cluster.metadata_replica = model::ReplicaId(102);
  cluster.late = true;
  cluster.members.pop_back();
  ASSERT_OK(write_cluster_file(files_, kFolder, cluster));
  expect_stored(cluster, __LINE__);
  EXPECT_EQ(files_.files(), std::vector<std::string>{"/data/CLUSTER"});  // nothing is left beside it
}

TEST_F(ClusterFileTest, IsTheTextThatThePageShows) {
  ClusterFile cluster = cluster_of(2);
  cluster.members.resize(1);
  ASSERT_OK(write_cluster_file(files_, kFolder, cluster));
  EXPECT_EQ(files_.contents("/data/CLUSTER"),
            "stator-cluster 1\n"
            "cluster a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\n"
            "node 2\n"
            "metadata-replica 2\n"
            "member 1 1 0102030405060708090a0b0c0d0e0f10 127.0.0.1:8201 zone-1 [::1]:8000 -\n"
            "checksum ce3f8f998c391a6d\n");
}

TEST_F(ClusterFileTest, TakesAnyText) {
  ClusterFile cluster = cluster_of(1);
  std::string every;
  for (int c = 0; c < 256; ++c) every.push_back(static_cast<char>(c));
  for (const std::string& zone : {std::string(), std::string("-"), std::string("--"), std::string("a b"),
                                  std::string("%"), std::string("\n"), std::string("checksum "), every}) {
    cluster.members[0].zone = zone;
    cluster.members[2].admin_address = zone;
    ASSERT_OK(write_cluster_file(files_, kFolder, cluster));
    expect_stored(cluster, __LINE__);
  }
}

TEST_F(ClusterFileTest, WorksInMemoryAndOnDisk) {
  auto memory = memory_file_system();
  auto disk = disk_file_system();
  TemporaryFolder folder;
  for (FileSystem* files : {memory.get(), disk.get()}) {
    for (uint64_t node : {1, 3}) ASSERT_OK(write_cluster_file(*files, folder.path(), cluster_of(node)));
    auto read = read_cluster_file(*files, folder.path());
    ASSERT_OK(read);
    EXPECT_TRUE(*read == cluster_of(3));
  }
}

// --- damage
// -----------------------------------------------------------------------------------------------------------

TEST_F(ClusterFileTest, DamageOfAnyByteIsFound) {
  ASSERT_OK(write_cluster_file(files_, kFolder, cluster_of(2)));
  const std::string whole = files_.contents("/data/CLUSTER");
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    files_.overwrite("/data/CLUSTER", damaged);
    EXPECT_FALSE(read_cluster_file(files_, kFolder).ok()) << "byte " << at;
    files_.overwrite("/data/CLUSTER", whole.substr(0, at));
    EXPECT_CODE(ErrorCode::kCorruption, read_cluster_file(files_, kFolder));
  }
  files_.overwrite("/data/CLUSTER", std::string(kClusterFileBytesMax + 1, 'x'));
  EXPECT_CODE(ErrorCode::kCorruption, read_cluster_file(files_, kFolder));
}

// A checksum finds accidents; whoever made a new one is still not believed.
TEST_F(ClusterFileTest, WhatIsNotAsWrittenIsRefused) {
  ASSERT_OK(write_cluster_file(files_, kFolder, cluster_of(2)));
  const std::string whole = files_.contents("/data/CLUSTER");
  const std::vector<std::pair<std::string, std::string>> edits = {
      {"node 2", "node 2 3"},
      {"node 2", "node two"},
      {"node 2", "node 99999999999999999999"},
      {"node 2", "knot 2"},
      {"node 2\n", ""},
      {"cluster a0", "cluster b"},
      {"cluster a0", "cluster zz"},
      {"metadata-replica 2", "metadata-replica 2 early"},
      {"member 1 1", "member 1"},
      {"member 1 1", "number 1 1"},
      {"zone-1", "zone%"},
      {"zone-1", "zone%2"},
      {"zone-1", "zone%zz"},
      {"zone-1", ""},
      {"127.0.0.1:8201", "127.0.0.1:8201 more"},
  };
  for (const auto& [from, to] : edits) {
    std::string edited = whole;
    edited.replace(edited.find(from), from.size(), to);
    files_.overwrite("/data/CLUSTER", resealed(edited));
    EXPECT_CODE(ErrorCode::kCorruption, read_cluster_file(files_, kFolder));
  }
  files_.overwrite("/data/CLUSTER", resealed(whole));
  EXPECT_TRUE(read_cluster_file(files_, kFolder).ok());
}

TEST_F(ClusterFileTest, AFormatOfTheFutureIsNamedAsSuch) {
  ASSERT_OK(write_cluster_file(files_, kFolder, cluster_of(2)));
  files_.overwrite("/data/CLUSTER", "stator-cluster 2\nwhatever\n");
  auto read = read_cluster_file(files_, kFolder);
  EXPECT_CODE(ErrorCode::kFormat, read);
  EXPECT_NE(read.error().text().find("stator-cluster 2"), std::string::npos);
  EXPECT_NE(read.error().text().find("/data/CLUSTER"), std::string::npos);
}

// --- crashes
// ----------------------------------------------------------------------------------------------------------

TEST_F(ClusterFileTest, ACrashLeavesTheOldOneOrTheNewOne) {
  for (CrashKind kind : {CrashKind::kProcess, CrashKind::kDropAll, CrashKind::kTorn}) {
    for (uint64_t die_at = 1;; ++die_at) {
      ASSERT_OK(write_cluster_file(files_, kFolder, cluster_of(1)));
      files_.plan({.die_at = die_at});
      const bool done = write_cluster_file(files_, kFolder, cluster_of(2)).ok();
      files_.crash(kind);
      auto read = read_cluster_file(files_, kFolder);
      ASSERT_OK(read);
      ASSERT_TRUE(read->has_value());
      EXPECT_TRUE(**read == cluster_of(2) || (!done && **read == cluster_of(1))) << "operation " << die_at;
      if (done) break;
    }
  }
}

TEST_F(ClusterFileTest, AFullDiskIsAnErrorAndKeepsTheOldOne) {
  ASSERT_OK(write_cluster_file(files_, kFolder, cluster_of(1)));
  files_.plan({.capacity_bytes = files_.contents("/data/CLUSTER").size() + 10});
  EXPECT_CODE(ErrorCode::kNoSpace, write_cluster_file(files_, kFolder, cluster_of(2)));
  expect_stored(cluster_of(1), __LINE__);
  files_.plan({.fail_sync_at = 1});
  EXPECT_CODE(ErrorCode::kIo, write_cluster_file(files_, kFolder, cluster_of(2)));
  expect_stored(cluster_of(1), __LINE__);
}

// --- folders that forgot their votes
// ------------------------------------------------------------------------------

TEST(ClusterFileOfAStore, StaysOverRestarts) {
  FaultyFileSystem files;
  ASSERT_OK(Store::open(files, kFolder));
  ASSERT_OK(write_cluster_file(files, kFolder, cluster_of(2)));
  ASSERT_OK(Store::open(files, kFolder));
  EXPECT_TRUE((*read_cluster_file(files, kFolder)).has_value());
}

TEST(ClusterFileOfAStore, GoesWithAWipeAtWhateverOperationThatStops) {
  for (uint64_t die_at = 1;; ++die_at) {
    FaultyFileSystem files(die_at);
    std::string incarnation;
    {
      auto store = Store::open(files, kFolder);
      ASSERT_OK(store);
      incarnation = (*store)->folder().incarnation();
    }
    ASSERT_OK(write_cluster_file(files, kFolder, cluster_of(2)));
    files.plan({.die_at = die_at});
    const bool done = wipe_data_folder(files, kFolder).ok();
    files.crash(die_at % 2 ? CrashKind::kDropAll : CrashKind::kTorn);
    auto store = Store::open(files, kFolder);
    ASSERT_OK(store);
    auto cluster = read_cluster_file(files, kFolder);
    ASSERT_OK(cluster);
    const bool renewed = (*store)->folder().incarnation() != incarnation;
    EXPECT_EQ(renewed, !cluster->has_value()) << "a new folder in an old place, at operation " << die_at;
    if (done) {
      EXPECT_TRUE(renewed);
      break;
    }
  }
}

// The regression: stores/ deleted by hand left a node that went on under its old name with an empty log.
TEST(ClusterFileOfAStore, GoesWithDataThatWasDeletedByHand) {
  FaultyFileSystem files;
  ASSERT_OK(Store::open(files, kFolder));
  ASSERT_OK(write_cluster_file(files, kFolder, cluster_of(2)));
  for (const std::string& name : files.files()) {
    if (!name.starts_with("/data/stores/")) continue;
    ASSERT_TRUE(files.RemoveFile(name).ok());
  }
  auto store = Store::open(files, kFolder);
  ASSERT_OK(store);
  auto cluster = read_cluster_file(files, kFolder);
  ASSERT_OK(cluster);
  EXPECT_FALSE(cluster->has_value());
}

}  // namespace
}  // namespace stator::storage
