// Goal: over real stores and threads, a replica that missed what the logs hold no more gets a snapshot and
// goes on, while writes go on and readers read; and it is found again after a restart.
#include <gtest/gtest.h>

#include <atomic>
#include <caf/all.hpp>
#include <future>
#include <thread>

#include "actors/replica_actor.h"
#include "actors/replica_opener.h"
#include "actors/store_view.h"
#include "actors/ticker.h"
#include "storage/env_memory.h"
#include "tests/cluster/local_cluster.h"
#include "tests/unit/cluster/cluster_testing.h"

namespace stator::actors {
namespace {

using model::ReplicaId;
using tests::eventually;

constexpr uint64_t kFirst = 1000;  // replica ids 1000 to 1002

cluster::Partition partition_of_three() {
  cluster::Partition partition;
  partition.id = model::PartitionId(5);
  partition.table = cluster::test_table().id;
  for (uint64_t i = 0; i < 3; ++i)
    partition.replicas.push_back({ReplicaId(kFirst + i), model::NodeId(i + 1)});
  partition.first_leader = ReplicaId(kFirst);
  return partition;
}

class Group;

// One replica, with all that a node gives it.
class Site final : public MessageSender {
 public:
  Site(Group& group, size_t number) : group_(group), number_(number) {}
  ~Site() override { stop(); }

  void start(bool first = false) {
    config_.set("scheduler.max-threads", int64_t{1});
    system_ = std::make_unique<caf::actor_system>(config_);
    auto opened_store = storage::Store::open(*files_, "/data");
    ASSERT_TRUE(opened_store.ok()) << opened_store.error().text();
    store_ = std::move(*opened_store);
    committer_ = std::make_unique<storage::Committer>(store_->log());
    auto mailbox = std::make_shared<ReplicaMailbox>(refuse);
    mailbox_ = mailbox;
    storage::ApplierLimits limits;
    limits.sync_every_bytes = 100'000;
    applier_ = std::make_unique<storage::Applier>(
        store_->items(), limits, [mailbox](const storage::Result<std::vector<storage::SyncedIndex>>& synced) {
          for (const storage::SyncedIndex& index : *synced) mailbox->push(ItemsSynced{index.index});
        });
    readers_ = std::make_unique<storage::ReaderPool>(1);
    snapshots_ = std::make_unique<SnapshotService>();
    const ReplicaServices services{*store_, *committer_, *applier_, *readers_, this, snapshots_.get()};
    const cluster::Partition partition = partition_of_three();
    const storage::RecoveredReplica* recovered = nullptr;
    for (const storage::RecoveredReplica& replica : store_->recovered()) recovered = &replica;
    cluster::ReplicaConfig config;
    config.log_bytes_max = 50'000;
    config.log_cut_entries_min = 2;
    auto opened = open_partition(services, partition, partition.replicas[number_], recovered, config);
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    space_ = opened->state.space;
    ReplicaEvents events;
    events.serving_changed = [this](const cluster::Replica& replica) { serving = replica.serving(); };
    events.installed = [this](const storage::PartitionState& state) {
      space_ = state.space;
      ++installs;
    };
    events.applied = [this](const cluster::Replica& replica) { applied = replica.applied_index(); };
    events.failed = [](const std::string& why) { ADD_FAILURE() << why; };
    mailbox->push(Configure{cluster::test_table()});
    if (first) mailbox->push(Campaign{});
    spawn_replica_actor(*system_, mailbox,
                        std::make_unique<ReplicaDriver>(services, std::move(opened->state), mailbox,
                                                        std::move(opened->replica), std::move(events)));
  }
  // As Node::stop() does it.
  void stop() {
    if (!store_) return;
    readers_->stop();
    snapshots_->stop();
    mailbox()->close();
    system_->await_all_actors_done();
    system_.reset();
    committer_->stop();
    applier_->stop();
    applier_.reset(), committer_.reset(), readers_.reset(), snapshots_.reset(), store_.reset();
    serving = false;
  }
  void send(model::PartitionId, uint32_t, std::vector<raft::Message> messages) override;

