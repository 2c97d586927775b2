// Goal: the only voter of a group, its disk carried by hand: what is answered when, what a retry gets, and
// what is refused.
#include "cluster/replica.h"

#include "tests/unit/cluster/carrier.h"

namespace stator::cluster {
namespace {

class ReplicaTest : public CarrierTest {};

// --- writes
// -----------------------------------------------------------------------------------------------------------

TEST_F(ReplicaTest, AWriteIsAnsweredOnceItIsInItems) {
  c.lead();
  Token token = c.submit("PutItem", put("a", "1"));
  c.take();
  ASSERT_EQ(c.loads.size(), 1u);
  EXPECT_TRUE(c.persists.empty());
  c.load_one();
  ASSERT_EQ(c.persists.size(), 1u);
  EXPECT_FALSE(c.answered(token));
  EXPECT_TRUE(c.applies.empty());  // not committed before it is synced
  c.sync();
  ASSERT_EQ(c.applies.size(), 1u);
  EXPECT_FALSE(c.answered(token));
  c.apply();
  EXPECT_EQ(c.answer(token), "ok");
  EXPECT_EQ(c.item("a"), R"(k={"S":"a"} v={"S":"1"})");
}

TEST_F(ReplicaTest, WritesOfOneKeyPipelineAndShareAnEntry) {
  c.config.entries_in_flight_max = 10;
  c.lead();
  raft::Index before = c.log.size();
  std::vector<Token> tokens;
  for (int i = 0; i < 3; ++i) tokens.push_back(c.submit("UpdateItem", add_one("a")));
  c.take();
  EXPECT_EQ(c.loads.size(), 1u);  // one read for all
  c.load_one();
  for (int i = 0; i < 2; ++i) tokens.push_back(c.submit("UpdateItem", add_one("a")));
  c.take();
  tokens.push_back(c.submit("UpdateItem", add_one("a")));
  c.take();
  EXPECT_TRUE(c.loads.empty());
  c.sync();
  c.apply();
  EXPECT_EQ(c.log.size(), before + 3);
  for (size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ(c.answer(tokens[i]), R"(ok k={"S":"a"} n={"N":")" + std::to_string(i + 1) + R"("})");
  }
  EXPECT_EQ(c.item("a"), R"(k={"S":"a"} n={"N":"6"})");
  EXPECT_EQ(c.replica->applied_state().items, 1u);
  EXPECT_EQ(machine().overlay().size(), 0u);
}

// Under load the next entry takes all that came while the one before was on its way.
TEST_F(ReplicaTest, WhatIsEvaluatedWhileEntriesAreOnTheirWaySharesTheNext) {
  c.lead();
  std::vector<Token> tokens{c.submit("PutItem", put("first", "1"))};
  c.take();
  c.load_one();
  ASSERT_EQ(c.persists.size(), 1u);
  for (int i = 0; i < 5; ++i) {
    tokens.push_back(c.submit("PutItem", put("first", std::to_string(i))));
    c.take();
  }
  EXPECT_EQ(c.persists.size(), 1u) << "one entry is on its way, that is the bound";
  raft::Index before = c.log.size();
  c.settle();
  EXPECT_EQ(c.log.size(), before + 2);
  for (Token token : tokens) EXPECT_EQ(c.answer(token), "ok");
}

TEST_F(ReplicaTest, SyncsAndAppliesMayComeLateAndTogether) {
  c.config.entries_in_flight_max = 10;
  c.lead();
  std::vector<Token> tokens;
  for (int i = 0; i < 4; ++i) {
    tokens.push_back(c.submit("UpdateItem", add_one("a")));
    c.take();
    if (i == 0) c.load_one();
  }
  ASSERT_EQ(c.persists.size(), 4u);
  // One notice for all: the committer merged them.
  raft::Index last = c.persists.back().id;
  while (c.persists.size() > 1) {
    for (raft::Entry& entry : c.persists.front().entries) c.log.push_back(entry);
    c.persists.pop_front();
  }
  EXPECT_EQ(c.persists.front().id, last);
  c.sync_one();
  ASSERT_EQ(c.applies.size(), 1u);
  c.apply_one();
  for (Token token : tokens) EXPECT_TRUE(c.answered(token));
}

TEST_F(ReplicaTest, StampsRiseAndEntriesAreChained) {
  c.lead();
  c.now -= 500'000;  // the wall clock is set back
  for (int i = 0; i < 3; ++i) {
    c.submit("UpdateItem", add_one("a"));
    c.settle();
  }
  c.start();
  c.lead();
  c.submit("UpdateItem", add_one("a"));
  c.settle();
  LogHeader before;
  for (const raft::Entry& entry : c.log) {
    auto header = decode_log_header(*entry.data);
    ASSERT_TRUE(header.ok());
    EXPECT_GT(header->stamp, before.stamp);
    EXPECT_EQ(header->previous_checksum, before.checksum) << "index " << entry.index;
    before = *header;
  }
  EXPECT_EQ(c.replica->applied_state().stamp, before.stamp);
  EXPECT_EQ(c.replica->applied_state().checksum, before.checksum);
}

// The regression: where a clock was set back, or one node's had jumped ahead, writes were refused until time had caught up.
TEST_F(ReplicaTest, AClockFarBehindTheLogCostsNoWrite) {
  c.lead();
  const model::Stamp before = c.replica->applied_state().stamp;
  c.now -= 3600 * kSecond;
  Token token = c.submit("PutItem", put("a", "1"));
  c.settle();
  EXPECT_EQ(c.answer(token), "ok");
  EXPECT_EQ(c.replica->applied_state().stamp.micros, before.micros + 1);
}

TEST_F(ReplicaTest, ALargeBodyIsProposedAtOnce) {
  c.lead();
  raft::Index before = c.log.size();
  for (int i = 0; i < 600; ++i) c.submit("PutItem", put("a", std::to_string(i)));
  c.settle();
  EXPECT_EQ(c.log.size() - before, (600 + kWriteBodyOperations - 1) / kWriteBodyOperations);
  EXPECT_EQ(c.item("a"), R"(k={"S":"a"} v={"S":"599"})");
}

// --- answers that change nothing
// --------------------------------------------------------------------------------------

// The regression: the first failed condition took the row from the one behind it.
TEST_F(ReplicaTest, SeveralThatWaitedForARowMayAllFail) {
  c.lead();
  c.submit("PutItem", put("a", "1"));
  c.settle();
  std::vector<Token> tokens;
  for (int i = 0; i < 3; ++i) tokens.push_back(c.submit("PutItem", put("a", "2", kIfAbsent)));
  tokens.push_back(c.submit("PutItem", put("a", "3")));
  tokens.push_back(c.submit("PutItem", put("a", "4", kIfAbsent)));
  c.settle();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(c.answer(tokens[i]), "ConditionalCheckFailedException");
  EXPECT_EQ(c.answer(tokens[3]), "ok");
  EXPECT_EQ(c.answer(tokens[4]), "ConditionalCheckFailedException");
  EXPECT_EQ(machine().overlay().size(), 0u);
  EXPECT_EQ(c.replica->waiting(), 0u);
}

TEST_F(ReplicaTest, AFailedConditionWaitsForTheWriteThatItSaw) {
  c.lead();
  Token write = c.submit("PutItem", put("a", "1", kIfAbsent));
  c.take();
  c.load_one();
  ASSERT_EQ(c.persists.size(), 1u);  // proposed, not synced
  Token failed = c.submit("PutItem", put("a", "2", kIfAbsent));
  c.take();
  EXPECT_FALSE(c.answered(failed));
  c.sync();
  EXPECT_FALSE(c.answered(failed));  // committed, not applied
  c.apply();
  EXPECT_EQ(c.answer(write), "ok");
  EXPECT_EQ(c.answer(failed), "ConditionalCheckFailedException");
}

TEST_F(ReplicaTest, AFailedConditionWaitsForAWriteThatIsNotEvenProposed) {
  c.lead();
  Token write = c.submit("PutItem", put("a", "1", kIfAbsent));
  c.take();
  c.replica->row_loaded(c.loads[0].key, c.loads[0].load, nullptr,
                        c.now);  // evaluated, in the body being filled
  Token failed = c.submit("PutItem", put("a", "2", kIfAbsent));
  EXPECT_EQ(c.replica->waiting(), 2u);
  c.loads.clear();
  c.take();
  EXPECT_FALSE(c.answered(failed));
  c.settle();
  EXPECT_EQ(c.answer(write), "ok");
  EXPECT_EQ(c.answer(failed), "ConditionalCheckFailedException");
}

// The regression: a retry of it was answered elsewhere, and the first attempt, which a paused node had held, then deleted
// what had been written since.
TEST_F(ReplicaTest, AWriteWithoutAChangeIsRemembered) {
  c.lead();
  Token token = c.submit("DeleteItem", remove("a"), request_id(1));
  c.settle();
  EXPECT_EQ(c.answer(token), "ok");
  c.submit("PutItem", put("a", "1"));
  c.settle();
  Token late = c.submit("DeleteItem", remove("a"), request_id(1));
  c.settle();
  EXPECT_EQ(c.answer(late), "ok");
  EXPECT_EQ(c.item("a"), R"(k={"S":"a"} v={"S":"1"})");
}

// --- loads
// ------------------------------------------------------------------------------------------------------------

TEST_F(ReplicaTest, AFailedLoadAnswersThoseThatWaitedForIt) {
  c.lead();
  Token one = c.submit("PutItem", put("a", "1"));
  Token two = c.submit("PutItem", put("a", "2"));
  Token other = c.submit("PutItem", put("b", "1"));
  c.take();
  RowLoad load = c.loads.front();
  c.loads.pop_front();
  c.replica->row_load_failed(load.key, load.load, api::internal_error("the row is damaged").error);
  c.settle();
  EXPECT_EQ(c.answer(one), "InternalServerError");
  EXPECT_EQ(c.answer(two), "InternalServerError");
  EXPECT_EQ(c.answer(other), "ok");
  EXPECT_EQ(c.replica->waiting(), 0u);
  Token again = c.submit("PutItem", put("a", "1"));
  c.settle();
  EXPECT_EQ(c.answer(again), "ok");
}

TEST_F(ReplicaTest, ASlowLoadHoldsNobodyElse) {
  c.lead();
  Token slow = c.submit("PutItem", put("a", "1"));
  c.take();
  RowLoad load = c.loads.front();
  c.loads.pop_front();
  Token other = c.submit("PutItem", put("b", "1"));
  c.settle();
  EXPECT_EQ(c.answer(other), "ok");
  EXPECT_FALSE(c.answered(slow));
  c.replica->row_loaded(load.key, load.load, nullptr, c.now);
  c.settle();
  EXPECT_EQ(c.answer(slow), "ok");
}

// --- retries
// ----------------------------------------------------------------------------------------------------------

TEST_F(ReplicaTest, ARetryInFlightSharesTheFirstAnswer) {
  c.lead();
  Token parked = c.submit("UpdateItem", add_one("a"), request_id(1));
  Token behind = c.submit("UpdateItem", add_one("a"), request_id(1));  // while the first waits for its row
  c.take();
  c.load_one();
  Token proposed = c.submit("UpdateItem", add_one("a"), request_id(1));  // while it waits for the sync
  c.take();
  c.sync();
  Token handed_out = c.submit("UpdateItem", add_one("a"), request_id(1));  // while it is being applied
  c.take();
  EXPECT_FALSE(c.answered(handed_out));
  c.apply();
  Token applied = c.submit("UpdateItem", add_one("a"), request_id(1));
  c.settle();
  for (Token token : {parked, behind, proposed, handed_out, applied}) {
    EXPECT_EQ(c.answer(token), R"(ok k={"S":"a"} n={"N":"1"})");
  }
  EXPECT_EQ(c.item("a"), R"(k={"S":"a"} n={"N":"1"})");
  EXPECT_EQ(c.replica->waiting(), 0u);
}

TEST_F(ReplicaTest, ARetryInTheSameBodySharesTheFirstAnswer) {
  c.lead();
  c.submit("PutItem", put("a", "1"));
  c.take();
  c.load_one();  // the row is in the overlay from here on
  Token one = c.submit("UpdateItem", add_one("a"), request_id(1));
  Token two = c.submit("UpdateItem", add_one("a"), request_id(1));
  c.settle();
  EXPECT_EQ(c.answer(two), c.answer(one));
  EXPECT_EQ(c.item("a"), R"(k={"S":"a"} n={"N":"1"} v={"S":"1"})");
}

TEST_F(ReplicaTest, AFailedConditionIsNotRemembered) {
  c.lead();
  c.submit("PutItem", put("a", "1"));
  c.settle();
  Token failed = c.submit("PutItem", put("a", "2", kIfAbsent), request_id(1));
  c.submit("DeleteItem", remove("a"));
  c.settle();
  EXPECT_EQ(c.answer(failed), "ConditionalCheckFailedException");
  Token again = c.submit("PutItem", put("a", "2", kIfAbsent), request_id(1));
  c.settle();
  EXPECT_EQ(c.answer(again), "ok");
}

TEST_F(ReplicaTest, ARetryAfterARestartGetsTheFirstAnswer) {
  c.lead();
  Token first = c.submit("UpdateItem", add_one("a"), request_id(1));
  c.settle();
  Token unanswered = c.submit("UpdateItem", add_one("a"), request_id(2));
  c.take();
  c.load_one();
  c.sync();  // in the log, and lost on its way to items/
  EXPECT_FALSE(c.answered(unanswered));
  c.start();
  c.lead();
  Token retry = c.submit("UpdateItem", add_one("a"), request_id(1));
  Token retry2 = c.submit("UpdateItem", add_one("a"), request_id(2));
  c.settle();
  EXPECT_EQ(c.answer(retry), c.answer(first));
  EXPECT_EQ(c.answer(retry2), R"(ok k={"S":"a"} n={"N":"2"})");
  EXPECT_EQ(c.item("a"), R"(k={"S":"a"} n={"N":"2"})");
}

TEST_F(ReplicaTest, AWriteLostBeforeItsSyncIsCarriedOutByTheRetry) {
  c.lead();
  c.submit("UpdateItem", add_one("a"), request_id(1));
  c.take();
  c.load_one();
  ASSERT_FALSE(c.persists.empty());
  c.start();  // before the sync
  c.lead();
  Token retry = c.submit("UpdateItem", add_one("a"), request_id(1));
  c.settle();
  EXPECT_EQ(c.answer(retry), R"(ok k={"S":"a"} n={"N":"1"})");
}

TEST_F(ReplicaTest, ARetryIsForgottenAfterAMinute) {
  c.lead();
  c.submit("UpdateItem", add_one("a"), request_id(1));
  c.settle();
  c.now += 61 * kSecond;
  c.replica->items_synced(c.state.index, c.now);
  Token late = c.submit("UpdateItem", add_one("a"), request_id(1));
  c.settle();
  EXPECT_EQ(c.answer(late), R"(ok k={"S":"a"} n={"N":"2"})");
}

// --- reads
// ------------------------------------------------------------------------------------------------------------

TEST_F(ReplicaTest, AStrongReadMayReadOnceWhatWasCommittedIsApplied) {
  c.lead();
  EXPECT_TRUE(c.replica->serves_alone());
  c.submit("PutItem", put("a", "1"));
  c.take();
  c.load_one();
  c.sync();  // committed, not applied
  Token read = c.read();
  c.take();
  EXPECT_TRUE(c.reads.empty());
  c.apply();
  EXPECT_EQ(c.reads, std::deque<Token>{read});
  EXPECT_FALSE(c.answered(read));
}

}  // namespace
}  // namespace stator::cluster
