// Goal: a node loses nothing that it acknowledged. It runs as shipped, with all its threads, over a file system that stops at
// some operation and then forgets what was not synced, whole or in torn pieces; and once as a process of its own that is
// killed between the sync of the log and the write of items/.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "storage/env_faulty.h"
#include "tests/cluster/node_client.h"

namespace stator::tests {
namespace {

uint64_t seed_of_run() {
  const char* seed = std::getenv("STATOR_SEED");
  return seed ? std::strtoull(seed, nullptr, 10) : 20261121;
}

// What clients know: the newest acknowledged value of each row, and what was sent after it without an answer.
class Ledger {
 public:
  void sent(uint64_t row, uint64_t value) {
    std::lock_guard lock(mutex_);
    rows_[row].maybe.push_back(value);
  }
  void acknowledged(uint64_t row, uint64_t value) {
    std::lock_guard lock(mutex_);
    rows_[row] = {value, {}};
  }
  struct Row {
    uint64_t value = 0;  // 0: never acknowledged
    std::vector<uint64_t> maybe;
  };
  std::map<uint64_t, Row> rows() {
    std::lock_guard lock(mutex_);
    return rows_;
  }

 private:
  std::mutex mutex_;
  std::map<uint64_t, Row> rows_;
};

std::string text_of(uint64_t value) { return "v" + std::to_string(value) + std::string(value % 700, 'x'); }

// Each thread owns rows of its own, so that "newest" is its order. Ends when the node refuses.
void write_until_failure(actors::Node& node, Ledger& ledger, uint64_t thread, std::atomic<uint64_t>& next_value,
                         std::mt19937_64 random) {
  for (;;) {
    uint64_t row = thread * 1000 + random() % 200;
    uint64_t value = next_value++;
    ledger.sent(row, value);
    NodeAnswer answer = call(node, "PutItem", put_json(row % 7, row, text_of(value)));
    if (!answer.ok) return;
    ledger.acknowledged(row, value);
  }
}

void verify(actors::Node& node, Ledger& ledger) {
  uint64_t found = 0;
  for (const auto& [row, known] : ledger.rows()) {
    NodeAnswer answer = call(node, "GetItem", get_json(row % 7, row));
    ASSERT_TRUE(answer.ok) << answer.text;
    auto holds = [&, &text = answer.text](uint64_t value) {
      return text.find("\"" + text_of(value) + "\"") != std::string::npos;
    };
    bool one = known.value != 0 ? holds(known.value) : answer.text == "{}";
    for (uint64_t value : known.maybe) one = one || holds(value);
    ASSERT_TRUE(one) << "row " << row << " was acknowledged as v" << known.value << " and reads " << answer.text;
    found += answer.text != "{}";
  }
  // The counts that replicas keep agree with the rows that a scan finds.
  NodeAnswer table = call(node, "DescribeTable", R"({"TableName":"rows"})");
  ASSERT_NE(table.text.find("\"ItemCount\":" + std::to_string(found) + ","), std::string::npos) << table.text;
}

TEST(NodeCrash, TwentyPowerLossesLoseNothingAcknowledged) {
  uint64_t seed = seed_of_run();
  SCOPED_TRACE("replay with STATOR_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  storage::FaultyFileSystem files(seed);
  monitoring::Metrics metrics("test");
  Ledger ledger;
  std::atomic<uint64_t> next_value{1};
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> told{false};
    actors::NodeOptions options;
    options.files = &files;
    options.data_dir = "/node";
    options.store_failed = [&] { told = true; };
    auto node = actors::Node::start(options, metrics);
    ASSERT_TRUE(node.ok()) << "round " << round << ": " << node.error();
    if (round == 0) {
      ASSERT_TRUE(call(**node, "CreateTable", kCreateTable).ok);
    }
    verify(**node, ledger);
    if (HasFatalFailure()) return;
    files.plan({.die_at = 50 + random() % 1500});
    std::vector<std::thread> writers;
    for (uint64_t thread = 1; thread <= 4; ++thread) {
      writers.emplace_back([&, thread, seeded = std::mt19937_64(random())] {
        write_until_failure(**node, ledger, thread, next_value, seeded);
      });
    }
    for (std::thread& writer : writers) writer.join();
    ASSERT_TRUE(files.dead()) << "the writers stopped before the disk did";
    EXPECT_FALSE((*node)->ready());
    EXPECT_TRUE(told) << "a node of several would end here";
    node = actors::Node::start({.in_memory = true}, metrics);  // destroys the dead one first
    files.crash(round % 3 == 0 ? storage::CrashKind::kDropAll : storage::CrashKind::kTorn);
  }
  actors::NodeOptions options;
  options.files = &files;
  options.data_dir = "/node";
  auto node = actors::Node::start(options, metrics);
  ASSERT_TRUE(node.ok()) << node.error();
  verify(**node, ledger);
  EXPECT_GT(ledger.rows().size(), 300u) << "the workload wrote something";
}

// --- a real process, killed at one point ------------------------------------------------------------------------------

// The disk, until armed: then the first byte for a write-ahead log of items/ kills the process before it is written.
class KillingFileSystem final : public storage::FileSystem {
 public:
  explicit KillingFileSystem(storage::FileSystem& disk) : storage::FileSystem(&disk), disk_(disk) {}
  void arm() { armed_ = true; }
  leveldb::Status sync_directory(const std::string& directory) override { return disk_.sync_directory(directory); }
  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    return wrap(name, disk_.NewWritableFile(name, file), file);
  }
  leveldb::Status NewAppendableFile(const std::string& name, leveldb::WritableFile** file) override {
    return wrap(name, disk_.NewAppendableFile(name, file), file);
  }