  api::Result<api::Answer> put(const std::string& key, const std::string& value) {
    WriteCall call;
    call.request = cluster::request_of("PutItem", cluster::put(key, value));
    call.key = cluster::key_of(key);
    std::promise<api::Result<api::Answer>> promise;
    auto future = promise.get_future();
    call.done = [&promise](api::Result<api::Answer> result) { promise.set_value(std::move(result)); };
    mailbox()->push(std::move(call));
    return future.get();
  }
  // "absent", "moved" or the value.
  std::string get(const std::string& key) const {
    auto item = StoreView(store_->items(), space_.load()).get(cluster::key_of(key));
    if (!item.ok()) return "moved";
    return *item ? *(*item)->item.find("v")->as_s() : "absent";
  }
  std::string rows() const {
    std::string text;
    auto rows = store_->items().scan(space_, model::RowKind::kItem, {});
    for (; rows.valid(); rows.next()) (text += rows.key()) += rows.value();
    return text;
  }
  storage::LogState log() const {
    return *store_->log().state({model::PartitionId(5), ReplicaId(kFirst + number_)});
  }
  std::shared_ptr<ReplicaMailbox> mailbox() const { return mailbox_.load(); }

  std::atomic<bool> serving{false};
  std::atomic<bool> cut_off{false};
  std::atomic<int> installs{0};
  std::atomic<uint64_t> applied{0};

 private:
  Group& group_;
  const size_t number_;
  std::unique_ptr<storage::FileSystem> files_ = storage::memory_file_system();
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Committer> committer_;
  std::unique_ptr<storage::Applier> applier_;
  std::unique_ptr<storage::ReaderPool> readers_;
  std::unique_ptr<SnapshotService> snapshots_;
  std::atomic<std::shared_ptr<ReplicaMailbox>> mailbox_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::atomic<model::SpaceId> space_;
};

class Group {
 public:
  Group() {
    for (size_t i = 0; i < 3; ++i) sites_.push_back(std::make_unique<Site>(*this, i));
    for (size_t i = 0; i < 3; ++i) sites_[i]->start(i == 0);
    ticker_ = std::make_unique<Ticker>([this] {
      for (auto& site : sites_) site->mailbox()->push(Tick{});
    });
  }
  ~Group() {
    ticker_->stop();
    for (auto& site : sites_) site->stop();
  }
  Site& operator[](size_t i) { return *sites_[i]; }
  Site* of(ReplicaId replica) { return sites_[replica.value - kFirst].get(); }

  // What a leader that is cut off was asked it answers when it is not any more: these tests cut off followers
  // only.
  bool led_by(size_t site) {
    return eventually([&] {
      for (auto& other : sites_) {
        if (other->serving && other != sites_[site])
          other->mailbox()->push(Transfer{ReplicaId(kFirst + site)});
      }
      return sites_[site]->serving.load();
    });
  }
  // On whoever serves. False: nobody did in time.
  bool put(const std::string& key, const std::string& value) {
    return eventually([&] {
      for (auto& site : sites_) {
        if (site->serving && site->put(key, value).ok()) return true;
      }
      return false;
    });
  }

