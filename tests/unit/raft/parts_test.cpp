// Goal: the small parts under the core: the log's terms and cache, majorities, progress, what is synced.
#include <gtest/gtest.h>

#include "lone.h"
#include "raft/log.h"
#include "raft/persist_tracker.h"
#include "raft/progress.h"
#include "raft/quorum.h"

namespace stator::raft {
namespace {

Log log_with(const std::vector<Term>& terms) {
  InitialState initial;
  Log log(initial);
  for (const Entry& each : log_of(terms)) log.append(each);
  return log;
}

TEST(Log, KnowsEveryTermOfItsRange) {
  Log log = log_with({1, 1, 2, 5, 5});
  const std::vector<Term> expected = {0, 1, 1, 2, 5, 5};
  for (Index index = 0; index <= 5; ++index) EXPECT_EQ(log.term_at(index), expected[index]);
  EXPECT_EQ(log.term_at(6), std::nullopt);
  for (Index cut = 1; cut <= 5; ++cut) {
    log.hand_out();
    log.compact(cut);
    EXPECT_EQ(log.first(), cut + 1);
    EXPECT_EQ(log.last_term(), 5u);
    for (Index index = cut; index <= 5; ++index)
      EXPECT_EQ(log.term_at(index), expected[index]) << "cut at " << cut;
    EXPECT_EQ(log.term_at(cut - 1), std::nullopt);
  }
  log.append(entry(6, 5));
  log.append(entry(7, 6));
  EXPECT_EQ(log.term_at(6), 5u);
  EXPECT_EQ(log.term_at(7), 6u);
}

TEST(Log, FindsWhereLogsMayAgree) {
  const Log log = log_with({1, 1, 2, 5, 5});
  EXPECT_EQ(log.last_not_above(5, 5), 5u);
  EXPECT_EQ(log.last_not_above(9, 9), 5u);
  EXPECT_EQ(log.last_not_above(5, 4), 3u);
  EXPECT_EQ(log.last_not_above(5, 1), 2u);
  EXPECT_EQ(log.last_not_above(1, 3), 1u);
  EXPECT_EQ(log.last_not_above(5, 0), 0u);
}

TEST(Log, TruncatesAndContinues) {
  Log log = log_with({1, 1, 2, 2});
  EXPECT_EQ(log.hand_out().size(), 4u);
  EXPECT_FALSE(log.has_unhanded());
  log.truncate(3);
  EXPECT_EQ(log.last(), 2u);
  EXPECT_EQ(log.last_term(), 1u);
  log.append(entry(3, 3));
  const std::vector<Entry> fresh = log.hand_out();
  ASSERT_EQ(fresh.size(), 1u);
  EXPECT_EQ(fresh[0].term, 3u);
}

TEST(Log, ForgetsTheOldestEntriesOnly) {
  Log log = log_with({1, 1, 1, 1});
  log.evict(4, 0);
  EXPECT_EQ(log.cached_bytes(), 4u) << "what no Ready held stays";
  log.hand_out();
  log.evict(2, 0);
  EXPECT_FALSE(log.cached(2));
  EXPECT_TRUE(log.cached(3));
  log.evict(4, 1);
  EXPECT_EQ(log.cached_first(), 4u);
  EXPECT_EQ(log.term_at(1), 1u) << "terms stay";
}

TEST(Log, CopiesUpToABoundButAtLeastOne) {
  const Log log = log_with({1, 1, 1, 1});
  std::vector<Entry> out;
  EXPECT_EQ(log.copy(2, 4, 2, out), 2u);
  EXPECT_EQ(out.size(), 2u);
  EXPECT_EQ(log.copy(4, 4, 0, out), 1u);
  EXPECT_EQ(out.back().index, 4u);
}

TEST(Quorum, TheMajoritysPosition) {
  const auto position = [](std::vector<uint64_t> positions) { return majority_position(positions); };
  EXPECT_EQ(position({}), 0u);
  EXPECT_EQ(position({7}), 7u);
  EXPECT_EQ(position({7, 3}), 3u);
  EXPECT_EQ(position({1, 9, 5}), 5u);
  EXPECT_EQ(position({9, 9, 1, 1}), 1u);
  EXPECT_EQ(position({9, 1, 9, 9}), 9u);
  EXPECT_EQ(position({5, 1, 4, 2, 3}), 3u);
}

TEST(PersistTracker, LateSyncsVouchForWhatRemains) {
  PersistTracker tracker(5);
  const uint64_t first = tracker.begin(8);
  tracker.truncate(7);
  const uint64_t second = tracker.begin(9);
  EXPECT_TRUE(tracker.finish(first));
  EXPECT_EQ(tracker.persisted(), 6u);
  EXPECT_FALSE(tracker.finish(first));
  EXPECT_TRUE(tracker.finish(second));
  EXPECT_EQ(tracker.persisted(), 9u);
  tracker.truncate(4);
  EXPECT_EQ(tracker.persisted(), 3u);
  EXPECT_TRUE(tracker.idle());
}

TEST(Progress, RejectionsMoveBackNeverBelowWhatIsKnown) {
  Progress progress;
  progress.match = 5;
  progress.become_replicate();
  progress.next = 20;
  EXPECT_FALSE(progress.rejected(5, 0)) << "an old answer";
  EXPECT_TRUE(progress.rejected(19, 2));
  EXPECT_NE(progress.probe(), nullptr);
  EXPECT_EQ(progress.next, 6u);
  progress.next = 20;
  EXPECT_FALSE(progress.rejected(10, 7)) << "not the probe that is out";
  EXPECT_TRUE(progress.rejected(19, 100));
  EXPECT_EQ(progress.next, 19u) << "a hint beyond what was refused is not believed";
}

TEST(Progress, TheWindowEmptiesWithAnswers) {
  Inflight inflight;
  inflight.add(3, 10);
  inflight.add(5, 20);
  inflight.add(6, 1);
  inflight.free_to(4);
  EXPECT_EQ(inflight.messages(), 2u);
  EXPECT_EQ(inflight.bytes(), 21u);
  inflight.free_to(6);
  EXPECT_EQ(inflight.messages(), 0u);
  EXPECT_EQ(inflight.bytes(), 0u);
}

}  // namespace
}  // namespace stator::raft
