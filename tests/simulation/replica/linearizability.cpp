// The search for an order.
#include "tests/simulation/replica/linearizability.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

namespace stator::replica_simulation {
namespace {

// Calls and returns in the order of their time, as a list from which what is placed is taken out.
class Search {
 public:
  explicit Search(const std::vector<Operation>& history) : history_(history), placed_(history.size()) {
    std::vector<Event> events;
    for (size_t i = 0; i < history.size(); ++i) {
      events.push_back({history[i].called, i, false});
      if (history[i].returned == kNever) continue;
      events.push_back({history[i].returned, i, true});
      ++open_returns_;
    }
    // Of equal times the calls come first: nothing ordered the two.
    std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
      return std::pair(a.time, a.is_return) < std::pair(b.time, b.is_return);
    });
    nodes_.resize(events.size() + 2);
    return_of_.assign(history.size(), 0);
    for (size_t i = 0; i < events.size(); ++i) {
      nodes_[i + 1] = {events[i].operation, events[i].is_return, i, i + 2};
      if (events[i].is_return) return_of_[events[i].operation] = i + 1;
    }
    nodes_[0].next = 1;
  }

  Verdict run() {
    size_t at = nodes_[0].next;
    while (open_returns_ > 0) {
      if (seen_.size() > kConfigurationsMax) return Verdict::kUndecided;
      Node& node = nodes_[at];
      if (!node.is_return) {
        Attributes after = item_;
        if (fits(node.operation, after) && is_new(node.operation, after)) {
          steps_.push_back({at, std::exchange(item_, std::move(after))});
          take_out(at);
          at = nodes_[0].next;
          continue;
        }
        at = node.next;
        continue;
      }
      // This operation had returned, and could not be placed: an earlier choice was wrong.
      if (steps_.empty()) return Verdict::kNot;
      Step step = std::move(steps_.back());
      steps_.pop_back();
      item_ = std::move(step.before);
      put_back(step.call);
      at = nodes_[step.call].next;
    }
    return Verdict::kLinearizable;
  }

 private:
  struct Event {
    uint64_t time;
    size_t operation;
    bool is_return;
  };
  struct Node {
    size_t operation = 0;
    bool is_return = true;
    size_t previous = 0;
    size_t next = 0;
  };
  struct Step {
    size_t call;
    Attributes before;
  };

  bool fits(size_t operation, Attributes& item) const {
    const Operation& checked = history_[operation];
    Outcome outcome = replica_simulation::run(checked.op, item);
    return checked.returned == kNever || outcome == checked.outcome;
  }

  // What is placed and what the item then is: the rest of the search depends on nothing else.
  bool is_new(size_t operation, const Attributes& item) {
    std::string configuration((placed_.size() + 7) / 8, '\0');
    for (size_t i = 0; i < placed_.size(); ++i) {
      if (placed_[i] || i == operation)
        configuration[i / 8] = static_cast<char>(configuration[i / 8] | 1 << (i % 8));
    }
    const auto append = [&](int number) {
      configuration.append(reinterpret_cast<const char*>(&number), sizeof number);
    };
    append(item.there);
    append(item.v.value_or(-1));
    append(item.n.value_or(-1));
    append(item.l ? 1 : 0);
    if (item.l) {
      for (int element : *item.l) append(element);
    }
    return seen_.insert(std::move(configuration)).second;
  }

  void take_out(size_t call) {
    size_t operation = nodes_[call].operation;
    placed_[operation] = true;
    unlink(call);
    if (size_t end = return_of_[operation]) {
      unlink(end);
      --open_returns_;
    }
  }
  void put_back(size_t call) {
    size_t operation = nodes_[call].operation;
    if (size_t end = return_of_[operation]) {
      link(end);
      ++open_returns_;
    }
    link(call);
    placed_[operation] = false;
  }
  void unlink(size_t at) {
    nodes_[nodes_[at].previous].next = nodes_[at].next;
    nodes_[nodes_[at].next].previous = nodes_[at].previous;
  }
  void link(size_t at) {
    nodes_[nodes_[at].previous].next = at;
    nodes_[nodes_[at].next].previous = at;
  }

  const std::vector<Operation>& history_;
  std::vector<bool> placed_;
  std::vector<Node> nodes_;        // the first and the last stand for the ends
  std::vector<size_t> return_of_;  // 0: the outcome is not known
  size_t open_returns_ = 0;
  Attributes item_;
  std::vector<Step> steps_;
  std::unordered_set<std::string> seen_;
};

}  // namespace

Verdict check(const std::vector<Operation>& history) { return Search(history).run(); }

}  // namespace stator::replica_simulation
