// Goal: the checker itself. It takes what one copy could have said, and nothing else.
#include "tests/simulation/replica/linearizability.h"

#include <gtest/gtest.h>

namespace stator::replica_simulation {
namespace {

Op put(int value, Returns returns = Returns::kNone) {
  Op op;
  op.verb = Verb::kPut;
  op.value = value;
  op.returns = returns;
  return op;
}
Op append(int value) {
  Op op;
  op.verb = Verb::kUpdate;
  op.value = value;
  op.add = 1;
  op.returns = Returns::kUpdatedNew;
  return op;
}
Op if_absent(Op op) {
  op.condition = Condition::kAbsent;
  return op;
}
Outcome shows(int value) { return {true, {true, value, {}, {}}}; }
const Outcome kNothing{true, {}};
const Outcome kFailed{false, {}};

TEST(Linearizability, OneAfterTheOther) {
  EXPECT_TRUE(is_linearizable({}));
  EXPECT_TRUE(is_linearizable({{put(1), 0, 1, {}}, {Op(), 2, 3, shows(1)}}));
  EXPECT_FALSE(is_linearizable({{put(1), 0, 1, {}}, {Op(), 2, 3, kNothing}}));
  EXPECT_FALSE(is_linearizable({{put(1), 0, 1, {}}, {put(2), 2, 3, {}}, {Op(), 4, 5, shows(1)}}));
}

TEST(Linearizability, AtTheSameTimeEitherOrder) {
  EXPECT_TRUE(is_linearizable({{put(1), 0, 10, {}}, {put(2), 0, 10, {}}, {Op(), 11, 12, shows(1)}}));
  EXPECT_TRUE(is_linearizable({{put(1), 0, 10, {}}, {put(2), 0, 10, {}}, {Op(), 11, 12, shows(2)}}));
  EXPECT_TRUE(is_linearizable({{put(1), 0, 10, {}}, {Op(), 5, 6, kNothing}}));
  EXPECT_TRUE(is_linearizable({{put(1), 0, 10, {}}, {Op(), 5, 6, shows(1)}}));
}

TEST(Linearizability, ReadsDoNotGoBack) {
  EXPECT_FALSE(is_linearizable({{put(1), 0, 20, {}}, {Op(), 2, 3, shows(1)}, {Op(), 4, 5, kNothing}}));
}

TEST(Linearizability, WhatNobodyHeardMayHaveHappenedOrNot) {
  EXPECT_TRUE(is_linearizable({{put(1), 0, kNever, {}}, {Op(), 2, 3, kNothing}}));
  EXPECT_TRUE(is_linearizable({{put(1), 0, kNever, {}}, {Op(), 2, 3, shows(1)}}));
  EXPECT_TRUE(is_linearizable({{put(1), 0, kNever, {}}, {Op(), 2, 3, kNothing}, {Op(), 4, 5, shows(1)}}));
  EXPECT_FALSE(
      is_linearizable({{Op(), 2, 3, shows(1)}, {put(1), 4, kNever, {}}}));  // not before it was asked
  EXPECT_FALSE(is_linearizable({{put(1), 0, kNever, {}}, {Op(), 2, 3, shows(1)}, {Op(), 4, 5, kNothing}}));
}

TEST(Linearizability, AnUpdateTakesEffectOnce) {
  const Outcome once{true, {true, {}, 1, std::vector<int>{7}}};
  const Outcome twice{true, {true, {}, 2, std::vector<int>{7, 7}}};
  EXPECT_TRUE(is_linearizable({{append(7), 0, 5, once}, {Op(), 6, 7, {true, once.shown}}}));
  EXPECT_FALSE(is_linearizable({{append(7), 0, 5, twice}}));
  EXPECT_FALSE(is_linearizable({{append(7), 0, kNever, {}}, {Op(), 6, 7, {true, twice.shown}}}));
}

TEST(Linearizability, AFailedConditionIsARead) {
  EXPECT_TRUE(is_linearizable({{put(1), 0, 1, {}}, {if_absent(put(2)), 2, 3, kFailed}}));
  EXPECT_FALSE(is_linearizable({{if_absent(put(2)), 2, 3, kFailed}}));
  Op removal;
  removal.verb = Verb::kDelete;
  EXPECT_FALSE(
      is_linearizable({{put(1), 0, 1, {}}, {removal, 2, 3, {}}, {if_absent(put(2)), 4, 5, kFailed}}));
  EXPECT_TRUE(is_linearizable({{put(1), 0, 1, {}}, {removal, 2, 6, {}}, {if_absent(put(2)), 4, 5, kFailed}}));
}

TEST(Linearizability, ReturnedAttributesAreHeldAgainstTheOrder) {
  EXPECT_TRUE(is_linearizable({{put(1), 0, 9, {}}, {put(2, Returns::kAllOld), 0, 9, shows(1)}}));
  EXPECT_FALSE(is_linearizable({{put(1), 0, 1, {}}, {put(2, Returns::kAllOld), 2, 3, kNothing}}));
}

// Many at the same time, in an order that only the last read tells: the search must not try them all.
TEST(Linearizability, ManyAtOnceAreFoundOutSoon) {
  std::vector<Operation> history;
  for (int i = 1; i <= 9; ++i) history.push_back({put(i), 0, kNever, {}});
  for (int i = 9; i >= 1; --i) {
    uint64_t at = 100 + static_cast<uint64_t>(9 - i) * 10;
    history.push_back({Op(), at, at + 1, shows(i)});
  }
  EXPECT_TRUE(is_linearizable(history));
}

}  // namespace
}  // namespace stator::replica_simulation