 private:
  std::vector<std::unique_ptr<Site>> sites_;
  std::unique_ptr<Ticker> ticker_;
};

void Site::send(model::PartitionId, uint32_t, std::vector<raft::Message> messages) {
  for (raft::Message& message : messages) {
    Site* to = group_.of(message.to);
    if (cut_off || to->cut_off) continue;
    if (auto mailbox = to->mailbox()) mailbox->push(Step{std::move(message)});
  }
}

class ReplicaSnapshotsTest : public testing::Test {
 protected:
  // So much that the logs are cut beyond site 2.
  void leave_behind() {
    ASSERT_TRUE(group_.led_by(0));
    ASSERT_TRUE(group_.put("stays", "here"));
    ASSERT_TRUE(eventually([&] { return group_[2].get("stays") == "here"; }));
    group_[2].cut_off = true;
    const raft::Index has = group_[2].log().last;
    for (int i = 0; i < 200 || (group_[0].log().base.index <= has && i < 2000); ++i) {
      ASSERT_TRUE(group_.put("key " + std::to_string(i % 70), std::string(5'000, 'x') + std::to_string(i)));
    }
    ASSERT_GT(group_[0].log().base.index, has);
  }
  void expect_equal() {
    EXPECT_TRUE(eventually([&] {
      return group_[0].applied == group_[2].applied && group_[1].applied == group_[0].applied &&
             group_[0].rows() == group_[2].rows();
    })) << group_[0].applied
        << " " << group_[2].applied;
  }

  Group group_;
};

TEST_F(ReplicaSnapshotsTest, AMemberCatchesUpWhileWritesAndReadsGoOn) {
  ASSERT_NO_FATAL_FAILURE(leave_behind());
  std::atomic<bool> over{false};
  size_t reads = 0, moved = 0, written = 0;
  std::thread reader([&] {
    for (; !over; ++reads) {
      const std::string found = group_[2].get("stays");
      moved += found == "moved" ? 1 : 0;
      ASSERT_TRUE(found == "here" || found == "moved") << found;
    }
  });
  std::thread writer([&] {
    for (; !over && written < 5'000; ++written) EXPECT_TRUE(group_.put("during", std::to_string(written)));
  });
  group_[2].cut_off = false;
  EXPECT_TRUE(eventually([&] { return group_[2].installs > 0; }));
  over = true;
  reader.join();
  writer.join();
  EXPECT_GT(reads, 0u);
  EXPECT_GT(written, 0u);
  ASSERT_TRUE(group_.put("after", "it"));
  expect_equal();
  EXPECT_EQ(group_[2].get("after"), "it");
  EXPECT_GT(group_[2].log().base.index, 0u);
}

TEST_F(ReplicaSnapshotsTest, ARestartFindsItInstalled) {
  ASSERT_NO_FATAL_FAILURE(leave_behind());
  group_[2].cut_off = false;
  EXPECT_TRUE(eventually([&] { return group_[2].installs > 0; }));
  expect_equal();
  group_[2].stop();
  ASSERT_NO_FATAL_FAILURE(group_[2].start());
  EXPECT_EQ(group_[2].get("stays"), "here");
  ASSERT_TRUE(group_.put("after", "it"));
  expect_equal();
  EXPECT_EQ(group_[2].installs, 1);
}

// The one that it brought up can do all that the others can: it leads, and sends snapshots.
TEST_F(ReplicaSnapshotsTest, ItLeadsAndSendsOneItself) {
  ASSERT_NO_FATAL_FAILURE(leave_behind());
  group_[2].cut_off = false;
  EXPECT_TRUE(eventually([&] { return group_[2].installs > 0; }));
  expect_equal();
  ASSERT_TRUE(group_.led_by(2));
  group_[1].cut_off = true;
  const raft::Index has = group_[1].log().last;
  for (int i = 0; i < 2000 && group_[2].log().base.index <= has; ++i) {
    ASSERT_TRUE(group_.put("key " + std::to_string(i % 70), std::string(5'000, 'y') + std::to_string(i)));
  }
  group_[1].cut_off = false;
  EXPECT_TRUE(eventually([&] { return group_[1].installs > 0; }));
  expect_equal();
}

// Stopped in the middle of it, on either side: nothing is left of it, and it begins anew.
TEST_F(ReplicaSnapshotsTest, EitherSideStopsInTheMiddle) {
  ASSERT_NO_FATAL_FAILURE(leave_behind());
  for (size_t stopped : {size_t{2}, size_t{0}}) {
    group_[2].cut_off = false;
    group_[stopped].stop();
    ASSERT_NO_FATAL_FAILURE(group_[stopped].start());
  }
  ASSERT_TRUE(group_.put("after", "it"));
  EXPECT_TRUE(eventually([&] { return group_[2].installs > 0; }));
  expect_equal();
}

}  // namespace
}  // namespace stator::actors
