// Goal: the overlay keeps arrival order, answers only the load that it asked for, and holds a row exactly as
// long as a command or a proposal needs it.
#include "cluster/overlay.h"

#include "tests/unit/cluster/cluster_testing.h"

namespace stator::cluster {
namespace {

Command command(Token token, const std::string& key) {
  Command command;
  command.token = token;
  command.key = key;
  return command;
}

api::StoredItemPtr row(int64_t number) {
  return std::make_shared<api::StoredItem>(api::StoredItem{{{"n", model::AttributeValue::n(number)}}, 3});
}

std::vector<Token> tokens(const std::vector<Command>& commands) {
  std::vector<Token> tokens;
  for (const Command& command : commands) tokens.push_back(command.token);
  return tokens;
}

Overlay::Admission admit(Overlay& overlay, Token token, const std::string& key) {
  Command taken = command(token, key);
  return overlay.admit(taken);
}

TEST(Overlay, LoadsOnceAndKeepsTheOrderOfArrival) {
  Overlay overlay;
  EXPECT_EQ(admit(overlay, 1, "a"), Overlay::Admission::kLoad);
  uint64_t load = overlay.load_id();
  EXPECT_EQ(admit(overlay, 2, "a"), Overlay::Admission::kWaiting);
  EXPECT_EQ(admit(overlay, 3, "b"), Overlay::Admission::kLoad);
  EXPECT_NE(overlay.load_id(), load);
  EXPECT_EQ(admit(overlay, 4, "a"), Overlay::Admission::kWaiting);
  EXPECT_EQ(overlay.parked(), 4u);
  EXPECT_EQ(tokens(overlay.loaded("a", load, row(1))), (std::vector<Token>{1, 2, 4}));
  EXPECT_EQ(overlay.parked(), 1u);
}

TEST(Overlay, ACommandThatIsLetThroughIsNotTaken) {
  Overlay overlay;
  admit(overlay, 1, "a");
  overlay.loaded("a", overlay.load_id(), row(1));
  Command next = command(2, "a");
  EXPECT_EQ(overlay.admit(next), Overlay::Admission::kReady);
  EXPECT_EQ(next.key, "a");
}

// The regression: the first of two commands that had waited for a row changed nothing and dropped it, and the
// second one evaluated a row that was not there.
TEST(Overlay, ARowStaysUntilTheLastOfThoseThatWaitedIsDone) {
  Overlay overlay;
  admit(overlay, 1, "a");
  admit(overlay, 2, "a");
  overlay.loaded("a", overlay.load_id(), row(1));
  overlay.release("a");
  EXPECT_EQ(overlay.row("a")->item.find("n")->type(), model::AttributeType::kN);
  overlay.release("a");
  EXPECT_EQ(overlay.size(), 0u);
}

TEST(Overlay, AWrittenRowStaysUntilItsLastProposalIsApplied) {
  Overlay overlay;
  admit(overlay, 1, "a");
  overlay.loaded("a", overlay.load_id(), nullptr);
  overlay.put("a", row(1), 10);
  overlay.release("a");
  EXPECT_EQ(admit(overlay, 2, "a"), Overlay::Admission::kReady);
  overlay.put("a", row(2), 12);
  overlay.release("a");
  overlay.applied(9);
  EXPECT_EQ(overlay.index("a"), 12u);
  overlay.applied(10);
  EXPECT_EQ(overlay.index("a"), 12u);
  overlay.applied(11);
  EXPECT_EQ(overlay.size(), 1u);
  overlay.applied(12);
  EXPECT_EQ(overlay.size(), 0u);
}

TEST(Overlay, TwoWritesOfOneEntryLeaveTogether) {
  Overlay overlay;
  admit(overlay, 1, "a");
  overlay.loaded("a", overlay.load_id(), nullptr);
  overlay.put("a", row(1), 10);
  overlay.put("a", row(2), 10);
  overlay.release("a");
  overlay.applied(10);
  EXPECT_EQ(overlay.size(), 0u);
}

TEST(Overlay, AnAppliedRowStaysForTheCommandThatHoldsIt) {
  Overlay overlay;
  admit(overlay, 1, "a");
  overlay.loaded("a", overlay.load_id(), nullptr);
  overlay.put("a", row(1), 10);
  overlay.release("a");
  admit(overlay, 2, "a");  // holds it
  overlay.applied(10);
  EXPECT_NE(overlay.row("a"), nullptr);
  EXPECT_EQ(overlay.index("a"), 0u);  // it is what items/ holds
  overlay.release("a");
  EXPECT_EQ(overlay.size(), 0u);
}

TEST(Overlay, ARowThatIsAbsentIsARowToo) {
  Overlay overlay;
  admit(overlay, 1, "a");
  overlay.loaded("a", overlay.load_id(), nullptr);
  EXPECT_EQ(overlay.row("a"), nullptr);
}

TEST(Overlay, AFailedLoadGivesItsCommandsBack) {
  Overlay overlay;
  admit(overlay, 1, "a");
  uint64_t load = overlay.load_id();
  admit(overlay, 2, "a");
  EXPECT_EQ(tokens(overlay.load_failed("a", load)), (std::vector<Token>{1, 2}));
  EXPECT_EQ(overlay.parked(), 0u);
  EXPECT_EQ(admit(overlay, 3, "a"), Overlay::Admission::kLoad);
}

// A load asked for under one leadership must not answer for one of a later leadership: another leader may
// have written the row between them.
TEST(Overlay, AStaleLoadIsNotTaken) {
  Overlay overlay;
  admit(overlay, 1, "a");
  uint64_t stale = overlay.load_id();
  EXPECT_EQ(tokens(overlay.clear()), (std::vector<Token>{1}));
  EXPECT_EQ(overlay.parked(), 0u);
  EXPECT_TRUE(overlay.loaded("a", stale, row(1)).empty());
  admit(overlay, 2, "a");
  EXPECT_TRUE(overlay.loaded("a", stale, row(1)).empty());
  EXPECT_TRUE(overlay.load_failed("a", stale).empty());
  EXPECT_EQ(tokens(overlay.loaded("a", overlay.load_id(), row(2))), (std::vector<Token>{2}));
  EXPECT_TRUE(overlay.loaded("a", overlay.load_id(), row(3)).empty());  // once
}

TEST(Overlay, ClearForgetsProposals) {
  Overlay overlay;
  admit(overlay, 1, "a");
  overlay.loaded("a", overlay.load_id(), nullptr);
  overlay.put("a", row(1), 10);
  overlay.release("a");
  overlay.clear();
  EXPECT_EQ(overlay.index("a"), 0u);
  EXPECT_EQ(admit(overlay, 2, "a"), Overlay::Admission::kLoad);
  overlay.applied(10);  // of the time before: takes nothing
  EXPECT_EQ(overlay.size(), 1u);
}

}  // namespace
}  // namespace stator::cluster
