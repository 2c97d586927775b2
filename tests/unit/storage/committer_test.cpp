// Goal: the committer merges what waits into one synced batch, closes a batch behind the entry that crosses
// its bound, tells each replica once a sync, refuses when full, and after a failure gives everyone the same
// error.
#include "storage/committer.h"

#include <future>

#include "tests/unit/storage/fixtures.h"

namespace stator::storage {
namespace {

Submission submission(ReplicaAddress replica, Index index, size_t bytes,
                      std::vector<std::string>* told = nullptr) {
  Submission s;
  s.update = append(replica, {entry(index, 1, std::string(bytes, 'x'))});
  s.committed = [told, replica, index](const Result<void>& result) {
    if (told) {
      told->push_back(std::to_string(replica.partition.value) + "/" + std::to_string(index) +
                      (result ? "" : " failed"));
    }
  };
  return s;
}

const ReplicaAddress kA = address(1, 11);
const ReplicaAddress kB = address(2, 12);

void offer(CommitterQueue& queue, Submission s) {
  EXPECT_EQ(CommitterQueue::Offer::kAccepted, queue.offer(s));
}

TEST(CommitterQueue, MergesAllThatWaits) {
  CommitterQueue queue;
  EXPECT_FALSE(queue.has_work());
  offer(queue, submission(kA, 1, 100));
  offer(queue, submission(kB, 1, 100));
  offer(queue, submission(kA, 2, 100));
  ASSERT_TRUE(queue.has_work());
  const CommitBatch batch = queue.take();
  EXPECT_EQ(3U, batch.updates.size());
  EXPECT_EQ(3U, batch.entries);
  EXPECT_FALSE(batch.callbacks[0]);  // stood for by the newer one of its replica
  EXPECT_TRUE(batch.callbacks[1]);
  EXPECT_TRUE(batch.callbacks[2]);
  EXPECT_EQ(0U, queue.waiting_bytes());
}

TEST(CommitterQueue, OneBatchAtATime) {
  CommitterQueue queue;
  offer(queue, submission(kA, 1, 100));
  (void)queue.take();
  offer(queue, submission(kA, 2, 100));
  EXPECT_FALSE(queue.has_work());
  EXPECT_TRUE(queue.finish({}).empty());
  EXPECT_TRUE(queue.has_work());
}

TEST(CommitterQueue, ABatchClosesBehindTheSubmissionThatCrossesItsBound) {
  CommitterQueue queue({.queue_bytes_max = 100'000, .batch_bytes = 1000});
  for (Index index = 1; index <= 5; ++index) offer(queue, submission(kA, index, 600));
  EXPECT_EQ(2U, queue.take().updates.size());
  (void)queue.finish({});
  EXPECT_EQ(2U, queue.take().updates.size());
  (void)queue.finish({});
  EXPECT_EQ(1U, queue.take().updates.size());
}

TEST(CommitterQueue, RefusesWhenFullButNeverForEver) {
  CommitterQueue queue({.queue_bytes_max = 1000, .batch_bytes = 1000});
  offer(queue, submission(kA, 1, 5000));  // larger than the bound: alone it goes
  Submission more = submission(kA, 2, 10);
  EXPECT_EQ(CommitterQueue::Offer::kFull, queue.offer(more));
  EXPECT_EQ(1U, more.update.entries.size()) << "a refused submission is untouched";
  EXPECT_FALSE(queue.has_room());
  (void)queue.take();
  EXPECT_TRUE(queue.has_room());
  EXPECT_EQ(CommitterQueue::Offer::kAccepted, queue.offer(more));
}

TEST(CommitterQueue, AfterAFailureEveryoneGetsTheError) {
  CommitterQueue queue;
  std::vector<std::string> told;
  offer(queue, submission(kA, 1, 100));
  (void)queue.take();
  offer(queue, submission(kA, 2, 100, &told));
  offer(queue, submission(kB, 1, 100, &told));
  offer(queue, submission(kA, 3, 100, &told));
  const Result<void> failed = Failure(Error{ErrorCode::kIo, "disk", ""});
  for (const Committed& committed : queue.finish(failed)) committed(failed);
  EXPECT_EQ((std::vector<std::string>{"1/3 failed", "2/1 failed"}), told);
  EXPECT_FALSE(queue.has_work());
  Submission late = submission(kA, 4, 100);
  EXPECT_EQ(CommitterQueue::Offer::kFailed, queue.offer(late));
  EXPECT_EQ("disk", queue.failure()->what);
}

class CommitterTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.CreateDir("/log").ok());
    auto engine = Engine::open(files_, "/log", log_engine_options());
    ASSERT_OK(engine);
    auto log = LogStore::open(std::move(*engine));
    ASSERT_OK(log);
    log_ = std::move(*log);
    ASSERT_OK(log_->write(std::vector<LogUpdate>{birth(kA), birth(kB)}));
  }
  FaultyFileSystem files_;
  std::unique_ptr<LogStore> log_;
};

TEST_F(CommitterTest, TellsWhenItIsDurable) {
  Committer committer(*log_);
  std::promise<Index> durable;
  Submission s;
  s.update = append(kA, numbered(1, 3, 1));
  s.committed = [&](const Result<void>& result) { durable.set_value(result ? log_->state(kA)->last : 0); };
  ASSERT_TRUE(committer.try_submit(s));
  EXPECT_EQ(3U, durable.get_future().get());
}

TEST_F(CommitterTest, KeepsTheOrderOfEachReplicaAndWritesAllBeforeItStops) {
  struct Observer : StorageObserver {
    std::atomic<uint64_t> entries{0}, syncs{0};
    void log_sync(double, uint64_t, uint64_t count, uint64_t) override {
      entries += count;
      ++syncs;
    }
  } observer;
  std::vector<Index> seen;
  {
    Committer committer(*log_, {}, observer);
    for (Index index = 1; index <= 500; ++index) {
      for (const ReplicaAddress replica : {kA, kB}) {
        Submission s;
        s.update = append(replica, {entry(index, 1, "data")});
        if (replica == kA)
          s.committed = [&seen, index](const Result<void>& r) { seen.push_back(r ? index : 0); };
        ASSERT_TRUE(committer.try_submit(s));
      }
    }
  }
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(500U, seen.back());
  EXPECT_EQ(500U, log_->state(kA)->last);
  EXPECT_EQ(500U, log_->state(kB)->last);
  EXPECT_EQ(1000U, observer.entries.load());
  EXPECT_LE(observer.syncs.load(), 1000U);
}

TEST_F(CommitterTest, AFailedSyncEndsItForEveryone) {
  Committer committer(*log_);
  files_.plan({.fail_sync_at = 1});
  const auto submit = [&](Index index) {
    std::promise<std::string> told;
    Submission s;
    s.update = append(kA, {entry(index, 1, "data")});
    s.committed = [&told](const Result<void>& result) { told.set_value(why(result)); };
    EXPECT_TRUE(committer.try_submit(s));
    return told.get_future().get();
  };
  const std::string first = submit(1);
  EXPECT_NE("ok", first);
  EXPECT_EQ(first, submit(2)) << "refused with the same error";
  EXPECT_TRUE(committer.failure().has_value());
}

TEST_F(CommitterTest, SaysWhenThereIsRoom) {
  Committer committer(*log_, {.queue_bytes_max = 100'000, .batch_bytes = 1000});
  std::promise<void> entered, go;
  Submission blocker;
  blocker.update = append(kA, {entry(1, 1, "data")});
  blocker.committed = [&](const Result<void>&) {
    entered.set_value();
    go.get_future().wait();  // holds the committer's thread
  };
  ASSERT_TRUE(committer.try_submit(blocker));
  entered.get_future().wait();
  Index next = 1;
  Submission s;
  while (true) {
    s = {append(kB, {entry(next, 1, std::string(10'000, 'x'))}), {}};
    if (!committer.try_submit(s)) break;
    ++next;
  }
  EXPECT_GT(next, 8U);
  std::promise<bool> room;
  committer.when_room([&] { room.set_value(committer.try_submit(s)); });
  go.set_value();
  EXPECT_TRUE(room.get_future().get());
  committer.stop();
  EXPECT_EQ(next, log_->state(kB)->last);
  // Afterwards: refused with a reason, at once.
  std::string told;
  Submission late{append(kB, {entry(next + 1, 1, "x")}), [&](const Result<void>& r) { told = why(r); }};
  EXPECT_TRUE(committer.try_submit(late));
  EXPECT_EQ(0U, told.find("closed"));
}

}  // namespace
}  // namespace stator::storage
