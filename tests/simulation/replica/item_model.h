// What an item operation of the workload means, written a second time and independently of api/: the
// specification that the linearizability checker holds the answers against. Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace stator::replica_simulation {

// An item of the workload, or what an answer shows of one: {k, v: S, n: N, l: L of N}. `there`: there is an
// item, or the answer has one.
struct Attributes {
  bool there = false;
  std::optional<int> v;
  std::optional<int> n;
  std::optional<std::vector<int>> l;
  bool operator==(const Attributes&) const = default;
};

enum class Verb : uint8_t { kPut, kUpdate, kDelete, kGet };
enum class Condition : uint8_t { kNone, kAbsent, kPresent, kValueIs };
enum class Returns : uint8_t { kNone, kAllOld, kAllNew, kUpdatedOld, kUpdatedNew };

struct Op {
  Verb verb = Verb::kGet;
  Condition condition = Condition::kNone;
  int expected = 0;  // kValueIs
  int value = 0;     // kPut: v. kUpdate: appended to l. No two operations of a run have the same
  int add = 0;       // kUpdate: to n
  Returns returns = Returns::kNone;
  bool old_on_failure = false;  // ReturnValuesOnConditionCheckFailure
};

struct Outcome {
  bool ok = true;  // false: the condition failed
  Attributes shown;
  bool operator==(const Outcome&) const = default;
};

// What `op` does to `item`, and says.
inline Outcome run(const Op& op, Attributes& item) {
  bool holds = true;
  switch (op.condition) {
    case Condition::kNone:
      break;
    case Condition::kAbsent:
      holds = !item.there;
      break;
    case Condition::kPresent:
      holds = item.there;
      break;
    case Condition::kValueIs:
      holds = item.v == op.expected;
      break;
  }
  if (!holds) return {false, op.old_on_failure ? item : Attributes()};
  const Attributes old = item;
  switch (op.verb) {
    case Verb::kGet:
      return {true, item};
    case Verb::kPut:
      item = {true, op.value, {}, {}};
      break;
    case Verb::kDelete:
      item = {};
      break;
    case Verb::kUpdate:
      item.there = true;
      item.n = item.n.value_or(0) + op.add;
      if (!item.l) item.l.emplace();
      item.l->push_back(op.value);
      break;
  }
  switch (op.returns) {
    case Returns::kNone:
      break;
    case Returns::kAllOld:
      return {true, old};
    case Returns::kAllNew:
      return {true, item};
    case Returns::kUpdatedOld:
      return {true, {old.n || old.l, {}, old.n, old.l}};
    case Returns::kUpdatedNew:
      return {true, {true, {}, item.n, item.l}};
  }
  return {};
}

}  // namespace stator::replica_simulation
