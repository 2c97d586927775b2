// Goal: the only voter of a group at its limits: what it refuses, which schema it logs, how far its log is
// cut, and how it stops for good.
#include "cluster/replica.h"
#include "tests/unit/cluster/carrier.h"

namespace stator::cluster {
namespace {

class ReplicaLimitsTest : public CarrierTest {};

// --- refusals
// ---------------------------------------------------------------------------------------------------------

TEST_F(ReplicaLimitsTest, NothingIsTakenBeforeItServes) {
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

TEST_F(ReplicaLimitsTest, ALeaderServesOnceItsFirstEntryIsApplied) {
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

TEST_F(ReplicaLimitsTest, TooManyThatWaitAreRefused) {
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

TEST_F(ReplicaLimitsTest, TooManyBytesUnappliedAreRefused) {
  c.config.unapplied_bytes_max = 2000;
  c.config.entries_in_flight_max = 100;
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

TEST_F(ReplicaLimitsTest, CommandsThatWaitedForARowAreRefusedWhereItCameTooLate) {
  c.config.unapplied_bytes_max = 1000;
  c.config.entries_in_flight_max = 100;
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

// --- schema
// -----------------------------------------------------------------------------------------------------------

TEST_F(ReplicaLimitsTest, ANewerSchemaIsLoggedOnce) {
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

// --- the log's floor
// --------------------------------------------------------------------------------------------------

class LogFloorTest : public CarrierTest {
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

// After a restart the membership at an earlier index is not known: the log is not cut below the state that
// was found.
TEST_F(LogFloorTest, CarriesTheMembershipThatIsKnown) {
  c.lead();
  write(20);
  c.start();
  EXPECT_EQ(sync_items(10), std::nullopt);
  EXPECT_EQ(sync_items(c.state.index), c.state.index);
}

// --- failure
// ----------------------------------------------------------------------------------------------------------

TEST_F(ReplicaLimitsTest, AnEntryThatCannotBeReadStopsTheReplica) {
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

TEST_F(ReplicaLimitsTest, AChainThatIsBrokenStopsTheReplica) {
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