 private:
  class File final : public leveldb::WritableFile {
   public:
    File(leveldb::WritableFile* file, const std::atomic<bool>& armed) : file_(file), armed_(armed) {}
    leveldb::Status Append(const leveldb::Slice& data) override {
      if (armed_) ::kill(::getpid(), SIGKILL);
      return file_->Append(data);
    }
    leveldb::Status Close() override { return file_->Close(); }
    leveldb::Status Flush() override { return file_->Flush(); }
    leveldb::Status Sync() override { return file_->Sync(); }

   private:
    std::unique_ptr<leveldb::WritableFile> file_;
    const std::atomic<bool>& armed_;
  };
  leveldb::Status wrap(const std::string& name, leveldb::Status status, leveldb::WritableFile** file) {
    if (status.ok() && name.find("/items/") != std::string::npos && name.ends_with(".log")) *file = new File(*file, armed_);
    return status;
  }

  storage::FileSystem& disk_;
  std::atomic<bool> armed_{false};
};

[[noreturn]] void run_until_killed(const std::string& folder) {
  auto disk = storage::disk_file_system();
  KillingFileSystem files(*disk);
  monitoring::Metrics metrics("test");
  actors::NodeOptions options;
  options.files = &files;
  options.data_dir = folder;
  auto node = actors::Node::start(options, metrics);
  if (!node.ok() || !call(**node, "CreateTable", kCreateTable).ok) ::_exit(1);
  if (!call(**node, "PutItem", put_json(1, 1, "applied")).ok) ::_exit(2);
  files.arm();
  call(**node, "PutItem", put_json(1, 2, "synced"));
  ::_exit(3);  // it was answered, so it was applied: the kill did not come
}

TEST(NodeCrash, KilledBetweenLogSyncAndApplyFindsTheRow) {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("stator-node-" + std::to_string(::getpid()));
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) run_until_killed(folder.string());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "the process ended with " << WEXITSTATUS(status);
  ASSERT_EQ(WTERMSIG(status), SIGKILL);
  {
    // The log has what items/ has not.
    auto disk = storage::disk_file_system();
    auto store = storage::Store::open(*disk, folder.string());
    ASSERT_TRUE(store.ok()) << store.error().text();
    bool behind = false;
    for (const storage::RecoveredReplica& replica : (*store)->recovered()) {
      if (replica.address.partition == model::PartitionId{} || !replica.state || !replica.log) continue;
      behind = behind || replica.log->last > replica.state->applied.index;
    }
    EXPECT_TRUE(behind) << "the kill came after the apply";
  }
  monitoring::Metrics metrics("test");
  actors::NodeOptions options;
  options.data_dir = folder.string();
  {
    auto node = actors::Node::start(options, metrics);
    ASSERT_TRUE(node.ok()) << node.error();
    EXPECT_NE(call(**node, "GetItem", get_json(1, 1)).text.find("applied"), std::string::npos);
    EXPECT_NE(call(**node, "GetItem", get_json(1, 2)).text.find("synced"), std::string::npos);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace stator::tests
