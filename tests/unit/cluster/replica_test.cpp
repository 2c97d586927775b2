// Goal: the only voter of a group, its disk carried by hand: what is answered when, what a retry gets, and what is refused.
#include "cluster/replica.h"

#include "tests/unit/cluster/carrier.h"

namespace stator::cluster {
namespace {

class ReplicaTest : public ::testing::Test {
 protected:
  ItemMachine& machine() { return static_cast<ItemMachine&>(c.replica->machine()); }
  Carrier c;
};

// --- writes -----------------------------------------------------------------------------------------------------------

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

TEST_F(ReplicaTest, SyncsAndAppliesMayComeLateAndTogether) {
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

TEST_F(ReplicaTest, AClockFarBehindTheLogRefuses) {
  c.lead();
  c.now -= 2 * kSecond;
  Token token = c.submit("PutItem", put("a", "1"));
  c.settle();
  EXPECT_EQ(c.answer(token), "ServiceUnavailable");
  EXPECT_EQ(machine().overlay().size(), 0u);
  c.now += 2 * kSecond;
  token = c.submit("PutItem", put("a", "1"));
  c.settle();
  EXPECT_EQ(c.answer(token), "ok");
}

TEST_F(ReplicaTest, ALargeBodyIsProposedAtOnce) {
  c.lead();
  raft::Index before = c.log.size();
  for (int i = 0; i < 600; ++i) c.submit("PutItem", put("a", std::to_string(i)));
  c.settle();
  EXPECT_EQ(c.log.size() - before, (600 + kWriteBodyOperations - 1) / kWriteBodyOperations);
  EXPECT_EQ(c.item("a"), R"(k={"S":"a"} v={"S":"599"})");
}

// --- answers that change nothing --------------------------------------------------------------------------------------

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
  c.replica->row_loaded(c.loads[0].key, c.loads[0].load, nullptr, c.now);  // evaluated, in the body being filled
  Token failed = c.submit("PutItem", put("a", "2", kIfAbsent));
  EXPECT_EQ(c.replica->waiting(), 2u);
  c.loads.clear();
  c.take();
  EXPECT_FALSE(c.answered(failed));
  c.settle();
  EXPECT_EQ(c.answer(write), "ok");
  EXPECT_EQ(c.answer(failed), "ConditionalCheckFailedException");
}

TEST_F(ReplicaTest, AWriteWithoutAChangeProposesNothing) {
  c.lead();
  raft::Index before = c.log.size();
  Token token = c.submit("DeleteItem", remove("a"), request_id(1));
  c.settle();
  EXPECT_EQ(c.answer(token), "ok");
  EXPECT_EQ(c.log.size(), before);
}

// --- loads ------------------------------------------------------------------------------------------------------------

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

// --- retries ----------------------------------------------------------------------------------------------------------

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

// --- reads ------------------------------------------------------------------------------------------------------------

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

// --- refusals ---------------------------------------------------------------------------------------------------------

TEST_F(ReplicaTest, NothingIsTakenBeforeItServes) {
  c.start();
  Token follower = c.submit("PutItem", put("a", "1"));
  Token read = c.read();
  c.replica->campaign(c.now);
  c.settle();
  EXPECT_TRUE(c.replica->leads());
  Token without_schema = c.submit("PutItem", put("a", "1"));
  c.take();
  for (Token token : {follower, read, without_schema}) EXPECT_EQ(c.answer(token), "ServiceUnavailable");
  c.replica->configure(test_table(), c.now);
  c.settle();
  EXPECT_TRUE(c.replica->serving());
}

TEST_F(ReplicaTest, ALeaderServesOnceItsFirstEntryIsApplied) {
  c.lead();
  c.submit("PutItem", put("a", "1"));
  c.take();
  c.load_one();
  c.sync();
  c.start();  // the write is in the log, not in items/
  c.replica->campaign(c.now);
  c.take();
  c.sync();
  EXPECT_TRUE(c.replica->leads());
  EXPECT_FALSE(c.replica->serving());
  ASSERT_FALSE(c.applies.empty());
  c.apply();
  EXPECT_TRUE(c.replica->serving());
  EXPECT_EQ(c.item("a"), R"(k={"S":"a"} v={"S":"1"})");
}

TEST_F(ReplicaTest, TooManyThatWaitAreRefused) {
  c.config.waiting_max = 3;
  c.lead();
  std::vector<Token> tokens;
  for (int i = 0; i < 5; ++i) tokens.push_back(c.submit("PutItem", put("a", std::to_string(i))));
  Token read = c.read();
  c.take();
  EXPECT_EQ(c.answer(tokens[3]), "ServiceUnavailable");
  EXPECT_EQ(c.answer(tokens[4]), "ServiceUnavailable");
  EXPECT_EQ(c.answer(read), "ServiceUnavailable");
  c.settle();
  EXPECT_EQ(c.item("a"), R"(k={"S":"a"} v={"S":"2"})");
  EXPECT_EQ(c.replica->waiting(), 0u);
}

TEST_F(ReplicaTest, TooManyBytesUnappliedAreRefused) {
  c.config.unapplied_bytes_max = 2000;
  c.lead();
  std::vector<Token> tokens;
  int refused = 0;
  for (int i = 0; i < 30; ++i) {
    tokens.push_back(c.submit("PutItem", put("a", std::string(200, 'x'))));
    c.take();
    if (!c.loads.empty()) c.load_one();
    refused += c.answered(tokens.back());
  }
  EXPECT_GT(refused, 10);
  EXPECT_LT(refused, 29);
  c.settle();
  // What was applied makes room again.
  Token token = c.submit("PutItem", put("a", "1"));
  c.settle();
  EXPECT_EQ(c.answer(token), "ok");
}

TEST_F(ReplicaTest, CommandsThatWaitedForARowAreRefusedWhereItCameTooLate) {
  c.config.unapplied_bytes_max = 1000;
  c.lead();
  Token parked = c.submit("PutItem", put("slow", "1"));
  c.take();
  RowLoad load = c.loads.front();
  c.loads.pop_front();
  for (int i = 0; i < 10; ++i) {
    c.submit("PutItem", put("a", std::string(300, 'x')));
    c.take();
    while (!c.loads.empty()) c.load_one();
  }
  c.replica->row_loaded(load.key, load.load, nullptr, c.now);
  c.take();
  EXPECT_EQ(c.answer(parked), "ServiceUnavailable");
  c.settle();
  EXPECT_EQ(machine().overlay().size(), 0u);
}

// --- schema -----------------------------------------------------------------------------------------------------------

TEST_F(ReplicaTest, ANewerSchemaIsLoggedOnce) {
  c.lead();
  raft::Index before = c.log.size();
  c.replica->configure(test_table(1), c.now);  // what the log has
  c.settle();
  EXPECT_EQ(c.log.size(), before);
  Token write = c.submit("PutItem", put("a", "1"));
  c.take();
  c.replica->row_loaded(c.loads[0].key, c.loads[0].load, nullptr, c.now);
  c.loads.clear();
  c.replica->configure(test_table(2), c.now);
  c.replica->configure(test_table(2), c.now);
  c.settle();
  EXPECT_EQ(c.log.size(), before + 2);  // what was evaluated before it comes before it
  EXPECT_EQ(c.answer(write), "ok");
  EXPECT_EQ(machine().table()->schema_version, 2u);
  EXPECT_EQ(c.replica->applied_state().schema_version, 2u);
  c.start();
  EXPECT_EQ(machine().table()->schema_version, 2u);
}

// --- the log's floor --------------------------------------------------------------------------------------------------

class LogFloorTest : public ReplicaTest {
 protected:
  LogFloorTest() { c.config.log_cut_entries_min = 5; }
  void write(int count, std::optional<RequestId> id = std::nullopt) {
    for (int i = 0; i < count; ++i) {
      c.submit("UpdateItem", add_one("a"), id);
      c.settle();
    }
  }
  std::optional<raft::Index> sync_items(raft::Index index) {
    c.cut_log.reset();
    c.replica->items_synced(index, c.now);
    c.take();
    return c.cut_log;
  }
};

TEST_F(LogFloorTest, IsWhatItemsAreSyncedTo) {
  c.lead();
  write(20);
  EXPECT_EQ(sync_items(4), std::nullopt);  // too little to be worth a write
  EXPECT_EQ(sync_items(12), 12u);
  EXPECT_EQ(c.replica->node().first_index(), 13u);
  EXPECT_EQ(sync_items(12), std::nullopt);
  EXPECT_EQ(sync_items(1000), c.state.index);  // never above what is applied
}

TEST_F(LogFloorTest, KeepsWhatRequestIdsAreRebuiltFrom) {
  c.lead();
  write(8);
  write(1, request_id(1));
  raft::Index remembered = c.log.size();
  write(20);
  EXPECT_EQ(sync_items(c.state.index), remembered - 1);
  c.now += 61 * kSecond;
  EXPECT_EQ(sync_items(c.state.index), c.state.index);
}

// After a restart the membership at an earlier index is not known: the log is not cut below the state that was found.
TEST_F(LogFloorTest, CarriesTheMembershipThatIsKnown) {
  c.lead();
  write(20);
  c.start();
  EXPECT_EQ(sync_items(10), std::nullopt);
  EXPECT_EQ(sync_items(c.state.index), c.state.index);
}

// --- failure ----------------------------------------------------------------------------------------------------------

TEST_F(ReplicaTest, AnEntryThatCannotBeReadStopsTheReplica) {
  c.lead();
  Token good = c.submit("PutItem", put("a", "1"));
  c.settle();
  c.submit("PutItem", put("b", "1"));
  c.submit("PutItem", put("c", "1"));
  c.settle();
  AppliedState rolled_back = c.state;
  Rows rows = c.rows;
  // The disk rots: the newest entry, not applied at the restart.
  c.submit("PutItem", put("d", "1"));
  c.settle();
  std::string damaged = *c.log.back().data;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  c.log.back().data = std::make_shared<const std::string>(damaged);
  c.state = rolled_back;
  c.rows = rows;
  c.start();
  c.replica->campaign(c.now);
  c.settle();
  ASSERT_TRUE(c.replica->failure().has_value());
  EXPECT_EQ(c.replica->failure()->error, LogEntryError::kChecksum);
  EXPECT_EQ(c.replica->failure()->index, c.log.size() - 1);  // before the entry of the new term
  EXPECT_FALSE(c.replica->serving());
  EXPECT_EQ(c.state.index, rolled_back.index);  // never skipped
  EXPECT_EQ(c.item("d"), "absent");
  Token after = c.submit("PutItem", put("e", "1"));
  Token read = c.read();
  c.settle();
  EXPECT_EQ(c.answer(good), "ok");
  EXPECT_EQ(c.answer(after), "ServiceUnavailable");
  EXPECT_EQ(c.answer(read), "ServiceUnavailable");
  // It goes silent, so that another one leads.
  for (int i = 0; i < 100; ++i) c.replica->tick(c.now);
  c.take();
  EXPECT_TRUE(c.messages.empty());
}

TEST_F(ReplicaTest, AChainThatIsBrokenStopsTheReplica) {
  c.lead();
  c.submit("PutItem", put("a", "1"));
  c.settle();
  AppliedState before = c.state;
  Rows rows = c.rows;
  c.submit("PutItem", put("b", "1"));
  c.settle();
  // Whole, but of another history: its predecessor is another.
  LogHeader header = *decode_log_header(*c.log.back().data);
  header.previous_checksum ^= 1;
  c.log.back().data = seal_log_entry(header, log_body(std::string(*c.log.back().data)));
  c.state = before;
  c.rows = rows;
  c.start();
  c.replica->campaign(c.now);
  c.settle();
  EXPECT_TRUE(c.replica->failure().has_value());
}

}  // namespace
}  // namespace stator::cluster
